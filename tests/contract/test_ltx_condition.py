"""Pipelines whose calls say how many first frames are given, and how firmly: LTX-Video from 0.9.5 on, and LTX-2."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
import torch
from diffusers.pipelines.ltx.pipeline_ltx_condition import LTXVideoCondition
from diffusers.pipelines.ltx2.pipeline_ltx2_condition import LTX2VideoCondition

from hitmark.backbones import backbone_for
from hitmark.backbones.order import Order
from hitmark.backbones.pipeline import PipelineBackbone
from hitmark.control import Control, Step
from hitmark.errors import HitmarkError
from hitmark.hooks import attach
from hitmark.hooks.guards import check_pictured
from hitmark.methods import build

from .families import CASES, pipeline, run, wanted
from .pipelines import picture

NAME, NEWER = "ltx condition", "ltx-2 condition"
SIDE = CASES[NAME].side
VIDEO = [picture(seed, SIDE, SIDE) for seed in range(9)]


@dataclass(frozen=True)
class Bump(Control):
    """Adds to the latents before the second step, and looks which frames are given."""

    given: list = field(default_factory=list)

    def latents(self, latents: Any, step: Step) -> Any:
        self.given.append(step.layout.given)
        return latents + 0.25 if step.index == 1 else latents


@pytest.mark.parametrize(
    ("call", "given"),
    [
        ({}, 0),
        ({"image": VIDEO[0]}, 1),
        ({"video": [VIDEO]}, 2),
        ({"image": VIDEO[0], "strength": 0.5}, 1),
        ({"conditions": LTX2VideoCondition(VIDEO[0], strength=0.0)}, 0),
        ({"conditions": [LTX2VideoCondition(VIDEO[0]), LTX2VideoCondition(VIDEO)]}, 2),
        ({"conditions": LTX2VideoCondition(torch.zeros(16, 3, SIDE, SIDE))}, 2),
    ],
    ids=["words", "picture", "video", "loosely held picture", "not held", "picture and video", "half a latent frame"],
)
def test_frames_that_are_given_are_left_to_the_pipeline(call: dict[str, Any], given: int) -> None:
    """A picture that is held loosely is denoised by the pipeline in its own time."""
    name = NEWER if "conditions" in call else NAME
    pipe, control, sizes = pipeline(name), Bump(), (CASES[name].latents[0], 8, 8)
    backbone = backbone_for(pipe)

    def change(_pipe: Any, index: int, _timestep: Any, values: dict[str, Any]) -> dict[str, Any]:
        if index == 0:
            backbone.canonical(values["latents"], sizes)[:, given:] += 0.25
        return {}

    plain, public = run(name, **call), run(name, callback_on_step_end=change, **call)
    with attach(pipe, wanted(name), control):
        got = run(name, **call)
    assert set(control.given) == {given}
    assert torch.equal(got, public)
    before, after = (backbone.canonical(each, sizes) for each in (plain, got))
    assert not torch.equal(after[:, given:], before[:, given:])
    if call.get("strength") is None:
        assert torch.equal(after[:, :given], before[:, :given])


@pytest.mark.parametrize(("name", "strength"), [(NAME, 0.3), (NAME, 0.5), (NEWER, 0.5)])
def test_a_loosely_held_picture_is_denoised_though_clean_estimates_are_edited(name: str, strength: float) -> None:
    """Its frame keeps what the network said of it, also in the last steps, where the pipeline takes that."""

    class Same(Control):
        def prediction(self, clean: Any, _step: Step) -> Any:
            return clean.clone()

    held: dict[str, Any] = {"image": VIDEO[0], "strength": strength}
    held = held if name == NAME else {"conditions": LTX2VideoCondition(VIDEO[0], strength=strength)}
    call = held | CASES[name].plainly | {"num_inference_steps": 16}
    plain = run(name, **call)
    with attach(pipeline(name), wanted(name), Same()):
        assert torch.allclose(run(name, **call), plain, atol=1e-4)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        ({"image": VIDEO[0], "frame_index": 8}, "frame_index: expected 0, .*got 8"),
        ({"conditions": [LTX2VideoCondition(VIDEO[0], index=-1)]}, "conditions: expected index 0, .*got -1"),
        ({"denoise_strength": 0.5, "latents": torch.zeros(1, 8, 3, 8, 8)}, "denoise_strength: .*Expected 1"),
    ],
)
def test_clips_that_do_not_begin_with_what_is_given_are_refused(call: dict[str, Any], match: str) -> None:
    name = NEWER if "conditions" in call else NAME
    with attach(pipeline(name), wanted(name), Bump()), pytest.raises(HitmarkError, match=match):
        run(name, num_inference_steps=4, **call)


def test_the_same_object_makes_clips_of_both_kinds_in_one_block() -> None:
    control = Bump()
    with attach(pipeline(NAME), wanted(NAME), control):
        run(NAME, image=VIDEO[0])
        run(NAME)
    assert control.given == [1, 1, 0, 0]


def test_a_picture_is_given_as_the_row_says() -> None:
    """This pipeline takes one as `image` or as a condition; others take conditions alone."""
    pipe, row, clips = pipeline(NAME), backbone_for(pipeline(NAME)).family, []
    conditioned = replace(row, picture="conditions", as_given=lambda each: LTXVideoCondition(image=each))
    for family in (row, conditioned):
        generator = torch.Generator().manual_seed(5)
        order = Order(VIDEO[0], "a dog", "", SIDE, SIDE, 9, 1, generator, {}, lambda _index, _latents: None)
        clips.append(PipelineBackbone(pipe, family).run(order))
    assert np.array_equal(*clips)
    with pytest.raises(HitmarkError, match="Give it conditions="):
        check_pictured(build("sg-i2v"), PipelineBackbone(pipe, conditioned))
