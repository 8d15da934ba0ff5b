"""The first picture that lies beside a foreign file: where it is, how large, and a copy as PNG."""

from __future__ import annotations

import io
import os
from pathlib import Path

from hitmark.media.images import ImageError, load_image, shown_size
from hitmark.scene.formats.base import Options
from hitmark.scene.formats.source import FormatError, read_bytes
from hitmark.scene.schema import Scene

EXTENSIONS = (".png", ".jpg", ".jpeg", ".webp", ".avif", ".heic")


def picture_size(path: Path) -> tuple[int, int]:
    """Return width and height of a picture file in pixels, as it is shown (turned as EXIF says), from its header.

    Raises:
        FormatError: missing, not a picture, or unreasonably large.
    """
    data = read_bytes(path)
    try:
        return shown_size(data, str(path))
    except ImageError as error:
        raise FormatError(str(error)) from None


def png_copy(path: Path) -> bytes:
    """Return the picture as a PNG file, as it is shown: its own bytes where it is a plain PNG.

    Raises:
        FormatError: as `picture_size`, or damaged.
    """
    from PIL import Image

    data = read_bytes(path)
    try:
        loaded = load_image(data, name=str(path))
    except ImageError as error:
        raise FormatError(str(error)) from None
    with Image.open(io.BytesIO(data)) if data.startswith(b"\x89PNG") else loaded.image as original:
        if original.format == "PNG" and original.mode == "RGB" and not loaded.notes and not original.getexif():
            return data
    stream = io.BytesIO()
    loaded.image.save(stream, "PNG")
    return stream.getvalue()


def picture_beside(path: Path) -> Path | None:
    """Find a picture named like a track file: for `cat_tracks.npy`, `cat.png` (or .jpg, .jpeg, .webp)."""
    stem = path.stem
    for ending in ("_tracks", "-tracks", "_track", "_coordinates", "_coords"):
        stem = stem.removesuffix(ending)
    names = [path.stem, stem] if stem else [path.stem]
    candidates = (path.with_name(name + extension) for name in names for extension in EXTENSIONS)
    return next((found for found in candidates if found.is_file()), None)


def canvas_to_read(path: Path, options: Options) -> tuple[int, int, str | None]:
    """Return width and height that pixel coordinates refer to, and the picture relative to the file's folder.

    Raises:
        FormatError: neither given nor to be found; says how to give it.
    """
    picture = Path(options.image) if options.image else picture_beside(path)
    name = None if picture is None else relative(picture, path.parent)
    if options.width is not None and options.height is not None:
        if options.image and picture is not None:
            picture_size(picture)  # a wrong path is noticed now
        return options.width, options.height, name
    if picture is None:
        raise FormatError(
            f"{path}: these are pixel coordinates, and nothing says of how large a picture; give width and height "
            f"(`--width 832 --height 480`), or put the picture beside it as {path.stem}.png"
        )
    return *picture_size(picture), name


def canvas_to_write(scene: Scene, options: Options, folder: Path, name: str) -> tuple[int, int]:
    """Return width and height to express boxes in: as given, else the scene's, else its picture's.

    Raises:
        FormatError: none of them is known.
    """
    if options.width is not None and options.height is not None:
        return options.width, options.height
    if scene.width is not None and scene.height is not None:
        return scene.width, scene.height
    if scene.image is not None:
        return picture_size(scene_picture(scene, options, folder))
    raise FormatError(
        f"{name} has pixel coordinates, and the scene has neither a size nor a picture; "
        "set width and height in the scene, or give them (`--width 832 --height 480`)"
    )


def scene_picture(scene: Scene, options: Options, folder: Path) -> Path:
    """Return where the scene's picture lies; `Options.base` is the folder its path is relative to."""
    return Path(options.base or folder) / (scene.image or "")


def relative(picture: Path, folder: Path) -> str:
    """Write a picture's path as seen from a folder, with forward slashes."""
    try:
        return Path(os.path.relpath(picture, folder)).as_posix()
    except ValueError:  # another drive
        return picture.absolute().as_posix()
