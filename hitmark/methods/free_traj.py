"""FreeTraj: noise that moves along the path, and attention weakened across the box's border (Qiu et al., 2406.16863).

After the released program (docs/methods/free-traj.md says where it differs from this). Written for VideoCrafter2; here
it acts on every attention layer of the model it is attached to, in both branches of guidance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from hitmark.control import AttentionCall, AttentionSite, Control, Layout, Needs, Step, knob, listed_in
from hitmark.maths.frequency import merge_video_frequencies
from hitmark.maths.region_attention import scaled_attention
from hitmark.methods.bumps import bumps
from hitmark.methods.regions import check_subjects, subjects
from hitmark.methods.riding_noise import riding_noise
from hitmark.methods.word_bias import attend_with_biases, words_of
from hitmark.prompt import Prompt
from hitmark.scene.tracks import Track

PARTS = ("noise", "spatial", "temporal", "cross")
CARRIERS = "Of the low frequencies of the start noise that carry the moving patch"
SPREAD = 1 / 3
"""Standard deviation of the bump, in sides of the box."""
NEVER = -30.0
"""Added to logits of words that are not to be looked at: a share of 1e-13."""
SMALLEST_FACTOR = 1e-13


@dataclass(frozen=True)
class FreeTraj(Control):
    """Noise guidance and attention guidance."""

    method: ClassVar[str] = "freetraj"
    needs: ClassVar[Needs] = Needs(subjects=True)

    guided_steps: int = knob(
        6, low=0, high=10_000, grid=(2, 4, 6, 8, 12), help="Number of steps with edited attention (of 50)."
    )
    parts: str = knob(
        ",".join(PARTS),
        some_of=PARTS,
        help="Which edits are made, of noise, spatial, temporal, cross; joined with commas.",
    )
    cutoff: float = knob(0.25, low=1e-3, high=10, help=f"{CARRIERS} (1 = Nyquist).")
    temporal_cutoff: float = knob(0.1, low=1e-3, high=10, help=f"{CARRIERS}, over time (1 = Nyquist).")
    across: float = knob(
        0.01,
        low=0,
        high=10,
        grid=(0.01, 0.1),
        help="Factor of attention logits between a subject's cells and others.",
        more="Where every token sees the whole clip, it is a factor of the weights (its logarithm is added to the "
        "logits): logits there are flat, and shortening them would hardly weaken anything.",
    )
    boost: float = knob(
        0.25,
        low=0,
        high=10,
        help="Weight added, in the middle of the box, to its words; divided by the box's area and number of words.",
    )

    def _parts(self) -> list[str]:
        return listed_in(self.parts)

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
        """In the first steps; full attention is both spatial and temporal, and has words in it where it is joint."""
        parts = set(self._parts())
        own = {"spatial", "temporal", *(("cross",) if site.joint else ())} if site.scope == "video" else {site.kind}
        return step.index < self.guided_steps and bool(parts & own)

    def attention(self, call: AttentionCall, step: Step) -> Tensor:
        """Weaker logits across borders; words of subjects only in their boxes."""
        layout = step.layout
        if call.site.scope in ("frame", "cell"):
            labels = call.tokens(layout.regions(call.site.grid))
            return scaled_attention(call.queries, call.keys, call.values, labels, labels, self.across)
        prompt = check_subjects(self.method, layout)
        if call.by_frame and prompt is not None:
            return self._cross(call, layout, prompt)
        weaker = {"spatial", "temporal"} & set(self._parts())
        across = math.log(max(self.across, SMALLEST_FACTOR)) if weaker else 0.0
        words = {}
        if prompt is not None and "cross" in self._parts():
            words = self._word_biases(call.site, layout, prompt)
        return attend_with_biases(call, layout, prompt, words, across=across, every=True)

    def _word_biases(self, site: AttentionSite, layout: Layout, prompt: Prompt) -> dict[tuple[int, ...], Tensor]:
        """For the words of each subject: never outside of all boxes, more in the middle of its own."""
        tracks = layout.tracks_on(site.grid[0])
        places = [bumps(track, site, SPREAD) for track in tracks]
        anywhere = torch.stack([inside for inside, _ in places]).any(dim=0)
        biases = {}
        for track, (_inside, bump) in zip(tracks, places, strict=True):
            positions = prompt.positions(str(track.phrase))
            more = self.boost / _areas(track)[:, None, None] / len(positions) * bump
            biases[positions] = torch.where(anywhere, torch.log1p(words_of(prompt) * more), NEVER)
        return biases

    def _cross(self, call: AttentionCall, layout: Layout, prompt: Prompt) -> Tensor:
        """Outside of the boxes no subject's words; inside all words alike, and more of the subject's."""
        queries, keys, values = call.queries, call.keys, call.values
        device, words = queries.device, keys.shape[-2]
        anywhere = torch.zeros(call.site.grid, dtype=torch.bool)
        added = torch.zeros(*anywhere.shape, words)
        named = torch.zeros(words, dtype=torch.bool)
        for track in subjects(layout):
            positions = list(prompt.positions(str(track.phrase)))
            inside, bump = bumps(track, call.site, SPREAD)
            more = (self.boost / _areas(track)[:, None, None] / len(positions) * bump)[..., None]
            added[..., positions] = torch.maximum(added[..., positions], more)
            anywhere |= inside
            named[positions] = True
        logits = queries.float() @ keys.float().transpose(-1, -2) * queries.shape[-1] ** -0.5
        weights = logits.masked_fill(named.to(device), float("-inf")).softmax(dim=-1)
        weights = torch.where(call.tokens(anywhere)[None, :, None, :, None], 1 / words, weights)
        weights = weights + call.tokens(added)[None, :, None]
        return (weights @ values.float()).to(queries.dtype)


def _areas(track: Track) -> Tensor:
    """Of a track's boxes, as shares of the picture: (frames,)."""
    x0, y0, x1, y1 = torch.from_numpy(track.boxes).float().unbind(dim=-1)
    return (x1 - x0) * (y1 - y0)
