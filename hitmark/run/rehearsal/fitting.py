"""A plan that stays within an amount of memory: what it has to do without, in an order that costs least first."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import torch

from hitmark.backbones.folders import usual_grid
from hitmark.backbones.memory import GIB
from hitmark.errors import GenerationError, HitmarkError
from hitmark.methods import build
from hitmark.methods.sg_i2v import SGI2V
from hitmark.run.frame_rule import fitting_frames
from hitmark.run.model_choice import configured_grid
from hitmark.run.plan import Plan
from hitmark.run.plan import plan as planned_again
from hitmark.run.rehearsal.estimate import Estimate
from hitmark.run.rehearsal.rehearse import rehearse
from hitmark.scene.parts import MethodChoice

if TYPE_CHECKING:
    from PIL import Image

BUDGETS = (1.0, 0.25, 0.0)
"""GiB of what passes with gradients keep."""
SMALLER = (0.75, 0.5, 0.25)
"""Of frames, then of the sides: what is tried for a clip that would fit."""


@dataclass(frozen=True)
class Saving:
    """A change of a plan that makes some parts of its work take less, and what it costs."""

    parts: tuple[str, ...]
    change: Callable[[Plan], Plan]
    note: str

    @property
    def name(self) -> str:
        """Of what is changed."""
        return re.split("[=:]", self.note)[0]


@dataclass(frozen=True)
class Fitted:
    """A plan within its memory, what it takes, and a sentence on each thing that it does for that."""

    planned: Plan
    estimate: Estimate
    notes: tuple[str, ...] = ()


def within(
    planned: Plan,
    picture: Image.Image | None,
    memory: float,
    dtype: torch.dtype = torch.float32,
    source: str = "were given",
    estimate: Estimate | None = None,
) -> Fitted:
    """Return the plan with what it needs to stay within so much memory, by its estimate; no weights are read.

    Gradients are made by running parts of the network twice; then frames are decoded one by one, or in tiles. The clip
    itself, its frames and its size, stay as they are asked for.

    Args:
        planned: as `rehearse` takes it.
        picture: likewise.
        memory: GiB for the weights and the work; the libraries' own memory comes on top.
        dtype: of the weights.
        source: where this memory comes from, for the message.
        estimate: of the plan as it is, where it is known.

    Raises:
        HitmarkError: it does not fit, whatever is done; the message says what would. And as `rehearse`.
    """
    limit = memory * GIB
    now = Fitted(planned, estimate or rehearse(planned, picture, dtype))
    for saving in list(_savings(planned)) * 2:  # what takes most can be another part after one of them
        if now.estimate.peak <= limit:
            break
        if now.estimate.largest in saving.parts and saving.note not in now.notes:
            changed = saving.change(now.planned)
            try:
                found = rehearse(changed, picture, dtype)
            except GenerationError:  # this autoencoder knows no tiles
                continue
            if found.parts[now.estimate.largest].peak < now.estimate.parts[now.estimate.largest].peak:
                others = tuple(note for note in now.notes if not note.startswith(saving.name))
                now = Fitted(changed, found, (*others, saving.note))
    if now.estimate.peak <= limit:
        return now
    done = "".join(f" With {note}." for note in now.notes)
    raise GenerationError(
        f"memory: this clip takes about {gib(now.estimate.peak)} at its peak ({now.estimate.largest}), "
        f"{gib(sum(now.estimate.weights.values()))} of it weights, and {memory:g} GiB {source}.{done}",
        hint=_what_fits(now, picture, limit, dtype),
    )


def gib(size: float) -> str:
    """An amount of memory in GiB, or MiB where it is small."""
    return f"{size / GIB:.1f} GiB" if size >= GIB / 2 else f"{size / 2**20:.0f} MiB"


def _savings(planned: Plan) -> Iterator[Saving]:
    """What can be done, in this order."""
    if any(isinstance(control, SGI2V) for control in planned.controls):
        for budget in BUDGETS:
            yield Saving(
                ("guidance",),
                partial(_with_budget, budget=budget),
                f"memory_budget={budget:g}: parts of the network run twice in passes with gradients (up to a third "
                "slower, the same clip)",
            )
    if planned.call.get("decode_chunk_size", 1) > 1:
        yield Saving(
            ("decoding",), _one_by_one, "decode_chunk_size=1: frames are decoded one by one; they differ a little"
        )
    if not planned.vae_tiling:
        yield Saving(
            ("decoding", "picture"),
            partial(replace, vae_tiling=True),
            "vae_tiling: pictures are made in tiles, whose seams are blended; they differ a little",
        )


def _with_budget(planned: Plan, budget: float) -> Plan:
    method = planned.scene.method
    knobs = method.knobs | {"memory_budget": budget}
    scene = planned.scene.replace(method=MethodChoice(name=method.name, preset=method.preset, knobs=knobs))
    return replace(planned, scene=scene, controls=build(method.name, knobs))


def _one_by_one(planned: Plan) -> Plan:
    return replace(planned, call=planned.call | {"decode_chunk_size": 1})


def _what_fits(now: Fitted, picture: Image.Image | None, limit: float, dtype: torch.dtype) -> str:
    """The longest clip that would fit, else the largest, as options."""
    planned = now.planned
    if sum(now.estimate.weights.values()) > limit:
        return "The weights alone are more; choose a smaller model or give more memory"
    wanted = (max(planned.card.frame_unit + 1, round(planned.frames * share)) for share in SMALLER)
    for frames in dict.fromkeys(fitting_frames(count, planned.card) for count in wanted):
        if frames < planned.frames and _fits(planned, picture, limit, dtype, frames=frames):
            return f"What would fit: --frames {frames}"
    unit = (configured_grid(planned.card) or usual_grid(planned.card))[0]
    sides = [
        [max(unit, round(side * share / unit) * unit) for share in SMALLER] for side in (planned.width, planned.height)
    ]
    for width, height in dict.fromkeys(zip(*sides, strict=True)):
        smaller = (width, height) != (planned.width, planned.height)
        if smaller and _fits(planned, picture, limit, dtype, width=width, height=height):
            return f"What would fit: --width {width} --height {height}"
    return "Not even a quarter of the frames or of the sides would fit; choose a smaller model or give more memory"


def _fits(planned: Plan, picture: Image.Image | None, limit: float, dtype: torch.dtype, **changes: int) -> bool:
    """Whether a clip of another size would fit."""
    try:
        other = planned_again(planned.scene.replace(**changes), steps=planned.steps, call=planned.call)
        return rehearse(replace(other, vae_tiling=planned.vae_tiling), picture, dtype).peak <= limit
    except HitmarkError:
        return False
