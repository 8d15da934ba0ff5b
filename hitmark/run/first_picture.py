"""The first picture of a clip: given or the scene's own, read as RGB."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from hitmark.backbones.catalog import DEFAULT_PICTURE_MODEL
from hitmark.errors import GenerationError
from hitmark.media.images import WHITE, Color, ImageError, LoadedImage, as_rgb, load_image

if TYPE_CHECKING:
    from hitmark.backbones.catalog import ModelCard
    from hitmark.scene.schema import Scene


def first_picture(scene: Scene, image: Image.Image | None, folder: Path | str) -> Image.Image:
    """As `load_first_picture`, without its notes."""
    return load_first_picture(scene, image, folder).image


def load_first_picture(
    scene: Scene, image: Image.Image | Path | None, folder: Path | str, background: Color = WHITE
) -> LoadedImage:
    """Return the first picture as RGB, turned as its camera says, and what had to be decided.

    Args:
        scene: names the picture where none is given.
        image: a picture of any mode, or its file.
        folder: that the scene's picture is relative to.
        background: what transparent parts are laid on.

    Raises:
        GenerationError: there is none, or it is missing or no picture.
    """
    if isinstance(image, Image.Image):
        return as_rgb(image, background)
    path = scene.image_path(folder) if image is None else image
    if path is None:
        raise GenerationError("image: the scene names no first picture; add `image` to it, or give --image PATH")
    return load_picture(path, background)


def load_picture(path: Path, background: Color = WHITE) -> LoadedImage:
    """Load a picture file as RGB, with notes on what had to be decided.

    Args:
        path: the file.
        background: what transparent parts are laid on.

    Raises:
        GenerationError: it is missing, no picture, or damaged.
    """
    try:
        return load_image(path, background)
    except ImageError as error:
        raise GenerationError(f"image: {error}") from error


def refuse_picture(card: ModelCard) -> None:
    """Raise `GenerationError` where a first picture was given to a model that makes clips from text alone."""
    if not card.takes_picture:
        raise GenerationError(
            f"image: {card.name} makes clips from text and takes no first picture; leave the picture out, or choose a "
            f"model that starts from one, such as {DEFAULT_PICTURE_MODEL}"
        )
