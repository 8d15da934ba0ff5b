"""Regions that look at each other less instead of not at all, and logits that keep their spread under a mask."""

from __future__ import annotations

import torch
from torch import Tensor

from hitmark.maths.biased_attention import biased_attention
from hitmark.maths.region_attention import Relation, relation_of

SMALLEST = 1e-5
"""Added to both variances of a ratio: where all keys are alike, nothing is scaled."""


def soft_attention(
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    query_regions: Tensor,
    key_regions: Tensor,
    may_see: Relation,
    penalty: float,
) -> Tensor:
    """softmax(q k^T / sqrt(d) - p) v, p = 0 where the query's region may see the key's and `penalty` elsewhere.

    Shapes as in `region_attention`, which this becomes for a large penalty. No (queries x keys) table is kept: the
    penalty is a product of as many channels as there are regions of keys.
    """
    rows = queries.shape[1]
    keys, values = (each.expand(-1, rows, -1, -1, -1) for each in (keys, values))
    query_regions, key_regions, relation = relation_of(query_regions, key_regions.expand(rows, -1), may_see)
    asking = (relation[query_regions].to(queries) - 1) * penalty
    asked = torch.nn.functional.one_hot(key_regions, relation.shape[1]).to(queries)
    return biased_attention(queries, keys, values, asking[None], asked[None])


def keep_spread(queries: Tensor, keys: Tensor, query_regions: Tensor, key_regions: Tensor, may_see: Relation) -> Tensor:
    """Queries made longer or shorter, so that logits over the keys that they may see vary as much as over all keys.

    Shapes as in `region_attention`. The variance of q k over a set of keys is q C q, C being the keys' covariance, so
    no (queries x keys) table is kept. A query that may see one key only stays as it is.

    Returns:
        As `queries`.
    """
    rows = queries.shape[1]
    keys = keys.expand(-1, rows, -1, -1, -1).float()
    query_regions, key_regions, relation = relation_of(query_regions, key_regions.expand(rows, -1), may_see)
    wide = queries.float()
    whole = _variance(wide, keys, torch.ones_like(key_regions, dtype=torch.bool))
    factor = torch.ones_like(whole)
    for region in query_regions.unique().tolist():
        seen = relation[region][key_regions]
        own = _variance(wide, keys, seen)
        asking = (query_regions == region) & (seen.sum(dim=1, keepdim=True) > 1)
        ratio = ((whole + SMALLEST) / (own + SMALLEST)).sqrt()
        factor = torch.where(asking[None, :, None, :, None], ratio, factor)
    return (wide * factor).to(queries.dtype)


def _variance(queries: Tensor, keys: Tensor, seen: Tensor) -> Tensor:
    """Of each query's products with the keys that are seen (rows, keys): (branches, rows, heads, length, 1)."""
    share = seen.to(keys) / seen.sum(dim=1, keepdim=True).clamp(min=1)
    if keys.shape[3] <= keys.shape[4]:  # a table of products is smaller than a covariance
        products, share = queries @ keys.transpose(-1, -2), share[None, :, None, None, :]
        centered = products - (share * products).sum(dim=-1, keepdim=True)
        return (share * centered.square()).sum(dim=-1, keepdim=True)
    share = share[None, :, None, :, None]
    centered = keys - (share * keys).sum(dim=3, keepdim=True)
    covariance = (share * centered).transpose(-1, -2) @ centered
    return ((queries @ covariance) * queries).sum(dim=-1, keepdim=True).clamp(min=0)
