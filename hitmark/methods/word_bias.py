"""Edits of attention to words as something added to its logits: for layers in which one row is the whole clip.

There a table of (heads, tokens, words) weights would take gigabytes, so what a method does to weights after the softmax
is done to the logits before it, in a form that needs no table (`maths.biased_attention`). The formulation is ours:
where all words are looked at alike, it gives the words of a subject the share that the published edit gives them.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from hitmark.control import AttentionCall, Layout
from hitmark.maths.biased_attention import biased_attention
from hitmark.prompt import Prompt

Biases = Mapping[tuple[int, ...], Tensor]
"""Positions of words -> what is added to their logits on the token grid, float32 (frames, rows, columns)."""


def attend_with_biases(
    call: AttentionCall, layout: Layout, prompt: Prompt | None, biases: Biases, *, across: float = 0.0, every: bool
) -> Tensor:
    """The attention of a call with biases towards words, and `across` added between tokens of different subjects.

    Args:
        call: of a layer in which every token sees the whole clip, or the words.
        layout: for the regions of `across`.
        prompt: for the number of words; None: there are none.
        biases: see `Biases`; of no matter in a layer without words.
        across: added to the logits between tokens of the video of different regions; 0: nothing.
        every: whether in every branch; else where the prompt is read.
    """
    if call.site.scope != "words" and not call.site.joint:
        biases = {}  # there are no words to look at
    asking, asked = _terms(call, layout, biases, across)
    branches = torch.tensor([every or branch.prompted for branch in call.branches], device=asking.device)
    own = torch.ones(len(call.branches), asking.shape[-1], device=asking.device)
    own[:, -len(biases) or asking.shape[-1] :] = branches[:, None].float()  # only words are a matter of the prompt
    return biased_attention(
        call.queries, call.keys, call.values, asking[None] * own[:, None, None], asked[None], call.mask
    )


def words_of(prompt: Prompt) -> int:
    """Words and signs that the network looks at, without padding."""
    return len(prompt.ids) - len(prompt.shared)


def _terms(call: AttentionCall, layout: Layout, biases: Biases, across: float) -> tuple[Tensor, Tensor]:
    """For queries and keys, each (rows, tokens, terms): regions first, then one term for each bias."""
    length, keys, device = call.queries.shape[3], call.keys.shape[3], call.queries.device
    asking, asked = [], []
    if across and call.site.scope == "video":
        labels = torch.from_numpy(layout.regions(call.site.grid)).to(device)
        members = [(labels == label).float() for label in labels.unique().tolist()]
        video = call.tokens(torch.ones(call.site.grid))
        asking += [video, *(-call.tokens(member) for member in members)]
        asked += [across * video, *(across * call.tokens(member) for member in members)]
    before, _after = call.site.text
    start = 0 if call.site.scope == "words" else before + int(torch.tensor(call.site.grid).prod())
    for positions, values in biases.items():
        places = torch.tensor(positions, device=device)
        if call.site.joint:
            places = torch.where(places < before, places, places - before + start)
        words = torch.zeros(1, keys, device=device)
        words[:, places[places < keys]] = 1  # a negative prompt may have fewer words than the prompt
        asking.append(call.tokens(values.to(device)))
        asked.append(words)
    if not asking:
        return torch.zeros(1, length, 1, device=device), torch.zeros(1, keys, 1, device=device)
    return torch.stack(asking, dim=-1), torch.stack(asked, dim=-1)
