"""MoveBench folders: lists, boxes and visibility against hand-computed ones; broken folders are named."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitmark.datasets import DatasetError, LeftOutError, open_dataset
from hitmark.datasets.move_bench_files import read_list
from hitmark.datasets.pointed import follow, own_ids
from hitmark.scene import evaluate, formats

from .fakes import move_bench


def moving(*starts, step=(5.0, 0.0), frames=5):
    """Points (frames, points, 2) that all move by the same step."""
    return np.array([starts], dtype=float) + np.arange(frames)[:, None, None] * np.array(step)


def test_one_subject_of_all_points(tmp_path):
    dataset = open_dataset(move_bench(tmp_path))
    assert dataset.name == "move-bench:en-single"
    assert dataset.notes[0] == "language en, mode single"
    assert "one subject of all points, its box at least 0.15 of the width" in dataset.notes[1]
    assert "MIT as stated by the publisher" in dataset.license
    item = dataset["cat_1"]
    (track,) = evaluate(item.scene, 5)
    np.testing.assert_allclose(track.boxes, [[(40 + 5 * t) / 200, 0.3, (80 + 5 * t) / 200, 0.7] for t in range(5)])
    assert track.visible.all()
    scene = item.scene
    assert (scene.prompt, scene.width, scene.height, scene.frames, scene.fps) == ("A cat, running.", 200, 100, 5, 16.0)
    assert item.image == tmp_path / "en/first_frame/cat_1.jpg"
    assert item.picture().shape == (100, 200, 3)
    assert item.frames() is None
    assert item.notes == ()


def test_truth_has_the_points_and_no_boxes(tmp_path):
    truth = open_dataset(move_bench(tmp_path))["cat_1"].truth
    assert truth.names == ("subject-1",)
    np.testing.assert_allclose(truth.points[0], [[(60 + 5 * t) / 200, 0.5] for t in range(5)])
    assert np.isnan(truth.boxes).all()
    assert truth.visible.all()
    assert truth.masks is None


def test_a_point_alone_has_the_least_side(tmp_path):
    move_bench(tmp_path, points=moving((50, 40)))
    (track,) = evaluate(open_dataset(tmp_path)["cat_1"].scene, 5)
    np.testing.assert_allclose(track.boxes[0], [35 / 200, 25 / 100, 65 / 200, 55 / 100])  # 0.15 of 200 is 30
    (track,) = evaluate(open_dataset(tmp_path, point_size=0.05)["cat_1"].scene, 5)
    np.testing.assert_allclose(track.boxes[0], [45 / 200, 35 / 100, 55 / 200, 45 / 100])


def test_the_box_moves_by_the_median_of_the_points_seen(tmp_path):
    points = moving((40, 30), (60, 50), (80, 70))
    points[2, 2] = (0, 0)  # one of three strays, the median does not
    points[3, 0] = (190, 90)  # strays unseen
    points[3, 1] = (190, 90)
    seen = np.ones((5, 3), bool)
    seen[3, :2] = False
    move_bench(tmp_path, points=points, seen=seen)
    (track,) = evaluate(open_dataset(tmp_path)["cat_1"].scene, 5)
    np.testing.assert_allclose(track.boxes[:, 0] * 200, [40, 45, 50, 55, 60])
    np.testing.assert_allclose(track.boxes[:, 1] * 100, [30] * 5)


def test_points_that_come_late_vanish_or_leave(tmp_path):
    points = moving((40, 30), (60, 50), (185, 70), (190, 20))
    seen = np.ones((5, 4), bool)
    seen[0] = False
    seen[:3, 1] = False  # comes later than the others
    seen[2] = False
    move_bench(tmp_path, points=points, seen=seen)
    item = open_dataset(tmp_path)["cat_1"]
    assert item.scene.subjects[0].visible == (0.25, 1.0)
    np.testing.assert_array_equal(item.truth.visible, [[False, True, False, True, True]])
    assert np.isnan(item.truth.points[0, 2]).all()
    assert item.notes == (
        "1 of 4 points are not seen when it starts: they do not count",
        "subject-1: 1 frames without a point that is seen, in between",
        "subject-1: seen in frames 2 to 5 of 5",
    )
    np.testing.assert_allclose(item.scene.subjects[0].keyframes[1].box, [45 / 200, 20 / 100, 195 / 200, 70 / 100])
    each = open_dataset(tmp_path, objects="each")["cat_1"]
    last = each.scene.subjects[2]  # at 200 in frame 4, which is outside
    assert last.visible == (0.25, 0.25)


def test_every_point_is_as_the_wan_move_format_reads_it(tmp_path):
    generator = np.random.default_rng(0)
    points = generator.uniform(20, 80, (6, 3, 2))
    seen = np.ones((6, 3), bool)
    seen[0, 1] = seen[4:, 2] = seen[2, 0] = False
    move_bench(tmp_path, points=points[None], seen=seen[None], mode="multi")
    dataset = open_dataset(tmp_path, mode="multi")
    assert "a subject of every point" in dataset.notes[1]
    scene = dataset["cat_1"].scene
    base = tmp_path / "en"
    other = formats.read(base / "track/multi/cat_1_tracks.npy", "wan-move", image=str(base / "first_frame/cat_1.jpg"))
    assert [subject.name for subject in scene.subjects] == [subject.name for subject in other.subjects]
    for subject, expected in zip(scene.subjects, other.subjects, strict=True):
        assert subject.visible == expected.visible
        boxes = [np.array([keyframe.box for keyframe in each.keyframes]) for each in (subject, expected)]
        np.testing.assert_allclose(*boxes, atol=1e-12)


def test_points_never_seen_are_left_out(tmp_path):
    seen = np.ones((5, 2), bool)
    seen[:, 1] = False
    move_bench(tmp_path, seen=seen, mode="multi")
    item = open_dataset(tmp_path, mode="multi")["cat_1"]
    assert len(item.scene.subjects) == 1
    assert item.notes == ("1 of 2 points are never seen in the picture: they are left out",)
    move_bench(tmp_path, "gone", points=moving((300, 50)), mode="multi")
    dataset = open_dataset(tmp_path, mode="multi")
    assert dataset.counts.kept == 1
    assert "none of 1 points is ever seen in the 200 x 100 picture" in dataset.counts.dropped["gone"]
    with pytest.raises(LeftOutError):
        dataset["gone"]


@settings(max_examples=40)
@given(st.data())
def test_a_rigid_motion_is_followed_whatever_is_hidden(data):
    frames, count = data.draw(st.integers(2, 6)), data.draw(st.integers(1, 5))
    places = st.tuples(st.floats(0, 199), st.floats(0, 99))
    starts = np.array(data.draw(st.lists(places, min_size=count, max_size=count)))
    shifts = np.array(data.draw(st.lists(places, min_size=frames, max_size=frames)))
    flags = st.lists(st.booleans(), min_size=frames * count, max_size=frames * count)
    seen = np.array(data.draw(flags)).reshape(frames, count)
    found = follow(starts + shifts[:, None], seen, (200, 100), 0.1)
    if not seen.any():
        assert found is None
        return
    start = next(frame for frame in range(frames) if seen[frame].any())
    held = [point for point in range(count) if seen[start, point]]
    for frame in range(frames):
        x, y = ([starts[point, axis] + shifts[frame, axis] for point in held] for axis in (0, 1))
        grown_x, grown_y = (max(0, 20 - (max(values) - min(values))) / 2 for values in (x, y))
        expected = [min(x) - grown_x, min(y) - grown_y, max(x) + grown_x, max(y) + grown_y]
        np.testing.assert_allclose(found.boxes[frame] * [200, 100, 200, 100], expected, atol=1e-9)
        assert found.seen[frame] == any(seen[frame, point] for point in held)
    assert found.used == len(held)


def test_language_and_mode_are_choices_or_told_by_the_place(tmp_path):
    move_bench(tmp_path, "a")
    move_bench(tmp_path, "b", mode="multi")
    move_bench(tmp_path, "c", language="zh", caption="一只猫，在跑,真的")
    assert open_dataset(tmp_path).ids == ("a",)
    assert open_dataset(tmp_path, mode="multi").ids == ("b",)
    chinese = open_dataset(tmp_path, language="zh")
    assert chinese.name == "move-bench:zh-single"
    assert chinese["c"].scene.prompt == "一只猫，在跑,真的"
    assert open_dataset(tmp_path / "zh").ids == ("c",)
    assert open_dataset(f"move-bench:{tmp_path / 'en/multi_track.txt'}").name == "move-bench:en-multi"
    with pytest.raises(DatasetError, match=r"language: expected zh, as .*zh says, got 'en'"):
        open_dataset(tmp_path / "zh", language="en")
    with pytest.raises(DatasetError, match=r"mode: expected multi, as .* says, got 'single'"):
        open_dataset(tmp_path / "en/multi_track.txt", mode="single")


def test_only_chinese_is_there(tmp_path):
    assert open_dataset(move_bench(tmp_path, language="zh")).name == "move-bench:zh-single"


def test_lists_as_the_publisher_reads_them(tmp_path):
    path = tmp_path / "list.txt"
    path.write_bytes("\ufeff# a, comment\r\n\r\n  9.mp4 , One, two\u2028three \r\nfolder/8.webm,\n7,x".encode())
    assert read_list(path) == {"9": "One, two\u2028three", "folder/8": "", "7": "x"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("no comma", "line 2: expected VIDEO,CAPTION, got 'no comma'"),
        (",caption", "line 2: expected VIDEO,CAPTION"),
        ("../../a.mp4,x", "line 2: expected a name within the dataset"),
        ("/etc/a.mp4,x", "line 2: expected a name within the dataset"),
        ("a.avi,x", "line 2: expected every clip once, got 'a' a second time"),
    ],
)
def test_wrong_lines_are_named(tmp_path, line, message):
    move_bench(tmp_path, "a")
    path = tmp_path / "en/single_track.txt"
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(DatasetError, match=message):
        open_dataset(tmp_path)


@settings(max_examples=30)
@given(st.dictionaries(st.text("abz019 _-.ü", min_size=1, max_size=6), st.text("a,#b ", max_size=8), max_size=4))
def test_any_list_that_is_written_is_read(tmp_path_factory, clips):
    clips = {f"v{name.strip()}": caption.strip() for name, caption in clips.items()} | {"last": "x"}
    path = tmp_path_factory.mktemp("list") / "single_track.txt"
    path.write_text("".join(f"{name}.mp4,{caption}\n\n# no clip\n" for name, caption in clips.items()), "utf-8")
    assert read_list(path) == clips
    ids = own_ids(list(clips))
    assert len(set(ids)) == len(clips)
    assert all(each.isascii() and "/" not in each for each in ids)


def test_clips_in_folders_get_ids_of_their_own(tmp_path):
    move_bench(tmp_path, "plain")
    with (tmp_path / "en/single_track.txt").open("a") as lines:
        lines.write("a/plain.mp4,x\n")
    assert open_dataset(tmp_path).ids == ("plain", "a-plain")
    assert own_ids(["a/b", "a b", "c"]) == ("a-b-at-0", "a-b-at-1", "c")


def test_missing_lists_say_how_to_get_them(tmp_path):
    with pytest.raises(DatasetError, match=r"expected the list .*single_track\.txt there, got an empty folder; get it"):
        open_dataset(f"move-bench:{tmp_path}")
    (tmp_path / "en.tar.gz").write_bytes(b"")
    with pytest.raises(DatasetError, match=r"got en\.tar\.gz; unpack en\.tar\.gz there: tar -xzf"):
        open_dataset(tmp_path)
    move_bench(tmp_path)
    with pytest.raises(DatasetError, match=r"expected the list .*multi_track\.txt there, got en, en\.tar\.gz"):
        open_dataset(tmp_path, mode="multi")
    other = tmp_path / "notes.txt"
    other.write_text("x")
    with pytest.raises(DatasetError, match=r"expected a folder, or single_track\.txt or multi_track\.txt"):
        open_dataset(f"move-bench:{other}")
    (tmp_path / "en/single_track.txt").write_text("# nothing\n")
    with pytest.raises(DatasetError, match="expected a line VIDEO,CAPTION for every clip, got none"):
        open_dataset(tmp_path)
    (tmp_path / "en/single_track.txt").write_bytes(b"a.mp4,\xff\n")
    with pytest.raises(DatasetError, match=r"single_track\.txt: expected UTF-8 text"):
        open_dataset(tmp_path)


@pytest.mark.parametrize(
    "name", ["first_frame/cat_1.jpg", "track/single/cat_1_tracks.npy", "track/single/cat_1_visibility.npy"]
)
def test_half_a_download_names_the_file(tmp_path, name):
    move_bench(tmp_path)
    (tmp_path / "en" / name).unlink()
    with pytest.raises(DatasetError, match=rf"{name}: expected .* found n"):
        list(open_dataset(tmp_path))
    dataset = open_dataset(tmp_path, broken="drop")
    assert list(dataset) == []
    assert name in dataset.counts.dropped["cat_1"]


def test_a_damaged_picture_and_array(tmp_path):
    move_bench(tmp_path)
    tracks = tmp_path / "en/track/single/cat_1_tracks.npy"
    tracks.write_bytes(tracks.read_bytes()[:-9])
    with pytest.raises(DatasetError, match=r"cat_1_tracks\.npy: expected 160 bytes"):
        open_dataset(tmp_path)["cat_1"]
    tracks.write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(DatasetError, match=r"cat_1_tracks\.npy: expected a numpy \.npy file"):
        open_dataset(tmp_path)["cat_1"]
    (tmp_path / "en/first_frame/cat_1.jpg").write_bytes(b"GIF")
    with pytest.raises(DatasetError, match=r"cat_1\.jpg: the picture is damaged"):
        open_dataset(tmp_path)["cat_1"]


@pytest.mark.parametrize(
    ("points", "seen", "message"),
    [
        (np.full((5, 2, 2), np.nan), None, r"_tracks\.npy\[0, 0, 0\]: expected pixel coordinates, finite, got nan"),
        (np.zeros((5, 2, 3)), np.ones((5, 2)), r"expected tracks of shape \[frames, points, 2\]"),
        (np.zeros((5, 2, 2)), np.ones((4, 2)), r"_visibility\.npy: expected visibility .* \[5, 2\]"),
        (np.zeros((1, 2, 2)), None, "expected at least 2 frames and 1 point, got 1 and 2"),
        (np.zeros((5, 0, 2)), None, "expected at least 2 frames and 1 point, got 5 and 0"),
        (np.array([[[1, 2]]] * 2 + [[[1e9, 2]]]), None, r"subject 1, frame 2: expected a box"),
    ],
)
def test_arrays_that_do_not_fit(tmp_path, points, seen, message):
    move_bench(tmp_path, points=points, seen=seen)
    with pytest.raises(DatasetError, match=message):
        open_dataset(tmp_path)["cat_1"]


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"language": "de"}, 'language: expected "en" or "zh", got \'de\''),
        ({"mode": "both"}, 'mode: expected "single" or "multi", got \'both\''),
        ({"objects": "all"}, 'objects: expected "each" or "together", got \'all\''),
        ({"point_size": 0}, "point_size: expected a fraction of the width, 0.001 to 1, got 0"),
        ({"point_size": "big"}, "point_size: expected a fraction"),
        ({"split": "val"}, "move-bench: it takes no choice split"),
    ],
)
def test_wrong_choices(tmp_path, choices, message):
    with pytest.raises(DatasetError, match=message):
        open_dataset(move_bench(tmp_path), **choices)
