"""Wan VACE beside what all families are tested for: its second stream of tokens, and what it is given to keep."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from PIL import Image

from hitmark.backbones import backbone_for
from hitmark.backbones.memory import parts_to_repeat
from hitmark.control import AttentionCall, Control, Step
from hitmark.errors import HitmarkError
from hitmark.hooks import attach
from hitmark.hooks.features import feature_sites
from hitmark.methods.peekaboo import Peekaboo

from .families import CASES, pipeline, plain, run, wanted
from .pipelines import picture, traces

NAME = "wan vace"
SIDE, FRAMES = CASES[NAME].side, CASES[NAME].frames


def kept() -> dict[str, Any]:
    """A video of which the first frame is to be kept."""
    white, black = (Image.new("L", (SIDE, SIDE), shade) for shade in (255, 0))
    gray = Image.new("RGB", (SIDE, SIDE), (128, 128, 128))
    return {"video": [picture(0, SIDE, SIDE), *[gray] * (FRAMES - 1)], "mask": [black, *[white] * (FRAMES - 1)]}


@dataclass(frozen=True)
class Watch(Control):
    """Writes down which layers are run, and changes nothing."""

    seen: dict[str, tuple[Any, ...]] = field(default_factory=dict)

    def attention(self, call: AttentionCall, step: Step) -> Any:
        self.seen[call.site.name] = call.site.scope, call.site.grid, call.site.depth
        return call.run()


def test_layers_of_both_streams_are_seen_in_their_order() -> None:
    watch, grid = Watch(), (3, SIDE // 16, SIDE // 16)
    with attach(pipeline(NAME), wanted(NAME), watch):
        assert torch.equal(run(NAME), plain(NAME))
    assert list(watch.seen.items()) == [
        ("vace_blocks.0.attn1", ("video", grid, 0.0)),
        ("vace_blocks.0.attn2", ("words", grid, 0.0)),
        ("blocks.0.attn1", ("video", grid, 0.0)),
        ("blocks.0.attn2", ("words", grid, 0.0)),
        ("blocks.1.attn1", ("video", grid, 1.0)),
        ("blocks.1.attn2", ("words", grid, 1.0)),
    ]


def test_blocks_of_both_streams_can_run_again_to_spare_memory() -> None:
    backbone, network = backbone_for(pipeline(NAME)), pipeline(NAME).transformer
    call = backbone.bind(network, (torch.zeros(1, 16, 3, 6, 6),), {}, None, 1)
    (_first, second) = feature_sites(backbone, network)
    assert second.block is network.blocks[1]
    assert parts_to_repeat(backbone, call, [second], (3, 6, 6), 0.0) == [network.vace_blocks[0], network.blocks[0]]


def test_a_video_to_keep_stays_the_pipelines_own() -> None:
    before = run(NAME, **kept())
    assert not torch.equal(before, plain(NAME))
    with attach(pipeline(NAME), wanted(NAME), Watch()):
        assert torch.equal(run(NAME, **kept()), before)
    with attach(pipeline(NAME), wanted(NAME), Peekaboo(1, "paper")):
        masked = run(NAME, **kept())
    assert float((masked - before).abs().max()) > 1e-2 * float(before.std())


@pytest.mark.parametrize("given", [picture(0, SIDE, SIDE), [picture(0, SIDE, SIDE)]], ids=["one", "a list"])
def test_pictures_in_front_of_the_video_are_refused_by_name(given: Any) -> None:
    """They would be latent frames that no frame of the boxes is for."""
    pipe = pipeline(NAME)
    clean = traces(pipe)
    with (
        pytest.raises(HitmarkError, match=r"^reference_images: .*leave reference_images out"),
        attach(pipe, wanted(NAME), Watch()),
    ):
        run(NAME, reference_images=given)
    assert traces(pipe) == clean
