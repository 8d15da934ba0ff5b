"""Loading a pipeline by name or path, with errors that say what to do."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from hitmark.backbones.catalog import ModelCard, model_card
from hitmark.backbones.own_size import with_own_size
from hitmark.errors import HitmarkError, HitmarkWarning


def load_pipeline(name_or_path: str | Path, dtype: str = "auto", device: str = "auto", *, picture: bool = False) -> Any:
    """Load a pipeline by name (embedded, or from the hub and its cache) or from a checkpoint folder.

    Args:
        name_or_path: a key of MODELS, or a folder.
        dtype: "float32", "float16", "bfloat16"; "auto" = the model's half precision on CUDA, float32 elsewhere. Half
            precision on a CPU is very slow, of which a `HitmarkWarning` tells.
        device: "cpu", "cuda", "cuda:1", "mps"; "auto" = CUDA where there is one, else an Apple GPU (mps), else the CPU.
        picture: for weights that can do both (such as wan2.2-ti2v-5b): the pipeline whose clips start from an image,
            in place of that which makes them from words alone.

    A small model of the embedded world makes clips of its own size and length where a call does not say another.

    Raises:
        HitmarkError: whatever keeps the model from being loaded, with what to do about it.
    """
    card = model_card(name_or_path).starting(picture)
    import torch

    device = check_placement(dtype, device)
    dtype = chosen_dtype(card, dtype, device)
    if dtype != "float32" and device == "cpu":
        warnings.warn(
            f"{dtype} on a CPU is many times slower than float32, for most CPUs convert every number back and forth; "
            "leave dtype (--dtype) at auto unless memory is short",
            HitmarkWarning,
            stacklevel=2,
        )
    import diffusers

    loader = getattr(diffusers, card.pipeline)
    options: dict[str, Any] = {"dtype": getattr(torch, dtype), "local_files_only": card.path is not None}
    source = str(card.path or card.hub_id)
    denoiser = card.family.denoisers[0]
    half_files = dtype == "float16" and (card.path is None or any(card.path.glob(f"{denoiser}/*.fp16.*")))
    try:
        pipe = _load_half_files(loader, source, options) if half_files else loader.from_pretrained(source, **options)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise HitmarkError(_cannot_load(card, error)) from error
    except ImportError as error:
        raise HitmarkError(
            f"model: {card.name} needs a library that is not installed: {_reason(error)} Install it where hitmark is."
        ) from error
    for part in pipe.components.values():
        if isinstance(part, torch.nn.Module):
            part.requires_grad_(False)  # loaded to generate; PyTorch rounds some kernels differently when it is on
    pipe = pipe.to(device)
    return with_own_size(pipe, card.height, card.width, card.frames) if card.world is not None else pipe


def _load_half_files(loader: Any, source: str, options: dict[str, Any]) -> Any:
    """The repository's half-precision files, half the download; the full ones where it has none."""
    try:
        return loader.from_pretrained(source, variant="fp16", **options)
    except (OSError, ValueError) as error:
        if "variant" not in str(error):
            raise
        return loader.from_pretrained(source, **options)


def chosen_dtype(card: ModelCard, dtype: str, device: str) -> str:
    """Return the type of the weights on a device, "auto" being decided."""
    if dtype != "auto":
        return dtype
    return card.half if device.startswith("cuda") else "float32"


def check_placement(dtype: str, device: str) -> str:
    """Return the device that a model would be loaded to, "auto" being decided; nothing is loaded.

    Raises:
        HitmarkError: a dtype or a device that there is not, by the name of its argument.
    """
    if dtype not in ("auto", "float32", "float16", "bfloat16"):
        raise HitmarkError(f"dtype: expected auto, float32, float16 or bfloat16, got {dtype!r}; choose one of them")
    return _device(device)


def _device(device: str) -> str:
    import torch

    if device == "auto":
        return next((kind for kind in ("cuda", "mps") if device_count(kind)), "cpu")
    try:
        asked = torch.device(device)
    except RuntimeError:
        raise HitmarkError(
            f"device: expected auto, cpu, cuda, cuda:NUMBER or mps, got {device!r}; auto finds one"
        ) from None
    count = 1 if asked.type == "cpu" else device_count(asked.type)
    if not count:
        kind = {"cuda": "CUDA"}.get(asked.type, asked.type)
        raise HitmarkError(f"device: {device!r} was asked for, but torch finds no {kind} device; take cpu or auto")
    if (asked.index or 0) >= count:
        last = f"{asked.type}:{count - 1}"
        raise HitmarkError(f"device: {device!r} was asked for, but torch finds {count}; the last one is {last}")
    return device


def device_count(kind: str) -> int:
    """Return how many devices of a kind torch can compute on here: "cuda", "mps", "xpu" ...; 0 for an unknown kind."""
    import torch

    if kind == "mps":
        return int(torch.backends.mps.is_available())
    module = getattr(torch, kind, None)
    try:
        return int(module.device_count()) if module is not None and module.is_available() else 0
    except (AttributeError, RuntimeError):
        return 0


def _cannot_load(card: ModelCard, error: Exception) -> str:
    reason = _reason(error)
    if card.hub_id is None:
        return (
            f"The checkpoint {card.path} cannot be loaded: {reason} Expected complete, matching config and weight "
            "files as written by pipe.save_pretrained; copy or download them again."
        )
    return (
        f"{card.name} ({card.hub_id}) cannot be loaded: {reason}\n"
        f"What to do: (1) the first use downloads it, so go online and unset HF_HUB_OFFLINE; (2) the repository may be "
        f"gated: accept its license at https://huggingface.co/{card.hub_id} and run `hf auth login`; (3) if it is "
        "already on this machine, set HF_HOME to the folder with that cache, or give the checkpoint's folder with "
        "--model PATH; (4) after an interrupted download run "
        f"`hf download {card.hub_id}` again."
    )


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:400]
