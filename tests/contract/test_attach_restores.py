"""Every method on every backbone: it runs, it changes the output, it is deterministic, and it leaves no trace."""

import copy

import pytest
import torch

from hitmark.control import Control
from hitmark.errors import HitmarkError
from hitmark.hooks import attach
from hitmark.methods import METHODS, build
from hitmark.reference import reference_of

from .pipelines import FRAMES, HEIGHT, IMAGE, SCENE, STEPS, TEXT, UNETS, WIDTH, make, picture, run, traces

REFUSES = {
    "sg-i2v": {TEXT: "takes none"},
    "time-to-move": {TEXT: "takes none"},
    "trailblazer": {IMAGE: "does not read"},
    "region-prompts": {IMAGE: "does not read", TEXT: "has none"},
}
"""Which pipelines a method is not for, and why."""
AFTER = {"mask-normalization": "peekaboo+mask-normalization"}
"""Methods that correct another one, as they are used."""


BRIEF = {"iterations": 2}
"""Fewer than by default: what a control leaves behind does not depend on how often it has optimized."""


@pytest.fixture(scope="module")
def pipes():
    """Of each backbone: the pipeline and what it makes with nothing attached."""
    made = {backbone: make(backbone) for backbone in UNETS}
    for pipe in made.values():
        next(iter(pipe.unet.parameters())).requires_grad_(False)  # a mixture, to be restored as a mixture
    return {backbone: (pipe, run(pipe)) for backbone, pipe in made.items()}


@pytest.fixture(scope="module")
def pipe():
    return make()


@pytest.mark.parametrize("backbone", UNETS)
@pytest.mark.parametrize("method", METHODS)
def test_runs_changes_the_output_and_leaves_no_trace(pipes, backbone, method):
    pipe, before = pipes[backbone]
    if backbone in REFUSES.get(method, {}):
        clean = traces(pipe)
        used = build(AFTER.get(method, method))
        with pytest.raises(HitmarkError, match=f"{backbone} {REFUSES[method][backbone]}"), attach(pipe, SCENE, used):
            pass
        assert traces(pipe) == clean
        return
    weights = copy.deepcopy(pipe.unet.state_dict())
    clean = traces(pipe)
    reference = reference_of(SCENE, picture(1), (FRAMES, HEIGHT, WIDTH)) if method == "time-to-move" else None
    with attach(pipe, SCENE, build(AFTER.get(method, method)), reference=reference):
        first, second = run(pipe), run(pipe)
    assert torch.equal(first, second), "the same seed must give the same bytes inside the block too"
    assert torch.equal(first, before) == (not METHODS[method])
    assert traces(pipe) == clean
    assert torch.equal(run(pipe), before), "the same seed must give the same bytes after the block"
    assert all(torch.equal(weights[name], value) for name, value in pipe.unet.state_dict().items())


def test_restores_after_an_exception_and_with_checkpointing(pipe):
    before, clean = run(pipe), traces(pipe)

    def fail(_pipe, index, _timestep, _values):
        raise KeyError(index)

    with pytest.raises(KeyError), attach(pipe, SCENE, build("sg-i2v", BRIEF | {"memory_budget": 0})):
        run(pipe, callback_on_step_end=fail)
    assert traces(pipe) == clean
    assert torch.equal(run(pipe), before)


def test_gradient_checkpointing_does_not_change_the_result(pipe):
    results = []
    for budget in (None, 0):
        with attach(pipe, SCENE, build("sg-i2v", BRIEF | {"memory_budget": budget})):
            results.append(run(pipe))
    assert torch.equal(*results)


def test_a_control_that_is_never_active_changes_nothing(pipe):
    before = run(pipe)
    for knobs in ({"iterations": 0}, {"start": 0.5, "stop": 0.5}):
        with attach(pipe, SCENE, build("sg-i2v", knobs)):
            assert torch.equal(run(pipe), before)


def test_the_callback_stays_with_the_user(pipe):
    seen = []

    def record(_pipe, index, _timestep, values):
        seen.append((index, values["latents"]))
        return values

    with attach(pipe, SCENE, build("sg-i2v", BRIEF)):
        result = run(pipe, callback_on_step_end=record)
    assert [index for index, _ in seen] == list(range(STEPS))
    assert torch.equal(seen[-1][1], result)


def test_each_clip_of_a_batch_is_controlled_as_if_alone(pipe):
    other = SCENE.replace(subjects=[{"name": "b", "keyframes": [{"time": 0, "box": [0.5, 0.5, 0.9, 0.9]}]}])
    images, scenes = [picture(0), picture(5)], [SCENE, other]

    def generators():
        return [torch.Generator().manual_seed(seed) for seed in (3, 4)]

    with attach(pipe, scenes, build("sg-i2v", BRIEF)):
        together = run(pipe, images, generator=generators())
    # a list of generators draws picture noise and start noise per clip, in the same order as a single call
    for clip, scene in enumerate(scenes):
        with attach(pipe, scene, build("sg-i2v", BRIEF)):
            alone = run(pipe, [images[clip]], generator=[generators()[clip]])
        assert torch.allclose(together[clip], alone[0], atol=2e-4 * alone.std().item())


def test_several_videos_of_one_picture_and_guidance_off(pipe):
    with attach(pipe, SCENE, build("sg-i2v", BRIEF)):
        assert run(pipe, num_videos_per_prompt=2).shape[0] == 2
    plain = run(pipe, max_guidance_scale=1.0)
    with attach(pipe, SCENE, build("sg-i2v", BRIEF)):
        controlled = run(pipe, max_guidance_scale=1.0)
    assert not torch.equal(plain, controlled)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision(dtype):
    pipe = make().to(dtype)
    plain = run(pipe)
    with attach(pipe, SCENE, build("sg-i2v", BRIEF | {"step_size": 0.02})):
        controlled = run(pipe)
    assert controlled.dtype == dtype
    assert torch.isfinite(controlled).all()
    assert not torch.equal(plain, controlled)
    assert all(weight.dtype == dtype for weight in pipe.unet.parameters())
    assert torch.equal(run(pipe), plain)


@pytest.mark.parametrize("how", ["torch.compile", "module.compile"])
def test_compiled_denoisers(how):
    """Levels of one width: each shape of a layer is compiled anew."""
    compiled = make(channels=(32, 32))
    with attach(compiled, SCENE, build("sg-i2v", BRIEF)):
        want = run(compiled)
    if how == "torch.compile":
        compiled.unet = torch.compile(compiled.unet, backend="eager")
    else:
        compiled.unet.compile(backend="eager")
    before = run(compiled)
    with attach(compiled, SCENE, build("sg-i2v", BRIEF)):
        got = run(compiled)
    assert torch.allclose(got, want, atol=1e-4 * want.std().item())
    assert torch.equal(run(compiled), before)


class Shift(Control):
    """Adds to the start noise and to the clean estimate."""

    def initial_noise(self, noise, layout, generator):
        assert noise.shape == (1, FRAMES, 4, HEIGHT // 2, WIDTH // 2)
        assert (layout.frames, layout.height, layout.width) == (FRAMES, HEIGHT // 2, WIDTH // 2)
        assert 0.5 < noise.std() < 1.5
        return noise + 0.1 * torch.randn(noise.shape, generator=generator)

    def prediction(self, clean, step):
        assert clean.shape == (1, FRAMES, 4, HEIGHT // 2, WIDTH // 2)
        return torch.full_like(clean, 0.25)


@pytest.mark.parametrize("backbone", UNETS)
def test_the_other_acting_points(backbone):
    pipe = make(backbone)
    with attach(pipe, SCENE, Shift()):
        result = run(pipe)
    left = 0.0 if backbone != TEXT else 0.00085**0.5  # Euler ends at its clean estimate, DDIM at its first noise level
    assert (result - 0.25).std() == pytest.approx(left, rel=0.2, abs=1e-3)
    assert result.mean() == pytest.approx(0.25, abs=1e-2)
    method = "sg-i2v" if backbone == IMAGE else "peekaboo"
    with attach(pipe, SCENE, [Shift(), *build(method)]):
        assert torch.allclose(run(pipe), result, atol=1e-2)


def test_offloading_stays_the_users(pipe):
    with attach(pipe, SCENE, build("sg-i2v", BRIEF)):
        want = run(pipe)
    offloaded = make()
    offloaded.enable_model_cpu_offload(device="cpu")
    with attach(offloaded, SCENE, build("sg-i2v", BRIEF)):
        assert torch.equal(run(offloaded), want)
