"""Self-attention of the video transformer that is taught where things come from; see `correspondence.py`.

In clips, half of the heads of its later blocks are asked to look, from every token after the first latent frame, at the
place of that frame that shows the same. Nothing of this is used when the model runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from hitmark.sprites.clip_plan import ClipPlan
from hitmark.sprites.correspondence import UNMOVED, Correspondence, correspondence, taps, taught_heads
from hitmark.sprites.recognition import TOKEN


def sources_of(plan: ClipPlan, covers: Sequence[Tensor]) -> Tensor:
    """Where each token's content is in the first frame: float32 (frames, rows, columns, 3), x, y in 0..1 and known.

    Args:
        plan: of the frames that latent frames are pictures of.
        covers: of each thing, (frames, height, width) in 0..1, multiples of TOKEN.
    """
    height, width = covers[0].shape[1:]
    truth = correspondence(plan, covers, height // TOKEN, width // TOKEN)
    return torch.cat([truth.places, truth.known[..., None].float()], -1)


def nowhere(frames: int, rows: int, columns: int) -> Tensor:
    """Sources of what nothing is known of: zeros (frames, rows, columns, 3)."""
    return torch.zeros(frames, rows, columns, 3)


def taught_loss(block: Any, arguments: Sequence[Any], sources: Tensor) -> Tensor:
    """Mean cross-entropy in nats of the taught heads of a block with the places that content is from. Scalar.

    Args:
        block: one of Wan's, with two-dimensional times (a time for each token).
        arguments: what it was called with: hidden tokens, words, times, rotary embedding.
        sources: (batch, F, rows, columns, 3), see `sources_of`; tokens of the first frame are not asked.
    """
    hidden, _, times, rotary = arguments[:4]
    shift, scale = (block.scale_shift_table[None] + times.float())[:, :, :2].unbind(2)
    tokens = (block.norm1(hidden.float()) * (1 + scale) + shift).type_as(hidden)
    attention = block.attn1
    query, key = (
        rotated(norm(project(tokens)).unflatten(2, (attention.heads, -1)), rotary)[:, :, : taught_heads(attention)]
        for norm, project in ((attention.norm_q, attention.to_q), (attention.norm_k, attention.to_k))
    )
    looked = torch.einsum("bqhd,bkhd->bhqk", query * query.shape[-1] ** -0.5, key).float().log_softmax(-1)
    places, known = sources[..., :2], sources[..., 2] > 0
    rows, columns = known.shape[-2:]
    importance = torch.where(Correspondence(places, known).moved(), 1.0, UNMOVED) * known
    importance[:, 0] = 0
    indices, parts = taps(places.flatten(1, 3), rows, columns)
    picked = looked.gather(-1, indices[:, None].expand(-1, looked.shape[1], -1, -1))
    entropy = -(picked * parts[:, None]).sum(-1).mean(1)
    weights = importance.flatten(1)
    return (entropy * weights).sum() / weights.sum().clamp(min=1e-6)


def rotated(heads: Tensor, rotary: Sequence[Tensor]) -> Tensor:
    """Queries or keys (batch, tokens, heads, channels) turned by Wan's rotary embedding (cosines, sines)."""
    cosines, sines = rotary[0][..., 0::2], rotary[1][..., 1::2]
    first, second = heads.unflatten(-1, (-1, 2)).unbind(-1)
    turned = torch.stack([first * cosines - second * sines, first * sines + second * cosines], -1)
    return turned.flatten(-2).type_as(heads)
