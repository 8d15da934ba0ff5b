"""The first picture that lies beside a foreign file: where it is, how large, and a copy as PNG."""

from __future__ import annotations

import io
import os
from pathlib import Path

from hitmark.media.images import EXTENSIONS, ImageError, load_image, shown_size
from hitmark.scene.formats.base import Options
from hitmark.scene.formats.source import FormatError, read_bytes
from hitmark.scene.grid import same_shape
from hitmark.scene.schema import Scene

SPELLED = (*EXTENSIONS, *(extension.upper() for extension in EXTENSIONS))  # cameras write IMG_1234.JPG


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
    """Find a picture named like a track file: for `cat_tracks.npy`, `cat.png` (or .jpg, .JPG ...)."""
    stem = path.stem
    for ending in ("_tracks", "-tracks", "_track", "_coordinates", "_coords"):
        stem = stem.removesuffix(ending)
    names = [path.stem, stem] if stem else [path.stem]
    candidates = (path.with_name(name + extension) for name in names for extension in SPELLED)
    return next((found for found in candidates if found.is_file()), None)


Size = tuple[int, int]


def canvas_to_read(
    path: Path, options: Options, usual: Size | None = None, doubt: str = ""
) -> tuple[Size | None, str | None, list[str]]:
    """Find the canvas that coordinates refer to.

    Args:
        path: the file with the coordinates.
        options: width and height, else image.
        usual: width and height that the format has where nothing else is known.
        doubt: what is asked first where no canvas is known; empty: the canvas.

    Returns:
        Width and height (None only for coordinates that are fractions), the picture relative to the file's folder, and
        sentences on what was decided.

    Raises:
        FormatError: neither given nor to be found; says how to give it.
    """
    picture = Path(options.image) if options.image else picture_beside(path)
    name = None if picture is None else relative(picture, path.parent)
    found = None if picture is None else picture_size(picture)
    if options.width is not None and options.height is not None:
        given = options.width, options.height
        apart = found is not None and not same_shape(found, given)
        told = (
            f"the canvas is {given[0]} x {given[1]} and the picture {found[0]} x {found[1]}" if apart and found else ""
        )
        return given, name, [f"{told}: the paths are stretched with the picture"] if told else []
    if found is not None:
        return found, name, [f"coordinates are taken as {_unit(options)} of {name}, {found[0]} x {found[1]}"]
    if usual is not None:
        return usual, None, [f"the canvas is taken to be {usual[0]} x {usual[1]}, as is usual for this format"]
    if options.units == "fraction":
        return None, None, ["nothing says the shape of the picture: boxes are as high as wide, in fractions of it"]
    raise FormatError(
        doubt
        or f"{path}: these are pixel coordinates, and nothing says of how large a picture; give the canvas "
        f"(`--canvas 832x480`; in Python width=832, height=480), or put the picture beside it as {path.stem}.png"
    )


def _unit(options: Options) -> str:
    return "fractions" if options.units == "fraction" else "pixels"


def canvas_to_write(scene: Scene, options: Options, folder: Path, name: str) -> Size:
    """Return width and height to express boxes in: as given, else the scene's, else that of the file that it was read
    from, else its picture's.

    Raises:
        FormatError: none of them is known.
    """
    if options.width is not None and options.height is not None:
        return options.width, options.height
    if scene.width is not None and scene.height is not None:
        return scene.width, scene.height
    noted = noted_canvas(scene)
    if noted is not None:
        return noted
    if scene.image is not None:
        return picture_size(scene_picture(scene, options, folder))
    raise FormatError(
        f"{name} has pixel coordinates, and the scene has neither a size nor a picture; "
        "set width and height in the scene, or give them (`--width 832 --height 480`)"
    )


def noted_canvas(scene: Scene) -> Size | None:
    """Return width and height of the canvas of the file that a scene was read from, where its format has one."""
    for notes in scene.notes.values():
        canvas = notes.get("canvas") if isinstance(notes, dict) else None
        if isinstance(canvas, list) and len(canvas) == 2 and all(type(side) is int and side > 0 for side in canvas):
            width, height = canvas
            return (width, height) if isinstance(width, int) and isinstance(height, int) else None
    return None


def scene_picture(scene: Scene, options: Options, folder: Path) -> Path:
    """Return where the scene's picture lies; `Options.base` is the folder its path is relative to."""
    return scene.image_path(options.base or folder) or Path(folder)


def relative(picture: Path, folder: Path) -> str:
    """Write a picture's path as seen from a folder, with forward slashes."""
    try:
        return Path(os.path.relpath(picture, folder)).as_posix()
    except ValueError:  # another drive
        return picture.absolute().as_posix()
