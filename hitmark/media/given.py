"""Pictures and clips as Python programs have them: Pillow, arrays, tensors, what a pipeline returns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from hitmark.errors import HitmarkError
from hitmark.media.images import as_rgb, load_image


def as_picture(value: Any, field: str = "image") -> Image.Image:
    """Return a Pillow image.

    Args:
        value: a Pillow image, which is returned as it is; a path; an array or tensor of one picture, as `as_frames`
            takes several.
        field: what messages call it.

    Raises:
        HitmarkError: something else, or a file that is no picture.
    """
    if isinstance(value, Image.Image):
        return value
    if isinstance(value, (str, Path)):
        return load_image(Path(value)).image
    array = _array(value)
    if array is None or array.ndim != 3 or 0 in array.shape:
        raise HitmarkError(
            f"{field}: expected a Pillow image, a path, or an array (height, width, 3) of uint8 or of 0..1, got "
            f"{_described(value)}"
        )
    return Image.fromarray(_bytes(array[None], field)[0])


def as_frames(value: Any, field: str = "frames") -> np.ndarray:
    """Return uint8 (frames, height, width, 3).

    Args:
        value: an array (frames, height, width, 3), uint8 or of 0..1; a list of Pillow images or of such arrays of one
            picture; a tensor (frames, 3, height, width) of 0..1. So what a pipeline returns as `.frames[0]`, whatever
            its `output_type`.
        field: what messages call it.

    Raises:
        HitmarkError: something else, or frames of several sizes.
    """
    if isinstance(value, (list, tuple)) and value:
        pictures = [np.asarray(as_rgb(as_picture(each, f"{field}[{place}]")).image) for place, each in enumerate(value)]
        if len({each.shape for each in pictures}) > 1:
            sizes = sorted({f"{each.shape[1]}x{each.shape[0]}" for each in pictures})
            raise HitmarkError(f"{field}: expected frames of one size, got {', '.join(sizes)}; resize them first")
        return np.stack(pictures)
    array = _array(value)
    if array is None or array.ndim != 4 or 0 in array.shape:
        batch = "; give one clip of the batch, .frames[0]" if array is not None and array.ndim == 5 else ""
        raise HitmarkError(
            f"{field}: expected an array (frames, height, width, 3), a list of pictures, or what a pipeline returns as "
            f".frames[0], got {_described(value)}{batch}"
        )
    return _bytes(array, field)


def _array(value: Any) -> np.ndarray | None:
    """The numbers of an array or tensor, channels last; None for anything else."""
    if isinstance(value, np.ndarray):
        return value
    if hasattr(value, "detach") and hasattr(value, "cpu"):  # a tensor, without importing torch to ask
        numbers = value.detach().cpu()
        array = np.asarray(numbers.float() if numbers.is_floating_point() else numbers)
        return np.moveaxis(array, -3, -1) if array.ndim >= 3 and array.shape[-3] == 3 else array
    return None


def _bytes(array: np.ndarray, field: str) -> np.ndarray:
    if array.shape[-1] != 3:
        raise HitmarkError(f"{field}: expected 3 channels, red, green and blue, got the shape {array.shape}")
    if array.dtype == np.uint8:
        return array
    if not np.issubdtype(array.dtype, np.floating) or not ((array >= 0) & (array <= 1)).all():
        raise HitmarkError(f"{field}: expected uint8 of 0..255, or numbers of 0..1, got {array.dtype} of other values")
    return (array * 255).round().astype(np.uint8)


def _described(value: Any) -> str:
    shape = getattr(value, "shape", None)
    return type(value).__name__ if shape is None else f"{type(value).__name__} of shape {tuple(shape)}"
