"""Attention with something added to the logits, without a (queries x keys) table: by a few more channels.

q' = [q, f] and k' = [k, g] have the product q k + f g, so a bias that is a sum of few products costs one attention
with slightly wider heads, whatever the number of tokens is.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad, scaled_dot_product_attention

MULTIPLE = 8
"""Fast kernels want heads of a multiple of this."""


def biased_attention(
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    asking: Tensor,
    asked: Tensor,
    mask: Tensor | None = None,
) -> Tensor:
    """softmax(q k^T / sqrt(d) + asking asked^T) v.

    Args:
        queries: (branches, rows, heads, length, width).
        keys: (branches, rows, heads, keys, width).
        values: likewise.
        asking: (branches or 1, rows, length, channels), one value a query for each term of the bias.
        asked: (branches or 1, rows, keys, channels), likewise.
        mask: of the layer itself, as scaled_dot_product_attention takes it for (branches * rows, heads, length, keys).

    Returns:
        As `queries`.
    """
    width, scale = queries.shape[-1], queries.shape[-1] ** -0.5
    extra = asking.shape[-1] + -(width + asking.shape[-1]) % MULTIPLE
    wide, others = (
        torch.cat([tokens, _as_channels(terms, tokens, extra)], dim=-1).flatten(0, 1)
        for tokens, terms in ((queries, asking), (keys, asked / scale))
    )
    padded = pad(values, (0, wide.shape[-1] - values.shape[-1])).flatten(0, 1)
    heads = scaled_dot_product_attention(wide, others, padded, attn_mask=mask, scale=scale)
    return heads[..., : values.shape[-1]].unflatten(0, queries.shape[:2])


def _as_channels(terms: Tensor, tokens: Tensor, extra: int) -> Tensor:
    """(branches or 1, rows, length, channels) for every head, filled up with zeros to `extra` channels."""
    terms = pad(terms, (0, extra - terms.shape[-1])).to(tokens)
    return terms[:, :, None].expand(*tokens.shape[:-1], extra)
