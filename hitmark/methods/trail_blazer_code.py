"""What the released program of TrailBlazer does to attention weights, by its rules alone (arXiv:2401.00896).

Everything that is added is held in float16 there, and is here; otherwise a weight would differ by up to 5e-4 of what is
added. The program edits one subject in a pass; several are edited in one pass here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from hitmark.control import AttentionCall, Grid, Layout
from hitmark.maths.region_attention import edited_attention
from hitmark.methods.released_cells import released_bumps, trail_blazer_cells
from hitmark.prompt import Prompt

EDITED_SIZE = 65_536
"""Branches x heads x cells of the temporal layers that are edited."""


@dataclass(frozen=True)
class Strength:
    """Factor outside of a box, and of what is added inside."""

    weaken: float
    strengthen: float


def words_edited(prompt: Prompt, phrase: str, trailing: int) -> list[int]:
    """Positions of a phrase, and of so many tokens after as many as there are words before the first ";"."""
    words = len(prompt.text.split(";")[0].split(" "))
    behind = range(min(words + 1, len(prompt.ids)), min(words + 1 + trailing, len(prompt.ids)))
    return sorted({*prompt.positions(phrase), *behind})


def edits_frames(call: AttentionCall) -> bool:
    """Whether the program edits a second temporal layer of this size."""
    both = len(call.branches) == 2 and not all(branch.prompted for branch in call.branches)
    return both and 2 * call.queries.shape[1] * call.queries.shape[2] == EDITED_SIZE


def edited_words(call: AttentionCall, layout: Layout, words: Mapping[int, list[int]], strength: Strength) -> Tensor:
    """Attention to words, edited in the branches that read the prompt.

    Args:
        call: each row of which is one frame.
        layout: with subjects.
        words: positions of the edited words, by number of the subject.
        strength: of the edit.
    """
    bumps = [call.tokens(bump) for _inside, bump in _places(layout, call.site.grid)]  # (frames, cells)

    def edited(weights: Tensor) -> Tensor:
        result = weights.clone()
        for place, branch in enumerate(call.branches):
            if not branch.prompted:
                continue
            largest = weights[place].max()
            factor, added = (fill(weights[place, :, 0]) for fill in (torch.ones_like, torch.zeros_like))
            for number, bump in enumerate(bumps):
                own, less = _edit(bump * largest, strength)
                factor[..., words[number]] *= less[..., None]
                added[..., words[number]] += own[..., None]
            result[place] = weights[place] * factor[:, None] + added[:, None]
        return result

    return edited_attention(call.queries, call.keys, call.values, edited)


def edited_frames(call: AttentionCall, layout: Layout, strength: Strength) -> Tensor:
    """Temporal attention, edited in the branch of the negative prompt, where either frame's box is."""
    places = [
        (call.tokens(inside), call.tokens(bump)) for inside, bump in _places(layout, call.site.grid)
    ]  # (cells, frames)

    def edited(weights: Tensor) -> Tensor:
        result = weights.clone()
        for place, branch in enumerate(call.branches):
            if branch.prompted:
                continue
            largest = weights[place].max()
            factor, added = (fill(weights[place, :, 0]) for fill in (torch.ones_like, torch.zeros_like))
            for inside, bump in places:
                own, less = _edit(_between_frames(inside, bump * largest, largest.half()), strength)
                factor *= less
                added += own
            result[place] = (weights[place] * factor[:, None] + added[:, None]).abs()
        return result

    return edited_attention(call.queries, call.keys, call.values, edited)


def _places(layout: Layout, grid: Grid) -> list[tuple[Tensor, Tensor]]:
    """Of each subject where it is, and its bump."""
    frames, rows, columns = grid
    return [
        released_bumps(trail_blazer_cells(track, rows, columns), track.visible, grid)
        for track in layout.tracks_on(frames)
    ]


def _edit(places: Tensor, strength: Strength) -> tuple[Tensor, Tensor]:
    """What is added, and the factor: whatever has nothing added is outside."""
    less = torch.where(places == 0, torch.tensor(strength.weaken).half().to(places.device), 1.0)
    return strength.strengthen * places, less


def _between_frames(inside: Tensor, patch: Tensor, peak: Tensor) -> Tensor:
    """For frames i and j (cells, i, j) what is added in the box of j, else in that of i: less with their distance.

    Args:
        inside: bool (cells, frames).
        patch: float16, likewise: the bumps, scaled.
        peak: float16, the largest value of a bump.
    """
    count = patch.shape[1]
    table = patch.new_zeros(len(patch), count, count)
    for i in range(count):
        for j in range(count):
            apart = abs(i - j) / count
            for frame in (i, j):
                own = (patch[:, frame] - peak) * apart + patch[:, frame] * (1.0 - apart)
                table[:, i, j] = torch.where(inside[:, frame], own, table[:, i, j])
    return table
