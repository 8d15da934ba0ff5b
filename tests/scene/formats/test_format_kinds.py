"""Files of the kinds that people really have: shapes, wrappings, units and texts, read, asked about or named."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from hitmark.media.video import write_video
from hitmark.scene import Scene, SceneError, evaluate
from hitmark.scene.formats import read, remarks, sniff
from hitmark.scene.formats.coordinate_lists import find_tracks, looks_like_points

SIZE = {"width": 64, "height": 48}
QUICK = settings(max_examples=40, deadline=None, derandomize=True)


def centers(scene, subject=0):
    boxes = evaluate(scene, scene.frames)[subject].boxes
    return (boxes[:, :2] + boxes[:, 2:]) / 2


WRAPPINGS = {
    "list": lambda value: [value],
    "text": json.dumps,
    "list of texts": lambda value: [json.dumps(value)],
    "object": lambda value: {"tracks": value},
    "named": lambda value: {f"track {index}": track for index, track in enumerate(value)},
    "object of text": lambda value: {"coordinates": json.dumps(value), "width": 64},
}
POINT = {
    "object": lambda x, y: {"x": x, "y": y},
    "pair": lambda x, y: [x, y],
    "texts": lambda x, y: {"x": str(x), "y": str(y)},
    "more": lambda x, y: {"x": x, "y": y, "visible": True},
}


@QUICK
@given(
    lengths=st.lists(st.integers(1, 5), min_size=1, max_size=3),
    wrappings=st.lists(st.sampled_from(sorted(WRAPPINGS)), max_size=3),
    point=st.sampled_from(sorted(POINT)),
)
def test_points_are_found_below_any_wrapping(lengths, wrappings, point):
    tracks = [[(10.0 * track + frame, 2.5 * frame) for frame in range(length)] for track, length in enumerate(lengths)]
    value = [[POINT[point](x, y) for x, y in track] for track in tracks]
    for place, name in enumerate(wrappings):
        if name != "named" or place == 0:  # only tracks have names
            value = WRAPPINGS[name](value)
    assert looks_like_points(value)
    found = find_tracks(value, "file")
    assert [[(point.x, point.y) for point in track] for track in found] == tracks
    assert all(point.visible for track in found for point in track)


def test_a_short_track_holds_its_last_point_and_is_visible_until_then(tmp_path):
    long = [{"x": 10 + 5 * frame, "y": 20} for frame in range(5)]
    (tmp_path / "c.json").write_text(json.dumps([long, long[:3], long[:1]]))
    scene = read(tmp_path / "c.json", **SIZE)
    tracks = evaluate(scene, 5)
    assert [track.visible.sum() for track in tracks] == [5, 3, 1]
    np.testing.assert_allclose(centers(scene, 1)[:, 0] * 64, [10, 15, 20, 20, 20])
    assert "2 of 3 tracks end before the last of 5 frames" in remarks(scene)[0]


@pytest.mark.parametrize("low", [0.0, -0.4])
def test_coordinates_that_may_be_fractions_are_asked_about(tmp_path, low):
    points = np.stack([np.linspace(low, 0.9, 6), np.full(6, 0.5)], axis=1)[:, None]
    np.save(tmp_path / "a.npy", points)
    with pytest.raises(SceneError, match=r"are these fractions\? Give --units fraction\|pixel"):
        read(tmp_path / "a.npy", **SIZE)
    with pytest.raises(SceneError, match=r"are these fractions\?"):
        read(tmp_path / "a.npy")  # asked before the canvas, which fractions do not need
    with pytest.raises(SceneError, match="nothing says of how large a picture"):
        read(tmp_path / "a.npy", units="pixel")
    fractions = read(tmp_path / "a.npy", units="fraction", **SIZE)
    np.testing.assert_allclose(centers(fractions), points[:, 0])
    pixels = read(tmp_path / "a.npy", units="pixel", **SIZE)
    np.testing.assert_allclose(centers(pixels) * [64, 48], points[:, 0])


def test_fractions_need_no_canvas(tmp_path):
    (tmp_path / "c.json").write_text(json.dumps([[0.25, 0.5], [0.75, 0.5]]))
    scene = read(tmp_path / "c.json", units="fraction")
    np.testing.assert_allclose(centers(scene), [[0.25, 0.5], [0.75, 0.5]])
    assert "nothing says the shape of the picture" in remarks(scene)[0]


def test_exchanged_axes_are_asked_about_or_noted(tmp_path):
    paths = np.stack([[[10 + frame, 15 * track + 3] for frame in range(30)] for track in range(3)]).astype(float)
    np.save(tmp_path / "a.npy", paths)
    with pytest.raises(SceneError, match=r"3 frames of 30 points.*are the axes exchanged\?.*--axes tracks,frames"):
        read(tmp_path / "a.npy", **SIZE)
    scene = read(tmp_path / "a.npy", axes="tracks,frames", **SIZE)
    assert (scene.frames, len(scene.subjects)) == (30, 3)
    np.testing.assert_allclose(centers(scene, 1) * [64, 48], paths[1])
    assert len(read(tmp_path / "a.npy", axes="frames,tracks", **SIZE).subjects) == 30
    np.save(tmp_path / "still.npy", np.full((3, 30, 2), 20.0))
    assert "--axes tracks,frames" in remarks(read(tmp_path / "still.npy", **SIZE))[0]
    grid = np.stack(np.meshgrid(np.arange(5.0, 60, 8), np.arange(5.0, 45, 8)), axis=-1).reshape(1, -1, 2)
    np.save(tmp_path / "grid.npy", grid + np.arange(4)[:, None, None])  # a dense grid that really has 4 frames
    assert read(tmp_path / "grid.npy", **SIZE).frames == 4


def test_visibility_the_other_way_round_is_asked_about(tmp_path):
    np.savez(tmp_path / "a.npz", tracks=np.full((6, 4, 2), 20.0), visibility=np.ones((4, 6)))
    with pytest.raises(SceneError, match=r"the other way round.*--axes tracks,frames"):
        read(tmp_path / "a.npz", **SIZE)


@pytest.mark.parametrize(("third", "seen"), [([1, 1, 0, 0], 2), ([8, 8, 8, 0], 3), ([0.9, 0.4, 0.6, 0.2], 3)])
def test_a_third_number_of_two_values_is_visibility(tmp_path, third, seen):
    points = np.full((4, 1, 3), 20.0)
    points[:, 0, 2] = third
    np.save(tmp_path / "a.npy", points)
    scene = read(tmp_path / "a.npy", **SIZE)
    assert evaluate(scene, 4)[0].visible.sum() == seen
    assert "third number" in remarks(scene)[0]


def test_a_third_number_of_many_values_is_refused(tmp_path):
    points = np.full((4, 1, 3), 20.0)
    points[:, 0, 2] = [3, 5, 7, 9]
    np.save(tmp_path / "a.npy", points)
    with pytest.raises(SceneError, match=r"a third number from 3 to 9: a depth\?"):
        read(tmp_path / "a.npy", **SIZE)


def test_of_several_clips_one_is_chosen(tmp_path):
    clips = np.stack([np.full((5, 2, 2), value) for value in (12.0, 24.0)])
    seen = np.ones((2, 5, 2), bool)
    seen[1, 3:] = False
    np.save(tmp_path / "a_tracks.npy", clips)
    np.save(tmp_path / "a_visibility.npy", seen)
    with pytest.raises(SceneError, match=r"2 clips in one file\? Choose one, from #0 to #1"):
        read(tmp_path / "a_tracks.npy", **SIZE)
    scene = read(f"{tmp_path / 'a_tracks.npy'}#1", **SIZE)
    np.testing.assert_allclose(centers(scene)[0] * [64, 48], [24, 24])
    assert evaluate(scene, 5)[0].visible.sum() == 3
    with pytest.raises(SceneError, match="the number of a clip, 0 to 1, got '2'"):
        read(f"{tmp_path / 'a_tracks.npy'}#2", **SIZE)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"tracks": np.full((5, 2, 2), 9.0), "visibility": np.eye(5, 2) > 0}, "visibility is read as visibility"),
        ({"pred_tracks": np.full((1, 5, 2, 2), 9.0), "pred_visibility": np.ones((1, 5, 2))}, "pred_tracks is read"),
        ({"arr_0": np.full((5, 2, 2), 9.0)}, "arr_0 is read as tracks"),
        ({"mine": np.full((5, 2), 9.0)}, "mine is read as tracks"),
        ({"tracks": np.full((5, 2, 2), 9.0), "occluded": np.eye(5, 2) > 0}, "occluded is read as visibility"),
        ({"tracks": np.full((5, 2, 2), 9.0), "rgb": np.zeros(3)}, "not used: rgb"),
    ],
)
def test_arrays_under_other_names(tmp_path, arrays, words):
    np.savez(tmp_path / "a.npz", **arrays)
    scene = read(tmp_path / "a.npz", **SIZE)
    assert scene.frames == 5
    assert any(words in remark for remark in remarks(scene))
    if "occluded" in arrays:
        assert not evaluate(scene, 5)[0].visible[0]


def test_ati_files_are_read_and_nothing_in_them_runs(tmp_path):
    values = np.zeros((2, 121, 1, 3), np.float32)
    values[:, :, 0, 0] = np.linspace(10, 40, 121)
    values[1, :, 0, 1], values[:, :, 0, 2], values[1, 60:, 0, 2] = 24, 1, 0
    stream = io.BytesIO()
    np.savez_compressed(stream, array=values * 8)
    torch.save(stream.getvalue(), tmp_path / "a.pth")
    assert sniff(tmp_path / "a.pth") == "ati"
    scene = read(tmp_path / "a.pth", **SIZE)
    np.testing.assert_allclose(centers(scene)[:, 0] * 64, np.linspace(10, 40, 121), atol=1e-4)
    assert [track.visible.sum() for track in evaluate(scene, 121)] == [121, 60]
    torch.save(Scene, tmp_path / "b.pth")  # a class: loading it would run code
    with pytest.raises(SceneError, match="checkpoints and pickled objects are not read"):
        read(tmp_path / "b.pth", **SIZE)
    torch.save({"weights": torch.zeros(3)}, tmp_path / "c.pth")
    with pytest.raises(SceneError, match="got dict"):
        read(tmp_path / "c.pth", **SIZE)


@pytest.mark.parametrize(
    "lines",
    ["100,120\n101,120\n102,120\n", "# a path\n100 120\n101 120\n\n102 120", "(100; 120)\n(101; 120)\n(102; 120)"],
)
def test_lines_of_two_numbers(tmp_path, lines):
    (tmp_path / "t.txt").write_text(lines)
    assert sniff(tmp_path / "t.txt") == "tora"
    scene = read(tmp_path / "t.txt")
    np.testing.assert_allclose(centers(scene) * 256, [[100, 120], [101, 120], [102, 120]])
    assert "256 x 256" in remarks(scene)[0]
    np.testing.assert_allclose(centers(read(tmp_path / "t.txt", width=200, height=240))[0], [0.5, 0.5])
    (tmp_path / "t.txt").write_text("100,120\n300,120\n")
    with pytest.raises(SceneError, match="give the canvas"):
        read(tmp_path / "t.txt")


@pytest.mark.parametrize(
    "lines",
    [
        "0 0.1 0.4 0.1 0.4\n15 0.6 0.9 0.6 0.9\n",
        "# frame, h0,h1,w0,w1\n0, 0.1, 0.4, 0.1, 0.4\n15, 0.6, 0.9, 0.6, 0.9\n",
        "0;0.1;0.4;0.1;0.4  # start\n\n15;0.6;0.9;0.6;0.9",
        "frame, h_start, h_end, w_start, w_end\n0, 0.1, 0.4, 0.1, 0.4\n15, 0.6, 0.9, 0.6, 0.9\n",
        "\ufeff0\t0.1\t0.4\t0.1\t0.4\r\n15\t0.6\t0.9\t0.6\t0.9\r\n",
    ],
)
def test_freetraj_with_blanks_and_comments(tmp_path, lines):
    (tmp_path / "t.txt").write_text(lines, encoding="utf-8")
    scene = read(tmp_path / "t.txt")
    assert scene.frames == 16
    np.testing.assert_allclose(evaluate(scene, 16)[0].boxes[[0, -1]], [[0.1, 0.1, 0.4, 0.4], [0.6, 0.6, 0.9, 0.9]])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("prompt: a bear\ntoken_inds:\n- 2\nwidth: 576\nheight: 320\n", "no keyframes, as those of its metrics"),
        ("multisubs:\n  prompt: a cat and a dog\n", "joins clips made before"),
    ],
)
def test_other_files_of_trailblazer_are_named_in_one_sentence(tmp_path, text, words):
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(SceneError, match=words) as caught:
        read(tmp_path / "a.yaml")
    assert "\n" not in str(caught.value)


RECORD = {"id": 4, "caption": "a red car", "subject": "car", "bboxes": [[0.1, 0.1, 0.3, 0.3]] * 3}


def test_one_peekaboo_record_and_one_a_line(tmp_path):
    (tmp_path / "one.json").write_text(json.dumps(RECORD, indent=1))
    assert read(tmp_path / "one.json").prompt == "a red car"
    lines = [json.dumps(RECORD | {"id": number, "caption": f"car {number}"}) for number in (4, 5)]
    (tmp_path / "wrapped.json").write_text(json.dumps({"records": [RECORD]}))
    assert read(tmp_path / "wrapped.json").prompt == "a red car"
    (tmp_path / "more.jsonl").write_text("\n".join(lines) + "\n")
    assert read(f"{tmp_path / 'more.jsonl'}#5").prompt == "car 5"
    (tmp_path / "more.jsonl").write_text(lines[0] + "\n{broken\n")
    with pytest.raises(SceneError, match=r"more\.jsonl, line 2: not valid JSON"):
        read(f"{tmp_path / 'more.jsonl'}#4")


def test_peekaboo_boxes_in_pixels_need_the_size(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps([RECORD | {"bboxes": [[16, 12, 48, 36]] * 3}]))
    with pytest.raises(SceneError, match="numbers up to 48, which are pixels; give the size"):
        read(tmp_path / "a.json")
    assert read(tmp_path / "a.json", **SIZE).subjects[0].keyframes[0].box == (0.25, 0.25, 0.75, 0.75)
    corner = read(tmp_path / "a.json", layout="xywh", width=128, height=96)
    assert corner.subjects[0].keyframes[0].box == (0.125, 0.125, 0.5, 0.5)


@pytest.mark.parametrize("compact", [False, True])
def test_a_run_record_stands_for_its_scene(tmp_path, compact):
    keyframes = [{"time": 0, "box": [0.1, 0.1, 0.3, 0.3]}]
    scene = {"version": 1, "frames": 8, "subjects": [{"name": "a", "keyframes": keyframes}], "model": "sprites-i2v"}
    record = {"version": 1, "kind": "hitmark run", "scene": scene, "settings": {"knobs": {"stop": 0.5}}}
    (tmp_path / "a.json").write_text(json.dumps(record, separators=(",", ":") if compact else None))
    assert sniff(tmp_path / "a.json") == "hitmark-run"
    read_back = read(tmp_path / "a.json")
    assert (read_back.frames, read_back.method.knobs) == (8, {"stop": 0.5})
    (tmp_path / "a.json").write_text(json.dumps({"kind": "hitmark run"}))
    with pytest.raises(SceneError, match="expected a run record"):
        read(tmp_path / "a.json")


def test_what_is_no_scene_is_said_with_a_way_on(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "photo.png")
    with pytest.raises(SceneError, match=r"photo\.png: this is a picture.*hitmark generate --image photo\.png"):
        read(tmp_path / "photo.png")
    write_video(np.zeros((2, 16, 16, 3), np.uint8), tmp_path / "clip.mp4")
    with pytest.raises(SceneError, match=r"clip\.mp4: this is a clip, not a scene, and no record clip\.json"):
        read(tmp_path / "clip.mp4")
    (tmp_path / "clip.json").write_text("{}")
    with pytest.raises(SceneError, match=r"the record beside it, clip\.json"):
        read(tmp_path / "clip.mp4")
    (tmp_path / "photo.heic").write_bytes(b"\x00\x00\x00\x18ftypheic" + bytes(40))
    with pytest.raises(SceneError, match="this is a picture"):
        read(tmp_path / "photo.heic")
    (tmp_path / "weights.safetensors").write_bytes(b"words")
    with pytest.raises(SceneError, match="models are given with --model"):
        read(tmp_path / "weights.safetensors")
    (tmp_path / "nothing.json").write_bytes(b"")
    with pytest.raises(SceneError, match="the file is empty"):
        read(tmp_path / "nothing.json")
    (tmp_path / "powershell.json").write_text('{"version": 1}', encoding="utf-16")
    with pytest.raises(SceneError, match="expected UTF-8 text, got UTF-16"):
        read(tmp_path / "powershell.json")
    (tmp_path / "frames").mkdir()
    for number in range(3):
        Image.new("RGB", (8, 8)).save(tmp_path / "frames" / f"{number}.png")
    with pytest.raises(SceneError, match="a folder of 3 pictures"):
        read(tmp_path / "frames")
