"""What a pipeline is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from PIL import Image
    from torch import Tensor


@dataclass(frozen=True)
class Order:
    """One clip, as any pipeline can be asked for it.

    Attributes:
        picture: the first picture, RGB; None for a model that takes none.
        prompt, negative_prompt: for a model that reads text.
        width, height: pixels. frames, steps: numbers of them.
        generator: of the start noise.
        arguments: further arguments of the pipeline's call.
        after_step: called after each step with its index and the latents as the pipeline holds them.
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
