"""Pictures from the browser: limited before they are read, believed only once they are decoded, kept as PNG."""

from __future__ import annotations

import threading
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hitmark.files import written_whole
from hitmark.studio.folder import Folder
from hitmark.studio.refusals import RefusedError

if TYPE_CHECKING:
    from PIL import Image

LARGEST_FILE = 32 * 1024 * 1024  # bytes
MOST_PIXELS = 40_000_000
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")  # and HEIC where pillow-heif is installed
AT_ONCE = threading.Semaphore(2)  # decoding: one picture of 40 megapixels takes 120 MB for each copy


@dataclass(frozen=True)
class Picture:
    """A picture that is kept: the id is of its pixels, so the same picture twice is one file."""

    id: str
    width: int
    height: int

    def shown(self) -> dict[str, object]:
        """As the API gives it."""
        return {"id": self.id, "width": self.width, "height": self.height, "url": f"/api/pictures/{self.id}"}


def keep_picture(folder: Folder, data: bytes) -> Picture:
    """Decode a file's bytes and keep the picture as PNG, RGB, turned as its camera says.

    Raises:
        RefusedError: 413 for too many pixels, 415 for what is no picture of a known format.
    """
    import numpy as np

    from hitmark.run.record import picture_sha256

    with AT_ONCE:
        image = decoded(data)
        identity = picture_sha256(np.asarray(image))[:24]
        path = folder.picture(identity)
        if not path.exists():
            with written_whole(path) as temporary:
                image.save(temporary, "PNG")
    return Picture(identity, image.width, image.height)


def decoded(data: bytes) -> Image.Image:
    """Return the first picture in a file's bytes as RGB. Raises `RefusedError` as `keep_picture` does."""
    from PIL import Image

    from hitmark.media.images import ImageError, as_rgb, format_name, opened

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a bomb is told below, from its size
            with opened(data, formats=FORMATS, most=MOST_PIXELS) as image:
                _check_size(*image.size)
                image.load()
                return as_rgb(image).image
    except RefusedError:
        raise
    except ImageError as error:
        raise RefusedError(415, f"picture: {error}") from None
    except Image.DecompressionBombError as error:
        raise RefusedError(413, f"picture: {_too_large()} ({error})") from None
    except Exception as error:  # the decoders raise whatever a damaged file makes them stumble over
        raise RefusedError(
            415,
            f"picture: expected a file in the format {', '.join(FORMATS)}, got {_named(format_name(data))} or a "
            f"damaged file ({type(error).__name__}); save the picture again as PNG",
        ) from None


def _named(kind: str | None) -> str:
    return "something else" if kind is None else f"one that says it is {kind}"


def picture_of(folder: Folder, identity: str) -> Picture:
    """Return a picture that is kept. Raises `RefusedError` (404) when it is not."""
    from PIL import Image

    path = folder.picture(identity)
    if not path.is_file():
        raise RefusedError(404, f"picture: there is none with the id {identity}; load the picture again")
    with Image.open(path) as image:
        return Picture(identity, image.width, image.height)


def _check_size(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise RefusedError(413, f"picture: {_too_large()}, got {width}x{height}")
    if width < 1 or height < 1:
        raise RefusedError(415, f"picture: expected at least one pixel, got {width}x{height}")


def _too_large() -> str:
    return f"expected at most {MOST_PIXELS // 1_000_000} megapixels; scale it down"
