"""FreeTraj: noise that moves along the path, and attention weakened across the box's border (Qiu et al., 2406.16863).

After the released program; its own cells are `as_published="code"` (docs/methods/free-traj.md says what differs).
Written for VideoCrafter2; here it acts on every attention layer of the model it is attached to, in both branches of
guidance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from hitmark.control import (
    Abilities,
    AttentionCall,
    AttentionSite,
    Control,
    Layout,
    Needs,
    Scope,
    Step,
    kinds_of,
    knob,
    listed_in,
)
from hitmark.maths.frequency import merge_video_frequencies
from hitmark.maths.region_attention import scaled_attention
from hitmark.methods.free_traj_places import Place, labels_of, places_of, released_noise
from hitmark.methods.noisy_steps import acts, lowest_noise_knob
from hitmark.methods.regions import check_subjects, refused_code, subjects
from hitmark.methods.released_cells import first_size
from hitmark.methods.riding_noise import riding_noise
from hitmark.methods.word_bias import attend_with_biases, words_of
from hitmark.prompt import Prompt

PARTS = ("noise", "spatial", "temporal", "cross")
CARRIERS = "Of the low frequencies of the start noise that carry the moving patch"
NEVER = -30.0
"""Added to logits of words that are not to be looked at: a share of 1e-13."""
SMALLEST_FACTOR = 1e-13


@dataclass(frozen=True)
class FreeTraj(Control):
    """Noise guidance and attention guidance."""

    method: ClassVar[str] = "freetraj"
    replaces: ClassVar[bool] = True
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
    as_published: Literal["paper", "code"] = knob(
        "paper",
        choices=("paper", "code"),
        help='Cells and bump of a box: "paper" (as every method here has them) or "code" (the released program).',
        more='In "code" a box keeps the size that it has first, and its size and its first corner are cut to cells by '
        "themselves in every layer; the bump is off the box's middle, in float16; a patch of noise of that size moves.",
    )
    lowest_noise: float = lowest_noise_knob()

    def _parts(self) -> list[str]:
        return listed_in(self.parts)

    def check(self, layout: Layout) -> None:
        """Raise HitmarkError unless every subject has a phrase that is in the prompt."""
        check_subjects(self.method, layout)

    def refusal(self, abilities: Abilities, model: str) -> str | None:
        """The released program is about layers in which a row is a frame or a cell."""
        if self.as_published == "code" and "frame" not in abilities.scopes:
            return refused_code(self.method, "edits the layers", model)
        return None

    @property
    def without_noise(self) -> str | None:
        """Without that part; whatever parts are left, since with none of them it is of no use."""
        rest = [part for part in self._parts() if part != "noise"] or ["cross"]
        return f"{self.method}.parts={','.join(rest)}" if "noise" in self._parts() else None

    def initial_noise(self, noise: Tensor, layout: Layout, generator: torch.Generator | None) -> Tensor:
        """One patch in the box of every frame, in low frequencies; high ones of fresh noise."""
        if "noise" not in self._parts():
            return noise
        riding = released_noise if self.as_published == "code" else riding_noise
        pasted = noise
        for track in subjects(layout):
            pasted = riding(pasted, layout, track, generator)
        device = noise.device if generator is None else generator.device
        by_frame = noise if self.as_published == "paper" else noise.transpose(1, 2)  # channels first, as published
        fresh = torch.randn(by_frame.shape, generator=generator, device=device).to(noise.device)
        if self.as_published == "code":
            fresh = fresh.transpose(1, 2)
        return merge_video_frequencies(pasted, fresh, self.cutoff, self.temporal_cutoff)

    def edited_scopes(self, abilities: Abilities) -> frozenset[Scope]:
        """Those of its parts; words that stand in the video's sequence are edited there."""
        joint = "words" not in abilities.scopes
        return frozenset(scope for scope in abilities.scopes if self.guided_steps and self._edits(scope, joint))

    def attends(self, site: AttentionSite, step: Step) -> bool:
        """In the first steps; full attention is both spatial and temporal, and has words in it where it is joint."""
        return acts(step, self.guided_steps, self.lowest_noise) and self._edits(site.scope, site.joint)

    def _edits(self, scope: Scope, joint: bool) -> bool:
        return not kinds_of(scope, joint=joint).isdisjoint(self._parts())

    def attention(self, call: AttentionCall, step: Step) -> Tensor:
        """Weaker logits across borders; words of subjects only in their boxes."""
        layout = step.layout
        if call.site.scope in ("frame", "cell"):
            labels = call.tokens(labels_of(layout, call.site.grid, self._in_code))
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

    @property
    def _in_code(self) -> bool:
        return self.as_published == "code"

    def _word_biases(self, site: AttentionSite, layout: Layout, prompt: Prompt) -> dict[tuple[int, ...], Tensor]:
        """For the words of each subject: never outside of all boxes, more in the middle of its own."""
        places = places_of(layout, site.grid, in_code=False)
        anywhere = torch.stack([place.inside for place in places]).any(dim=0)
        return {
            place.words(prompt): torch.where(anywhere, torch.log1p(words_of(prompt) * self._more(place, prompt)), NEVER)
            for place in places
        }

    def _cross(self, call: AttentionCall, layout: Layout, prompt: Prompt) -> Tensor:
        """Outside of the boxes no subject's words; inside all words alike, and more of the subject's."""
        queries, keys, values = call.queries, call.keys, call.values
        device, words = queries.device, keys.shape[-2]
        anywhere = torch.zeros(call.site.grid, dtype=torch.bool)
        added = torch.zeros(*anywhere.shape, words)
        named = torch.zeros(words, dtype=torch.bool)
        for place in places_of(layout, call.site.grid, self._in_code):
            positions = list(place.words(prompt))
            more = self._more(place, prompt).float()[..., None]
            added[..., positions] = torch.maximum(added[..., positions], more)
            anywhere |= place.inside
            named[positions] = True
        logits = queries.float() @ keys.float().transpose(-1, -2) * queries.shape[-1] ** -0.5
        weights = logits.masked_fill(named.to(device), float("-inf")).softmax(dim=-1)
        weights = torch.where(call.tokens(anywhere)[None, :, None, :, None], 1 / words, weights)
        weights = weights + call.tokens(added)[None, :, None]
        return (weights @ values.float()).to(queries.dtype)

    def _more(self, place: Place, prompt: Prompt) -> Tensor:
        """What is added to the weights of a subject's words: (frames, rows, columns)."""
        count = len(place.words(prompt))
        if self._in_code:
            width, height = first_size(place.track).tolist()
            return place.bump * (self.boost / (height * width) / count)  # float16, as published
        boxes = torch.from_numpy(place.track.boxes).float()
        areas = (boxes[:, 2:] - boxes[:, :2]).prod(dim=-1)
        return self.boost / areas[:, None, None] / count * place.bump
