"""Still images as people have them, read as 8-bit RGB the way a viewer shows them.

A camera's turn (EXIF) is applied, 16 bits are scaled to 8, what is transparent is laid on a ground that is said, and a
format that Pillow cannot read is called by its name. Nothing here looks at more than the first picture of a file.
"""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageColor, ImageOps, UnidentifiedImageError

from hitmark.errors import HitmarkError

Color = tuple[int, int, int]

WHITE: Color = (255, 255, 255)
EXTENSIONS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".avif", ".heic", ".heif")
"""Of pictures that are looked for by name, in small letters."""
LAID_ON = "its transparent parts are laid on"
FULL_16_BIT = 65_535
TURNED = (5, 6, 7, 8)  # values of EXIF's orientation that exchange width and height
ORIENTATION = 0x0112
MOST_PIXELS = 178_956_970  # of a picture that is decoded, as Pillow has it: more is taken for a bomb
DAMAGED = (UnidentifiedImageError, OSError, SyntaxError, ValueError, TypeError, EOFError, LookupError, struct.error,
    zlib.error, RuntimeError, Image.DecompressionBombError)  # fmt: skip

_BRANDS = {
    b"heic": "HEIC", b"heix": "HEIC", b"hevc": "HEIC", b"heim": "HEIC", b"heis": "HEIC", b"mif1": "HEIC",
    b"msf1": "HEIC", b"avif": "AVIF", b"avis": "AVIF",
}  # fmt: skip
_MAGIC = {
    b"\xff\x0a": "JPEG XL", b"\x00\x00\x00\x0cJXL ": "JPEG XL", b"%PDF": "PDF", b"<svg": "SVG", b"<?xml": "SVG or XML",
    b"\x1a\x45\xdf\xa3": "Matroska or WebM video",
}  # fmt: skip
_SAVE_AS = "open it in a viewer and save it as PNG or JPEG"


class ImageError(HitmarkError):
    """A file is no picture that can be read; the message names the file, its format where known, and the fix."""


@dataclass(frozen=True)
class LoadedImage:
    """A picture as RGB, and what had to be decided on the way.

    Attributes:
        image: mode RGB, turned upright.
        notes: sentences; empty where nothing was decided.
    """

    image: Image.Image
    notes: tuple[str, ...] = ()


def parse_color(text: str) -> Color:
    """Return a color such as "white", "#102030" or "rgb(1,2,3)" as three numbers of 0 to 255. Raises `ImageError`."""
    try:
        red, green, blue = ImageColor.getrgb(text)[:3]
    except ValueError:
        raise ImageError(
            f"background: expected a color such as white, black or #336699, got {text!r}; correct it"
        ) from None
    return int(red), int(green), int(blue)


def load_image(source: Path | bytes, background: Color = WHITE, name: str = "") -> LoadedImage:
    """Read the first picture of a file.

    Args:
        source: a path, or the bytes of a file.
        background: what transparent parts are laid on.
        name: what messages call the file; empty: its path.

    Raises:
        ImageError: missing, no picture, damaged, or of a format that cannot be read here, which is named.
    """
    called = name or (str(source) if isinstance(source, Path) else "the picture")
    data = _bytes(source, called)
    try:
        with opened(data, called) as picture:
            picture.load()
            loaded = as_rgb(picture, background)
            several = getattr(picture, "n_frames", 1) > 1
    except DAMAGED as error:
        raise _unreadable(data, called, error) from error
    first = ("it holds several pictures; the first one is used",) if several else ()
    short = Path(called).name
    return LoadedImage(loaded.image, tuple(f"{short}: {note}" for note in (*loaded.notes, *first)))


def opened_file(path: Path) -> Image.Image:
    """Return a picture file as it is stored: not turned, of any mode. Raises `ImageError` as `load_image`."""
    data = _bytes(path, str(path))
    try:
        picture = opened(data, str(path))
        picture.load()
    except DAMAGED as error:
        raise _unreadable(data, str(path), error) from error
    return picture


def shown_size(source: Path | bytes, name: str = "") -> tuple[int, int]:
    """Return width and height as a viewer shows the picture (turned as EXIF says), from its header.

    Raises:
        ImageError: as `load_image`.
    """
    called = name or (str(source) if isinstance(source, Path) else "the picture")
    data = _bytes(source, called)
    try:
        with opened(data, called) as picture:
            width, height = picture.size
            return (height, width) if picture.getexif().get(ORIENTATION) in TURNED else (width, height)
    except DAMAGED as error:
        raise _unreadable(data, called, error) from error


def as_rgb(picture: Image.Image, background: Color = WHITE) -> LoadedImage:
    """Turn an open picture of any mode upright and into RGB, as `load_image` does for a file."""
    turned = ImageOps.exif_transpose(picture)
    if turned.mode.startswith("I") or turned.mode == "F":
        return _scaled(turned)
    if turned.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in turned.info:
        return _on_ground(turned.convert("RGBA"), background)
    return LoadedImage(turned.convert("RGB"))


def _scaled(picture: Image.Image) -> LoadedImage:
    """Gray levels of more than 8 bits, spread over 0..255: 16 bits by their range, others by the greatest value."""
    values = np.asarray(picture).astype(np.float64)
    values = np.where(np.isfinite(values), values, 0.0)
    whole = picture.mode != "F"
    top = float(values.max(initial=0))
    low = float(min(values.min(initial=0), 0))
    if whole and low >= 0 and top <= FULL_16_BIT:
        full, note = float(FULL_16_BIT), "its 16 bits of gray are scaled to 8"
    elif not whole and low >= 0 and top <= 1:
        full, note = 1.0, "its gray levels of 0 to 1 are scaled to 0 to 255"
    else:
        full, note = top - low or 1.0, f"its gray levels of {low:g} to {top:g} are scaled to 0 to 255"
        values = values - low
    gray = np.rint(values / full * 255).clip(0, 255).astype(np.uint8)
    return LoadedImage(Image.fromarray(gray).convert("RGB"), (note,))


def _on_ground(picture: Image.Image, background: Color) -> LoadedImage:
    if picture.getchannel("A").getextrema()[0] == 255:
        return LoadedImage(picture.convert("RGB"))
    ground = Image.new("RGBA", picture.size, (*background, 255))
    color = "white" if background == WHITE else "#{:02x}{:02x}{:02x}".format(*background)
    note = f"{LAID_ON} {color}"
    return LoadedImage(Image.alpha_composite(ground, picture).convert("RGB"), (note,))


def _bytes(source: Path | bytes, called: str) -> bytes:
    if isinstance(source, bytes):
        return source
    try:
        if not source.is_file():
            what = "it is a folder" if source.is_dir() else "there is no such file"
            raise ImageError(f"cannot read {called}: {what}; correct the path")
        return source.read_bytes()
    except (OSError, ValueError) as error:
        if isinstance(error, ImageError):
            raise
        reason = getattr(error, "strerror", None) or error
        raise ImageError(f"cannot read {called}: {reason}; check its permissions") from error


def opened(
    data: bytes, called: str = "the picture", formats: tuple[str, ...] | None = None, most: int = MOST_PIXELS
) -> Image.Image:
    """Return an open picture, HEIC by pillow-heif where that is installed.

    Args:
        data: the bytes of a file.
        called: what messages call it.
        formats: Pillow's names of those that are tried; None: all. HEIC is told by its first bytes.
        most: pixels of a HEIC picture, which is decoded here; Pillow has its own limit.

    Raises:
        ImageError: it is HEIC, and pillow-heif is not installed.
        One of DAMAGED: damaged, too large, or no picture.
    """
    if format_name(data) != "HEIC":
        return Image.open(io.BytesIO(data), formats=formats)
    try:
        from pillow_heif import open_heif  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise ImageError(
            f"cannot read {called}: it is a HEIC picture, as phones make them, which needs another package; "
            f"`pip install pillow-heif`, or {_SAVE_AS}"
        ) from None
    found = open_heif(io.BytesIO(data))
    width, height = found.size
    if width * height > most:
        raise Image.DecompressionBombError(f"{width} x {height} pixels, and at most {most} are read")
    return found.to_pillow()


def format_name(data: bytes) -> str | None:
    """Return what the first bytes of a file say that it is, for formats that need a word; else None."""
    if data[4:8] == b"ftyp":
        brands = data[8 : int.from_bytes(data[:4])]
        general = brands[:4] in (b"mif1", b"msf1")  # says only that it is one of the two; the brands after it say which
        return "AVIF" if general and b"avif" in brands else _BRANDS.get(data[8:12], "MP4 video")
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:16]
    if data[:4] == b"RIFF" and data[8:12] == b"AVI ":
        return "AVI video"
    return next((name for magic, name in _MAGIC.items() if data.startswith(magic) or start.startswith(magic)), None)


def _unreadable(data: bytes, called: str, error: BaseException) -> ImageError:
    if isinstance(error, ImageError):
        return error
    reason = "" if isinstance(error, UnidentifiedImageError) else f" ({error})"
    kind = format_name(data)
    if not data:
        told = "the file is empty; give a picture"
    elif isinstance(error, Image.DecompressionBombError):
        told = f"the picture is too large{reason}; scale it down"
    elif kind is None:
        told = f"it is no picture, or damaged{reason}; save it again as PNG or JPEG"
    elif "video" in kind:
        told = f"it is a video ({kind}), not a picture; give one frame of it as PNG"
    elif kind in ("AVIF", "HEIC"):
        told = f"it is {kind}, but damaged or of a kind that is not known here{reason}; {_SAVE_AS}"
    else:
        told = f"it is a {kind} file, which is no picture that can be read here; {_SAVE_AS}"
    return ImageError(f"cannot read {called}: {told}")
