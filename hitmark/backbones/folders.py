"""Checkpoint folders in `save_pretrained` layout: what is in them, and whether all of it is. Needs no torch."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hitmark.backbones import FAMILIES
from hitmark.backbones.base import Family
from hitmark.backbones.cards import PICTURED, WAN_PICTURED, ModelCard
from hitmark.backbones.geometry import patch_of, size_unit
from hitmark.errors import HitmarkError

USUAL_LEVELS = 4
"""Of the published U-Nets."""
CARD_FILE = "hitmark.json"
MODULAR_INDEX = "modular_model_index.json"
"""What a modular pipeline's `save_pretrained` writes."""
CARD_FIELDS: dict[str, Any] = {
    "frames": int,
    "width": int,
    "height": int,
    "fps": (int, float),
    "steps": int,
    "call": dict,
    "knobs": dict,
    "world": str,
}


def pipeline_class(folder: Path) -> str:
    """Name of the class of the pipeline in an existing folder; raises HitmarkError for what is no whole checkpoint."""
    index = folder / "model_index.json"
    if not index.is_file() and (folder / MODULAR_INDEX).is_file():
        raise HitmarkError(
            f"{folder} holds a modular pipeline ({MODULAR_INDEX}), which is not loaded by its folder. Expected a stock "
            "one (model_index.json). In Python: pipe = diffusers.ModularPipeline.from_pretrained(folder), "
            "pipe.load_components(), and call it inside of `with hitmark.attach(pipe, scene, controls)`."
        )
    if not index.is_file():
        raise HitmarkError(
            f"{folder} holds no model_index.json. Expected the folder of a whole diffusers pipeline, as written by "
            "pipe.save_pretrained(folder) or downloaded from the hub (not a single .safetensors file)."
        )
    try:
        parts = json.loads(index.read_text(encoding="utf-8"))
        pipeline = str(parts["_class_name"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise HitmarkError(f"{index} cannot be read as a pipeline's index ({error}); download it again.") from None
    if pipeline not in FAMILIES:
        raise HitmarkError(f"{folder} is a {pipeline}; hitmark knows: {', '.join(FAMILIES)}.")
    _check_complete(folder, parts)
    return pipeline


def pictured_class(folder: Path, pipeline: str) -> str | None:
    """Class of the pipeline that starts from an image with the weights of a checked folder; None where there is none.

    Of Wan's models, those whose first frame is given at timestep 0 (`expand_timesteps`) make clips both ways.
    """
    index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    both = pipeline == "WanPipeline" and index.get("expand_timesteps") is True
    return WAN_PICTURED if both else PICTURED.get(pipeline)


def configured_frames(folder: Path, pipeline: str) -> int | None:
    """Number of frames in the configuration of the folder's denoiser, None where it has none."""
    try:
        return int(part_config(folder, FAMILIES[pipeline].denoisers[0])["num_frames"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def configured_grid(folder: Path, pipeline: str) -> tuple[int, int]:
    """What both sides of a clip must be multiples of, and the side of a latent cell, in pixels.

    As `PipelineBackbone` has them of the loaded pipeline, but from the configuration of its parts.

    Raises:
        OSError, ValueError, KeyError, TypeError: a configuration is missing or of another kind.
    """
    family = FAMILIES[pipeline]
    network, cell = part_config(folder, family.denoisers[0]), _cell_of(part_config(folder, "vae"), family)
    patch = patch_of(SimpleNamespace(**network), family.patch)[1]
    levels = len(network["down_block_types"]) if family.halvings else 1
    return size_unit(family.unit, cell, patch, levels), cell


def _cell_of(vae: dict[str, Any], family: Family) -> int:
    """Pixels of a latent cell, each way, by the configuration of an autoencoder; the family's where it does not say."""
    said = vae.get("scale_factor_spatial") or vae.get("spatial_compression_ratio")
    if not said and "spatio_temporal_scaling" in vae:
        said = vae["patch_size"] * 2 ** sum(vae["spatio_temporal_scaling"])
    if not said and family.halving_vae:
        said = 2 ** (len(vae["block_out_channels"]) - 1)
    return int(said or family.stride[1])


def usual_grid(card: ModelCard) -> tuple[int, int]:
    """As `configured_grid`, of the published checkpoint of a model whose files are not here."""
    family = card.family
    cell = card.cell or family.stride[1]
    return size_unit(family.unit, cell, family.patch[1], USUAL_LEVELS if family.halvings else 1), cell


def part_config(folder: Path, part: str) -> dict[str, Any]:
    """The configuration of a part of a checkpoint. Raises OSError or ValueError where it cannot be read."""
    return json.loads((folder / part / "config.json").read_text(encoding="utf-8"))


def _check_complete(folder: Path, parts: dict[str, Any]) -> None:
    """Every component has its folder, and every network its weights."""
    for name, value in parts.items():
        if name.startswith("_") or not (isinstance(value, list) and len(value) == 2 and value[1]):
            continue
        part = folder / name
        configs = list(part.glob("*.json")) if part.is_dir() else []
        weights = [each for kind in ("*.safetensors", "*.bin") for each in part.glob(kind)] if part.is_dir() else []
        network = (part / "config.json").exists()  # what has no weights calls its file otherwise
        if not configs or (network and not any(each.exists() for each in weights)):
            what = "weights (.safetensors)" if configs else "files"
            raise HitmarkError(
                f"{folder} is incomplete: no {what} in {name}/. The download or copy was probably cut short; repeat it "
                "(e.g. `hf download REPOSITORY --local-dir FOLDER`)."
            )


def folder_defaults(folder: Path) -> dict[str, Any]:
    """What a `hitmark.json` in the folder says of its model, {} where there is none; HitmarkError for a faulty one."""
    path = folder / CARD_FILE
    if not path.exists():
        return {}
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise HitmarkError(f"{path} is not readable JSON: {error}.") from None
    if not isinstance(given, dict):
        raise HitmarkError(f"{path}: expected an object with any of {', '.join(CARD_FIELDS)}.")
    for name, value in given.items():
        if name not in CARD_FIELDS:
            raise HitmarkError(f"{path}: unknown field {name!r}; expected any of {', '.join(CARD_FIELDS)}.")
        if isinstance(value, bool) or not isinstance(value, CARD_FIELDS[name]):
            raise HitmarkError(f"{path}: {name} has the wrong type: {value!r}.")
        if not isinstance(value, (dict, str)) and value <= 0:
            raise HitmarkError(f"{path}: {name} must be greater than 0, but is {value!r}.")
    if not all(isinstance(each, dict) for each in given.get("knobs", {}).values()):
        raise HitmarkError(f"{path}: knobs has the wrong type: expected method -> knob -> value.")
    return given
