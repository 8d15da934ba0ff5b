"""Pictures that a subject is cut out with: a mask of the first picture, or a picture of the subject itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PIL import Image, ImageOps

from hitmark.media.images import ImageError, as_rgb, opened_file
from hitmark.reference.signal import CrudeVideoError
from hitmark.scene.grid import same_shape

Size = tuple[int, int]
"""Width and height."""


def has_transparency(cutout: Image.Image | None) -> bool:
    """Whether it is a picture of the subject itself; else it is a mask of the first picture."""
    return cutout is not None and (cutout.mode in ("RGBA", "LA", "PA") or "transparency" in cutout.info)


def read_cutouts(paths: Mapping[str, Path], before: Size, after: Size) -> dict[str, Image.Image]:
    """Read the pictures, upright, with masks brought to the clip's shape as its first picture was.

    Args:
        paths: by the subject's name.
        before: of the first picture as it was given: what a mask is a mask of.
        after: of the first picture in the clip's shape, after it was cut or padded.

    Raises:
        CrudeVideoError: no picture, or a mask of another shape than the first picture's.
    """
    found = {}
    for name, path in paths.items():
        try:
            picture = ImageOps.exif_transpose(opened_file(path))
        except ImageError as error:
            raise CrudeVideoError(f"cutout: {error}") from error
        found[name] = picture if has_transparency(picture) else carried(as_rgb(picture).image, before, after, path)
    return found


def carried(mask: Image.Image, before: Size, after: Size, called: Path | str) -> Image.Image:
    """Cut or pad a mask of the first picture as that was; bars are black. One in the clip's own shape stays.

    Raises:
        CrudeVideoError: it has neither shape.
    """
    if not same_shape(mask.size, before):
        if same_shape(mask.size, after):
            return mask
        raise CrudeVideoError(
            f"cutout: expected {called} to be a mask in the shape of the first picture, {before[0]} x {before[1]}, or "
            f"a picture with transparency, got {mask.width} x {mask.height}; make it of the picture's size"
        )
    left, top = (int((now - then) / 2) for now, then in zip(after, before, strict=True))  # less than 0 where it is cut
    made = Image.new("RGB", after)
    made.paste(mask.resize(before, Image.Resampling.NEAREST), (left, top))
    return made
