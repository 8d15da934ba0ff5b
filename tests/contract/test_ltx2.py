"""What LTX-2 has beside the video: sound with a scheduler of its own, and weights of several versions."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch

from hitmark.backbones import backbone_for
from hitmark.backbones.families.ltx2 import times
from hitmark.backbones.tiny import tiny_ltx2
from hitmark.control import Control, Step
from hitmark.errors import HitmarkError
from hitmark.hooks import attach
from hitmark.hooks.undo import before_call
from hitmark.methods import build
from hitmark.methods.peekaboo import Peekaboo

from .families import CASES, PROMPT, crude, pipeline, run, wanted

NAME = "ltx-2.3 image"
STEPS = 4


@pytest.mark.parametrize("name", [NAME, "ltx-2.3 condition image"])
def test_the_sound_begins_as_late_as_the_video(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pipeline copies its scheduler for the sound; a copy of the whole pipeline begins as always."""
    pipe, levels = pipeline(name), []
    original = type(pipe).convert_velocity_to_x0

    def noted(self: Any, sample: Any, output: Any, index: int, scheduler: Any) -> Any:
        levels.append((scheduler is pipe.scheduler, index, float(scheduler.sigmas[index]), len(scheduler.timesteps)))
        return original(self, sample, output, index, scheduler)

    monkeypatch.setattr(type(pipe), "convert_velocity_to_x0", noted)
    late = build("time-to-move", {"weak": 0.9, "strong": 0.5})
    with attach(pipe, wanted(name), late, reference=crude(name)):
        run(name, num_inference_steps=STEPS)
        twin = copy.deepcopy(pipe)
        twin.scheduler.set_timesteps(STEPS)
        assert len(twin.scheduler.timesteps) == STEPS
    video, sound = ({each[1:] for each in levels if each[0] is own} for own in (True, False))
    assert video == sound
    assert {length for _index, _level, length in sound} == {STEPS - 1}


@dataclass(frozen=True)
class Ahead(Control):
    """Looks ahead from the first step to the second."""

    clean: list = field(default_factory=list)

    def latents(self, latents: Any, step: Step) -> Any:
        if step.index == 0:
            assert step.estimator is not None
            self.clean.append(step.estimator(latents, 1, 3.0))
        return latents


def test_looking_ahead_tells_both_tracks_the_time() -> None:
    pipe, probe, seen = pipeline(NAME), Ahead(), []

    def note(_module: Any, _args: Any, named: dict[str, Any]) -> None:
        seen.append({name: named[name].clone() for name in ("timestep", "audio_timestep", "sigma")})

    with attach(pipe, wanted(NAME), probe), before_call(pipe.transformer, note):
        run(NAME)
    first, second = pipe.scheduler.timesteps
    ahead, own = seen[:2]  # the look ahead is from within the step, before the pipeline's own call
    assert torch.isfinite(probe.clean[0]).all()
    assert set(own["audio_timestep"].tolist()) == {float(first)}
    for name in ("audio_timestep", "sigma"):
        assert set(ahead[name].tolist()) == {float(second)}
    frame = ahead["timestep"].shape[1] // CASES[NAME].latents[0]
    assert not ahead["timestep"][:, :frame].any()
    assert set(ahead["timestep"][:, frame:].flatten().tolist()) == {float(second)}


def test_conditions_keep_their_share_of_the_noise_at_other_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that is given, one that is held loosely, a free one. A sound in its own time is refused."""
    pipe, shares = pipeline("ltx-2 condition"), torch.tensor([[0.0, 0.5, 1.0]])
    pipe.scheduler.set_timesteps(2)
    first, second = pipe.scheduler.timesteps[:, None]
    before = dict.fromkeys(("sigma", "audio_timestep", "audio_sigma"), first) | {"timestep": first * shares}
    now = times(pipe, before, 1)
    assert torch.equal(now.pop("timestep"), second * shares)
    assert all(torch.equal(each, second) for each in now.values())
    monkeypatch.setattr(pipe, "audio_scheduler", pipe.scheduler)
    with attach(pipe, wanted(NAME), Control()), pytest.raises(HitmarkError, match="audio_scheduler: expected none"):
        run("ltx-2 condition")


def test_another_text_is_padded_as_the_pipeline_pads_the_prompt() -> None:
    pipe, seen = pipeline("ltx-2 condition"), []
    with before_call(pipe.transformer.transformer_blocks[0].attn2, lambda *call: seen.append(call[-1])):
        run("ltx-2 condition")
    encoded = pipe.encode_prompt(PROMPT, do_classifier_free_guidance=False, max_sequence_length=32)
    words = backbone_for(pipe).words(pipe.transformer, encoded)["encoder_hidden_states"]
    assert torch.allclose(words, seen[0]["encoder_hidden_states"][1:], atol=1e-5)


@pytest.mark.parametrize("name", ["ltx-2", NAME])
def test_a_second_stage_has_the_size_of_the_latents_that_it_begins_with(name: str) -> None:
    """The pipeline's own documentation calls it without a width and height."""
    begun = torch.randn(1, 8, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    call = {"latents": begun, "noise_scale": 0.9, "height": None, "width": None}
    plain = run(name, **call)
    with attach(pipeline(name), wanted(name), build("peekaboo", {"as_published": "paper"})):
        got = run(name, **call)
    assert got.shape == plain.shape
    assert not torch.equal(got, plain)


def test_weights_of_version_2_5() -> None:
    """Words that each layer changes, but not by the noise level; the subject's words are where they were put."""
    pipe = tiny_ltx2("2.5")
    pipe.set_progress_bar_config(disable=True)
    case = CASES["ltx-2"]

    def clip() -> torch.Tensor:
        return pipe(
            prompt="a red thing on grass",
            width=case.side,
            height=case.side,
            num_frames=case.frames,
            num_inference_steps=2,
            generator=torch.Generator().manual_seed(5),
            output_type="latent",
            **case.options,
        ).frames

    plain = clip()
    with attach(pipe, wanted("ltx-2"), Control()) as session:
        assert torch.equal(clip(), plain)
        prompt = session._layouts[0].prompt
    assert prompt is not None
    assert prompt.positions("red thing") == (1, 2)
    assert prompt.shared == frozenset(range(len(prompt.ids) - len(prompt.shared), len(prompt.ids)))
    with attach(pipe, wanted("ltx-2"), Peekaboo(1, "paper")):
        assert not torch.equal(clip(), plain)
    assert not backbone_for(pipe).network.config.ff_bias
