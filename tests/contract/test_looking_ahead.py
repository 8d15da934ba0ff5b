"""`step.estimator`, the denoiser as methods that look ahead see it: it must say what the pipeline's own step says."""

from dataclasses import dataclass, field

import pytest
import torch

from hitmark.control import Control, Layout, Step
from hitmark.hooks import attach
from hitmark.methods import build
from hitmark.methods.temporal_intrinsic import TemporalIntrinsic, first_shown, preview

from . import families
from .pipelines import IMAGE, PROMPT, SCENE, TEXT, UNETS, make, picture, run

GUIDANCE = 2.5


@dataclass(frozen=True)
class Probe(Control):
    """Asks the estimator at every step, and writes down what the pipeline says there."""

    method = "probe"
    ahead: list = field(default_factory=list)
    own: list = field(default_factory=list)
    levels: list = field(default_factory=list)

    def latents(self, latents, step):
        self.ahead.append(step.estimator(latents, step.index, GUIDANCE))
        self.levels.append((step.estimator.levels[step.index], (step.alpha, step.sigma)))
        return latents

    def prediction(self, clean, step):
        self.own.append(clean)
        return clean


def _options(backbone, guided):
    guidance = GUIDANCE if guided else 1.0
    if backbone == IMAGE:
        return {"min_guidance_scale": guidance, "max_guidance_scale": guidance}
    return {"guidance_scale": guidance}


@pytest.mark.parametrize("guided", [True, False])
@pytest.mark.parametrize("backbone", UNETS)
def test_says_what_the_pipeline_says_at_every_step(backbone, guided):
    pipe, probe = make(backbone), Probe()
    before = run(pipe, **_options(backbone, guided))
    with attach(pipe, SCENE, probe):
        after = run(pipe, **_options(backbone, guided))
    assert torch.equal(before, after)
    assert len(probe.ahead) == len(probe.own) > 1
    for ahead, own in zip(probe.ahead, probe.own, strict=True):
        assert (ahead - own).abs().max() < 1e-3 * own.std()
    assert all(level == own for level, own in probe.levels)


def test_a_network_that_is_told_where_a_step_ends_is_told_so_of_the_step_ahead(monkeypatch):
    """As HunyuanVideo 1.5's that were distilled to few steps are."""
    pipe, told = families.pipeline("hunyuan video 1.5 image"), []
    settings = {name: value for name, value in pipe.transformer.config.items() if not name.startswith("_")}
    network = type(pipe.transformer)(**settings | {"use_meanflow": True}).eval()
    monkeypatch.setattr(pipe, "transformer", network)

    class Ahead(Control):
        method = "ahead"

        def latents(self, latents, step):
            if step.index == 0:
                step.estimator(latents, 1, GUIDANCE)
            return latents

    def tell(_network, _args, named):
        told.append((float(named["timestep"][0]), float(named["timestep_r"][0])))

    network.register_forward_pre_hook(tell, with_kwargs=True)
    with attach(pipe, families.wanted("hunyuan video 1.5 image"), Ahead()):
        families.run("hunyuan video 1.5 image")
    first, second = pipe.scheduler.timesteps.tolist()
    assert set(told) == {(first, second), (second, 0.0)}


def test_each_clip_of_a_batch_by_itself():
    """Two prompts, two seeds: the estimate of a clip does not depend on its neighbor."""
    pipe, probe = make(TEXT), Probe()
    generators = [torch.Generator().manual_seed(seed) for seed in (3, 4)]
    with attach(pipe, SCENE, probe):
        run(pipe, [PROMPT, "a blue thing at sea"], generator=generators, guidance_scale=GUIDANCE)
    for clip in (0, 1):
        for ahead, own in zip(probe.ahead[clip::2], probe.own[clip::2], strict=True):
            assert (ahead - own).abs().max() < 1e-3 * own.std()


def test_masks_act_in_the_preview():
    """With Peekaboo before it the preview is another one; with its masks switched off it is not."""
    pipe = make(TEXT)

    def final(masked_steps, **knobs):
        masks = {"peekaboo.masked_steps": masked_steps}
        controls = build(
            "peekaboo+temporal-intrinsic", masks | {"noise_cutoff": 0.0, "strength": 0.0, "preview_steps": 0} | knobs
        )
        with attach(pipe, SCENE, controls):
            return run(pipe)

    plain = final(0)
    assert torch.equal(plain, run(pipe))
    ahead = final(0, preview_steps=2)
    assert not torch.equal(ahead, plain)
    assert not torch.equal(final(1, preview_steps=2), final(1))
    assert torch.equal(final(0, preview_steps=2), ahead)


class Line:
    """A denoiser whose clean estimate is a fixed clip, whatever it is given."""

    def __init__(self, clip, levels=((0.1, 0.995), (0.5, 0.866), (0.9, 0.436))):
        self.clip, self.asked = clip, []
        self.levels = list(levels)

    def __call__(self, latents, index, guidance):
        self.asked.append((latents, index, guidance))
        return self.clip


def test_preview_walks_the_levels_with_the_noise_it_was_given():
    """With an estimate that stays, every latent on the way is alpha * x0 + sigma * eps of the same eps."""
    clip, noise = torch.randn(1, 2, 4, 3, 3), torch.randn(1, 2, 4, 3, 3)
    line = Line(clip)
    (alpha, sigma) = line.levels[0]
    first, last = preview(alpha * clip + sigma * noise, line, 7, 1.5)
    assert torch.equal(first, clip)
    assert torch.equal(last, clip)
    assert [index for _, index, _ in line.asked] == [0, 1, 2]
    for (latents, _index, guidance), (alpha, sigma) in zip(line.asked, line.levels, strict=True):
        torch.testing.assert_close(latents, alpha * clip + sigma * noise)
        assert guidance == 1.5


def test_the_start_anew_has_the_estimate_and_the_same_noise():
    clip, noise = torch.randn(1, 2, 4, 3, 3), torch.randn(1, 2, 4, 3, 3)
    line = Line(clip)
    layout = Layout(2, 3, 3, 8, ())
    step = Step(0, 3, *line.levels[0], layout, False, None, line)
    control = TemporalIntrinsic(noise_cutoff=0, strength=0, preview_steps=1)
    expected = line.levels[0][0] * clip + line.levels[0][1] * noise / (0.1**2 + 0.995**2) ** 0.5
    torch.testing.assert_close(control.latents(noise, step), expected)
    later = Step(1, 3, *line.levels[1], layout, False, None, line)
    assert control.latents(noise, later) is noise


FLOW = ((1e-6, 1.0), (0.02, 0.98), (0.3, 0.7), (0.6, 0.4))
"""A flow model starts from noise alone, where a clean estimate would change nothing."""


def test_a_flow_model_starts_anew_where_an_estimate_shows():
    clip, noise = torch.randn(1, 2, 4, 3, 3), torch.randn(1, 2, 4, 3, 3)
    control = TemporalIntrinsic(noise_cutoff=0, strength=0, preview_steps=2)
    layout = Layout(2, 3, 3, 8, ())
    assert first_shown(FLOW) == 2
    for index, (alpha, sigma) in enumerate(FLOW):
        line = Line(clip, FLOW)
        latents = alpha * clip + sigma * noise
        line.clip = clip if index != 2 else 2 * clip
        got = control.latents(latents, Step(index, 4, alpha, sigma, layout, False, None, line))
        assert [at for _, at, _ in line.asked] == ([2, 3] if index == 2 else [])
        if index != 2:
            assert got is latents
        else:  # the noise is what the first estimate leaves of the latents
            torch.testing.assert_close(got, alpha * 2 * clip + (latents - alpha * 2 * clip))


def test_where_no_estimate_shows_the_first_step_is_taken():
    assert first_shown([(0.0, 1.0), (0.01, 0.99)]) == 0
    assert first_shown([(0.068, 0.998), (0.5, 0.9)]) == 0
    assert first_shown([(1.0, 700.0), (1.0, 300.0), (1.0, 1.0)]) == 0


def test_the_preview_acts_on_a_flow_model():
    """On Wan's own solver, which starts a millionth below noise alone."""
    plain = families.run("wan 2.1", num_inference_steps=4)
    with attach(families.pipeline("wan 2.1"), families.wanted("wan 2.1"), TemporalIntrinsic(0.0, 0.0, preview_steps=2)):
        ahead = families.run("wan 2.1", num_inference_steps=4)
    assert (ahead - plain).abs().max() > 1e-3 * plain.std()


def test_svd_takes_a_preview_too():
    pipe = make(IMAGE)
    with attach(pipe, SCENE, TemporalIntrinsic(noise_cutoff=0, strength=0, preview_steps=2)):
        assert not torch.equal(run(pipe, picture()), run(make(IMAGE), picture()))
