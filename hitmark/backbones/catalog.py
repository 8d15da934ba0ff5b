"""The models by name: hub ids, licences, defaults; and loading one by name or path. Importing this needs no torch."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from hitmark.backbones import BACKBONES
from hitmark.errors import HitmarkError

SVD_CALL = {
    "min_guidance_scale": 1.0,
    "max_guidance_scale": 3.0,
    "fps": 7,
    "motion_bucket_id": 127,
    "noise_aug_strength": 0.02,
    "decode_chunk_size": 8,
}
CARD_FILE = "hitmark.json"
CARD_FIELDS: dict[str, Any] = {
    "frames": int,
    "width": int,
    "height": int,
    "fps": (int, float),
    "steps": int,
    "call": dict,
    "knobs": dict,
}


@dataclass(frozen=True)
class ModelCard:
    """What there is to know about a model before it is loaded.

    Attributes:
        name: as given to `--model`.
        hub_id: repository on the Hugging Face hub; None for an embedded or local model.
        licence: its name and what it asks for.
        task: "image-to-video" or "text-to-video".
        pipeline: class of the diffusers pipeline.
        frames, width, height, fps, steps: what the model is called with unless told otherwise; None = its config's.
        embedded: whether the weights are in this package.
        call: further arguments of the pipeline call.
        knobs: method name -> knob defaults tuned on this model.
        path: folder of a local or embedded model.
    """

    name: str
    hub_id: str | None
    licence: str
    task: str
    pipeline: str
    frames: int | None
    width: int
    height: int
    fps: float
    steps: int
    embedded: bool = False
    call: dict[str, Any] = field(default_factory=dict)
    knobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    path: Path | None = None

    @property
    def takes_picture(self) -> bool:
        """Whether a clip starts from a given picture; else from the scene's prompt."""
        return self.task == "image-to-video"

    @property
    def best_method(self) -> str:
        """What a scene's method "auto" means."""
        return "sg-i2v" if self.takes_picture else "peekaboo"


def _svd(name: str, hub_id: str, frames: int) -> ModelCard:
    return ModelCard(
        name=name,
        hub_id=hub_id,
        licence="stable-video-diffusion-community (Stability AI Community License; accept it on the hub)",
        task="image-to-video",
        pipeline="StableVideoDiffusionPipeline",
        frames=frames,
        width=1024,
        height=576,
        fps=7,
        steps=50,
        call=SVD_CALL,
    )


def _text(name: str, hub_id: str, frames: int, width: int, height: int) -> ModelCard:
    return ModelCard(
        name=name,
        hub_id=hub_id,
        licence="CC-BY-NC-4.0 (no commercial use)",
        task="text-to-video",
        pipeline="TextToVideoSDPipeline",
        frames=frames,
        width=width,
        height=height,
        fps=8,
        steps=40,
        call={"guidance_scale": 9.0},
    )


MODELS: dict[str, ModelCard] = {
    "sprites-i2v": ModelCard(
        name="sprites-i2v",
        hub_id=None,
        licence="Apache-2.0, as this package",
        task="image-to-video",
        pipeline="StableVideoDiffusionPipeline",
        frames=None,
        width=64,
        height=64,
        fps=7,
        steps=25,
        embedded=True,
        call=SVD_CALL,
        path=Path(str(files("hitmark") / "sprites" / "weights" / "sprites-i2v")),
    ),
    "sprites-t2v": replace(
        _text("sprites-t2v", "", 8, 64, 64),
        hub_id=None,
        licence="Apache-2.0, as this package",
        embedded=True,
        path=Path(str(files("hitmark") / "sprites" / "weights" / "sprites-t2v")),
    ),
    "svd": _svd("svd", "stabilityai/stable-video-diffusion-img2vid", 14),
    "svd-xt": _svd("svd-xt", "stabilityai/stable-video-diffusion-img2vid-xt", 25),
    "modelscope": _text("modelscope", "ali-vilab/text-to-video-ms-1.7b", 16, 256, 256),
    "zeroscope": _text("zeroscope", "cerspense/zeroscope_v2_576w", 24, 576, 320),
}


OF_PIPELINE = {"StableVideoDiffusionPipeline": "svd", "TextToVideoSDPipeline": "modelscope"}
"""The model whose defaults a folder of this class of pipeline has."""


def model_card(name_or_path: str | Path) -> ModelCard:
    """The card of a model by name, or of a checkpoint folder in `save_pretrained` layout.

    A folder has the defaults of its pipeline class (the papers'), overridden by an optional `hitmark.json` in it with
    any of frames, width, height, fps, steps, call (arguments of the pipeline call), knobs (method -> knob -> value).

    Raises:
        HitmarkError: unknown name, no such folder, an incomplete checkpoint, or a faulty `hitmark.json`.
    """
    known = MODELS.get(str(name_or_path))
    if known is not None and known.path is None:
        return known
    folder = known.path if known is not None and known.path is not None else Path(name_or_path)
    pipeline = _pipeline_of(folder, str(name_or_path))
    card = known or replace(
        MODELS[OF_PIPELINE[pipeline]], name=str(name_or_path), hub_id=None, licence="see the checkpoint"
    )
    card = replace(card, pipeline=pipeline, path=folder)
    if card.takes_picture:  # the text-to-video networks have no number of frames in their configuration
        card = replace(card, frames=_configured_frames(folder))
    return replace(card, **_overrides(folder, card))


def _pipeline_of(folder: Path, given: str) -> str:
    """Class of the pipeline in a checkpoint folder; raises HitmarkError for what is not one."""
    if not folder.exists():
        raise HitmarkError(_unknown(given))
    index = folder / "model_index.json"
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
    if pipeline not in BACKBONES:
        raise HitmarkError(f"{folder} is a {pipeline}; hitmark knows: {', '.join(BACKBONES)}.")
    _check_complete(folder, parts)
    return pipeline


def _configured_frames(folder: Path) -> int | None:
    try:
        return int(json.loads((folder / "unet" / "config.json").read_text(encoding="utf-8"))["num_frames"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _check_complete(folder: Path, parts: dict[str, Any]) -> None:
    """Every component has its folder, and every network its weights."""
    for name, value in parts.items():
        if name.startswith("_") or not (isinstance(value, list) and len(value) == 2 and value[1]):
            continue
        part = folder / name
        configs = list(part.glob("*.json")) if part.is_dir() else []
        weights = [each for kind in ("*.safetensors", "*.bin") for each in part.glob(kind)] if part.is_dir() else []
        needs_weights = name not in ("scheduler", "feature_extractor", "tokenizer")
        if not configs or (needs_weights and not any(each.exists() for each in weights)):
            what = "weights (.safetensors)" if configs else "files"
            raise HitmarkError(
                f"{folder} is incomplete: no {what} in {name}/. The download or copy was probably cut short; repeat it "
                "(e.g. `hf download REPOSITORY --local-dir FOLDER`)."
            )


def _overrides(folder: Path, card: ModelCard) -> dict[str, Any]:
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
        if not isinstance(value, dict) and value <= 0:
            raise HitmarkError(f"{path}: {name} must be greater than 0, but is {value!r}.")
    if not all(isinstance(each, dict) for each in given.get("knobs", {}).values()):
        raise HitmarkError(f"{path}: knobs has the wrong type: expected method -> knob -> value.")
    if "call" in given:
        given["call"] = {**card.call, **given["call"]}
    return given


def load_pipeline(name_or_path: str | Path, dtype: str = "auto", device: str = "auto") -> Any:
    """Load a pipeline by name (embedded, or from the hub and its cache) or from a checkpoint folder.

    Args:
        name_or_path: a key of MODELS, or a folder.
        dtype: "float32", "float16", "bfloat16"; "auto" = float16 on CUDA, float32 elsewhere.
        device: "cpu", "cuda", "cuda:1", "mps"; "auto" = CUDA where there is one, else the CPU.

    Raises:
        HitmarkError: whatever keeps the model from being loaded, with what to do about it.
    """
    card = model_card(name_or_path)
    import torch

    device = _device(device)
    if dtype == "auto":
        dtype = "float16" if device.startswith("cuda") else "float32"
    if dtype not in ("float32", "float16", "bfloat16"):
        raise HitmarkError(f"dtype must be auto, float32, float16 or bfloat16, but got {dtype!r}.")
    import diffusers

    loader = getattr(diffusers, card.pipeline)
    options: dict[str, Any] = {"dtype": getattr(torch, dtype), "local_files_only": card.path is not None}
    source = str(card.path or card.hub_id)
    half_files = dtype != "float32" and (card.path is None or any(card.path.glob("unet/*.fp16.*")))
    try:
        pipe = _load_half_files(loader, source, options) if half_files else loader.from_pretrained(source, **options)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise HitmarkError(_cannot_load(card, error)) from error
    for part in pipe.components.values():
        if isinstance(part, torch.nn.Module):
            part.requires_grad_(False)  # loaded to generate; PyTorch rounds some kernels differently when it is on
    return pipe.to(device)


def _load_half_files(loader: Any, source: str, options: dict[str, Any]) -> Any:
    """The repository's half-precision files, half the download; the full ones where it has none."""
    try:
        return loader.from_pretrained(source, variant="fp16", **options)
    except (OSError, ValueError) as error:
        if "variant" not in str(error):
            raise
        return loader.from_pretrained(source, **options)


def _device(device: str) -> str:
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        kind = torch.device(device).type
    except RuntimeError:
        raise HitmarkError(f"Unknown device {device!r}; expected auto, cpu, cuda, cuda:NUMBER or mps.") from None
    if kind == "cuda" and not torch.cuda.is_available():
        raise HitmarkError(f"Device {device!r} was asked for, but torch finds no CUDA device; use --device cpu.")
    return device


def _unknown(given: str) -> str:
    close = difflib.get_close_matches(given, MODELS, n=1)
    meant = f" (did you mean {close[0]!r}?)" if close else ""
    if given in MODELS:
        return f"The weights of the embedded model {given!r} are missing in this installation; reinstall hitmark."
    return (
        f"Unknown model {given!r}{meant}: neither a name nor an existing folder. Names: {', '.join(MODELS)}. "
        "A folder must hold a pipeline in save_pretrained layout."
    )


def _cannot_load(card: ModelCard, error: Exception) -> str:
    reason = " ".join(str(error).split())[:400]
    if card.hub_id is None:
        return (
            f"The checkpoint {card.path} cannot be loaded: {reason} Expected complete, matching config and weight "
            "files as written by pipe.save_pretrained; copy or download them again."
        )
    return (
        f"{card.name} ({card.hub_id}) cannot be loaded: {reason}\n"
        f"What to do: (1) the first use downloads it, so go online and unset HF_HUB_OFFLINE; (2) the repository may be "
        f"gated: accept its licence at https://huggingface.co/{card.hub_id} and run `hf auth login`; (3) if it is "
        "already on this machine, set HF_HOME to the folder with that cache, or give the checkpoint's folder with "
        "--model PATH; (4) after an interrupted download run "
        f"`hf download {card.hub_id}` again."
    )
