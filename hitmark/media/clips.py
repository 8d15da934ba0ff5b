"""Clips of any kind as a player shows them: upright frames, their times, and what had to be decided.

A phone's clip is turned as its header says; frames that are not evenly spaced keep their times; a folder of pictures is
a clip in the order of the names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hitmark.errors import HitmarkError
from hitmark.media.images import DAMAGED, EXTENSIONS, ImageError, as_rgb, load_image
from hitmark.media.turns import Turn

if TYPE_CHECKING:
    from PIL import Image

MOST_REPEATS = 1000  # a GIF may hold one picture for minutes; that is one frame repeated at most so often on reading
USUAL_RATE = 7.0  # frames a second of a folder of pictures, which does not say it
UNEVEN = 0.5  # a gap between two frames that differs by this share of the usual one is no rounding of a clock


class VideoError(HitmarkError):
    """A clip that cannot be written or read; the message names the file and the fix."""


@dataclass(frozen=True, eq=False)
class Clip:
    """A clip that was read.

    Attributes:
        frames: uint8 (frames, height, width, 3), RGB, upright.
        fps: frames a second, on average.
        times: seconds, float64 (frames,), from 0 and increasing; None where the frames are evenly spaced.
        notes: sentences on what had to be decided.
    """

    frames: np.ndarray
    fps: float
    times: np.ndarray | None = None
    notes: tuple[str, ...] = ()

    @property
    def moments(self) -> np.ndarray | None:
        """The moment of each frame, 0 = first and 1 = last frame, float64 (frames,); None where evenly spaced."""
        return None if self.times is None else self.times / self.times[-1]


def read_clip(path: Path | str, fps: float | None = None) -> Clip:
    """Read a clip of any format that FFmpeg or Pillow knows, or a folder of frames in the order of their names.

    Args:
        path: file or folder.
        fps: frames a second of a folder; None: 7.

    Raises:
        VideoError: missing, no video, no picture stream, cut short; a rate for a file, which states its own.
    """
    path = Path(path)
    if path.is_dir():
        return _read_folder(path, fps)
    if not path.is_file():
        raise VideoError(f"cannot read the video {path}: the file does not exist")
    if fps is not None:
        raise VideoError(f"fps: {path} states its own times; a rate is for a folder of frames, leave it out")
    if path.stat().st_size == 0:
        raise VideoError(f"cannot read the video {path}: the file is empty")
    return _read_pictures(path) if path.suffix.lower() in (".gif", ".webp") else _read_stream(path)


def _read_folder(folder: Path, fps: float | None) -> Clip:
    """Every picture of a folder, "9" before "10"."""
    if fps is not None and not (np.isfinite(fps) and fps > 0):
        raise VideoError(f"fps: expected frames a second above 0, got {fps!r}")
    try:
        inside = sorted(folder.iterdir(), key=lambda path: _natural(path.name))
    except OSError as error:
        raise VideoError(f"cannot read the folder {folder}: {error.strerror or error}") from error
    files = [path for path in inside if path.suffix.lower() in EXTENSIONS and not path.name.startswith(".")]
    if not files:
        raise VideoError(
            f"cannot read {folder} as a clip: expected a folder of frames ({', '.join(EXTENSIONS)}), found none in it"
        )
    frames, notes = [], []
    for path in files:
        try:
            loaded = load_image(path)
        except ImageError as error:
            raise VideoError(str(error)) from error
        frames.append(np.asarray(loaded.image))
        notes += loaded.notes
        if frames[-1].shape != frames[0].shape:
            (height, width), (first_height, first_width) = frames[-1].shape[:2], frames[0].shape[:2]
            raise VideoError(
                f"{path}: expected {first_width} x {first_height} pixels, the size of {files[0].name}, got "
                f"{width} x {height}; frames of a clip have one size"
            )
    several = [f"{notes[0]} (and {len(notes) - 1} more such notes)"] if len(notes) > 1 else notes
    read = f"{folder} was read as {len(files)} frames, {files[0].name} to {files[-1].name}"
    return Clip(np.stack(frames), fps or USUAL_RATE, None, (read, *several))


def _natural(text: str) -> list[tuple[int, int, str]]:
    parts = re.findall(r"([0-9]+)|([^0-9]+)", text)
    return [(0, int(digits), digits) if digits else (1, 0, letters) for digits, letters in parts]


def exact_conversion() -> int:
    """FFmpeg's conversion flags without its fast roundings, which darken a picture by about one level."""
    from av.video.reformatter import Interpolation

    return Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.BITEXACT


def _read_stream(path: Path) -> Clip:
    """All frames of the first video stream, by FFmpeg."""
    import av
    from av.error import FFmpegError

    pictures: list[np.ndarray] = []
    times: list[float | None] = []
    turn = Turn()
    packets, ended = 0, 0.0
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise VideoError(f"cannot read the video {path}: it has no picture stream (sound only?)")
            stream = container.streams.video[0]
            rate = float(stream.average_rate or 25)
            promised, length = stream.frames, _stated_seconds(stream.metadata.get("DURATION", ""))
            for packet in container.demux(stream):
                packets += packet.size > 0
                for frame in packet.decode():
                    turn = Turn.of(frame)
                    pictures.append(
                        turn.upright(frame.reformat(format="rgb24", interpolation=exact_conversion()).to_ndarray())
                    )
                    times.append(frame.time)
                    ended = (frame.time or 0.0) + 1 / rate
    except (FFmpegError, UnicodeDecodeError) as error:
        raise VideoError(_read_problem(path, len(pictures), error)) from error
    if not pictures or packets < promised or ended + 1.5 / rate < length:
        raise VideoError(f"cannot read the video {path}: it is cut short after frame {len(pictures)}")
    return _clip(path, pictures, rate, times, turn)


def _clip(path: Path, pictures: list[np.ndarray], rate: float, times: list[float | None], turn: Turn) -> Clip:
    if any(picture.shape != pictures[0].shape for picture in pictures):
        raise VideoError(f"cannot read the video {path}: its frames change their size on the way; encode it again")
    uneven = uneven_times(times)
    notes = [turn.note] if turn.note else []
    if uneven is not None:
        rate = (len(uneven) - 1) / uneven[-1]
        gaps = np.diff(uneven)
        notes.append(
            f"the frames of {path.name} are not evenly spaced ({gaps.min():.3g} to {gaps.max():.3g} s apart); "
            "paths are compared by time"
        )
    return Clip(np.stack(pictures), rate, uneven, tuple(notes))


def uneven_times(times: list[float | None]) -> np.ndarray | None:
    """Seconds from the first frame, float64 (frames,), where frames are not evenly spaced; None where they are."""
    known = [time for time in times if time is not None]
    if len(known) < 3 or len(known) < len(times):
        return None
    seconds = np.array(known) - known[0]
    gaps = np.diff(seconds)
    if (gaps <= 0).any():  # a clip without usable times
        return None
    usual = float(np.median(gaps))
    return seconds if (np.abs(gaps - usual) > UNEVEN * usual).any() else None


def _stated_seconds(clock: str) -> float:
    """Matroska's note of how long a stream is, "00:00:01.714000000", in seconds; 0 when there is none."""
    try:
        hours, minutes, seconds = clock.split(":")
        return 3600 * int(hours) + 60 * int(minutes) + float(seconds)
    except ValueError:
        return 0.0


def _read_problem(path: Path, frames: int, error: Exception) -> str:
    """One line for what FFmpeg reports."""
    if frames:
        return f"cannot read the video {path}: it is damaged after frame {frames} ({type(error).__name__})"
    return f"cannot read the video {path}: it is not a video, or cut short ({type(error).__name__})"


def _read_pictures(path: Path) -> Clip:
    """All frames of an animated GIF or WebP, by Pillow; a picture that is shown n times as long counts as n frames."""
    from PIL import Image

    try:
        if path.suffix.lower() == ".gif" and not path.read_bytes().rstrip(b"\0").endswith(b";"):
            raise OSError("its end is missing")
        with Image.open(path) as picture:
            shown = list(_shown(picture))
    except DAMAGED as error:
        raise VideoError(f"cannot read the video {path}: it is no whole GIF or WebP ({error})") from error
    shortest = min(each.milliseconds for each in shown)
    repeats = [min(MOST_REPEATS, max(1, round(each.milliseconds / shortest))) for each in shown]
    notes = tuple(dict.fromkeys(f"{path.name}: {note}" for each in shown for note in each.notes))
    return Clip(np.repeat(np.stack([each.frame for each in shown]), repeats, axis=0), 1000 / shortest, None, notes)


@dataclass(frozen=True, eq=False)
class _Shown:
    """A frame as RGB, how long it is shown (100 ms where the file does not say), and what had to be decided."""

    frame: np.ndarray
    milliseconds: float
    notes: tuple[str, ...]


def _shown(picture: Image.Image) -> Iterator[_Shown]:
    for index in range(getattr(picture, "n_frames", 1)):
        picture.seek(index)
        picture.load()
        loaded = as_rgb(picture)
        duration = 0.0
        with suppress(TypeError, ValueError):
            duration = float(picture.info.get("duration", 0))
        yield _Shown(np.asarray(loaded.image), duration or 100.0, loaded.notes)
