"""Which model a scene means, and where its files lie. Imports neither torch nor diffusers."""

from __future__ import annotations

import json
import math
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hitmark.backbones.catalog import MODELS, OF_PIPELINE, ModelCard, model_card
from hitmark.errors import HitmarkError

if TYPE_CHECKING:
    from hitmark.scene.schema import Scene

DEFAULT_MODEL = "sprites-i2v"  # embedded: needs no download
DEFAULT_TEXT_MODEL = "sprites-t2v"  # for a scene with a prompt and without a picture; embedded too


def card_for(scene: Scene, pipe: Any = None, *, picture: bool = False) -> ModelCard:
    """Return the card of the scene's model, else of the pipeline, else of the default model.

    `picture`: whether a first picture is given beside the scene.

    The card's name lasts: a folder has its absolute path, so that a record can be replayed from another folder.
    """
    given = scene.model
    if given is None and pipe is not None:
        origin = str(getattr(pipe, "name_or_path", "") or "")
        by_hub_id = {card.hub_id: name for name, card in MODELS.items()}
        given = by_hub_id.get(origin, origin if os.path.isdir(origin) else None)
        if given is None:
            return _card_of_pipeline(pipe, origin)
    from_text = bool(scene.prompt.strip()) and scene.image is None and not picture
    given = given or (DEFAULT_TEXT_MODEL if from_text else DEFAULT_MODEL)
    if given not in MODELS and os.path.isdir(given):
        given = os.path.abspath(given)
    return model_card(given)


def draws_sprites(model: str) -> bool:
    """Whether a model, by name or folder, makes clips of the embedded world, whose drawings an observer knows."""
    try:
        return model_card(model).world == "sprites"
    except HitmarkError:  # of a pipeline object that has no files
        return False


def _card_of_pipeline(pipe: Any, origin: str) -> ModelCard:
    """The defaults of the pipeline's class, for an object that does not say where it was loaded from."""
    found = [OF_PIPELINE[kind.__name__] for kind in type(pipe).__mro__ if kind.__name__ in OF_PIPELINE]
    card = replace(MODELS[found[0] if found else "svd"], name=origin or type(pipe).__name__)
    return replace(card, frames=None) if card.takes_picture else card


def model_folder(card: ModelCard) -> Path | None:
    """Return where the model's files lie on this machine, for a record's fingerprint; None when they do not."""
    if card.path is not None:
        return card.path
    from huggingface_hub import try_to_load_from_cache

    index = try_to_load_from_cache(str(card.hub_id), "model_index.json") if card.hub_id else None
    return Path(index).parent if isinstance(index, str) else None


def configured_frames(card: ModelCard, pipe: Any) -> int:
    """Return the number of frames in the U-Net's config. Raises `HitmarkError` where the model's files have none."""
    if pipe is not None:
        from hitmark.backbones import backbone_for

        config: Any = backbone_for(pipe).network.config
        return int(config.num_frames)
    path = Path(card.path or ".") / "unet" / "config.json"
    try:
        return int(json.loads(path.read_text(encoding="utf-8"))["num_frames"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise HitmarkError(f"frames: {path} does not say how many the model makes ({error}); give --frames") from None


def configured_grid(card: ModelCard) -> tuple[int, int] | None:
    """What both sides of a clip must be multiples of, and the side of a latent cell, in pixels, as adapters have them.

    From the configuration in the model's files; None where they are not on this machine, or are no such model's.
    """
    folder = model_folder(card)
    if folder is None:
        return None
    try:
        cell = 2 ** (len(_config(folder / "vae")["block_out_channels"]) - 1)
        levels = len(_config(folder / "unet")["down_block_types"]) if card.takes_picture else 1
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return math.lcm(8, cell * 2 ** (levels - 1)), cell


def _config(part: Path) -> dict[str, Any]:
    return json.loads((part / "config.json").read_text(encoding="utf-8"))
