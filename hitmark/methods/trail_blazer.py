"""TrailBlazer: attention of a subject's words raised in its box and lowered outside (Ma, Lewis, Kleijn; 2401.00896).

After the paper's Eq. 1-3; docs/methods/trail-blazer.md says what differs. Words at key times are not supported.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from hitmark.control import AttentionCall, AttentionSite, Control, Layout, Proceed, Step, number
from hitmark.maths.region_attention import edited_attention
from hitmark.methods.bumps import bumps
from hitmark.methods.regions import check_subjects, subjects
from hitmark.prompt import Prompt

SPREAD = 0.5
"""Standard deviation of the bump, in sides of the box (Eq. 2)."""


@dataclass(frozen=True)
class TrailBlazer(Control):
    """Edits of attention weights after the softmax; they are not made to sum to one again.

    Attributes:
        spatial_steps: number of first steps with edited cross-attention (N_S).
        temporal_steps: number of first steps with edited temporal attention (N_M), in the middle block's second layer.
        trailing: how many of the tokens after the prompt's last word are edited like the subject's (|T|).
        weaken: factor outside of the box (c_w).
        strengthen: added in the middle of the box (c_s).
    """

    method: ClassVar[str] = "trailblazer"

    spatial_steps: int = 5
    temporal_steps: int = 5
    trailing: int = 15
    weaken: float = 0.001
    strengthen: float = 0.1

    def __post_init__(self) -> None:
        """Check every knob."""
        for name in ("spatial_steps", "temporal_steps", "trailing"):
            number(self.method, name, getattr(self, name), 0, 10_000, whole=True)
        number(self.method, "weaken", self.weaken, 0, 1)
        number(self.method, "strengthen", self.strengthen, 0, 10)

    def check(self, layout: Layout) -> None:
        """Raise HitmarkError unless every subject has a phrase that is in the prompt."""
        check_subjects(self.method, layout)

    def attends(self, site: AttentionSite, step: Step) -> bool:
        """Cross-attention everywhere; of temporal attention the middle block's second."""
        if site.kind == "cross":
            return step.index < self.spatial_steps
        return site.kind == "temporal" and site.second and site.stage == "mid" and step.index < self.temporal_steps

    def attention(self, call: AttentionCall, step: Step, proceed: Proceed) -> Tensor:
        """Eq. 1-2 for words, Eq. 3 for frames; the prompt's branch only."""
        edit = self._words if call.site.kind == "cross" else self._frames
        factor, added = (each.to(call.tokens.device) for each in edit(call.site, step.layout, call))
        chosen = torch.tensor(call.conditional, device=call.tokens.device)[:, None, None, None, None]

        def edited(weights: Tensor) -> Tensor:
            return torch.where(chosen, weights * factor + added, weights)

        return call.layer.output(edited_attention(*call.projected(), edited))

    def _words(self, site: AttentionSite, layout: Layout, call: AttentionCall) -> tuple[Tensor, Tensor]:
        """Factor and addend of the weights: (1, frames, 1, cells, words)."""
        prompt = check_subjects(self.method, layout)
        count = 0 if call.words is None else call.words.shape[1]
        factor = torch.ones(site.frames, site.height * site.width, count)
        added = torch.zeros_like(factor)
        for track in subjects(layout):
            inside, bump = bumps(track, site, SPREAD)
            words = sorted({*prompt.positions(str(track.phrase)), *self._trailing(prompt)})
            factor[:, :, words] *= torch.where(inside, 1.0, self.weaken)[..., None]
            added[:, :, words] += self.strengthen * bump[..., None]
        return factor[None, :, None], added[None, :, None]

    def _trailing(self, prompt: Prompt) -> range:
        """The end token and what follows it."""
        first = 1 + sum(len(prompt.encode(word)) for word in prompt.words())
        return range(min(first, len(prompt.tokens)), min(first + self.trailing, len(prompt.tokens)))

    def _frames(self, site: AttentionSite, layout: Layout, call: AttentionCall) -> tuple[Tensor, Tensor]:
        """Factor and addend of the weights of frame j for frame i, by the box of frame i: (1, cells, 1, i, j)."""
        factor = torch.ones(site.height * site.width, site.frames, site.frames)
        added = torch.zeros_like(factor)
        times = torch.arange(site.frames)
        apart = (times[:, None] - times[None, :]).abs() / site.frames
        for track in subjects(layout):
            inside, bump = (each.T for each in bumps(track, site, SPREAD))
            factor *= torch.where(inside, 1.0, self.weaken)[:, :, None]
            added += self.strengthen * (1 - 2 * apart) * bump[:, :, None]
        return factor[None, :, None], added[None, :, None]
