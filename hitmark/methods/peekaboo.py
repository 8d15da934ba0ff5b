"""Peekaboo: attention masked by region in the first denoising steps (Jain et al., CVPR 2024, arXiv:2312.07509).

Cells of a subject's box see that box and the subject's words, everything else sees everything else: in space (Eq. 4),
between the frames of a cell (Eq. 5) and towards the words of the prompt (Eq. 3). Where every token sees every token of
the video the two self-attention masks become one, and where the words stand in the same sequence, all three do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from hitmark.control import (
    Abilities,
    AttentionCall,
    AttentionSite,
    Branch,
    Control,
    LayerCall,
    Layout,
    Needs,
    Proceed,
    Scope,
    Step,
    kinds_of,
    knob,
    listed_in,
)
from hitmark.errors import HitmarkError
from hitmark.maths.region_attention import Relation, region_attention
from hitmark.maths.soft_regions import keep_spread, soft_attention
from hitmark.methods.noisy_steps import acts, lowest_noise_knob, progress
from hitmark.methods.regions import (
    Attend,
    check_subjects,
    everyones,
    masked,
    of_branches,
    owners_of_cells,
    owners_of_words,
    refused_code,
    share_an_owner,
    subjects,
)

PARTS = ("spatial", "temporal", "cross")
START_TOKEN = 2
"""Region of the start token in the published code: no cell sees it."""


@dataclass(frozen=True)
class Peekaboo(Control):
    """Masks for the first steps."""

    method: ClassVar[str] = "peekaboo"
    replaces: ClassVar[bool] = True
    needs: ClassVar[Needs] = Needs(subjects=True)

    masked_steps: int = knob(
        2,
        low=0,
        high=10_000,
        grid=(1, 2, 3, 4, 6, 8, 10, 12),
        help="Number of steps with masks (the paper: 2 of 40 for ssv2-ST, 4 for IMC; its code: 2 of 50).",
    )
    as_published: Literal["code", "paper"] = knob(
        "code",
        choices=("code", "paper"),
        help='"code" (the released program, from which the paper\'s figures come) or "paper" (its equations).',
        more='In "code" only the middle and up blocks of a U-Net are masked; no cell sees the start token; a word is '
        "the subject's wherever its token occurs; the second temporal self-attention is not masked, but is given the "
        "last subject's cells alone and adds to them alone; with several subjects any of their cells sees any of their "
        'words, and two frames of a cell see each other unless each shows a different one. In "paper" every block is '
        "masked, both temporal self-attentions are, overlapping boxes belong to the nearest subject, and the negative "
        "prompt's words are left alone, since none of them means the subject.",
    )
    penalty: float | None = knob(
        None,
        low=0,
        high=100,
        optional=True,
        help="What is taken from the logits between tokens that may not see each other; null: they see nothing.",
        more='For "paper", and ours, as are `fade` and `spread`. 3 leaves a twentieth of the weight, 1 a third.',
    )
    fade: float = knob(
        0.0,
        low=0,
        high=1,
        help="How much of the penalty is gone at the last masked step, linearly from the first, or over the noise.",
    )
    spread: Literal["own", "plain"] = knob(
        "own",
        choices=("own", "plain"),
        help='"plain": logits over what a token may see vary as much as over all of the layer, by longer or shorter '
        "queries.",
    )
    lowest_noise: float = lowest_noise_knob()
    parts: str = knob(
        ",".join(PARTS),
        some_of=PARTS,
        help="Kinds of attention that are masked, of spatial, temporal, cross; joined with commas.",
        more="Full attention counts as spatial and temporal. Without cross another method can edit what words do: "
        "trailblazer+peekaboo parts=spatial,temporal.",
    )

    def check(self, layout: Layout) -> None:
        """Raise HitmarkError unless every subject has a phrase that is in the prompt, and knobs fit each other."""
        check_subjects(Peekaboo.method, layout)
        own = [name for name, used in (("penalty", self.penalty is not None), ("spread", self.spread != "own")) if used]
        if own and self.as_published == "code":
            raise HitmarkError(
                f"{Peekaboo.method}: {own[0]} changes the masks of as_published='paper', and as_published is 'code'. "
                f"Use as_published='paper' (--set as_published=paper), or leave {own[0]} out."
            )
        if self.fade and self.penalty is None:
            raise HitmarkError(
                f"{Peekaboo.method}: fade={self.fade:g} says how the penalty ends, but penalty is null: hard masks "
                "have none. Give a penalty (--set penalty=6), or let nothing fade (--set fade=0)."
            )

    def refusal(self, abilities: Abilities, model: str) -> str | None:
        """The published code is about the blocks of a U-Net."""
        if self.as_published == "code" and "up" not in abilities.tags:
            return refused_code(Peekaboo.method, "masks the middle and up blocks", model)
        if not any(self._masks(scope) for scope in abilities.scopes):
            return (
                f"{Peekaboo.method}: {model} has no attention of the kinds in parts={self.parts!r} by itself. "
                f"Use parts={','.join(PARTS)}."
            )
        return None

    def edited_scopes(self, abilities: Abilities) -> frozenset[Scope]:
        """Those of its parts."""
        return frozenset(scope for scope in abilities.scopes if self.masked_steps and self._masks(scope))

    def _masks(self, scope: Scope) -> bool:
        return not kinds_of(scope).isdisjoint(listed_in(self.parts))

    def attends(self, site: AttentionSite, step: Step) -> bool:
        """In the first steps, in the blocks that are masked."""
        where = self.as_published == "paper" or bool(site.tags & {"middle", "up"})
        return where and self._masks(site.scope) and acts(step, self.masked_steps, self.lowest_noise)

    def attention(self, call: AttentionCall, step: Step) -> Tensor:
        """Eq. 2-5."""
        if self.as_published == "paper":
            return self._as_in_paper(call, step.layout, self._attend(step))
        return self._as_in_code(call, step.layout)

    def attention_layer(self, call: LayerCall, step: Step, proceed: Proceed) -> Tensor:
        """In "code" the second temporal self-attention is given the last subject's cells alone."""
        if self.as_published == "paper" or "second" not in call.site.tags or call.blank is None:
            return proceed(call)
        last = len(subjects(step.layout)) - 1
        shown = call.order(step.layout.subject_bits(call.site.grid) >> last > 0)[None, :, :, None]
        return proceed(replace(call, tokens=torch.where(shown, call.tokens, call.blank()))) * shown

    def _attend(self, step: Step) -> Attend:
        """Hard masks, or those of this step's penalty."""
        penalty = self.penalty
        if penalty is not None:
            penalty *= 1 - self.fade * progress(step, self.masked_steps, self.lowest_noise)

        def attend(
            queries: Tensor, keys: Tensor, values: Tensor, asking: Tensor, asked: Tensor, may_see: Relation
        ) -> Tensor:
            if self.spread == "plain":
                queries = keep_spread(queries, keys, asking, asked, may_see)
            if penalty is None:
                return region_attention(queries, keys, values, asking, asked, may_see)
            return soft_attention(queries, keys, values, asking, asked, may_see, penalty)

        return attend

    def _as_in_paper(self, call: AttentionCall, layout: Layout, attend: Attend) -> Tensor:
        places = range(len(call.branches))
        prompted = [place for place in places if call.branches[place].prompted]
        others = [place for place in places if place not in prompted]
        if call.site.scope != "words" and not call.site.joint:
            others, prompted = [], list(places)  # no words: every branch alike
        words = "cross" in listed_in(self.parts)
        if not others:
            return _by_owner(call, layout, call.branches[0], attend, words)
        output = call.run().clone() if call.site.scope == "words" else torch.empty_like(call.queries)
        for chosen in (prompted, others) if call.site.joint else (prompted,):
            if chosen:
                output[chosen] = _by_owner(of_branches(call, chosen), layout, call.branches[chosen[0]], attend, words)
        return output

    def _as_in_code(self, call: AttentionCall, layout: Layout) -> Tensor:
        if "second" in call.site.tags:
            return call.run()
        grid = layout.subject_bits(call.site.grid)
        bits, count = call.tokens(grid), len(subjects(layout))
        if call.site.scope == "words":
            words = _words_as_in_code(layout, call.keys.shape[3])
            seen = torch.from_numpy(words).to(bits.device)[None]
            return masked(call, (bits > 0).long(), seen, lambda one, other: one == other)
        if call.site.scope == "frame":
            return masked(call, bits, bits, lambda one, other: bool(one & other) or one == other == 0)
        every = 2**count - 1
        return masked(call, bits, bits, lambda one, other: bool(~one & ~other & every) or one == other == every)


def _by_owner(call: AttentionCall, layout: Layout, branch: Branch, attend: Attend, owned: bool) -> Tensor:
    """Every token sees those that have an owner in common with it; a given picture's are seen by all.

    `owned`: whether words in the video's own sequence have owners too; else they see all and are seen by all.
    """
    prompt = check_subjects(Peekaboo.method, layout)
    everybody = everyones(layout)
    cells = owners_of_cells(layout, call)
    shared = cells.copy()
    shared[: layout.given] = everybody
    asking, asked = call.tokens(cells, everybody), call.tokens(shared, everybody)
    if call.site.scope == "words":
        words = owners_of_words(layout, call.keys.shape[3], prompt, branch)
        asked = torch.from_numpy(words).to(asking.device)[None]
    elif call.site.joint:
        before, after = call.site.text
        owners = owners_of_words(layout, before + after, prompt if owned else None, branch)
        words = torch.from_numpy(owners).to(asking.device)
        for tokens in (asking, asked):
            tokens[:, :before] = words[:before]
            tokens[:, tokens.shape[1] - after :] = words[before:]
    return masked(call, asking, asked, share_an_owner, attend)


def _words_as_in_code(layout: Layout, count: int) -> np.ndarray:
    """1 for tokens that occur in a subject's phrase, START_TOKEN for the start, 0 for the rest, int64 (words,)."""
    prompt = check_subjects(Peekaboo.method, layout)
    regions = np.zeros(count, dtype=np.int64)
    for track in subjects(layout):
        regions[list(prompt.anywhere(str(track.phrase))) if prompt else []] = 1
    regions[0] = START_TOKEN
    return regions
