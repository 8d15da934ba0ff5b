"""The initialization gap: how far what the model does of its own accord agrees with the boxes, step by step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from hitmark.control import AttentionCall, AttentionSite, Control, Layout, Step
from hitmark.maths.frequency import low_frequencies
from hitmark.maths.moving_frame import read_boxes
from hitmark.methods.regions import subjects
from hitmark.scene.tracks import Track

CUTOFF = 0.5
"""Frequencies of a box's content up to this (1 = Nyquist) are compared over time."""


@dataclass(frozen=True)
class GapProbe(Control):
    """Watches where the words of subjects look and what lies in the boxes.

    The attention is the layer's own, whatever masks other controls lay over it: where the network would look.

    Attributes:
        attention_maps: step -> (rows, columns) of a grid -> sum over its layers of the share of a cell's attention that
            is given to the subjects' words, float32 (frames, rows, columns), mean over heads; the prompt's branch.
        inside: step -> for each layer how much larger that share is in the boxes than outside of them, as
            (inside - outside) / (inside + outside), -1..1.
        along: step -> for each subject how alike the low frequencies of the clean estimate in its box are over time:
            mean correlation of pairs of frames, -1..1.
        layouts: of the clips that were watched. sites: the layers of cross-attention.
    """

    method: ClassVar[str] = "gap-probe"
    watches: ClassVar[bool] = True

    attention_maps: dict[int, dict[tuple[int, int], Tensor]] = field(default_factory=dict)
    inside: dict[int, list[float]] = field(default_factory=dict)
    along: dict[int, list[float]] = field(default_factory=dict)
    layouts: list[Layout] = field(default_factory=list)
    sites: list[AttentionSite] = field(default_factory=list)

    def check(self, layout: Layout) -> None:
        """Remember the layout."""
        self.layouts.append(layout)

    def attends(self, site: AttentionSite, step: Step) -> bool:
        """On cross-attention."""
        return site.scope == "words"

    def attention(self, call: AttentionCall, step: Step) -> Tensor:
        """Read the map, and hand on what was given."""
        prompted = [place for place, branch in enumerate(call.branches) if branch.prompted]
        if prompted and step.layout.prompt is not None:
            prompt = step.layout.prompt
            words = sorted({each for track in _named(step) for each in prompt.positions(str(track.phrase))})
            if call.site not in self.sites:
                self.sites.append(call.site)
            queries, keys = call.queries[prompted[-1]], call.keys[prompted[-1]]
            logits = queries.float() @ keys.float().transpose(-1, -2) * queries.shape[-1] ** -0.5
            share = logits.softmax(dim=-1)[..., words].sum(dim=-1).mean(dim=1).cpu()
            boxes = call.tokens(step.layout.regions(call.site.grid) > 0).cpu()
            if boxes.any() and not boxes.all():
                within, without = float(share[boxes].mean()), float(share[~boxes].mean())
                self.inside.setdefault(step.index, []).append((within - without) / max(within + without, 1e-12))
            grids = self.attention_maps.setdefault(step.index, {})
            grid = call.site.grid[1:]
            grids[grid] = grids.get(grid, torch.zeros(())) + share.reshape(call.site.grid)
        return call.run()

    def prediction(self, clean: Tensor, step: Step) -> Tensor:
        """Compare the content of each box over time."""
        values = [along_path(clean[0], track) for track in subjects(step.layout)]
        self.along[step.index] = [value for value in values if np.isfinite(value)]
        return clean


def along_path(frames: Tensor, track: Track, cutoff: float = CUTOFF) -> float:
    """Mean correlation, over pairs of frames, of the low frequencies of what lies in a track's box.

    Args:
        frames: (frames, channels, rows, columns); each channel's mean over the clip is taken off first.
        track: where; NaN is returned when fewer than two frames show it.
        cutoff: 1 = Nyquist of the latents.
    """
    shown = torch.from_numpy(track.visible).to(frames.device)
    if int(shown.sum()) < 2:
        return float("nan")
    boxes = torch.from_numpy(track.boxes).float().to(frames.device)[shown]
    sides = (boxes[:, 2:] - boxes[:, :2]).amax(dim=0)
    height, width = (
        max(2, round(float(side) * count)) for side, count in zip(sides.flip(0), frames.shape[-2:], strict=True)
    )
    centered = frames - frames.mean(dim=(0, 2, 3), keepdim=True)
    content = low_frequencies(read_boxes(centered[shown], boxes, height, width), cutoff).flatten(1)
    content = torch.nn.functional.normalize(content, dim=1)
    alike = content @ content.T
    count = len(alike)
    return float((alike.sum() - alike.trace()) / (count * (count - 1)))


def _named(step: Step) -> list[Track]:
    return [track for track in subjects(step.layout) if track.phrase]
