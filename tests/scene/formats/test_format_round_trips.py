"""What a format holds survives writing and reading, to 1e-6; scenes are drawn within each format's reach."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from hitmark.scene import Scene, evaluate
from hitmark.scene.formats import FORMATS, read, sniff, write

WIDTH, HEIGHT = 320, 200
QUICK = settings(max_examples=15, deadline=None, derandomize=True)
POINT_BOX = np.array([0.15, 0.15 * WIDTH / HEIGHT])


def boxes_of(middles, sizes) -> list[list[float]]:
    return [[x - w / 2, y - h / 2, x + w / 2, y + h / 2] for (x, y), (w, h) in zip(middles, sizes, strict=True)]


middles = st.tuples(st.floats(0.2, 0.8), st.floats(0.2, 0.8))
box_sizes = st.tuples(st.floats(0.05, 0.3), st.floats(0.05, 0.3))


@st.composite
def keyframes(draw, frames, *, fixed_size=None, constant=False, gap=1):
    """Keyframes on frames, the first and the last among them; linear."""
    inner = draw(st.sets(st.integers(1, frames - 2), max_size=4)) if frames > 2 else set()
    keys = [0]
    for key in sorted(inner | {frames - 1}):
        if (key - keys[-1] >= gap or keys == [0]) and (key == frames - 1 or frames - 1 - key >= gap):
            keys.append(key)
    places = [draw(middles) for _ in keys]
    one = fixed_size if fixed_size is not None else draw(box_sizes)
    sizes = [one if constant or fixed_size is not None else draw(box_sizes) for _ in keys]
    return [{"time": key / (frames - 1), "box": box} for key, box in zip(keys, boxes_of(places, sizes), strict=True)]


@st.composite
def scenes(draw, *, subjects=3, visible=False, **how):
    frames = draw(st.integers(2, 12))
    count = draw(st.integers(1, subjects))
    parts = []
    for index in range(count):
        part = {"name": f"subject-{index + 1}", "keyframes": draw(keyframes(frames, **how))}
        if visible:
            first = draw(st.integers(0, frames - 1))
            last = draw(st.integers(first, frames - 1))
            part["visible"] = [first / (frames - 1), last / (frames - 1)]
        parts.append(part)
    return Scene.from_dict({"frames": frames, "subjects": parts})


def assert_same_tracks(left: Scene, right: Scene, tolerance: float = 1e-6) -> None:
    assert right.frames == left.frames
    for one, two in zip(evaluate(left, left.frames), evaluate(right, left.frames), strict=True):
        assert one.name == two.name
        np.testing.assert_allclose(two.boxes, one.boxes, atol=tolerance, rtol=0)
        np.testing.assert_array_equal(two.visible, one.visible)


def round_trip(scene: Scene, name: str, file: str, frames=None, **options) -> tuple[Scene, list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / file
        if scene.image:
            Image.new("RGB", (WIDTH, HEIGHT), (40, 90, 10)).save(Path(folder) / scene.image)
        losses = write(scene, path, name, frames)
        assert sniff(path) == name
        return read(path, **options), losses


def test_every_format_is_registered_under_its_own_name():
    assert all(name == each.name for name, each in FORMATS.items())
    assert len(FORMATS) == 11


@QUICK
@given(scene=scenes(visible=True))
def test_hitmark_holds_everything(scene):
    again, losses = round_trip(scene, "hitmark", "scene.json")
    assert again == scene
    assert losses == []


@QUICK
@given(scene=scenes(constant=True))
def test_sg_i2v(scene):
    again, losses = round_trip(scene.replace(image="first.png"), "sg-i2v", "folder")
    assert_same_tracks(scene, again, 1e-12)
    assert again.image == "img.png"
    assert losses == []


@QUICK
@given(scene=scenes(subjects=1))
def test_peekaboo(scene):
    subject = {**scene.to_dict()["subjects"][0], "name": "cat", "phrase": "Cat"}
    scene = Scene.from_dict({**scene.to_dict(), "subjects": [subject], "prompt": "A Cat runs"})
    again, losses = round_trip(scene, "peekaboo", "one.json")
    assert again.prompt == scene.prompt
    assert again.subjects[0].phrase == "Cat"
    assert_same_tracks(scene.replace(subjects=[{**subject, "name": "Cat"}]), again, 1e-12)
    assert losses == []


@QUICK
@given(scene=scenes(subjects=1, constant=True))
def test_freetraj(scene):
    again, losses = round_trip(scene, "freetraj", "path.txt")
    assert_same_tracks(scene, again, 1e-12)
    assert losses == []


def with_rests(keyframes: list[dict], frames: int) -> list[dict]:
    """Each keyframe between the first and the last held for one frame more, as TrailBlazer's own path has it."""
    held = []
    for place, each in enumerate(keyframes):
        held.append(each)
        key = round(each["time"] * (frames - 1))
        inner = 0 < place < len(keyframes) - 1
        if inner and round(keyframes[place + 1]["time"] * (frames - 1)) - key > 1:
            held.append({**each, "time": (key + 1) / (frames - 1)})
    return held


@QUICK
@given(scene=scenes(subjects=1, gap=2))
def test_trailblazer_says_where_it_would_hold_the_box(scene):
    scene = scene.replace(prompt="A white cat runs", width=576, height=320)
    again, losses = round_trip(scene, "trailblazer", "config.yaml")
    keyframes = scene.subjects[0].keyframes
    keys = [round(each.time * (scene.frames - 1)) for each in keyframes]
    held = [key for key, after in pairwise(keys[1:]) if after - key > 1]
    one, two = (evaluate(each, scene.frames)[0].boxes for each in (scene, again))
    np.testing.assert_allclose(two[keys], one[keys], atol=1e-12, rtol=0)
    moved = [key for key in held if (one[key + 1] != one[key]).any()]
    said = [loss for loss in losses if "holds the box for one frame" in loss]
    assert len(said) == bool(moved)
    assert all(f"frames {', '.join(map(str, moved))} " in loss for loss in said)


@QUICK
@given(scene=scenes(subjects=1, gap=2), seed=st.integers(0, 2**40))
def test_trailblazer(scene, seed):
    subject = {**scene.to_dict()["subjects"][0], "phrase": "white cat"}
    subject["keyframes"] = with_rests(subject["keyframes"], scene.frames)
    scene = scene.replace(subjects=[subject], prompt="A white cat runs", seed=seed, width=576, height=320)
    again, losses = round_trip(scene, "trailblazer", "config.yaml")
    assert_same_tracks(scene, again, 1e-12)
    assert (again.seed, again.prompt, again.subjects[0].phrase) == (seed, scene.prompt, "white cat")
    assert (again.width, again.notes["trailblazer"]["canvas"]) == (None, [576, 320])
    assert losses == []


CANVAS_LOSS = [f"the size of the video, {WIDTH} x {HEIGHT}, is not held"]


@QUICK
@given(scene=scenes(fixed_size=POINT_BOX, visible=True))
@pytest.mark.parametrize(
    ("name", "file"),
    [("wan-move", "cat_tracks.npy"), ("ati", "cat.pth"), ("comfy-tracks", "cat.npz"), ("comfy-tracks", "cat.json")],
)
def test_point_tracks(name, file, scene):
    scene = scene.replace(width=WIDTH, height=HEIGHT)
    axes = {"axes": "frames,tracks"} if "axes" in FORMATS[name].read_options else {}
    again, losses = round_trip(scene, name, file, frames=scene.frames, width=WIDTH, height=HEIGHT, **axes)
    assert_same_tracks(scene, again)
    assert (
        losses == [*CANVAS_LOSS, f"ATI itself takes 121 frames, and {scene.frames} are written"][: 1 + (name == "ati")]
    )


@QUICK
@given(scene=scenes(subjects=1, fixed_size=(0.15, 0.15)))
def test_tora(scene):
    again, losses = round_trip(scene, "tora", "path.txt")
    assert_same_tracks(scene, again)
    assert losses == []


@QUICK
@given(scene=scenes(fixed_size=POINT_BOX))
def test_comfy_coordinates(scene):
    again, losses = round_trip(
        scene.replace(width=WIDTH, height=HEIGHT), "comfy-coordinates", "c.json", width=WIDTH, height=HEIGHT
    )
    assert_same_tracks(scene, again)
    assert losses == CANVAS_LOSS


@QUICK
@given(scene=scenes(constant=True), frames=st.integers(2, 30))
def test_any_number_of_frames_can_be_asked_for(scene, frames):
    with tempfile.TemporaryDirectory() as folder:
        write(scene.replace(width=64, height=64), Path(folder) / "t.npz", frames=frames)
        assert read(Path(folder) / "t.npz", width=64, height=64).frames == frames
