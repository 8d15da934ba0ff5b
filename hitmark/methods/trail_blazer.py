"""TrailBlazer: attention of a subject's words raised in its box and lowered outside (Ma, Lewis, Kleijn; 2401.00896).

After the paper's Eq. 1-3, or after the released program, which does something else (`trail_blazer_code`);
docs/methods/trail-blazer.md says what differs. Words at key times are not supported.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from hitmark.control import Abilities, AttentionCall, AttentionSite, Control, Layout, Needs, Scope, Step, knob
from hitmark.maths.region_attention import edited_attention
from hitmark.methods.bumps import bumps
from hitmark.methods.noisy_steps import acts, lowest_noise_knob
from hitmark.methods.regions import check_subjects, refused_code
from hitmark.methods.trail_blazer_code import Strength, edited_frames, edited_words, edits_frames, words_edited
from hitmark.methods.word_bias import attend_with_biases, words_of
from hitmark.prompt import Prompt
from hitmark.scene.tracks import Track

SPREAD = 0.5
"""Standard deviation of the bump, in sides of the box (Eq. 2)."""
SMALLEST_FACTOR = 1e-13


@dataclass(frozen=True)
class TrailBlazer(Control):
    """Edits of attention weights after the softmax; they are not made to sum to one again.

    In layers of which one row is the whole clip the same is done to the logits, and the weights do sum to one. The edit
    of temporal attention belongs to U-Nets; other networks have none.
    """

    method: ClassVar[str] = "trailblazer"
    replaces: ClassVar[bool] = True
    needs: ClassVar[Needs] = Needs(words=True, subjects=True)

    spatial_steps: int = knob(
        5, low=0, high=10_000, grid=(3, 5, 8, 12), help="Number of first steps with edited cross-attention (N_S)."
    )
    temporal_steps: int = knob(
        5,
        low=0,
        high=10_000,
        help="Number of first steps with edited temporal attention (N_M), in the middle block's second layer.",
    )
    trailing: int = knob(
        15,
        low=0,
        high=10_000,
        help="How many of the tokens after the prompt's last word are edited like the subject's (|T|).",
    )
    weaken: float = knob(0.001, low=0, high=1, help="Factor outside of the box (c_w).")
    strengthen: float = knob(
        0.1, low=0, high=10, grid=(0.05, 0.1, 0.2, 0.4), help="Added in the middle of the box (c_s)."
    )
    as_published: Literal["paper", "code"] = knob(
        "paper",
        choices=("paper", "code"),
        help='"paper" (its equations) or "code" (the released program, of which its figures are).',
        more='In "code" what is added is scaled by the largest weight of the layer; boxes are made smaller by a '
        "hundredth of the picture a side and cut to cells by themselves; the bump is off the box's middle and narrower "
        'in float16; trailing tokens are counted from the number of words before the first ";" of the prompt; and '
        "temporal attention is edited in the negative prompt's branch, only in second layers in which branches, heads "
        "and cells make 65,536: the first layer at 512 x 512.",
    )
    lowest_noise: float = lowest_noise_knob()

    def check(self, layout: Layout) -> None:
        """Raise HitmarkError unless every subject has a phrase that is in the prompt."""
        check_subjects(self.method, layout)

    def refusal(self, abilities: Abilities, model: str) -> str | None:
        """The released program is about the layers of a U-Net; temporal attention of the paper about its middle."""
        if self.as_published == "code" and "frame" not in abilities.scopes:
            return refused_code(self.method, "edits the layers", model)
        if self.temporal_steps and not self.spatial_steps and self._without_middle(abilities):
            return (
                f"temporal_steps: {self.method} edits temporal attention in the middle block, and this network of "
                f"{model} has none there, so nothing would be changed. Let it edit words (--set spatial_steps=5), or "
                "use a motion adapter that has some, such as guoyww/animatediff-motion-adapter-v1-5-2."
            )
        return None

    def _without_middle(self, abilities: Abilities) -> bool:
        return self.as_published == "paper" and "middle" in abilities.still

    def edited_scopes(self, abilities: Abilities) -> frozenset[Scope]:
        """Attention to words, in whichever sequence they stand, and temporal attention."""
        words: Scope = "words" if "words" in abilities.scopes else "video"
        steps = {words: self.spatial_steps, "cell": 0 if self._without_middle(abilities) else self.temporal_steps}
        return frozenset(scope for scope in abilities.scopes if steps.get(scope, 0) > 0)

    def attends(self, site: AttentionSite, step: Step) -> bool:
        """Attention to words everywhere; of temporal attention second layers, in the paper the middle block's."""
        if site.scope == "words" or site.joint:
            return acts(step, self.spatial_steps, self.lowest_noise)
        where = site.tags >= ({"second"} if self.as_published == "code" else {"middle", "second"})
        return site.scope == "cell" and where and acts(step, self.temporal_steps, self.lowest_noise)

    def attention(self, call: AttentionCall, step: Step) -> Tensor:
        """Eq. 1-2 for words, Eq. 3 for frames; or as in the released program."""
        prompt = check_subjects(self.method, step.layout)
        if self.as_published == "code":
            return self._as_in_code(call, step.layout, prompt)
        if call.site.scope == "cell":
            return _in_prompted(call, *self._frames(call.site, step.layout))
        if prompt is None:
            return call.run()
        if not call.by_frame:
            biases = self._biases(call.site, step.layout, prompt)
            return attend_with_biases(call, step.layout, prompt, biases, every=False)
        return _in_prompted(call, *self._words(call, step.layout, prompt))

    def _as_in_code(self, call: AttentionCall, layout: Layout, prompt: Prompt | None) -> Tensor:
        strength = Strength(self.weaken, self.strengthen)
        if call.site.scope == "cell":
            return edited_frames(call, layout, strength) if edits_frames(call) else call.run()
        if prompt is None:
            return call.run()
        words = {
            number: words_edited(prompt, str(track.phrase), self.trailing)
            for number, track in enumerate(layout.subjects)
        }
        return edited_words(call, layout, words, strength)

    def _words(self, call: AttentionCall, layout: Layout, prompt: Prompt) -> tuple[Tensor, Tensor]:
        """Factor and addend of the weights: (1, frames, 1, cells, words)."""
        site = call.site
        factor = torch.ones(*site.grid, call.keys.shape[3])
        added = torch.zeros_like(factor)
        for track in layout.tracks_on(site.grid[0]):
            inside, bump = bumps(track, site.grid, SPREAD)
            words = self._edited_words(prompt, track)
            factor[..., words] *= torch.where(inside, 1.0, self.weaken)[..., None]
            added[..., words] += self.strengthen * bump[..., None]
        return call.tokens(factor)[None, :, None], call.tokens(added)[None, :, None]

    def _biases(self, site: AttentionSite, layout: Layout, prompt: Prompt) -> dict[tuple[int, ...], Tensor]:
        """What is added to the logits of each subject's words, see `word_bias`."""
        biases = {}
        for track in layout.tracks_on(site.grid[0]):
            inside, bump = bumps(track, site.grid, SPREAD)
            less = math.log(max(self.weaken, SMALLEST_FACTOR))
            more = torch.log1p(words_of(prompt) * self.strengthen * bump)
            biases[tuple(self._edited_words(prompt, track))] = torch.where(inside, more, less)
        return biases

    def _edited_words(self, prompt: Prompt, track: Track) -> list[int]:
        """The subject's words, and what follows the prompt's last word where that has a meaning."""
        first = min(prompt.end, len(prompt.ids))
        trailing = range(first, min(first + self.trailing, len(prompt.ids)))
        return sorted({*prompt.positions(str(track.phrase)), *trailing} - prompt.shared)

    def _frames(self, site: AttentionSite, layout: Layout) -> tuple[Tensor, Tensor]:
        """Factor and addend of the weights of frame j for frame i, by the box of frame i: (1, cells, 1, i, j)."""
        frames, rows, columns = site.grid
        factor = torch.ones(rows * columns, frames, frames)
        added = torch.zeros_like(factor)
        times = torch.arange(frames)
        apart = (times[:, None] - times[None, :]).abs() / frames
        for track in layout.tracks_on(frames):
            inside, bump = (each.flatten(1).T for each in bumps(track, site.grid, SPREAD))
            factor *= torch.where(inside, 1.0, self.weaken)[:, :, None]
            added += self.strengthen * (1 - 2 * apart) * bump[:, :, None]
        return factor[None, :, None], added[None, :, None]


def _in_prompted(call: AttentionCall, factor: Tensor, added: Tensor) -> Tensor:
    """The attention of a call with weights * factor + added in the branches that read the prompt."""
    device = call.queries.device
    chosen = torch.tensor([branch.prompted for branch in call.branches], device=device)[:, None, None, None, None]
    factor, added = factor.to(device), added.to(device)

    def edited(weights: Tensor) -> Tensor:
        return torch.where(chosen, weights * factor + added, weights)

    return edited_attention(call.queries, call.keys, call.values, edited)
