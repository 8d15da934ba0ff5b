"""FreeTraj: noise that moves along the path, and attention weakened across the box's border (Qiu et al., 2406.16863).

After the released program (docs/methods/free-traj.md says where it differs from this). Written for VideoCrafter2; here
it acts on every attention layer of the model it is attached to, in both branches of guidance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from hitmark.control import AttentionCall, AttentionSite, Control, Layout, Proceed, Step, number
from hitmark.errors import HitmarkError
from hitmark.maths.frequency import merge_video_frequencies
from hitmark.maths.region_attention import scaled_attention
from hitmark.methods.bumps import bumps
from hitmark.methods.regions import check_subjects, nearest_subject, rows_of, subjects
from hitmark.methods.temporal_intrinsic import riding_noise

PARTS = ("noise", "spatial", "temporal", "cross")
SPREAD = 1 / 3
"""Standard deviation of the bump, in sides of the box."""


@dataclass(frozen=True)
class FreeTraj(Control):
    """Noise guidance and attention guidance.

    Attributes:
        guided_steps: number of steps with edited attention (of 50).
        parts: which edits are made, of noise, spatial, temporal, cross; joined with commas.
        cutoff, temporal_cutoff: of the low frequencies of the start noise that carry the moving patch (1 = Nyquist).
        across: factor of attention logits between a subject's cells and others.
        boost: weight added, in the middle of the box, to its words; divided by the box's area and number of words.
    """

    method: ClassVar[str] = "freetraj"

    guided_steps: int = 6
    parts: str = "noise,spatial,temporal,cross"
    cutoff: float = 0.25
    temporal_cutoff: float = 0.1
    across: float = 0.01
    boost: float = 0.25

    def __post_init__(self) -> None:
        """Check every knob."""
        number(self.method, "guided_steps", self.guided_steps, 0, 10_000, whole=True)
        for name, low in (("cutoff", 1e-3), ("temporal_cutoff", 1e-3), ("across", 0), ("boost", 0)):
            number(self.method, name, getattr(self, name), low, 10)
        if not isinstance(self.parts, str) or not set(self._parts()) <= set(PARTS):
            raise HitmarkError(f"{self.method}: parts must be some of {', '.join(PARTS)}, but got {self.parts!r}.")

    def _parts(self) -> list[str]:
        return [part.strip() for part in self.parts.split(",") if part.strip()]

    def check(self, layout: Layout) -> None:
        """Raise HitmarkError unless every subject has a phrase that is in the prompt."""
        check_subjects(self.method, layout)

    def initial_noise(self, noise: Tensor, layout: Layout, generator: torch.Generator | None) -> Tensor:
        """One patch in the box of every frame, in low frequencies; high ones of fresh noise."""
        if "noise" not in self._parts():
            return noise
        pasted = noise
        for track in subjects(layout):
            pasted = riding_noise(pasted, layout, track, generator)
        device = noise.device if generator is None else generator.device
        fresh = torch.randn(noise.shape, generator=generator, device=device).to(noise.device)
        return merge_video_frequencies(pasted, fresh, self.cutoff, self.temporal_cutoff)

    def attends(self, site: AttentionSite, step: Step) -> bool:
        """In the first steps."""
        return step.index < self.guided_steps and site.kind in self._parts()

    def attention(self, call: AttentionCall, step: Step, proceed: Proceed) -> Tensor:
        """Weaker logits across borders; words of subjects only in their boxes."""
        if call.site.kind == "cross":
            return self._cross(call, step.layout)
        labels = torch.from_numpy(rows_of(nearest_subject(step.layout), call.site).copy()).to(call.tokens.device)
        return call.layer.output(scaled_attention(*call.projected(), labels, labels, self.across))

    def _cross(self, call: AttentionCall, layout: Layout) -> Tensor:
        """Outside of the boxes no subject's words; inside all words alike, and more of the subject's."""
        queries, keys, values = call.projected()
        device = queries.device
        prompt = check_subjects(self.method, layout)
        words = keys.shape[-2]
        anywhere = torch.zeros(call.site.frames, call.site.height * call.site.width, dtype=torch.bool)
        added = torch.zeros(*anywhere.shape, words)
        named = torch.zeros(words, dtype=torch.bool)
        for track in subjects(layout):
            positions = list(prompt.positions(str(track.phrase)))
            inside, bump = bumps(track, call.site, SPREAD)
            x0, y0, x1, y1 = torch.from_numpy(track.boxes).float().unbind(dim=-1)
            area = ((x1 - x0) * (y1 - y0))[:, None]
            added[:, :, positions] = torch.maximum(
                added[:, :, positions], (self.boost / area / len(positions) * bump)[..., None]
            )
            anywhere |= inside
            named[positions] = True
        logits = queries.float() @ keys.float().transpose(-1, -2) * queries.shape[-1] ** -0.5
        weights = logits.masked_fill(named.to(device), float("-inf")).softmax(dim=-1)
        weights = torch.where(anywhere.to(device)[None, :, None, :, None], 1 / words, weights)
        weights = weights + added.to(device)[None, :, None]
        return call.layer.output((weights @ values.float()).to(queries.dtype))
