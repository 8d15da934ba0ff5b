"""Clips are read as a player shows them: upright, with the times of their frames; folders of frames are clips too."""

from __future__ import annotations

import struct
from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

from hitmark.media.clips import VideoError, read_clip
from hitmark.media.video import read_video, write_video

ONE = 0x10000


@pytest.fixture
def film():
    frames = np.zeros((5, 32, 48, 3), np.uint8)
    for frame in range(5):
        frames[frame, 4:12, 4 + 6 * frame : 16 + 6 * frame] = [250, 40, 40]
    return frames


def turned(path, source, matrix):
    """The clip with another display matrix in its header: a b u, c d v, x y w."""
    raw = bytearray(source.read_bytes())
    at = raw.find(b"tkhd")
    at += 8 + (32 if raw[at + 4] == 1 else 20) + 16
    a, b, c, d = matrix
    raw[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 0x40000000)
    path.write_bytes(raw)
    return path


TURNS = {
    "not": ((ONE, 0, 0, ONE), lambda f: f),
    "clockwise": ((0, ONE, -ONE, 0), lambda f: np.rot90(f, -1, axes=(1, 2))),
    "upside down": ((-ONE, 0, 0, -ONE), lambda f: f[:, ::-1, ::-1]),
    "counterclockwise": ((0, -ONE, ONE, 0), lambda f: np.rot90(f, 1, axes=(1, 2))),
    "mirrored": ((-ONE, 0, 0, ONE), lambda f: f[:, :, ::-1]),
    "flipped": ((ONE, 0, 0, -ONE), lambda f: f[:, ::-1]),
    "transposed": ((0, ONE, ONE, 0), lambda f: f.swapaxes(1, 2)),
    "crossed": ((0, -ONE, -ONE, 0), lambda f: f[:, ::-1, ::-1].swapaxes(1, 2)),
    "nearly clockwise": ((2000, 65000, -65000, 2000), lambda f: np.rot90(f, -1, axes=(1, 2))),
}


@pytest.mark.parametrize("turn", TURNS)
def test_a_phones_clip_is_turned_upright(tmp_path, film, turn):
    matrix, shown = TURNS[turn]
    stored = write_video(film, tmp_path / "a.mp4")
    clip = read_clip(turned(tmp_path / "b.mp4", stored, matrix))
    np.testing.assert_array_equal(clip.frames, shown(read_video(stored)[0]))
    assert bool(clip.notes) == (turn != "not")
    assert not clip.notes or "turned as its header says" in clip.notes[0]
    assert ("nearest quarter" in "".join(clip.notes)) == (turn == "nearly clockwise")


def timed(path, frames, milliseconds):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=7)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for picture, time in zip(frames, milliseconds, strict=True):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def test_uneven_frames_keep_their_times(tmp_path, film):
    clip = read_clip(timed(tmp_path / "a.mkv", film, [0, 20, 500, 520, 1000]))
    np.testing.assert_allclose(clip.moments, [0, 0.02, 0.5, 0.52, 1.0])
    assert clip.fps == pytest.approx(4)
    assert "not evenly spaced" in clip.notes[0]


def test_rounded_clocks_are_even(tmp_path, film):
    clip = read_clip(timed(tmp_path / "a.mkv", film, [0, 33, 67, 100, 133]))
    assert clip.times is None
    assert clip.notes == ()


@pytest.mark.parametrize("extension", [".mp4", ".mkv", ".webm", ".gif", ".webp"])
def test_our_own_clips_say_nothing(tmp_path, film, extension):
    clip = read_clip(write_video(film, tmp_path / f"a{extension}", fps=8))
    assert (clip.times, clip.notes, len(clip.frames)) == (None, (), 5)


def test_a_folder_of_frames_is_a_clip_in_the_order_of_numbers(tmp_path, film):
    folder = tmp_path / "frames"
    folder.mkdir()
    for index, picture in enumerate(film, start=8):
        Image.fromarray(picture).save(folder / f"frame{index}.png")
    (folder / "notes.txt").write_text("no frame")
    clip = read_clip(folder, fps=12)
    np.testing.assert_array_equal(clip.frames, film)
    assert clip.fps == 12
    assert "5 frames, frame8.png to frame12.png" in clip.notes[0]
    np.testing.assert_array_equal(read_video(folder)[0], film)


def test_folders_that_are_no_clip(tmp_path, film):
    with pytest.raises(VideoError, match="expected a folder of frames"):
        read_clip(tmp_path)
    Image.fromarray(film[0]).save(tmp_path / "1.png")
    Image.fromarray(film[0, :10]).save(tmp_path / "2.png")
    with pytest.raises(VideoError, match=r"2\.png: expected 48 x 32 pixels, the size of 1\.png, got 48 x 10"):
        read_clip(tmp_path)
    (tmp_path / "2.png").write_bytes(b"words")
    with pytest.raises(VideoError, match=r"2\.png: it is no picture"):
        read_clip(tmp_path)
    with pytest.raises(VideoError, match="frames a second above 0"):
        read_clip(tmp_path, fps=0)


def test_a_rate_for_a_file_is_refused(tmp_path, film):
    with pytest.raises(VideoError, match="states its own times"):
        read_clip(write_video(film, tmp_path / "a.mp4"), fps=8)


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_what_is_transparent_in_a_clip_is_laid_on_white_and_said(tmp_path, suffix):
    frames = []
    for frame in range(3):
        picture = Image.new("RGBA", (24, 16), (255, 0, 255, 0))
        picture.paste((10, 200, 30, 255), (2 + 4 * frame, 4, 10 + 4 * frame, 12))
        frames.append(picture)
    options = {"lossless": True, "exact": True} if suffix == ".webp" else {"disposal": 2}
    frames[0].save(tmp_path / f"a{suffix}", save_all=True, append_images=frames[1:], duration=100, **options)
    clip = read_clip(tmp_path / f"a{suffix}")
    assert clip.frames.shape == (3, 16, 24, 3)
    assert (clip.frames[:, 0, 0] == 255).all()
    assert (np.abs(clip.frames[2, 6, 14].astype(int) - [10, 200, 30]) < 16).all()
    assert clip.notes == (f"a{suffix}: its transparent parts are laid on white",)
