"""ivg-da is its three parts, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from hitmark.backbones.tiny import tiny_text_to_video
from hitmark.errors import HitmarkError
from hitmark.hooks import attach
from hitmark.methods import METHODS, build, resolved
from hitmark.methods.domain_adaptation import DOMAIN_ADAPTATION
from hitmark.methods.mask_normalization import MaskNormalization
from hitmark.methods.peekaboo import Peekaboo
from hitmark.methods.temporal_intrinsic import TemporalIntrinsic
from hitmark.scene.schema import Scene

KEYS = [{"time": 0, "box": [0.0, 0.0, 0.5, 0.5]}, {"time": 1, "box": [0.5, 0.5, 1.0, 1.0]}]
SCENE = Scene.from_dict({"subjects": [{"name": "cat", "phrase": "cat", "keyframes": KEYS}]})
SEVERAL: list[dict[str, Any]] = [
    {},
    {"masked_steps": 1, "preview_steps": 0},
    {"as_published": "code", "deviation": 0.5, "kinds": "cross", "strength": 0.3, "noise_cutoff": 0.0},
    {"mean": 0.0, "deviation": 0.0},
]


@pytest.fixture(scope="module")
def pipe() -> Any:
    made: Any = tiny_text_to_video(channels=(32, 64), layers=1, vae_channels=(32, 32))
    made.set_progress_bar_config(disable=True)
    return made


@pytest.mark.parametrize("knobs", SEVERAL)
def test_equals_its_parts_joined(pipe: Any, knobs: dict[str, Any]) -> None:
    whole = build("ivg-da", knobs)
    names = "peekaboo+mask-normalization+temporal-intrinsic"
    joined = build(names, resolved("ivg-da", knobs))

    def final(controls: Any) -> torch.Tensor:
        with attach(pipe, SCENE, controls):
            generator = torch.Generator().manual_seed(0)
            settings = {"height": 16, "width": 16, "num_frames": 3, "num_inference_steps": 5, "output_type": "latent"}
            return pipe("a cat on grass", generator=generator, **settings).frames

    together = final(whole)
    assert torch.equal(together, final(joined))
    assert not torch.equal(together, final(build("peekaboo", whole[0].knobs())))


def test_only_the_masks_differ_from_the_defaults_of_the_parts() -> None:
    """They are those of Peekaboo's paper, for the number of steps that it takes for moving subjects."""
    masks, *others = DOMAIN_ADAPTATION
    assert masks == Peekaboo(masked_steps=4, as_published="paper")
    assert others == [MaskNormalization(), TemporalIntrinsic()]


def test_no_two_parts_have_a_knob_of_the_same_name() -> None:
    for name, controls in METHODS.items():
        knobs = [knob for control in controls for knob in control.knobs()]
        assert len(knobs) == len(set(knobs)), name


@pytest.mark.parametrize(
    ("knob", "value"), [("masked_steps", -1), ("mean", 2.0), ("kinds", "words"), ("strength", "x")]
)
def test_bad_knobs_name_the_knob(knob: str, value: Any) -> None:
    with pytest.raises(HitmarkError, match=knob):
        build("ivg-da", {knob: value})
