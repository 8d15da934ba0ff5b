"""Puts controls around the attention layers of a denoiser: one processor per layer while a pipeline is attached."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from hitmark.backbones.layers import AttentionLayer, DiffusersProjections
from hitmark.control import AttentionCall, AttentionSite, Control, Proceed, Step
from hitmark.errors import HitmarkError


@dataclass
class AttentionClock:
    """What the layers must know of the denoiser's current call; `steps` is empty outside of the loop's calls."""

    controls: Sequence[Control] = ()
    steps: list[Step] = field(default_factory=list)
    conditional: tuple[bool, ...] = ()

    def clear(self) -> None:
        """Between the loop's calls of the denoiser."""
        self.steps, self.conditional = [], ()


class ControlledProcessor:
    """Runs one attention layer: as it is, or with the controls of each clip around it."""

    def __init__(self, layer: AttentionLayer, original: Any, clock: AttentionClock) -> None:
        self.layer, self.original, self.clock = layer, original, clock
        self.projections = DiffusersProjections(layer)

    def __call__(
        self, attn: Any, hidden_states: Tensor, encoder_hidden_states: Tensor | None = None, *args: Any, **kwargs: Any
    ) -> Tensor:
        """As the processor that it stands for."""
        steps = self.clock.steps
        if not steps:
            return self.original(attn, hidden_states, encoder_hidden_states, *args, **kwargs)
        site = self._site(hidden_states, steps)
        acting = [_acting(self.clock.controls, site, step) for step in steps]
        if not any(acting):
            return self.original(attn, hidden_states, encoder_hidden_states, *args, **kwargs)
        branches, clips = len(self.clock.conditional), len(steps)
        tokens = hidden_states.unflatten(0, (branches, clips, -1))
        words = None if encoder_hidden_states is None else encoder_hidden_states.unflatten(0, (branches, clips, -1))

        def plain(call: AttentionCall) -> Tensor:
            rows = call.tokens.shape[1]
            context = None if call.words is None else call.words[:, None].expand(-1, rows, -1, -1).flatten(0, 1)
            return self.original(attn, call.tokens.flatten(0, 1), context, *args, **kwargs).unflatten(0, (-1, rows))

        outputs = []
        for clip, step in enumerate(steps):
            own_words = None if words is None else words[:, clip, 0]
            call = AttentionCall(site, tokens[:, clip], own_words, self.clock.conditional, self.projections, plain)
            outputs.append(_chained(acting[clip], step, plain)(call))
        return torch.stack(outputs, dim=1).flatten(0, 2).to(hidden_states.dtype)

    def _site(self, hidden_states: Tensor, steps: list[Step]) -> AttentionSite:
        layout = steps[0].layout
        groups = len(self.clock.conditional) * len(steps)
        rows, length = hidden_states.shape[0] // groups, hidden_states.shape[1]
        cells = rows if self.layer.kind == "temporal" else length
        height, width = grid_of(cells, layout.height, layout.width, self.layer.name)
        layer = self.layer
        return AttentionSite(layer.name, layer.kind, layer.stage, layer.second, layout.frames, height, width)


def _acting(controls: Sequence[Control], site: AttentionSite, step: Step) -> list[Control]:
    """Those that change this layer at this step; one that refines only where there is something to refine."""
    chosen: list[Control] = []
    for control in controls:
        if (chosen or not control.refines) and control.attends(site, step):
            chosen.append(control)
    return chosen


def _chained(controls: Sequence[Control], step: Step, plain: Proceed) -> Proceed:
    """The controls in their order, each around those before it."""
    run = plain
    for control in controls:

        def around(call: AttentionCall, control: Control = control, inner: Proceed = run) -> Tensor:
            return control.attention(call, step, inner)

        run = around
    return run


def grid_of(cells: int, height: int, width: int, name: str = "attention") -> tuple[int, int]:
    """Rows and columns of the level that has so many cells: latents halved, rounded up, as strided convolutions do."""
    rows, columns = height, width
    while rows * columns > cells and (rows, columns) != (1, 1):
        rows, columns = math.ceil(rows / 2), math.ceil(columns / 2)
    if rows * columns != cells:
        raise HitmarkError(
            f"{name} has {cells} cells, which is no level of a latent grid of {height} x {width} halved repeatedly."
        )
    return rows, columns
