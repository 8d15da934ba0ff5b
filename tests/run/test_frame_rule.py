"""Numbers of frames that a model cannot make are rounded down, with a note that the record keeps."""

from __future__ import annotations

import pytest

from hitmark.backbones.catalog import MODELS
from hitmark.backbones.tiny import tiny_ltx
from hitmark.errors import HitmarkError, HitmarkWarning
from hitmark.run.frame_rule import fitting_frames
from hitmark.run.generate import generate
from hitmark.run.plan import plan
from hitmark.scene.schema import Scene


def scene(**fields):
    return Scene.from_dict({"prompt": "a red thing on grass", "method": {"name": "none"}} | fields)


@pytest.mark.parametrize(
    ("model", "asked", "made"),
    [
        ("wan2.1-t2v-1.3b", 80, 77),
        ("wan2.1-t2v-1.3b", 81, 81),
        ("wan2.1-t2v-1.3b", 5, 5),
        ("ltx-2", 120, 113),
        ("ltx-video", 17, 17),
        ("zeroscope", 20, 20),
    ],
)
def test_rounded_down_and_told(model, asked, made):
    planned = plan(scene(model=model, frames=asked))
    assert planned.scene.frames == made
    told = [note for note in planned.notes if "rounded down" in note]
    assert len(told) == (asked != made)
    assert all(str(number) in note for note in told for number in (asked, made, made + MODELS[model].frame_unit))
    assert all(len(track.boxes) == made for track in planned.tracks)


def test_less_than_the_shortest_video_is_refused():
    with pytest.raises(HitmarkError, match="ltx-video makes 8 times a whole number and one more, got 8; use 9 or more"):
        fitting_frames(8, MODELS["ltx-video"])
    card = MODELS["kandinsky-5-i2v-pro"]
    with pytest.raises(HitmarkError, match="one more, 17 at least, got 13; use 17 or more"):
        fitting_frames(13, card)
    assert fitting_frames(18, card) == 17
    assert fitting_frames(13, MODELS["kandinsky-5-t2v-lite"]) == 13


def test_the_number_made_is_in_the_clip_and_its_record():
    pipe = tiny_ltx()
    pipe.set_progress_bar_config(disable=True)
    with pytest.warns(HitmarkWarning, match="20 was rounded down to 17"):
        result = generate(scene(frames=20, width=64, height=64), None, pipe, steps=1)
    assert len(result.frames) == result.scene.frames == 17
    assert any("20 was rounded down to 17" in note for note in result.notes)
