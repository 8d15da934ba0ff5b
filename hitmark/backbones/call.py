"""What a pipeline is asked for, and one call of its denoiser with names for what is in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True)
class Order:
    """One clip, as any pipeline can be asked for it.

    Attributes:
        picture: the first picture, RGB; None for a model that reads text.
        prompt, negative_prompt: for a model that reads text.
        width, height: pixels. frames, steps: numbers of them.
        generator: of the start noise.
        arguments: further arguments of the pipeline's call.
        after_step: called after each step with its index and the latents (1, frames, channels, height, width).
    """

    picture: Image.Image | None
    prompt: str
    negative_prompt: str
    width: int
    height: int
    frames: int
    steps: int
    generator: torch.Generator
    arguments: dict[str, Any]
    after_step: Callable[[int, Tensor], None]


@dataclass(frozen=True)
class DenoiserCall:
    """One call of the denoiser by the pipeline.

    Attributes:
        arguments: by name, as the network's `forward` takes them.
        batch: number of clips; guided: whether the batch also holds their unconditional halves, first.
        frames, channels, height, width: of the latents of a clip.
    """

    arguments: dict[str, Any]
    batch: int
    guided: bool
    frames: int
    channels: int
    height: int
    width: int

    def of_clip(self, clip: int) -> DenoiserCall:
        """The same call for one clip of the batch."""
        return self._with_rows([clip, self.batch + clip] if self.guided else [clip])

    def of_prompt(self, clip: int) -> DenoiserCall:
        """The same call for the conditional branch of one clip alone."""
        return replace(self._with_rows([self.batch + clip if self.guided else clip]), guided=False)

    def _with_rows(self, rows: list[int]) -> DenoiserCall:
        arguments = {name: _rows(value, rows) for name, value in self.arguments.items()}
        return replace(self, arguments=arguments, batch=1)

    @property
    def dtype(self) -> torch.dtype:
        """In which the network is fed."""
        return self.arguments["sample"].dtype

    @property
    def conditional(self) -> tuple[bool, ...]:
        """For each branch of the batch whether it is the prompt's."""
        return (False, True) if self.guided else (True,)


def _rows(value: Any, rows: list[int]) -> Any:
    """Some rows of a batched tensor; anything else (a timestep, a flag) as it is."""
    return value[rows] if isinstance(value, torch.Tensor) and value.ndim > 1 else value
