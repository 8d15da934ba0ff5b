"""What lets a run go on from an exported pipeline, where its checkpoints are not at hand.

The pipeline has the averaged weights in half precision. Beside them lies a small file with the latent code, the parts
of the network that only training needs, and how far each part of the run was. The optimizers begin anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from hitmark.errors import HitmarkError

FILE = "training.safetensors"


@dataclass(frozen=True)
class Milestone:
    """An exported pipeline that a run can begin from."""

    folder: Path
    tensors: dict[str, Tensor]
    counts: dict[str, int]
    """Steps by part of the run, and whole numbers of the code as `code.NAME`."""

    def code(self, kind: Any) -> Any:
        """The latent code, of its class."""
        values = {entry.name: f"code.{entry.name}" for entry in fields(kind)}
        return kind(**{name: self.tensors.get(key, self.counts.get(key)) for name, key in values.items()})

    def load(self, model: nn.Module) -> None:
        """Puts the weights into the parts of a denoiser's model. Raises HitmarkError where sizes differ."""
        for name, part in model.named_children():
            self._put(name, part, self._of_pipeline(name, part) or self._of_training(name))

    def load_autoencoder(self, autoencoder: nn.Module) -> None:
        """Puts the weights into an autoencoder. Raises HitmarkError where sizes differ."""
        self._put("vae", autoencoder, self._of_pipeline("vae", autoencoder))

    def _put(self, name: str, part: nn.Module, saved: dict[str, Tensor]) -> None:
        """Puts values that were saved into a part."""
        if not saved:
            raise HitmarkError(f"{self.folder}: expected weights of {name} in it or in its {FILE}, found none")
        try:
            part.load_state_dict(saved)
        except RuntimeError as error:
            raise HitmarkError(
                f"{self.folder}: its {name} has other sizes than the configuration; give the one that it was trained "
                "with by --config"
            ) from error

    def _of_pipeline(self, name: str, part: Any) -> dict[str, Tensor]:
        """The values of a part that the pipeline has, else none."""
        if not (self.folder / name).is_dir():
            return {}
        return type(part).from_pretrained(self.folder / name).float().state_dict()

    def _of_training(self, name: str) -> dict[str, Tensor]:
        """The values of a part that only training needs."""
        start = f"{name}."
        return {key.removeprefix(start): value.float() for key, value in self.tensors.items() if key.startswith(start)}


def read_milestone(folder: Path) -> Milestone:
    """Raises HitmarkError for a folder that `hitmark train` did not write."""
    from safetensors import safe_open

    try:
        with safe_open(folder / FILE, "pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            counts = {key: int(value) for key, value in (file.metadata() or {}).items() if key != "format"}
    except Exception as error:
        raise HitmarkError(
            f"{folder}: expected a pipeline that `hitmark train` wrote, with a readable {FILE} in it ({error})"
        ) from None
    return Milestone(folder, tensors, counts)


def write_milestone(pipeline: Path, code: Any, model: nn.Module, steps: dict[str, int]) -> None:
    """Writes FILE into a pipeline's folder. `steps`: how far each part of the run is."""
    from safetensors.torch import save_file

    tensors, counts = {}, dict(steps)
    for entry in fields(code):
        value = getattr(code, entry.name)
        (tensors if isinstance(value, Tensor) else counts)[f"code.{entry.name}"] = value
    tensors |= dict(_only_trained(pipeline, model))
    save_file(
        {key: value.contiguous() for key, value in tensors.items()},
        pipeline / FILE,
        {key: str(value) for key, value in counts.items()},
    )


def _only_trained(pipeline: Path, model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """What the pipeline does not have of the model, in half precision."""
    for name, part in model.named_children():
        if not (pipeline / name).is_dir():
            yield from ((f"{name}.{key}", value.to(torch.float16)) for key, value in part.state_dict().items())
