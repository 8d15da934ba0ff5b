"""Which model a scene means, and where its files lie. Imports neither torch nor diffusers."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from hitmark.backbones import folders
from hitmark.backbones.catalog import (
    DEFAULT_PICTURE_MODEL,
    DEFAULT_TEXT_MODEL,
    MODELS,
    OF_PIPELINE,
    ModelCard,
    model_card,
    of_pipeline,
)
from hitmark.errors import HitmarkError

if TYPE_CHECKING:
    from hitmark.scene.schema import Scene


def card_for(scene: Scene, pipe: Any = None, *, picture: bool = False) -> ModelCard:
    """Return the card of the scene's model, else of the pipeline, else of the default model.

    `picture`: whether a first picture is given beside the scene.

    The card's name is that of the catalog wherever the model is in it; another folder has its absolute path.
    """
    given = scene.model
    if given is None and pipe is not None:
        card = card_of_pipeline(pipe)
        return card.starting(picture=card.pictured == card.pipeline and (picture or scene.image is not None))
    from_text = bool(scene.prompt.strip()) and scene.image is None and not picture
    given = catalog_name(given or (DEFAULT_TEXT_MODEL if from_text else DEFAULT_PICTURE_MODEL))
    if given not in MODELS and os.path.isdir(given):
        given = os.path.abspath(given)
    card = model_card(given)
    if pipe is not None and not hasattr(pipe, "_blocks"):  # what is said of modular pipelines comes later
        _check_is_of(pipe, card, given)
    return card.starting(picture or scene.image is not None)


def _check_is_of(pipe: Any, card: ModelCard, name: str) -> None:
    """Raise HitmarkError for a pipeline of another class than the model's, which would be called as that one is."""
    classes = [each for each in (card.pipeline, card.pictured) if each is not None]
    if not {each.__name__ for each in type(pipe).__mro__} & set(classes):
        raise HitmarkError(
            f"pipe: expected a {' or '.join(dict.fromkeys(classes))}, since the scene's model is {name!r}, got a "
            f"{type(pipe).__name__}. Give a pipeline of that model, or name none: scene.replace(model=None)."
        )


def catalog_name(origin: str) -> str:
    """Return the catalog's name of a hub id, a folder of this package's weights or of the hub's cache, else `origin`.

    A folder of weights is also known by its name where it lay in another installation of this package.
    """
    parts = Path(origin).parts
    for name, card in MODELS.items():
        if origin in (name, card.hub_id):
            return name
        if card.embedded and parts[-3:] == ("sprites", "weights", name):
            return name
        if card.hub_id and f"models--{card.hub_id.replace('/', '--')}" in parts:
            return name
    return origin


def find_model(scene: Scene, folder: Path | str) -> Scene:
    """Return the scene with the path of its model, where that is relative to `folder`, as a path that can be loaded."""
    if scene.model is None or catalog_name(scene.model) in MODELS or os.path.isabs(scene.model):
        return scene
    path = Path(folder) / scene.model
    return scene.replace(model=os.path.abspath(path)) if path.is_dir() else scene


def portable_name(model: str, folder: Path | str) -> str:
    """Return a model's name for a file in `folder`: the catalog's, a hub id, or a path relative to that folder."""
    name = catalog_name(model)
    if name in MODELS or not os.path.isabs(name):
        return name
    try:
        return Path(os.path.relpath(name, os.path.abspath(folder))).as_posix()
    except ValueError:  # another drive
        return Path(name).as_posix()


def draws_sprites(model: str) -> bool:
    """Whether a model, by name or folder, makes clips of the embedded world, whose drawings an observer knows."""
    try:
        return model_card(model).world == "sprites"
    except HitmarkError:  # of a pipeline object that has no files
        return False


def card_of_pipeline(pipe: Any) -> ModelCard:
    """Return the card of a loaded pipeline: by where it was loaded from, else with the defaults of its class."""
    origin = str(getattr(pipe, "name_or_path", "") or "")
    given = catalog_name(origin)
    kinds = [kind.__name__ for kind in type(pipe).__mro__]
    if hasattr(pipe, "_blocks"):
        from hitmark.backbones.modular import KIN, stock_class

        kinds.append(next((KIN[kind] for kind in kinds if kind in KIN), str(stock_class(pipe))))
    if given in MODELS:
        return _as_loaded(model_card(given), kinds)
    if os.path.isdir(given):
        return _as_loaded(model_card(os.path.abspath(given)), kinds)
    card = of_pipeline(next((kind for kind in kinds if kind in OF_PIPELINE), "StableVideoDiffusionPipeline"))
    card = replace(card, name=origin or type(pipe).__name__)
    return replace(card, frames=None) if card.frames_in_config else card


def _as_loaded(card: ModelCard, kinds: list[str]) -> ModelCard:
    """The card as it is for a pipeline of these classes."""
    return card.starting(picture=card.pictured in kinds and card.pipeline not in kinds)


def model_folder(card: ModelCard) -> Path | None:
    """Return where the model's files lie on this machine, for a record's fingerprint; None when they do not."""
    if card.path is not None:
        return card.path
    from huggingface_hub import try_to_load_from_cache

    index = try_to_load_from_cache(str(card.hub_id), "model_index.json") if card.hub_id else None
    return Path(index).parent if isinstance(index, str) else None


def configured_frames(card: ModelCard, pipe: Any) -> int:
    """Return the number of frames in the denoiser's config. Raises `HitmarkError` where the model's files have none."""
    if pipe is not None:
        from hitmark.backbones import backbone_for

        config: Any = backbone_for(pipe).network.config
        return int(config.num_frames)
    folder = Path(card.path or ".")
    found = folders.configured_frames(folder, card.pipeline)
    if found is None:
        path = folder / card.family.denoisers[0] / "config.json"
        raise HitmarkError(f"frames: {path} does not say how many the model makes; give --frames")
    return found


def configured_grid(card: ModelCard) -> tuple[int, int] | None:
    """What both sides of a clip must be multiples of, and the side of a latent cell, in pixels, as adapters have them.

    From the configuration in the model's files; None where they are not on this machine, or are no such model's.
    """
    folder = model_folder(card)
    if folder is None:
        return None
    try:
        return folders.configured_grid(folder, card.pipeline)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def network_config(card: ModelCard) -> Any:
    """The configuration in a model's files of the network that controls act on; None: they are not here, or damaged."""
    folder = model_folder(card)
    try:
        return None if folder is None else SimpleNamespace(**folders.part_config(folder, card.family.denoisers[0]))
    except (OSError, ValueError):
        return None
