"""Peekaboo: attention masked by region in the first denoising steps (Jain et al., CVPR 2024, arXiv:2312.07509).

Cells of a subject's box see that box and the subject's words, everything else sees everything else: in space (Eq. 4),
between the frames of a cell (Eq. 5) and towards the words of the prompt (Eq. 3).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from hitmark.control import AttentionCall, AttentionSite, Control, Layout, Proceed, Step, number
from hitmark.errors import HitmarkError
from hitmark.maths.region_attention import Relation, region_attention
from hitmark.methods.regions import check_subjects, nearest_subject, rows_of, subject_bits, subjects

START_TOKEN = 2
"""Region of the start token in the published code: no cell sees it."""


@dataclass(frozen=True)
class Peekaboo(Control):
    """Masks for the first steps.

    Attributes:
        masked_steps: number of steps with masks (the paper: 2 of 40 for ssv2-ST, 4 for IMC; its code: 2 of 50).
        as_published: "code" (the released program, from which the paper's figures come) or "paper" (its equations).
            In "code" only the middle and up blocks are masked; no cell sees the start token; a word is the subject's
            wherever its token occurs; the second temporal self-attention is not masked, but is given the last
            subject's cells alone and adds to them alone; with several subjects any of their cells sees any of their
            words, and two frames of a cell see each other unless each shows a different one. In "paper" every block is
            masked, both temporal self-attentions are, overlapping boxes belong to the nearest subject, and the
            negative prompt's words are left alone, since none of them means the subject.
    """

    method: ClassVar[str] = "peekaboo"

    masked_steps: int = 2
    as_published: Literal["code", "paper"] = "code"

    def __post_init__(self) -> None:
        number("peekaboo", "masked_steps", self.masked_steps, 0, 10_000, whole=True)
        if self.as_published not in ("code", "paper"):
            raise HitmarkError(f"peekaboo: as_published must be 'code' or 'paper', but got {self.as_published!r}.")

    def check(self, layout: Layout) -> None:
        """Raise HitmarkError unless every subject has a phrase that is in the prompt."""
        check_subjects("Peekaboo", layout)

    def attends(self, site: AttentionSite, step: Step) -> bool:
        """In the first steps, in the blocks that are masked."""
        return step.index < self.masked_steps and (self.as_published == "paper" or site.stage in ("mid", "up"))

    def attention(self, call: AttentionCall, step: Step, proceed: Proceed) -> Tensor:
        """Eq. 2-5."""
        if self.as_published == "paper":
            return self._as_in_paper(call, step.layout, proceed)
        return self._as_in_code(call, step.layout, proceed)

    def _as_in_paper(self, call: AttentionCall, layout: Layout, proceed: Proceed) -> Tensor:
        labels = rows_of(nearest_subject(layout), call.site)
        if call.site.kind != "cross":
            return _masked(call, labels, labels, _same)
        words = _words_of_subjects(layout, call.words)
        if all(call.conditional):
            return _masked(call, labels, words, _own_words)
        output = proceed(call).clone()
        for branch, conditional in enumerate(call.conditional):
            if conditional:
                alone = slice(branch, branch + 1)
                part = replace(call, tokens=call.tokens[alone], words=_rows(call.words, alone), conditional=(True,))
                output[alone] = _masked(part, labels, words, _own_words)
        return output

    def _as_in_code(self, call: AttentionCall, layout: Layout, proceed: Proceed) -> Tensor:
        bits = rows_of(subject_bits(layout), call.site)
        count = len(subjects(layout))
        if call.site.kind == "cross":
            return _masked(call, (bits > 0).astype(np.int64), _words_as_in_code(layout, call.words), _same)
        if call.site.kind == "spatial":
            return _masked(call, bits, bits, lambda one, other: bool(one & other) or one == other == 0)
        if not call.site.second:
            every = 2**count - 1
            return _masked(call, bits, bits, lambda one, other: bool(~one & ~other & every) or one == other == every)
        shown = torch.from_numpy(bits >> (count - 1) > 0).to(call.tokens.device)[None, :, :, None]
        return proceed(replace(call, tokens=torch.where(shown, call.tokens, call.layer.blank()))) * shown


def _masked(call: AttentionCall, regions: np.ndarray, seen: np.ndarray, may_see: Relation) -> Tensor:
    """The layer with its attention by region; `seen`: regions of the keys, (rows, keys) or (keys,)."""
    device = call.tokens.device
    asked = torch.from_numpy(np.atleast_2d(seen).copy()).to(device)
    asking = torch.from_numpy(regions.copy()).to(device)
    return call.layer.output(region_attention(*call.projected(), asking, asked, may_see))


def _same(one: int, other: int) -> bool:
    return one == other


def _own_words(cell: int, word: int) -> bool:
    """Cells of subject k see its words (bit k - 1), the background the words of no subject."""
    return bool(word >> (cell - 1) & 1) if cell else word == 0


def _words_of_subjects(layout: Layout, words: Tensor | None) -> np.ndarray:
    """For each word the sum of 2**k over the subjects k that it means, int64 (words,)."""
    prompt = check_subjects("Peekaboo", layout)
    bits = np.zeros(_count(words), dtype=np.int64)
    for number_, track in enumerate(subjects(layout)):
        bits[list(prompt.positions(str(track.phrase)))] |= 1 << number_
    return bits


def _words_as_in_code(layout: Layout, words: Tensor | None) -> np.ndarray:
    """1 for tokens that occur in a subject's phrase, START_TOKEN for the start, 0 for the rest, int64 (words,)."""
    prompt = check_subjects("Peekaboo", layout)
    regions = np.zeros(_count(words), dtype=np.int64)
    for track in subjects(layout):
        regions[list(prompt.anywhere(str(track.phrase)))] = 1
    regions[0] = START_TOKEN
    return regions


def _count(words: Tensor | None) -> int:
    return 0 if words is None else words.shape[1]


def _rows(words: Tensor | None, chosen: slice) -> Tensor | None:
    return None if words is None else words[chosen]
