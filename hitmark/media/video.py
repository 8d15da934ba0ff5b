"""Clips in and out. H.264 for people, lossless FFV1 for measuring, GIF and WebP for pages; never rescaled.

The same frames give the same bytes: one encoder thread, and no dates or random ids in the containers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from hitmark.errors import HitmarkError
from hitmark.files import written_whole
from hitmark.media.clips import VideoError, exact_conversion, read_clip
from hitmark.media.given import as_frames

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

__all__ = ["WRITERS", "VideoError", "read_video", "write_video"]

H264_QUALITY = 12  # x264's constant rate factor: 0 is lossless, 18 is called visually lossless, 23 is its default
VP9_QUALITY = 18  # libvpx's constant quality, 0 (best) to 63


def write_video(frames: Any, path: Path | str, fps: float = 7.0) -> Path:
    """Write ``frames`` to ``path``; the extension chooses the format.

    Args:
        frames: uint8, (frames, height, width, 3), RGB, or what else `hitmark.media.given.as_frames` takes, such as what
            a pipeline returns as ``.frames[0]``.
        path: ``.mp4`` H.264 (4:2:0 in BT.709; 4:4:4 when a side is odd, which some players cannot show);
            ``.mkv`` FFV1, reads back exactly; ``.webm`` VP9 (4:2:0); ``.gif`` 256 colors; ``.webp`` animated.
        fps: frames per second, > 0; GIF keeps it to 1/100 s a frame and WebP to 1/1000 s.
    Returns: ``path``. The file appears whole or not at all.
    Raises: ``VideoError`` for wrong frames, rate or extension; ``OutputError`` when the disk refuses.
    """
    path = Path(path)
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        raise VideoError(f"cannot write {path}: the extension must be one of {', '.join(WRITERS)}, not {path.suffix!r}")
    try:
        frames = as_frames(frames)
    except HitmarkError as error:
        raise VideoError(f"cannot write {path}: {error}") from error
    if isinstance(fps, bool) or not isinstance(fps, Real) or not (math.isfinite(fps) and fps > 0):
        raise VideoError(f"fps must be a positive number, not {fps!r}")
    with written_whole(path) as temporary:
        writer(np.ascontiguousarray(frames), temporary, fps)
    return path


def read_video(path: Path | str) -> tuple[np.ndarray, float]:
    """Read a clip of any format that FFmpeg or Pillow knows, or a folder of frames, as a player shows it.

    `hitmark.media.clips.read_clip` also gives the time of each frame, and what had to be decided.

    Returns: frames, uint8 (frames, height, width, 3) RGB, and frames per second.
    Raises: ``VideoError`` when the file is missing, is no video, has no picture stream, or is cut short.
    """
    clip = read_clip(path)
    return clip.frames, clip.fps


def _write_h264(frames: np.ndarray, path: Path, fps: float) -> None:
    from av.video.reformatter import ColorRange, Colorspace

    odd = frames.shape[1] % 2 or frames.shape[2] % 2
    # x264's macroblock tree reads memory that it never wrote when the width is no multiple of 16: other bytes each time
    options = {"crf": str(H264_QUALITY), "preset": "medium", "mbtree": "0"}
    with _opened(path, "libx264", "yuv444p" if odd else "yuv420p", frames=frames, fps=fps, options=options) as (
        container,
        stream,
    ):
        stream.codec_context.color_range = ColorRange.MPEG
        stream.codec_context.colorspace = Colorspace.ITU709
        stream.codec_context.color_primaries = 1  # BT.709, so that players need not guess from the size
        stream.codec_context.color_trc = 1
        _encode(frames, container, stream, dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG)


def _write_webm(frames: np.ndarray, path: Path, fps: float) -> None:
    from av.video.reformatter import ColorRange, Colorspace

    options = {"crf": str(VP9_QUALITY), "b": "0", "deadline": "good", "cpu-used": "2", "row-mt": "0"}
    with _opened(path, "libvpx-vp9", "yuv420p", frames=frames, fps=fps, options=options) as (container, stream):
        stream.codec_context.color_range = ColorRange.MPEG
        stream.codec_context.colorspace = Colorspace.ITU709
        _encode(frames, container, stream, dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG)


def _write_ffv1(frames: np.ndarray, path: Path, fps: float) -> None:
    options = {"level": "3", "slicecrc": "1"}  # slices: as the size asks; a fixed one is refused for large pictures
    with _opened(path, "ffv1", "bgr0", frames=frames, fps=fps, options=options) as (container, stream):
        _encode(frames, container, stream)


@contextmanager
def _opened(
    path: Path, codec: str, layout: str, *, frames: np.ndarray, fps: float, options: dict[str, str]
) -> Iterator[tuple[OutputContainer, VideoStream]]:
    """A container at ``path`` with one stream of the size of ``frames``, without dates, random ids or threads."""
    import av

    container_options = {"fflags": "+bitexact"}
    if path.suffix.lower() == ".mp4":
        container_options["movflags"] = "+faststart"
    with av.open(str(path), "w", options=container_options) as container:
        rate = Fraction(fps).limit_denominator(1001)
        stream = cast("VideoStream", container.add_stream(codec, rate=rate, options=options))
        stream.width, stream.height = frames.shape[2], frames.shape[1]
        stream.pix_fmt = layout
        stream.codec_context.thread_count = 1
        yield container, stream


def _encode(frames: np.ndarray, container: OutputContainer, stream: VideoStream, **colors: int) -> None:
    """Encode every frame and flush; ``colors`` go to the conversion from RGB."""
    import av

    for picture in frames:
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame = frame.reformat(format=stream.pix_fmt, interpolation=exact_conversion(), **colors)
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def _write_gif(frames: np.ndarray, path: Path, fps: float) -> None:
    from PIL import Image

    palette = Image.fromarray(_sampled_rows(frames)).quantize(256, method=Image.Quantize.MEDIANCUT)
    dither = Image.Dither.FLOYDSTEINBERG
    pictures = [Image.fromarray(picture).quantize(palette=palette, dither=dither) for picture in frames]
    duration = 10 * max(2, round(100 / fps))  # browsers slow anything below 20 ms down to 100 ms
    pictures[0].save(path, "GIF", save_all=True, append_images=pictures[1:], duration=duration, loop=0, optimize=False)


def _sampled_rows(frames: np.ndarray, most_pixels: int = 500_000) -> np.ndarray:
    """Every n-th row of all frames as one picture, so that one palette fits the whole clip and does not flicker."""
    stride = max(1, math.ceil(frames.size / 3 / most_pixels))
    return np.ascontiguousarray(frames.reshape(-1, *frames.shape[2:])[::stride])


def _write_webp(frames: np.ndarray, path: Path, fps: float) -> None:
    from PIL import Image

    pictures = [Image.fromarray(picture) for picture in frames]
    duration = max(1, round(1000 / fps))
    pictures[0].save(
        path, "WEBP", save_all=True, append_images=pictures[1:], duration=duration, loop=0, quality=90, method=4
    )


WRITERS: dict[str, Callable[[np.ndarray, Path, float], None]] = {
    ".mp4": _write_h264,
    ".mkv": _write_ffv1,
    ".webm": _write_webm,
    ".gif": _write_gif,
    ".webp": _write_webp,
}
