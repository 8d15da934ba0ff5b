"""Which subjects a token or a word belongs to: what the masking methods share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from hitmark.control import AttentionCall, Branch, Layout, check_phrases
from hitmark.control.layout import check_count
from hitmark.errors import HitmarkError
from hitmark.maths.region_attention import Relation, region_attention
from hitmark.prompt import Prompt
from hitmark.scene.tracks import Track

Attend = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor, Relation], Tensor]
"""(queries, keys, values, regions of queries, of keys, relation) -> as queries; see `region_attention`."""


def subjects(layout: Layout) -> list[Track]:
    """The tracks that mean something in the prompt."""
    return layout.subjects


def check_subjects(owner: str, layout: Layout) -> Prompt | None:
    """The clip's prompt, None for a model that reads no words.

    Raises:
        HitmarkError: no subject, or more than masks can tell apart; or, for a model that reads words, one whose phrase
            is missing or not in the prompt.
    """
    tracks = subjects(layout)
    check_count(tracks)
    prompt = layout.prompt if layout.reads_words else None
    if tracks and layout.reads_words and prompt is None:
        raise HitmarkError(
            f"{owner} must know which words mean the subject, but the pipeline was given prompt_embeds, or a block "
            "of it changed them. Call it with prompt=... instead; a modular pipeline, with the block of its text "
            "encoder in it (that of diffusers, or a subclass)."
        )
    check_phrases(owner, tracks, prompt and prompt.text)
    for track in tracks:
        if prompt is not None:
            prompt.positions(str(track.phrase))
    return prompt


def word_subjects(prompt: Prompt, layout: Layout, count: int) -> np.ndarray:
    """For each of `count` words the sum of 2**k over the subjects k that it means, int64 (count,)."""
    bits = np.zeros(count, dtype=np.int64)
    for number, track in enumerate(subjects(layout)):
        bits[list(prompt.positions(str(track.phrase)))] |= 1 << number
    return bits


def owners_of_cells(layout: Layout, call: AttentionCall) -> np.ndarray:
    """Whose each token of the video is: 2**k for the nearest subject k, counted from 1, and 1 for the background."""
    return 1 << layout.regions(call.site.grid)


def owners_of_words(layout: Layout, count: int, prompt: Prompt | None, branch: Branch) -> np.ndarray:
    """Whose each of `count` words is: the sum of 2**k over its subjects k, from 1; 1 where it means none.

    Padding without a meaning is everybody's, and so are the words of a branch that does not read the prompt, and what
    stands behind the words, such as sound.
    """
    everybody = everyones(layout)
    if prompt is None or not branch.prompted:
        return np.full(count, everybody)
    owners = word_subjects(prompt, layout, count) << 1
    owners[owners == 0] = 1
    owners[list(prompt.shared)] = everybody
    owners[len(prompt.ids) :] = everybody
    return owners


def everyones(layout: Layout) -> int:
    """The owners of what belongs to the background and to every subject."""
    return (2 << len(subjects(layout))) - 1


def share_an_owner(one: int, other: int) -> bool:
    """The relation of tokens given by their owners."""
    return bool(one & other)


def masked(
    call: AttentionCall, asking: Tensor, asked: Tensor, may_see: Relation, attend: Attend = region_attention
) -> Tensor:
    """The attention of a call by regions of the queries (rows, length) and of the keys (rows or 1, keys).

    Keys that the layer itself hides in a branch are left out there.
    """
    seen = call.seen()
    if seen is None or bool(seen.all()):
        return attend(call.queries, call.keys, call.values, asking, asked, may_see)
    parts = []
    for branch, shown in enumerate(seen):
        queries, keys, values = (each[branch : branch + 1] for each in (call.queries, call.keys, call.values))
        parts.append(attend(queries, keys[:, :, :, shown], values[:, :, :, shown], asking, asked[:, shown], may_see))
    return torch.cat(parts)


def of_branches(call: AttentionCall, chosen: Sequence[int]) -> AttentionCall:
    """The call for some of its branches alone; to be attended by regions, which need no `attend`."""
    places = list(chosen)
    mask = call.mask
    if mask is not None and mask.shape[0] > 1:
        mask = mask.unflatten(0, (len(call.branches), -1))[places].flatten(0, 1)
    heads = {name: getattr(call, name)[places] for name in ("queries", "keys", "values")}
    return replace(call, **heads, branches=tuple(call.branches[place] for place in places), mask=mask)


def refused_code(method: str, what: str, model: str) -> str:
    """Why a released program's reading cannot act on a network that is no U-Net; `what`: what it does to one."""
    return (
        f"{method}: as_published='code' {what} of a U-Net, and {model} has none. "
        "Use as_published='paper' (--set as_published=paper)."
    )
