"""Query warp: a subject asks in every frame what it asked in its first one, from where it is to be.

Published is that moving the queries of attention is what moves things (QWERTY, arXiv:2607.01869, of which no code and
no numbers were known to us). **The formulation here is ours**: all of the query is taken, not its semantic channels,
and no latents are optimized. See docs/methods/query-warp.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from hitmark.control import (
    Abilities,
    AttentionSite,
    Control,
    Grid,
    LayerCall,
    Layout,
    Needs,
    Proceed,
    Scope,
    Step,
    knob,
)
from hitmark.control.abilities import check_needs
from hitmark.errors import HitmarkError
from hitmark.methods.noisy_steps import noisy
from hitmark.scene.grid import clip_cells, latent_cells
from hitmark.scene.tracks import Track

SCOPES: frozenset[Scope] = frozenset({"frame", "video"})
"""Of the attention in which cells of a frame look at each other."""


@dataclass(frozen=True)
class QueryWarp(Control):
    """Queries of a subject's tokens are those of the same place of its box in the first frame that shows it.

    They are taken before the rotary embedding, so they ask from where they are put. Keys and values stay.
    """

    method: ClassVar[str] = "query-warp"
    needs: ClassVar[Needs] = Needs(subjects=True, phrases=False)

    lowest_noise: float = knob(
        0.965,
        low=0,
        high=1,
        grid=(0.9, 0.95, 0.965, 0.98),
        help="Acts at the first step, and while the noise's share of the latents is at least this.",
        more="0.965 are the first five of Wan's fifty steps at shift 3; the published method acts at the first five.",
    )
    first_layer: float = knob(
        0.0, low=0, high=1, help="How deep the first layer is that is changed, 0 (the first) to 1 (the last)."
    )
    last_layer: float = knob(
        1.0,
        low=0,
        high=1,
        grid=(0.5, 1.0),
        help="How deep the last layer is that is changed, 0 (the first) to 1 (the last).",
    )

    def __post_init__(self) -> None:
        """Check every knob."""
        super().__post_init__()
        if self.first_layer > self.last_layer:
            raise HitmarkError(
                f"{self.method}: first_layer must not be deeper than last_layer, but got {self.first_layer:g} and "
                f"{self.last_layer:g}."
            )

    def check(self, layout: Layout) -> None:
        """Raise HitmarkError for a scene without a subject."""
        check_needs(self.method, self.needs, layout.tracks, "", reads_words=layout.reads_words)

    def edited_scopes(self, abilities: Abilities) -> frozenset[Scope]:
        """Attention among the cells of a frame or of the clip."""
        return abilities.scopes & SCOPES

    def attends(self, site: AttentionSite, step: Step) -> bool:
        """Where the cells of a frame, or of the clip, see each other."""
        deep = self.first_layer <= site.depth <= self.last_layer
        return site.scope in SCOPES and deep and noisy(step, self.lowest_noise)

    def attention_layer(self, call: LayerCall, step: Step, proceed: Proceed) -> Tensor:
        """Run the layer with the queries of the tokens that `sources` names."""
        taken = torch.from_numpy(sources(step.layout, call.site.grid).reshape(-1))
        if torch.equal(taken, torch.arange(len(taken))):
            return proceed(call)
        tokens = call.frames(call.tokens)
        asking = tokens.flatten(1, 2)[:, taken.to(tokens.device)].reshape(tokens.shape)
        return proceed(replace(call, asking=call.rows(asking)))


def sources(layout: Layout, grid: Grid) -> np.ndarray:
    """For each token the number of the one whose query it asks, int64 (frames, rows, columns); elsewhere its own.

    In a box of another size than the first it is the token whose place in its box is nearest. Where boxes overlap the
    nearest subject's counts. What lies outside of the picture has no query, and moves none.
    """
    frames, rows, columns = grid
    found = np.arange(frames * rows * columns).reshape(grid)
    for track in sorted(layout.tracks_on(frames), key=lambda track: track.depth):
        boxes = latent_cells(track, columns, rows, 1)
        shown = [int(frame) for frame in np.flatnonzero(_shown(track, boxes, rows, columns))]
        for frame in shown:
            _take(found, shown[0], frame, boxes)
    return found


def _shown(track: Track, boxes: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Bool (frames,): whether the box is wanted seen, and has a cell on the grid."""
    return track.visible & clip_cells(boxes, rows, columns)[1]


def _take(found: np.ndarray, first: int, frame: int, boxes: np.ndarray) -> None:
    """Write into `found` what the box of a frame takes from that of the first."""
    _frames, rows, columns = found.shape
    across, left = _places(boxes[first, [0, 2]], boxes[frame, [0, 2]], columns)
    down, top = _places(boxes[first, [1, 3]], boxes[frame, [1, 3]], rows)
    taken = (first * rows + down[:, None]) * columns + across[None, :]
    here = found[frame, top : top + len(down), left : left + len(across)]
    here[:] = np.where((down[:, None] >= 0) & (across[None, :] >= 0), taken, here)


def _places(first: np.ndarray, box: np.ndarray, count: int) -> tuple[np.ndarray, int]:
    """Along one side: for the cells of a box on a grid those of the first box, -1 outside; where they start."""
    here = np.arange(max(box[0], 0), min(box[1], count))
    places = first[0] + np.floor((here - box[0] + 0.5) * (first[1] - first[0]) / (box[1] - box[0])).astype(np.int64)
    return np.where((places >= 0) & (places < count), places, -1), int(here[0])
