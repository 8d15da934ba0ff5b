"""A pipeline as its folder describes it, whose networks have shapes and no values: of any size, in no memory."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch._subclasses import FakeTensorMode

from hitmark.errors import HitmarkError
from hitmark.run.model_choice import model_folder

if TYPE_CHECKING:
    from hitmark.backbones.catalog import ModelCard

CPU = property(lambda _: torch.device("cpu"))


def skeleton(card: ModelCard, dtype: torch.dtype, fake: FakeTensorMode) -> Any:
    """The model's stock pipeline, its tokenizers and scheduler whole, its networks without values.

    It says that it computes on the CPU, so that everything around its networks is real.

    Raises:
        HitmarkError: no configuration of the model on this machine, or one that cannot be read.
    """
    import diffusers

    folder = model_folder(card)
    if folder is None:
        raise HitmarkError(
            f"memory: what {card.name} needs follows from its configuration, which is not on this machine.",
            hint=f"Without the weights it comes by: hf download {card.hub_id} --include '*.json' '*.txt' '*.model'",
        )
    try:
        index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
        parts = {
            name: _part(folder / name, entry[0], entry[1], dtype, fake)
            for name, entry in index.items()
            if isinstance(entry, list) and len(entry) == 2 and None not in entry
        }
        networks = {name: part for name, part in parts.items() if part is not None}
        pipe: Any = getattr(diffusers, card.pipeline).from_pretrained(folder, local_files_only=True, **networks)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ImportError) as error:
        raise HitmarkError(f"memory: the configuration in {folder} cannot be read: {error}") from error
    pipe.set_progress_bar_config(disable=True)
    kind = type(pipe)
    pipe.__class__ = type(kind.__name__, (kind,), {"device": CPU, "_execution_device": CPU})
    return pipe


def _part(folder: Path, library: str, name: str, dtype: torch.dtype, fake: FakeTensorMode) -> nn.Module | None:
    """A network without values; None for what is no network, or is described in the pipeline's own folder."""
    kind = _class_of(library, name)
    if not _is_network(kind):
        return None
    with torch.device("meta"):
        if library == "transformers":
            network = kind(kind.config_class.from_pretrained(folder, local_files_only=True))
        else:
            network = kind.from_config(kind.load_config(folder, local_files_only=True))
    nn.Module.to(network, dtype=dtype)
    with fake:
        network.to_empty(device="cpu")
        if library == "transformers":
            network.tie_weights()  # a table that two places share
    return network.eval().requires_grad_(False)


def _class_of(library: str, name: str) -> Any:
    """A class by what an index says: of one of diffusers' folders of pipelines, or of a library; None: of neither."""
    for module in (f"diffusers.pipelines.{library}", library):
        try:
            return getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError):
            continue
    return None


def _is_network(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, nn.Module)


def weights_of(pipe: Any) -> dict[str, int]:
    """Bytes of the parameters and buffers of each network."""
    return {
        name: sum(each.numel() * each.element_size() for each in (*part.parameters(), *part.buffers()))
        for name, part in pipe.components.items()
        if isinstance(part, nn.Module)
    }
