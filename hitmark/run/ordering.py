"""What a plan asks a pipeline for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

from hitmark.backbones.order import Order

if TYPE_CHECKING:
    from PIL import Image

    from hitmark.run.plan import Plan


def order_of(planned: Plan, picture: Image.Image | None, after_step: Callable[[int, torch.Tensor], None]) -> Order:
    """What a plan asks a pipeline for."""
    return Order(
        picture=picture,
        prompt=planned.scene.prompt,
        negative_prompt=planned.scene.negative_prompt,
        width=planned.width,
        height=planned.height,
        frames=planned.frames,
        steps=planned.steps,
        generator=torch.Generator("cpu").manual_seed(planned.scene.seed),
        arguments=planned.call,
        after_step=after_step,
    )
