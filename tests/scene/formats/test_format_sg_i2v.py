"""SG-I2V folders: the scene gives the same latent cells as the published recipe, which works in float32."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from hitmark.scene import SceneError, evaluate, latent_cells
from hitmark.scene.formats import read, sniff
from hitmark.scene.formats.base import Options
from hitmark.scene.formats.sg_i2v import read as read_folder
from hitmark.scene.formats.source import Source


def save(folder, array, size=(1024, 576)):
    folder.mkdir(exist_ok=True)
    np.save(folder / "traj.npy", array)
    Image.new("1", size).save(folder / "img.png")
    return folder


def published_cells(array, picture, target):
    """The published recipe in its own precision: cast, scale, shift by center differences, floor-divide by 8."""
    scaled = array.astype(np.float32)
    for axis in (0, 1):
        scaled[..., axis] = scaled[..., axis] * target[axis] / picture[axis]
    shift = scaled[:, 2:] - scaled[:, 2:3]
    pixels = np.concatenate([scaled[:, :1] + shift, scaled[:, 1:2] + shift], axis=-1)
    cells = (pixels // 8).astype(np.int64)
    cells[..., 2:] = np.maximum(cells[..., 2:], cells[..., :2] + 1)
    return cells


def our_cells(folder, target, clip=None):
    options = Options() if clip is None else Options(width=clip[0], height=clip[1])
    scene = read_folder(Source(folder), options)
    return np.stack([latent_cells(track, *target, 8) for track in evaluate(scene, scene.frames)])


def exact_pixels(array, picture, target):
    shift = array[:, 2:] - array[:, 2:3]
    return np.concatenate([array[:, :1] + shift, array[:, 1:2] + shift], axis=-1) * np.tile(
        np.divide(target, picture), 2
    )


@st.composite
def folders(draw, width, height, whole):
    """A trajectory array: whole or fractional centers, corners as often whole as not."""
    seed = draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    boxes, frames = draw(st.integers(1, 4)), draw(st.integers(2, 25))
    size = np.array([width, height])
    first = random.uniform(0.0, 0.7, (boxes, 1, 2)) * size
    corners = np.concatenate([first, first + random.uniform(0.05, 0.3, (boxes, 1, 2)) * size], axis=1)
    centers = corners.mean(axis=1, keepdims=True) + random.normal(0, 0.2, (boxes, frames, 2)) * size
    corners, centers = np.rint(corners), np.rint(centers) if whole else centers
    return np.concatenate([corners, centers], axis=1)


PICTURES = [(1024, 576), (1280, 720), (1920, 1080), (333, 517), (1919, 1081), (64, 64), (711, 400)]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(data=st.data(), picture=st.sampled_from(PICTURES))
@pytest.mark.parametrize("whole", [True, False])
def test_cells_at_the_published_size_are_the_published_ones(tmp_path_factory, whole, picture, data):
    array = data.draw(folders(*picture, whole=whole))
    folder = save(tmp_path_factory.mktemp("x"), array, picture)
    np.testing.assert_array_equal(our_cells(folder, (1024, 576)), published_cells(array, picture, (1024, 576)))


def test_corners_on_a_cell_edge_that_float32_misses(tmp_path):
    """Say 341.333 + 10.667 = 352 = 44 cells of 8 px: in float32 some of these sums fall short."""
    random = np.random.default_rng(0)
    first = np.rint(random.uniform(0, 600, (200, 1, 2)))
    array = np.concatenate(
        [first, first + 40, first + 20, first + np.rint(random.normal(20, 90, (200, 20, 2)))], axis=1
    )
    theirs = published_cells(array, (1280, 720), (1024, 576))
    exact = np.floor(exact_pixels(array, (1280, 720), (1024, 576)) / 8 + 1e-9)
    assert (theirs[..., :2] != exact[..., :2]).sum() >= 5
    ours = our_cells(save(tmp_path / "a", array, (1280, 720)), (1024, 576))
    np.testing.assert_array_equal(ours, theirs)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(data=st.data(), picture=st.sampled_from(PICTURES))
@pytest.mark.parametrize("whole", [True, False])
def test_cells_at_other_sizes_are_exact_when_told_and_else_but_for_cell_edges(tmp_path_factory, whole, picture, data):
    array = data.draw(folders(*picture, whole=whole))
    target = data.draw(st.sampled_from([(512, 288), (128, 128), (1024, 1024), (320, 192)]))
    folder = save(tmp_path_factory.mktemp("x"), array, picture)
    np.testing.assert_array_equal(our_cells(folder, target, target), published_cells(array, picture, target))
    ours, theirs = our_cells(folder, target), published_cells(array, picture, target)
    pixels = exact_pixels(array, picture, target)
    at_edge = np.abs(pixels - np.rint(pixels / 8) * 8) < 1e-3
    near = at_edge | at_edge[..., [2, 3, 0, 1]]  # the far side depends on the near one through "at least one cell"
    np.testing.assert_array_equal(ours[~near], theirs[~near])
    assert np.abs(ours - theirs).max() <= 1


def test_box_is_the_first_one_moved_by_the_centers(tmp_path):
    array = np.array([[[10.0, 20.0], [30.0, 60.0], [19.0, 41.0], [24.5, 31.0]]])  # center is not the middle
    scene = read(save(tmp_path / "a", array, (100, 200)))
    assert sniff(tmp_path / "a") == sniff(tmp_path / "a" / "traj.npy") == "sg-i2v"
    [track] = evaluate(scene, 2)
    np.testing.assert_allclose(track.boxes, [[0.1, 0.1, 0.3, 0.3], [0.155, 0.05, 0.355, 0.25]], atol=1e-15)
    assert [keyframe.time for keyframe in scene.subjects[0].keyframes] == [0, 1]


@pytest.mark.parametrize("dtype", ["float16", "float32", "int64", "uint8", ">f8"])
def test_other_number_types_and_fortran_order(tmp_path, dtype):
    array = np.asfortranarray(np.array([[[10, 20], [30, 60], [20, 40], [25, 30], [27, 30]]], dtype=dtype))
    scene = read(save(tmp_path / "a", array, (100, 100)))
    assert scene.frames == 3
    assert scene.subjects[0].keyframes[2].box == pytest.approx((0.17, 0.1, 0.37, 0.5))


def test_size_can_be_given_where_there_is_no_picture(tmp_path):
    array = np.array([[[10.0, 20.0], [30.0, 60.0], [20.0, 40.0], [25.0, 40.0]]])
    folder = save(tmp_path / "a", array)
    box = read(folder, width=128, height=128).subjects[0].keyframes[0].box
    assert box == pytest.approx((10 / 1024, 20 / 576, 30 / 1024, 60 / 576), abs=1e-5)
    (folder / "img.png").unlink()
    with pytest.raises(SceneError, match=r"img\.png.*--width"):
        read(folder)
    scene = read(folder, width=100, height=100)
    assert scene.image is None
    assert scene.subjects[0].keyframes[0].box == (0.1, 0.2, 0.3, 0.6)


GOOD = np.array([[[10.0, 20.0], [30.0, 60.0], [20.0, 40.0], [25.0, 40.0]]])
WITH_NAN = GOOD.copy()
WITH_NAN[0, 3, 1] = np.nan


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (GOOD[0], r"expected shape \[boxes, 2 \+ frames, 2\].*got \[4, 2\]"),
        (GOOD[:, :2], r"got \[1, 2, 2\]"),
        (GOOD[:0], r"got \[0, 4, 2\]"),
        (GOOD.transpose(0, 2, 1), r"got \[1, 2, 4\]"),
        (WITH_NAN, r"\[0, 3, 1\].*finite, got nan"),
        (GOOD > 20, "got booleans"),
        (GOOD[:, [1, 0, 2, 3]], r"box 0, frame 0: expected a box left, top, right, bottom"),
        (GOOD * 1e9, "near the picture"),
        (np.array([[{"a": 1}]]), "pickled objects are refused"),
        (np.array(["a"]), "expected an array of numbers"),
    ],
)
def test_wrong_arrays_are_named(tmp_path, array, message):
    with pytest.raises(SceneError, match=message) as caught:
        read(save(tmp_path / "a", array))
    assert "traj.npy" in str(caught.value)


def test_picture_that_is_none(tmp_path):
    folder = save(tmp_path / "a", GOOD)
    (folder / "img.png").write_bytes(b"not a picture")
    with pytest.raises(SceneError, match=r"img\.png: it is no picture"):
        read(folder)
