"""Whether the memory that is free holds a clip, by its rehearsal, where neither yes nor no is plain without one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from hitmark.backbones.loading import check_placement, chosen_dtype
from hitmark.backbones.memory import GIB
from hitmark.errors import GenerationError, HitmarkError
from hitmark.run.memory_fit import free_bytes, weight_bytes
from hitmark.run.rehearsal.fitting import gib, within
from hitmark.run.rehearsal.rehearse import rehearse

if TYPE_CHECKING:
    from PIL import Image

    from hitmark.run.plan import Plan
    from hitmark.run.rehearsal.estimate import Estimate

PLENTY = 15_000
"""Bytes of a pixel of a frame: with so much beside its weights a clip is not rehearsed. SG-I2V takes the most: 6,855 on
sprites-i2v, and by its rehearsal 3,250 on a network of SVD's size in half precision."""


def check_room(
    planned: Plan,
    picture: Image.Image | None,
    dtype: str = "auto",
    device: str = "auto",
    *,
    loaded: bool = False,
    estimate: Estimate | None = None,
) -> None:
    """Raise HitmarkError where the memory that is free does not hold a clip by its estimate, with what would help.

    On a processor only: of a GPU no estimate was checked. A pipeline that cannot be estimated is not refused.

    Args:
        planned: as `rehearse` takes it.
        picture: likewise.
        dtype: of the weights, as `load_pipeline` takes it.
        device: likewise.
        loaded: whether the weights are in memory already.
        estimate: of the plan, where it is known.
    """
    device = check_placement(dtype, device)
    free, weights = free_bytes(), weight_bytes(planned.card)
    if device != "cpu" or free is None or not weights:
        return
    if math.prod(planned.shape) * PLENTY + (0 if loaded else weights) <= free:
        return
    kind = getattr(torch, chosen_dtype(planned.card, dtype, device))
    try:
        estimate = estimate or rehearse(planned, picture, kind)
    except HitmarkError:
        return
    room = free + (sum(estimate.weights.values()) if loaded else 0)
    if estimate.peak <= room:
        return
    memory = math.floor(10 * room / GIB) / 10
    fitted = within(planned, picture, memory, kind, "are free", estimate)
    raise GenerationError(
        f"memory: this clip takes about {gib(estimate.peak)} at its peak ({estimate.largest}), and "
        f"{gib(room)} are free; nothing was started.",
        hint=f"It fits with {'; '.join(fitted.notes)} (on the command line --memory {memory:g} chooses that)",
    )
