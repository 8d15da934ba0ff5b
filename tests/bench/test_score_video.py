"""Clips of known truth, scored from files."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from hitmark.bench.score_video import score_video
from hitmark.errors import HitmarkError
from hitmark.media.video import read_video, write_video
from hitmark.scene.schema import Scene
from hitmark.sprites.text_scenes import text_scene, true_clip
from hitmark.sprites.world import text_world


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """The painted clip of a text scene, and the scene beside it."""
    made = text_scene(0)
    made.scene.replace(frames=8, image=None).save(tmp_path / "scene.json")
    return write_video(true_clip(made, text_world()), tmp_path / "clip.mkv")


def rescaled(path: Path, **fields: object) -> str:
    """The scene with other fields."""
    scene = Scene.load(path.parent / "scene.json").replace(**fields)
    scene.save(path.parent / "other.json")
    return str(path.parent / "other.json")


def test_the_true_clip_is_where_it_was_wanted(clip: Path) -> None:
    found = score_video(clip, rescaled(clip, model="sprites-t2v"))
    assert found.shape == (8, 64, 64)
    assert list(found.figures) == ["frames", "sprites"]
    assert len(found.subjects) == 1
    errors = found.figures["sprites"]["path error"]
    assert isinstance(errors, list)
    assert errors[0] is not None
    assert errors[0] < 0.01
    assert any("no first picture" in note for note in found.notes)


def test_a_clip_of_nobody_knows_which_model_is_followed_from_its_own_first_frame(clip: Path) -> None:
    found = score_video(clip, str(clip.parent / "scene.json"))
    assert list(found.figures) == ["frames", "template"]
    errors = found.figures["template"]["path error"]
    assert isinstance(errors, list)
    assert errors[0] is not None
    assert errors[0] < 0.02
    assert "template follows what frame 1 of the clip itself shows in each box" in found.notes


def test_a_first_picture_adds_what_was_kept(clip: Path, tmp_path: Path) -> None:
    Image.fromarray(np.zeros((10, 10, 3), np.uint8)).save(tmp_path / "black.png")
    black = write_video(np.zeros((8, 64, 64, 3), np.uint8), tmp_path / "black.mkv")
    scene = str(clip.parent / "scene.json")
    found = score_video(black, scene, observers=["frames"], image=tmp_path / "black.png")
    assert found.figures["frames"]["color shift"] == 0
    assert found.notes == []


def test_frames_that_do_not_fit_need_a_decision(clip: Path) -> None:
    short = rescaled(clip, frames=5)
    with pytest.raises(HitmarkError, match=r"expected 5 frames as the scene says, got 8.*--frames stretch.*or first"):
        score_video(clip, short, observers=["frames"])
    spread = score_video(clip, short, observers=["frames"], policy="stretch")
    assert spread.shape[0] == 8
    assert "spread over the clip's 8" in spread.notes[0]
    first = score_video(clip, short, observers=["frames"], policy="first")
    assert first.shape[0] == 5
    assert "first 5 of 8" in first.notes[0]
    long = rescaled(clip, frames=12)
    for policy in ("exact", "first"):
        with pytest.raises(HitmarkError, match="expected 12 frames as the scene says, got 8"):
            score_video(clip, long, observers=["frames"], policy=policy)
    assert score_video(clip, rescaled(clip, frames=None), observers=["frames"]).shape[0] == 8


def test_another_shape_of_picture_is_told(clip: Path) -> None:
    wide = rescaled(clip, width=128, height=64)
    notes = score_video(clip, wide, observers=["frames"]).notes
    assert any("128x64" in note and "64x64" in note for note in notes)
    assert not any("128" in note for note in score_video(clip, rescaled(clip, width=32, height=32)).notes)


def test_torn_clips_and_single_frames_are_refused(clip: Path, tmp_path: Path) -> None:
    scene = str(clip.parent / "scene.json")
    torn = tmp_path / "torn.mkv"
    torn.write_bytes(clip.read_bytes()[:2000])
    with pytest.raises(HitmarkError, match=r"torn\.mkv"):
        score_video(torn, scene)
    one = write_video(np.zeros((1, 64, 64, 3), np.uint8), tmp_path / "one.mkv")
    with pytest.raises(HitmarkError, match="at least 2 frames, got 1"):
        score_video(one, scene)
    with pytest.raises(HitmarkError, match="there is no 'owl'"):
        score_video(clip, scene, observers=["owl"])


def test_paths_are_compared_by_time_where_frames_are_uneven(clip: Path, tmp_path: Path) -> None:
    shown = [0, 1, 2, 5, 6, 7]
    frames = read_video(clip)[0][shown]
    with av.open(str(tmp_path / "uneven.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=7)
        stream.height, stream.width, stream.pix_fmt = *frames.shape[1:3], "bgr0"
        stream.codec_context.time_base = Fraction(1, 1000)
        for picture, frame in zip(frames, shown, strict=True):
            sent = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="bgr0")
            sent.pts, sent.time_base = 100 * frame, Fraction(1, 1000)
            container.mux(stream.encode(sent))
        container.mux(stream.encode())
    found = score_video(tmp_path / "uneven.mkv", rescaled(clip, frames=None), observers=["sprites"])
    errors = found.figures["sprites"]["path error"]
    assert isinstance(errors, list)
    assert errors[0] is not None
    assert errors[0] < 0.01
    assert "compared by time" in found.notes[0]


def test_a_folder_of_frames_is_scored(clip: Path, tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    for number, picture in enumerate(read_video(clip)[0]):
        Image.fromarray(picture).save(folder / f"{number}.png")
    found = score_video(folder, str(tmp_path / "scene.json"), observers=["sprites"], fps=8)
    assert found.figures == score_video(clip, str(tmp_path / "scene.json"), observers=["sprites"]).figures
    assert "was read as 8 frames" in found.notes[0]
