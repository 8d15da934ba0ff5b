"""Self-attention of the video transformer that is taught where things come from.

Where the first frame is given, what moves could be copied from it. After 18,000 steps the model hardly did: heads of
one of its blocks looked at the right token more than by chance, with a weight of 0.02 to 0.07. The sprite world knows
where everything comes from, so training can say it to the heads of that block (cross-entropy). A token has 2 x 2 latent
cells, which come from up to four tokens of the first frame; each is taught to a head of its own, since in a mean of
tokens their cells could not be told apart. Nothing of this is used when the model runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from hitmark.sprites.clip_plan import ClipPlan
from hitmark.sprites.correspondence import UNMOVED, correspondence
from hitmark.sprites.video_code import PATCH

SIDE = 2
"""Latent cells along a token."""
NOWHERE = -1


def sources_of(plan: ClipPlan, covers: Sequence[Tensor]) -> Tensor:
    """For each cell of each token the first frame's token that it comes from: int64 (frames, rows, columns, 4).

    NOWHERE where that is not known. Cells of a token are in reading order.

    Args:
        plan: of the frames that latent frames are pictures of.
        covers: of each thing, (frames, height, width) in 0..1, multiples of a token.
    """
    rows, columns = (side // PATCH for side in covers[0].shape[1:])
    truth = correspondence(plan, covers, rows, columns)
    column = (truth.places[..., 0] * columns).long().clamp(0, columns - 1) // SIDE
    row = (truth.places[..., 1] * rows).long().clamp(0, rows - 1) // SIDE
    found = torch.where(truth.known, row * (columns // SIDE) + column, NOWHERE)
    cells = found.unflatten(2, (-1, SIDE)).unflatten(1, (-1, SIDE))
    return cells.transpose(2, 3).flatten(3)


def nowhere(*shape: int) -> Tensor:
    """Sources of which nothing is known: (*shape, 4)."""
    return torch.full((*shape, SIDE**2), NOWHERE)


def taught_loss(block: Any, arguments: Sequence[Any], sources: Tensor, weights: Tensor) -> Tensor:
    """Mean cross-entropy in nats of a block's heads with the tokens that cells come from. Scalar.

    Args:
        block: one of Wan's, with a time for each token.
        arguments: what it was called with: hidden tokens, words, times, rotary embedding.
        sources: (batch, F, rows, columns, 4), see `sources_of`; tokens of the first frame are not asked. The first head
            is asked of the first cell, and so on, over again if there are more heads.
        weights: (batch,) of the clips.
    """
    chosen = weights > 0
    hidden, times, sources, weights = arguments[0][chosen], arguments[2][chosen], sources[chosen], weights[chosen]
    shift, scale = (block.scale_shift_table[None] + times.float())[:, :, :2].unbind(2)
    tokens = (block.norm1(hidden.float()) * (1 + scale) + shift).type_as(hidden)
    attention = block.attn1
    query, key = (
        rotated(norm(project(tokens)).unflatten(2, (attention.heads, -1)), arguments[3])
        for norm, project in ((attention.norm_q, attention.to_q), (attention.norm_k, attention.to_k))
    )
    frame = sources.shape[2] * sources.shape[3]
    scores = torch.einsum("bqhd,bkhd->bhqk", query[:, frame:] * query.shape[-1] ** -0.5, key).float()
    asked = sources[:, 1:].flatten(1, 3).repeat(1, 1, -(-attention.heads // SIDE**2))[..., : attention.heads].mT
    picked = scores.gather(-1, asked.clamp(min=0)[..., None])[..., 0] - scores.logsumexp(-1)
    own = torch.arange(asked.shape[-1], device=asked.device) % frame
    importance = (asked != NOWHERE) * torch.where(asked == own, UNMOVED, 1.0) * weights[:, None, None]
    return -(picked * importance).sum() / importance.sum().clamp(min=1e-6)


def rotated(heads: Tensor, rotary: Sequence[Tensor]) -> Tensor:
    """Queries or keys (batch, tokens, heads, channels) turned by Wan's rotary embedding (cosines, sines)."""
    cosines, sines = rotary[0][..., 0::2], rotary[1][..., 1::2]
    first, second = heads.unflatten(-1, (-1, 2)).unbind(-1)
    turned = torch.stack([first * cosines - second * sines, first * sines + second * cosines], -1)
    return turned.flatten(-2).type_as(heads)
