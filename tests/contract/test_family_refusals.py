"""Networks of known classes that attend in a way in which controls cannot act: refused by name, with nothing run."""

from __future__ import annotations

import pytest

from hitmark.backbones import tiny
from hitmark.errors import HitmarkError
from hitmark.hooks import attach
from hitmark.methods import build

from .families import SCENE
from .pipelines import traces


def test_frames_that_see_the_frames_before_them_alone() -> None:
    pipe = tiny.tiny_skyreels_v2()
    pipe.transformer.register_to_config(num_frame_per_block=3)
    clean = traces(pipe)
    with (
        pytest.raises(HitmarkError, match=r"^num_frame_per_block: groups of 3 frames .* expected 1"),
        attach(pipe, SCENE, build("peekaboo", {"as_published": "paper"})),
    ):
        pass
    assert traces(pipe) == clean
