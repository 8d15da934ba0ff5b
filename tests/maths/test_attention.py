"""Attention against a dense softmax in float64."""

import math

import torch

from hitmark.maths.attention import attend


def dense(queries, keys, values):
    """softmax(q k^T / sqrt d) v, one frame and head at a time."""
    queries, keys, values = queries.double(), keys.double(), values.double()
    frames = []
    for frame in range(len(queries)):
        source = frame if len(keys) > 1 else 0
        heads = []
        for head in range(queries.shape[1]):
            logits = queries[frame, head] @ keys[source, head].T / math.sqrt(queries.shape[-1])
            heads.append(logits.softmax(-1) @ values[source, head])
        frames.append(torch.cat(heads, dim=-1))
    return torch.stack(frames)


def test_each_frame_attends_to_itself():
    q, k, v = (torch.randn(3, 2, 5, 4, generator=torch.Generator().manual_seed(i)) for i in range(3))
    assert torch.allclose(attend(q, k, v).double(), dense(q, k, v), atol=1e-6)


def test_one_frame_of_keys_serves_every_frame():
    q, k, v = (torch.randn(3, 2, 5, 4, generator=torch.Generator().manual_seed(i)) for i in range(3))
    result = attend(q, k[:1], v[:1])
    assert torch.allclose(result.double(), dense(q, k[:1], v[:1]), atol=1e-6)
    assert not torch.allclose(result[1], attend(q, k, v)[1], atol=1e-2)
