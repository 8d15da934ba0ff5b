"""Pictures beside files of paths, and canvases: of which size and shape the numbers are."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from hitmark.media.images import EXTENSIONS
from hitmark.scene.formats import read, remarks, write
from hitmark.scene.formats.pictures import picture_beside
from tests.scene.formats.test_format_kinds import centers


def test_a_turned_picture_beside_a_track_file_counts_as_shown(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (64, 48)).save(tmp_path / "cat.jpg", exif=exif)
    np.save(tmp_path / "cat_tracks.npy", np.stack([np.full(8, 24.0), np.linspace(10, 60, 8)], 1)[:, None])
    scene = read(tmp_path / "cat_tracks.npy")
    assert scene.notes["wan-move"]["canvas"] == [48, 64]
    np.testing.assert_allclose(centers(scene)[-1], [0.5, 60 / 64])


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_a_picture_beside_is_found_however_its_name_ends(tmp_path, extension):
    np.save(tmp_path / "cat_tracks.npy", np.full((4, 1, 2), 20.0))
    for spelled in (extension, extension.upper()):
        (tmp_path / f"cat{spelled}").write_bytes(b"no picture")
        assert picture_beside(tmp_path / "cat_tracks.npy") == tmp_path / f"cat{spelled}"
        (tmp_path / f"cat{spelled}").unlink()


def test_a_canvas_of_another_shape_than_the_picture_is_said(tmp_path):
    Image.new("RGB", (64, 48)).save(tmp_path / "cat.png")
    np.save(tmp_path / "cat_tracks.npy", np.full((4, 1, 2), 20.0))
    assert "stretched with the picture" in remarks(read(tmp_path / "cat_tracks.npy", width=832, height=480))[0]
    assert "stretched" not in "".join(remarks(read(tmp_path / "cat_tracks.npy", width=640, height=480)))


def test_the_canvas_of_a_file_is_written_again(tmp_path):
    points = np.full((4, 2, 2), 100.0)
    np.save(tmp_path / "a.npy", points)
    write(read(tmp_path / "a.npy", width=832, height=480), tmp_path / "b.npy")
    np.testing.assert_allclose(np.load(tmp_path / "b.npy"), points)
