"""Whatever lies in a file, the only error is a HitmarkError: random bytes, cut and mutated files, hostile sizes."""

from __future__ import annotations

import io
import json
import os
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from hitmark.errors import HitmarkError
from hitmark.scene import Scene, SceneError
from hitmark.scene.formats import FORMATS, base_folder, format_for_output, read, sniff, write
from hitmark.scene.formats import source as source_module
from hitmark.scene.formats.arrays import npy_bytes, parse_npy

FILES = {
    "hitmark": "scene.json",
    "sg-i2v": "folder",
    "peekaboo": "boxes.json",
    "freetraj": "path.txt",
    "trailblazer": "config.yaml",
    "tora": "trajectory.txt",
    "wan-move": "tracks.npy",
    "ati": "tracks.pth",
    "comfy-coordinates": "coordinates.json",
    "comfy-tracks": "tracks.npz",
}
SCENE = {
    "frames": 4,
    "width": 64,
    "height": 48,
    "image": "first.png",
    "prompt": "a cat on a mat",
    "subjects": [
        {
            "name": "cat",
            "phrase": "cat",
            "keyframes": [{"time": 0, "box": [0.1, 0.1, 0.4, 0.4]}, {"time": 1, "box": [0.5, 0.5, 0.8, 0.8]}],
        }
    ],
}


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """A written file of each format."""
    folder = tmp_path_factory.mktemp("samples")
    Image.new("RGB", (64, 48)).save(folder / "first.png")
    for name, file in FILES.items():
        write(Scene.from_dict(SCENE), folder / file, name)
    return folder


def attempt(path, name=None):
    """Read; anything but a HitmarkError fails the test."""
    options = {}
    if name is not None and "width" in FORMATS[name].read_options:
        options = {"width": 64, "height": 48}
    try:
        return read(path, name, **options)
    except HitmarkError:
        return None


def mutate(data: bytes, seed: int) -> bytes:
    random = np.random.default_rng(seed)
    kind = random.integers(5)
    if kind == 0:
        return data[: random.integers(len(data))]
    if kind == 1:
        at, length = random.integers(len(data)), random.integers(1, 30)
        return data[:at] + data[at + length :]
    if kind == 2:
        at, start = random.integers(len(data), size=2)
        return data[:at] + data[start : start + 40] + data[at:]
    array = np.frombuffer(data, np.uint8).copy()
    for at in random.integers(len(array), size=random.integers(1, 6)):
        array[at] = random.choice([0, 10, 34, 39, 45, 48, 57, 91, 93, 123, 125, 255, random.integers(256)])
    return array.tobytes()


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1))
def test_mutated_files_raise_nothing_else(samples, tmp_path_factory, name, seed):
    folder = tmp_path_factory.getbasetemp() / "mutated"
    folder.mkdir(exist_ok=True)
    if name == "sg-i2v":
        part = ("img.png", "traj.npy")[seed % 2]
        for each in ("img.png", "traj.npy"):
            data = (samples / "folder" / each).read_bytes()
            (folder / each).write_bytes(mutate(data, seed) if each == part else data)
        attempt(folder, name)
        return
    path = folder / FILES[name]
    path.write_bytes(mutate((samples / FILES[name]).read_bytes(), seed))
    scene = attempt(path, name)
    attempt(path)
    if scene is not None:
        scene.to_json()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    data=st.binary(max_size=200),
    start=st.sampled_from([b"", b"[", b"{", b"\x93NUMPY\x01\x00", b"PK\x03\x04", b"keyframe:"]),
)
def test_random_bytes_raise_nothing_else(tmp_path_factory, data, start):
    path = tmp_path_factory.getbasetemp() / "random.bin"
    path.write_bytes(start + data)
    attempt(path)
    for name in FORMATS:
        attempt(path, name)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["x", "y", "bboxes", "id", "caption", "subject", "track_path", "track_visibility", "tracks", "kind"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(value=json_values)
def test_any_json_raises_nothing_else(tmp_path_factory, value):
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(json.dumps(value))
    attempt(path)
    for name in ("hitmark", "hitmark-run", "peekaboo", "comfy-coordinates", "comfy-tracks", "trailblazer"):
        attempt(path, name)


def test_unknown_file_lists_what_was_tried(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"\x00\x01")
    with pytest.raises(SceneError) as caught:
        sniff(tmp_path / "a.bin")
    assert all(name in str(caught.value) for name in FORMATS)
    with pytest.raises(SceneError, match="no such file or folder"):
        read(tmp_path / "missing.json")
    with pytest.raises(SceneError, match="got a folder that is none of them"):
        read(tmp_path)


def test_damaged_json_says_where(tmp_path):
    (tmp_path / "a.json").write_text('{"subjects": [,]}')
    with pytest.raises(SceneError, match="line 1, column 15"):
        read(tmp_path / "a.json")


def test_unknown_names_and_options_are_refused(samples):
    with pytest.raises(SceneError, match="did you mean peekaboo"):
        read(samples / "boxes.json", "peakaboo")
    with pytest.raises(SceneError, match="option `axes`: peekaboo does not take it"):
        read(samples / "boxes.json", axes="frames,tracks")
    with pytest.raises(SceneError, match="whole number from 1"):
        read(samples / "tracks.npy", width=0, height=3)
    with pytest.raises(SceneError, match="expected fraction or pixel, got 'px'"):
        read(samples / "tracks.npy", units="px")
    with pytest.raises(SceneError, match="is only read; write one of hitmark, "):
        write(Scene.from_dict(SCENE), samples / "x.json", "hitmark-run")
    with pytest.raises(SceneError, match="did you mean `frames`"):
        write(Scene.from_dict(SCENE), samples / "x.txt", framez=3)


def test_large_files_are_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr(source_module, "LARGEST_FILE", 1000)
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY" + b" " * 2000)
    with pytest.raises(SceneError, match="it was not read"):
        read(tmp_path / "a.npy", "wan-move")


def test_device_is_refused():
    with pytest.raises(SceneError, match="ordinary file"):
        read("/dev/zero", "freetraj")


def test_too_many_boxes_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((1000, 300, 2), np.uint8))
    with pytest.raises(SceneError, match="at most 200,000 boxes"):
        read(tmp_path / "a.npy", width=10, height=10)


def test_header_that_claims_more_than_the_file_has(tmp_path):
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (100000000000, 2, 2), }"
    data = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    with pytest.raises(SceneError, match="cut off or damaged"):
        parse_npy(data, "a.npy")


@pytest.mark.parametrize("dtype", ["<f4", ">f8", "|b1", "|u1", "<i8", "<f2"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_own_npy_parser_agrees_with_numpy(dtype, order):
    array = np.asarray(np.arange(24).reshape(2, 3, 4) % 5, dtype=dtype, order=order)
    np.testing.assert_array_equal(parse_npy(npy_bytes(array), "a"), np.load(io.BytesIO(npy_bytes(array))))


def test_zip_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("hitmark.scene.formats.arrays.LARGEST_FILE", 10_000)
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("track_path.npy", b"\0" * 100_000)
    with pytest.raises(SceneError, match="unpacks to over"):
        read(tmp_path / "a.npz", width=9, height=9)


def test_writing_is_whole_or_not_at_all(samples, tmp_path, monkeypatch):
    scene = Scene.from_dict(SCENE)

    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    for name, file in FILES.items():
        with pytest.raises(HitmarkError, match="disk is full"):
            write(
                scene,
                tmp_path / file,
                name,
                **({"base": str(samples)} if "base" in FORMATS[name].write_options else {}),
            )
    assert list(tmp_path.iterdir()) == []


def test_missing_folder_is_told(samples, tmp_path):
    scene = Scene.from_dict(SCENE)
    for name, file in FILES.items():
        base = {"base": str(samples)} if name == "sg-i2v" else {}
        with pytest.raises(HitmarkError, match="does not exist"):
            write(scene, tmp_path / "no" / file, name, **base)
    assert not (tmp_path / "no").exists()


def test_existing_folder_keeps_its_other_files(samples, tmp_path):
    target = tmp_path / "out"
    target.mkdir()
    (target / "result.mp4").write_bytes(b"video")
    write(Scene.from_dict(SCENE), target, base=str(samples))
    assert sorted(os.listdir(target)) == ["img.png", "result.mp4", "traj.npy"]


def test_scene_without_subjects_or_picture_or_size(tmp_path):
    empty = Scene.from_dict({"width": 8, "height": 8})
    for name, file in FILES.items():
        if name != "hitmark":
            with pytest.raises(SceneError):
                write(empty, tmp_path / file, name)
    bare = Scene.from_dict({"subjects": SCENE["subjects"]})
    with pytest.raises(SceneError, match="set its `image`"):
        write(bare, tmp_path / "folder")
    with pytest.raises(SceneError, match="neither a size nor a picture"):
        write(bare, tmp_path / "a.npy")


def test_picture_is_found_from_the_base_and_rebased(samples, tmp_path):
    scene = read(samples / "folder")
    assert scene.image_path(base_folder(samples / "folder")).is_file()
    write(scene, tmp_path / "scene.json", base=str(base_folder(samples / "folder")))
    again = read(tmp_path / "scene.json")
    assert again.image_file(tmp_path / "scene.json").is_file()


OUTPUTS = {
    "a.json": "hitmark",
    "a": "sg-i2v",
    "a.txt": "freetraj",
    "a.yml": "trailblazer",
    "a.npy": "wan-move",
    "a.npz": "comfy-tracks",
}


@pytest.mark.parametrize(("path", "name"), OUTPUTS.items())
def test_output_format_by_extension(path, name):
    assert format_for_output(path) == name
    with pytest.raises(SceneError, match="name the format: hitmark, sg-i2v") as refused:
        format_for_output("a.mp4")
    assert "hitmark-run" not in str(refused.value)  # it is only read
