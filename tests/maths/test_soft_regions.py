"""Soft masks and logits of kept spread, against tables of all logits in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hitmark.maths.region_attention import region_attention
from hitmark.maths.soft_regions import keep_spread, soft_attention

WIDTH = 8


def same(one: int, other: int) -> bool:
    return one == other


def drawn(seed: int, rows: int = 3, length: int = 9, keys: int = 11, shared: bool = False):
    """Queries, keys, values, and regions of which each has two keys in every row."""
    generator = torch.Generator().manual_seed(seed)
    key_rows = 1 if shared else rows
    sizes = [(rows, length), (key_rows, keys), (key_rows, keys)]
    tensors = [torch.randn(2, one, 2, other, WIDTH, generator=generator) for one, other in sizes]
    asking = torch.randint(0, 3, (rows, length), generator=generator)
    asked = torch.randint(0, 3, (key_rows, keys), generator=generator)
    asked[:, :6] = torch.tensor([0, 1, 2, 0, 1, 2])
    return *tensors, asking, asked


def table(queries, keys, asking, asked):
    """All logits without their scale in float64, and which may be seen: (branches, rows, heads, length, keys)."""
    seen = asking[:, :, None] == asked[:, None, :]
    return (queries.double() @ keys.double().transpose(-1, -2)).numpy(), seen[None, :, None].numpy()


@given(seed=st.integers(0, 10_000), penalty=st.floats(0, 20), shared=st.booleans())
def test_soft_attention_equals_a_table_of_logits(seed, penalty, shared):
    queries, keys, values, asking, asked = drawn(seed, shared=shared)
    logits, seen = table(queries, keys, asking, asked)
    weights = np.exp(logits / WIDTH**0.5 - penalty * ~seen)
    weights /= weights.sum(axis=-1, keepdims=True)
    got = soft_attention(queries, keys, values, asking, asked, same, penalty)
    assert np.allclose(got.numpy(), weights @ values.double().numpy(), atol=1e-5)


def test_a_large_penalty_is_a_mask():
    queries, keys, values, asking, asked = drawn(1)
    hard = region_attention(queries, keys, values, asking, asked, same)
    assert torch.allclose(soft_attention(queries, keys, values, asking, asked, same, 60.0), hard, atol=1e-5)


def test_no_penalty_is_no_mask():
    queries, keys, values, asking, asked = drawn(2)
    plain = region_attention(queries, keys, values, asking, asked, lambda one, other: True)
    assert torch.allclose(soft_attention(queries, keys, values, asking, asked, same, 0.0), plain, atol=1e-5)


@given(seed=st.integers(0, 10_000), shared=st.booleans(), keys=st.sampled_from([7, 11]))
def test_logits_keep_their_spread(seed, shared, keys):
    """Over the keys that a query may see, the new logits deviate as the old ones do over all keys.

    With fewer keys than channels, where products are cheaper than a covariance, and with more.
    """
    queries, keys, _values, asking, asked = drawn(seed, shared=shared, keys=keys)
    before, seen = table(queries, keys, asking, asked)
    after, _ = table(keep_spread(queries, keys, asking, asked, same), keys, asking, asked)
    hidden = ~np.broadcast_to(seen, after.shape)
    old, new = (np.asarray(np.ma.array(each, mask=hidden).std(axis=-1)) for each in (before, after))
    assert np.allclose(new[old > 0.1], before.std(axis=-1)[old > 0.1], rtol=1e-2)


def test_queries_keep_their_direction_and_what_sees_everything_stays():
    queries, keys, _values, asking, asked = drawn(3)
    changed = keep_spread(queries, keys, asking, asked, same)
    assert torch.allclose(torch.cosine_similarity(changed, queries, dim=-1), torch.ones(()), atol=1e-5)
    assert not torch.allclose(changed, queries, atol=1e-2)
    everything = keep_spread(queries, keys, asking, asked, lambda one, other: True)
    assert torch.allclose(everything, queries, atol=1e-4)


@pytest.mark.parametrize("alike", [True, False])
def test_a_single_key_leaves_the_query_alone(alike):
    """One key that may be seen has no spread; neither have keys that are all alike."""
    queries, keys, _values, asking, asked = drawn(4)
    if alike:
        keys = keys[:, :, :, :1].expand_as(keys).contiguous()
    else:
        asking, asked = torch.zeros_like(asking), torch.ones_like(asked)
        asked[:, 0] = 0
    assert torch.allclose(keep_spread(queries, keys, asking, asked, same), queries, atol=1e-3)
