"""Scaled dot-product attention between the frames of one clip."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def attend(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """softmax(q k^T / sqrt(d)) v for every frame, heads joined.

    Args:
        queries: (frames, heads, tokens, head_width).
        keys: the same, or with one frame only, which then serves every frame.
        values: as `keys`.

    Returns:
        (frames, tokens, heads * head_width), the value an attention layer hands to its output projection.
    """
    frames, heads, tokens, head_width = queries.shape
    if keys.shape[0] != frames:
        keys, values = keys.repeat(frames, 1, 1, 1), values.repeat(frames, 1, 1, 1)
    attended = functional.scaled_dot_product_attention(queries, keys, values)
    return attended.transpose(1, 2).reshape(frames, tokens, heads * head_width)
