from __future__ import annotations

import itertools
import math

import pytest

from hitmark.cli.flags import FlagError, keyframes_along, parse_box, parse_pairs, parse_path, scene_from_flags

BOX = [0.1, 0.2, 0.3, 0.6]  # center 0.2, 0.4


def center(keyframe):
    x0, y0, x1, y1 = keyframe["box"]
    return ((x0 + x1) / 2, (y0 + y1) / 2)


def test_the_box_sets_out_from_where_it_is():
    keyframes = keyframes_along(BOX, [[0.6, 0.4]])
    assert [keyframe["time"] for keyframe in keyframes] == [0.0, 1.0]
    assert keyframes[0]["box"] == BOX
    assert center(keyframes[1]) == pytest.approx((0.6, 0.4))


def test_a_first_point_at_the_center_is_the_start_and_only_displacements_count():
    keyframes = keyframes_along(BOX, [[0.21, 0.4], [0.61, 0.4]])
    assert len(keyframes) == 2
    assert keyframes[0]["box"] == BOX
    assert center(keyframes[1]) == pytest.approx((0.6, 0.4))


def test_the_box_keeps_its_size_and_moves_at_constant_speed():
    points = [[0.2, 0.4], [0.3, 0.4], [0.3, 0.8], [0.7, 0.5]]
    keyframes = keyframes_along(BOX, points)
    assert len(keyframes) == 4
    speeds = []
    for before, after in itertools.pairwise(keyframes):
        x0, y0, x1, y1 = after["box"]
        assert (x1 - x0, y1 - y0) == pytest.approx((0.2, 0.4))
        speeds.append(math.dist(center(before), center(after)) / (after["time"] - before["time"]))
    assert speeds == pytest.approx([speeds[0]] * 3)
    assert keyframes[-1]["time"] == 1.0


@pytest.mark.parametrize("points", [[[0.2, 0.4]], [[0.2, 0.4], [0.2, 0.4]]])
def test_a_path_that_leads_nowhere_holds_still(points):
    assert keyframes_along(BOX, points) == [{"time": 0.0, "box": BOX}]


def test_a_repeated_point_does_not_break_the_order_of_times():
    times = [keyframe["time"] for keyframe in keyframes_along(BOX, [[0.5, 0.4], [0.5, 0.4], [0.8, 0.4]])]
    assert times == sorted(set(times))
    assert times[-1] == 1.0


def test_scene_of_several_boxes():
    scene = scene_from_flags([[0.1, 0.2, 0.3, 0.6], [0.5, 0.5, 0.9, 0.9]], ["0.6,0.4 0.8,0.1"], smooth=True)
    assert [subject.name for subject in scene.subjects] == ["box 1", "box 2"]
    assert [subject.path for subject in scene.subjects] == ["smooth", "straight"]
    assert len(scene.subjects[1].keyframes) == 1


def test_more_paths_than_boxes():
    with pytest.raises(FlagError, match="2 paths for 1 boxes"):
        scene_from_flags([[0.1, 0.2, 0.3, 0.6]], ["0.6,0.4", "0.8,0.1"], smooth=False)
    with pytest.raises(FlagError, match="at least one box"):
        scene_from_flags([], [], smooth=False)


def test_spelling_of_boxes_and_paths():
    assert parse_box(" 0.1, .2,0.3 ,0.6") == [0.1, 0.2, 0.3, 0.6]
    assert parse_path("0.1,0.2  0.3,0.4;0.5,0.6") == [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]
    assert parse_path("0.7, 0.4") == [[0.7, 0.4]]
    assert parse_path(" 0.7 ,0.4  0.1 , 0.2 ") == [[0.7, 0.4], [0.1, 0.2]]


def test_boxes_of_width_and_height():
    assert parse_box("0.5,0.25,0.25,0.5", "xywh") == [0.5, 0.25, 0.75, 0.75]
    with pytest.raises(FlagError, match="if the last two numbers are width and height, give --box-format xywh"):
        parse_box("0.5,0.25,0.25,0.5")
    with pytest.raises(FlagError) as caught:
        parse_box("0.5,0.9,0.25,0.5")  # as width and height it would leave the picture
    assert "--box-format" not in str(caught.value)
    with pytest.raises(FlagError, match="expected a box inside the picture"):
        parse_box("0.5,0.5,0.6,0.2", "xywh")


@pytest.mark.parametrize("text", ["", "1", "0.1,0.2,0.3", "0.1,0.2,0.3,0.4,0.5", "a,b,c,d", "0.1 0.2 0.3 0.4"])
def test_boxes_that_are_none(text):
    with pytest.raises(FlagError, match="--box: expected x0,y0,x1,y1"):
        parse_box(text)


@pytest.mark.parametrize(("text", "words"), [("", "one or more points"), ("0.1", "x,y"), ("0.1,0.2,0.3", "x,y")])
def test_paths_that_are_none(text, words):
    with pytest.raises(FlagError, match=words):
        parse_path(text)


def test_pixels_are_explained():
    with pytest.raises(FlagError, match="divide x by the picture's width"):
        parse_box("100,50,300,200")
    with pytest.raises(FlagError, match="divide x by the picture's width"):
        parse_path("0.5,0.5 640,360")


def test_a_path_may_leave_the_picture_a_little():
    assert parse_path("1.3,0.5") == [[1.3, 0.5]]
    with pytest.raises(FlagError, match=r"from -0\.5 to 1\.5"):
        parse_path("1.8,0.5")


def test_pairs():
    given = ["a=3", "b=0.5", "c=true", "d=null", "e=None", "f=self", "g=[1, 2]", "h=a=b", "i="]
    assert parse_pairs(given, "--set") == {
        "a": 3, "b": 0.5, "c": True, "d": None, "e": None, "f": "self", "g": [1, 2], "h": "a=b", "i": "",
    }  # fmt: skip


def test_a_knob_of_text_keeps_what_looks_like_a_number():
    assert parse_pairs(["layers=1.0"], "--set") == {"layers": "1.0"}
    assert parse_pairs(["sg-i2v.layers=1.10"], "--set") == {"sg-i2v.layers": "1.10"}
    assert parse_pairs(["layers=null"], "--set") == parse_pairs(["layers=none"], "--set") == {"layers": None}
    assert parse_pairs(['layers=["1.0", "1.1"]'], "--set") == {"layers": ["1.0", "1.1"]}
    assert parse_pairs(["iterations=5", "stop=0.4"], "--set") == {"iterations": 5, "stop": 0.4}
    assert parse_pairs(["layers=1.0"], "--call") == {"layers": 1.0}


@pytest.mark.parametrize(("pairs", "words"), [(["a"], "NAME=VALUE"), (["=3"], "NAME=VALUE"), (["a=1", "a=2"], "twice")])
def test_pairs_that_are_none(pairs, words):
    with pytest.raises(FlagError, match=words):
        parse_pairs(pairs, "--set")
    with pytest.raises(FlagError, match="finite"):
        parse_pairs(["a=NaN"], "--set")
