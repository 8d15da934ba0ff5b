from __future__ import annotations

import os

import numpy as np
import pytest
from PIL import Image

from hitmark.files import OutputError
from hitmark.media.video import WRITERS, VideoError, read_video, write_video


def moving_picture(frames=6, height=48, width=64):
    """A smooth colored pattern that moves, so that every frame differs."""
    y, x = np.mgrid[:height, :width]
    clip = [
        [128 + 100 * np.sin((x + 3 * f) / 9 + c) * np.cos((y - f) / 7 + c) for c in range(3)] for f in range(frames)
    ]
    return np.clip(np.array(clip), 0, 255).astype(np.uint8).transpose(0, 2, 3, 1)


def psnr(first, second):
    return 10 * np.log10(255**2 / np.mean((first.astype(float) - second.astype(float)) ** 2))


@pytest.mark.parametrize("size", [(48, 64), (63, 65), (1, 1), (50, 70)])
def test_ffv1_comes_back_exactly(tmp_path, size):
    frames = np.random.default_rng(0).integers(0, 256, (5, *size, 3), dtype=np.uint8)
    path = write_video(frames, tmp_path / "clip.mkv", fps=12.5)
    back, fps = read_video(path)
    np.testing.assert_array_equal(back, frames)
    assert fps == 12.5


@pytest.mark.parametrize(("extension", "least"), [(".mp4", 38), (".webp", 35), (".gif", 30)])
@pytest.mark.parametrize("size", [(48, 64), (63, 65)])
def test_other_formats_keep_size_count_and_colors(tmp_path, extension, least, size):
    frames = moving_picture(7, *size)
    back, fps = read_video(write_video(frames, tmp_path / f"clip{extension}", fps=10))
    assert back.shape == frames.shape
    assert back.dtype == np.uint8
    assert fps == pytest.approx(10)
    assert psnr(back, frames) > least
    assert np.abs((back.astype(float) - frames).mean(axis=(0, 1, 2))).max() < 0.8


def test_h264_is_tagged_for_players(tmp_path):
    av = pytest.importorskip("av")
    with av.open(str(write_video(moving_picture(), tmp_path / "a.mp4"))) as container:
        context = container.streams.video[0].codec_context
        assert (context.pix_fmt, context.colorspace, context.color_range) == ("yuv420p", 1, 1)


@pytest.mark.parametrize("extension", list(WRITERS))
@pytest.mark.parametrize("size", [(48, 64), (72, 66), (80, 72)])
def test_the_same_frames_give_the_same_bytes(tmp_path, extension, size):
    frames = moving_picture(8, *size)
    frames = np.clip(frames + np.random.default_rng(1).normal(0, 8, frames.shape), 0, 255).astype(np.uint8)
    held = []
    found = set()
    for attempt in range(6):
        held.append(np.full(10_000 * (attempt + 1), attempt * 40, dtype=np.uint8))  # other rubbish in fresh memory
        found.add(write_video(frames, tmp_path / f"{attempt}{extension}").read_bytes())
        del held[::2]
    assert len(found) == 1


@pytest.mark.parametrize("extension", [".gif", ".webp"])
def test_still_frames_are_not_lost(tmp_path, extension):
    frames = np.repeat(moving_picture(3), [1, 3, 2], axis=0)
    back, _ = read_video(write_video(frames, tmp_path / f"clip{extension}"))
    assert len(back) == 6
    assert psnr(back, frames) > 30


def test_one_frame(tmp_path):
    for extension in WRITERS:
        assert read_video(write_video(moving_picture(1), tmp_path / f"clip{extension}"))[0].shape == (1, 48, 64, 3)


def test_unknown_extension_lists_the_known_ones(tmp_path):
    with pytest.raises(VideoError, match=r"\.mp4, \.mkv, \.webm, \.gif, \.webp, not '\.avi'"):
        write_video(moving_picture(), tmp_path / "clip.avi")


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        (np.zeros((4, 8, 8)), "shape"),
        (np.zeros((4, 8, 8, 4), np.uint8), "shape"),
        (np.zeros((0, 8, 8, 3), np.uint8), "shape"),
        (np.full((4, 8, 8, 3), 128.0), "uint8"),
        ("frames", "got str"),
    ],
)
def test_wrong_frames(tmp_path, frames, words):
    with pytest.raises(VideoError, match=words):
        write_video(frames, tmp_path / "clip.mp4")


@pytest.mark.parametrize("fps", [0, -1, float("nan"), float("inf"), "7", None, True])
def test_wrong_rate(tmp_path, fps):
    with pytest.raises(VideoError, match="fps"):
        write_video(moving_picture(), tmp_path / "clip.mp4", fps)


@pytest.mark.parametrize("extension", list(WRITERS))
def test_an_interrupted_writer_leaves_nothing(tmp_path, extension, monkeypatch):
    written = []

    def interrupt(*_args):
        written.append(os.listdir(tmp_path))
        raise KeyboardInterrupt

    monkeypatch.setitem(WRITERS, extension, interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_video(moving_picture(), tmp_path / f"clip{extension}")
    assert len(written[0]) == 1
    assert os.listdir(tmp_path) == []


def test_missing_folder(tmp_path):
    with pytest.raises(OutputError, match="create it first"):
        write_video(moving_picture(), tmp_path / "missing" / "clip.mp4")


def test_reading_what_is_not_there(tmp_path):
    with pytest.raises(VideoError, match="does not exist"):
        read_video(tmp_path / "clip.mp4")
    with pytest.raises(VideoError, match="expected a folder of frames"):
        read_video(tmp_path)


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.gif", "clip.webp", "clip"])
def test_reading_what_is_no_video(tmp_path, name):
    for content, words in ((b"", "is empty"), (b"some words that are no video\n" * 50, "not a video|no whole")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(VideoError, match=words):
            read_video(tmp_path / name)


@pytest.mark.parametrize("extension", [".mp4", ".mkv", ".gif", ".webp"])
def test_reading_what_is_cut_short(tmp_path, extension):
    frames = np.random.default_rng(0).integers(0, 256, (12, 96, 96, 3), dtype=np.uint8)
    path = write_video(frames, tmp_path / f"clip{extension}")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(VideoError, match=r"damaged|cut short|no whole"):
        read_video(path)


def test_reading_sound_only(tmp_path):
    av = pytest.importorskip("av")
    path = tmp_path / "sound.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        sound.sample_rate = 8000
        container.mux(stream.encode(sound))
        container.mux(stream.encode())
    with pytest.raises(VideoError, match="no picture stream"):
        read_video(path)


def test_reading_a_gif_of_somebody_else(tmp_path):
    pictures = [Image.new("RGB", (20, 10), color) for color in ("red", "green", "blue")]
    pictures[0].save(tmp_path / "a.gif", save_all=True, append_images=pictures[1:], duration=[100, 300, 100])
    frames, fps = read_video(tmp_path / "a.gif")
    assert frames.shape == (5, 10, 20, 3)
    assert fps == pytest.approx(10)
    assert (frames[:, 0, 0] == [[255, 0, 0], [0, 128, 0], [0, 128, 0], [0, 128, 0], [0, 0, 255]]).all()


@pytest.mark.parametrize("size", [(16, 24), (60, 360), (320, 512), (576, 1024)])
def test_lossless_video_takes_every_size(tmp_path, size):
    frames = np.random.default_rng(0).integers(0, 256, (3, *size, 3), dtype=np.uint8)
    read, _fps = read_video(write_video(frames, tmp_path / "clip.mkv", 7))
    assert np.array_equal(read, frames)
    first = (tmp_path / "clip.mkv").read_bytes()
    assert write_video(frames, tmp_path / "again.mkv", 7).read_bytes() == first
