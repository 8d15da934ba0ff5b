"""Crude references on disk, in the layout of other tools.

A folder holds `motion_signal.mp4` (the crude video), `mask.mp4` (white where it is meant), `first_frame.png` and
`prompt.txt`. Time-to-Move's own drawing tool writes its composed first frame as the picture; here the picture is the
untouched one. Masks that went through a lossy video are black and white again above and below the middle gray.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from hitmark.files import ensure_writable, write_text, written_whole
from hitmark.media.clips import VideoError, read_clip
from hitmark.media.images import ImageError, load_image
from hitmark.media.video import write_video
from hitmark.reference.resample import nearest
from hitmark.reference.signal import CrudeVideoError, MotionSignal

MOTION, MASK, FIRST, PROMPT = "motion_signal", "mask", "first_frame.png", "prompt.txt"
VIDEOS = (".mp4", ".mkv", ".webm", ".mov", ".avi", ".gif", ".webp")
HALF_WHITE = 127
LONGEST_PROMPT = 100_000


def is_reference_folder(path: Path | str) -> bool:
    """Whether a folder holds a motion signal."""
    path = Path(path)
    return path.is_dir() and bool(_named(path, MOTION))


def read_reference(path: Path | str, mask: Path | str | None = None) -> MotionSignal:
    """Read a crude reference.

    Args:
        path: a folder in the layout above, or the crude video (a file, or a folder of frames).
        mask: a video, a folder of frames, or one picture that holds for every frame; bright where the reference is
            meant. None: the folder's own.

    Raises:
        CrudeVideoError: a file is missing or cannot be read, or the mask has fewer frames.
    """
    path = Path(path)
    whole = is_reference_folder(path)
    if mask is None and not whole:
        raise CrudeVideoError(
            f"--mask: expected a mask beside {path}, which is no folder with {MOTION}.mp4 and {MASK}.mp4; "
            "give a video that is white where the reference is meant"
        )
    frames, notes = _frames(_only(path, MOTION) if whole else path, "reference")
    where = Path(mask) if mask is not None else _only(path, MASK)
    meant, more = _mask(where, frames.shape)
    if len(meant) > len(frames):
        more = (*more, f"the mask has {len(meant)} frames and the reference {len(frames)}; the first ones are used")
    return MotionSignal(frames, meant[: len(frames)], (*notes, *more))


def read_first_frame(folder: Path | str) -> Image.Image | None:
    """The first picture of a folder, RGB; None: it has none. Raises `CrudeVideoError`: it is damaged."""
    path = Path(folder) / FIRST
    if not path.is_file():
        return None
    try:
        return load_image(path).image
    except ImageError as error:
        raise CrudeVideoError(str(error)) from error


def read_prompt(folder: Path | str) -> str:
    """The prompt of a folder; empty: it has none. Raises `CrudeVideoError`: it is no text."""
    path = Path(folder) / PROMPT
    if not path.is_file():
        return ""
    try:
        return path.read_bytes()[:LONGEST_PROMPT].decode("utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CrudeVideoError(f"{path}: expected a prompt as UTF-8 text, got something else ({error})") from error


def write_reference(
    signal: MotionSignal,
    folder: Path | str,
    picture: Image.Image,
    prompt: str = "",
    *,
    fps: float = 16.0,
    lossless: bool = False,
    overwrite: bool = False,
) -> list[Path]:
    """Write a folder in the layout above; a missing folder is made.

    Args:
        signal: the crude video and its mask.
        folder: where to.
        picture: the first picture, untouched.
        prompt: of the clip.
        fps: frames a second.
        lossless: `.mkv` files that read back exactly, which other tools may not look for; else `.mp4`.
        overwrite: replace the files of an earlier one.

    Returns:
        The files.

    Raises:
        CrudeVideoError: files are there already.
        OutputError: the disk refuses.
    """
    folder, extension = Path(folder), ".mkv" if lossless else ".mp4"
    motion, mask = folder / f"{MOTION}{extension}", folder / f"{MASK}{extension}"
    paths = [folder / FIRST, motion, mask, folder / PROMPT]
    present = [path for path in paths if path.exists()]
    present += [path for name in (MOTION, MASK) for path in _named(folder, name) if path not in (motion, mask)]
    if present and not overwrite:
        raise CrudeVideoError(f"{present[0]}: already there; choose another folder, or replace it with --force")
    ensure_writable(motion, signal.frames.nbytes)
    with written_whole(folder / FIRST) as temporary:
        picture.convert("RGB").save(temporary, "PNG")
    write_video(signal.frames, motion, fps)
    write_video(np.repeat(signal.mask[..., None], 3, axis=-1).astype(np.uint8) * 255, mask, fps)
    write_text(folder / PROMPT, prompt)
    for path in present:
        if path not in paths:
            path.unlink()
    return paths


def _named(folder: Path, name: str) -> list[Path]:
    """What a folder holds under a name: a video, or a folder of frames."""
    if not folder.is_dir():
        return []
    videos = [folder / f"{name}{extension}" for extension in VIDEOS]
    found = [path for path in videos if path.is_file()]
    return [*found, *([folder / name] if (folder / name).is_dir() else [])]


def _only(folder: Path, name: str) -> Path:
    found = _named(folder, name)
    if len(found) != 1:
        several = ", ".join(path.name for path in found)
        raise CrudeVideoError(
            f"{folder}: expected one {name}.mp4 (or another video, or a folder of frames), got "
            f"{several or 'none'}; {'remove one' if found else 'put it there'}"
        )
    return found[0]


def _frames(path: Path, called: str) -> tuple[np.ndarray, tuple[str, ...]]:
    try:
        clip = read_clip(path)
    except VideoError as error:
        raise CrudeVideoError(f"{called}: {error}") from error
    return clip.frames, clip.notes


def _mask(path: Path, shape: tuple[int, ...]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Bool (frames, height, width), brought to the reference's size by the nearest pixel."""
    if path.is_file() and path.suffix.lower() not in VIDEOS:
        try:
            values, notes = np.asarray(load_image(path).image)[None].repeat(shape[0], axis=0), ()
        except ImageError as error:
            raise CrudeVideoError(f"mask: {error}") from error
    else:
        values, notes = _frames(path, "mask")
    if len(values) < shape[0]:
        raise CrudeVideoError(
            f"mask: expected at least {shape[0]} frames, as many as the reference has, got {len(values)} in {path}; "
            "make it again, or give one picture that holds for every frame"
        )
    return nearest(values.max(axis=-1) > HALF_WHITE, shape[1], shape[2]), notes
