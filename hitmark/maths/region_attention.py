"""Attention in which regions see only the regions that they may see, without a mask of (queries x keys) at video size.

Tokens carry small whole numbers, their regions; a relation says which region may look at which. Tokens of one region
are gathered, with the keys that they may see, into dense attentions: that costs about as much as the unmasked layer
(`scripts/measure_attention_overhead.py`), a mask of that size far more. Where the mask is small anyway (between the
frames of a cell) it is built, since gathering would cost more than it saves.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from hitmark.errors import HitmarkError

SMALL = 64
"""Keys up to which a mask is built: temporal attention, never the cells of a frame."""

MOST = 0.9
"""Share of the keys from which on those that are not seen are masked for all queries alike, and not left out."""

Relation = Callable[[int, int], bool]


def region_attention(
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    query_regions: Tensor,
    key_regions: Tensor,
    may_see: Relation,
) -> Tensor:
    """softmax(q k^T / sqrt(d)) v over those keys whose region the query's region may see.

    Args:
        queries: (branches, rows, heads, length, head_width).
        keys: (branches, rows or 1, heads, keys, head_width); one row serves all.
        values: as `keys`.
        query_regions: int64 (rows, length).
        key_regions: int64 (rows or 1, keys).
        may_see: may_see(query's region, key's region).

    Returns:
        As `queries`. Equal to attention under the boolean mask, to rounding; where every query may see every key, to
        the plain attention.

    Raises:
        HitmarkError: a query that may see no key at all.
    """
    rows = queries.shape[1]
    key_regions = key_regions.expand(rows, -1)
    query_regions, key_regions, relation = relation_of(query_regions, key_regions, may_see)
    if bool(relation.all()):
        return _dense(queries, keys, values, None)
    if keys.shape[3] <= SMALL:
        allowed = relation[query_regions[:, :, None], key_regions[:, None, :]]
        _check_something_seen(allowed.any(dim=-1).all(), query_regions)
        return _dense(queries, keys, values, allowed[None, :, None])
    return _gathered(queries, keys, values, query_regions, key_regions, relation)


def scaled_attention(
    queries: Tensor, keys: Tensor, values: Tensor, query_regions: Tensor, key_regions: Tensor, factor: float
) -> Tensor:
    """softmax(s * q k^T / sqrt(d)) v, s = 1 within a region and `factor` between regions.

    Shapes as in `region_attention`. The queries of each region attend to all keys, those of other regions made shorter,
    so no (queries x keys) table is kept.
    """
    rows = queries.shape[1]
    key_regions = key_regions.expand(rows, -1)
    keys, values = (each.expand(-1, rows, -1, -1, -1) for each in (keys, values))

    def part(region: int, chosen: Tensor, places: Tensor) -> Tensor:
        same = (key_regions[chosen] == region)[None, :, None, :, None]
        own = keys[:, chosen]
        return _dense(_take(queries, chosen, places), torch.where(same, own, own * factor), values[:, chosen], None)

    counts = torch.zeros_like(query_regions[:, :1])  # every row has all keys
    return _in_parts(queries, values, query_regions, lambda region: counts, part)


def edited_attention(queries: Tensor, keys: Tensor, values: Tensor, edit: Callable[[Tensor], Tensor]) -> Tensor:
    """edit(softmax(q k^T / sqrt(d))) v; the weights are (branches, rows, heads, length, keys), in float32.

    For attention with few keys (words, frames of a cell): the weights are kept whole.
    """
    weights = (queries.float() @ keys.float().transpose(-1, -2) * queries.shape[-1] ** -0.5).softmax(dim=-1)
    return (edit(weights) @ values.float()).to(queries.dtype)


def _dense(queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None) -> Tensor:
    """Attention of all rows at once; scaled_dot_product_attention wants four dimensions."""
    branches, rows = queries.shape[:2]
    if keys.shape[1] != rows:
        keys, values = (each.expand(-1, rows, -1, -1, -1) for each in (keys, values))
    if mask is not None:
        mask = mask.expand(branches, -1, -1, -1, -1).flatten(0, 1)
    flat = (each.flatten(0, 1) for each in (queries, keys, values))
    return scaled_dot_product_attention(*flat, attn_mask=mask).unflatten(0, (branches, rows))


def _gathered(
    queries: Tensor, keys: Tensor, values: Tensor, query_regions: Tensor, key_regions: Tensor, relation: Tensor
) -> Tensor:
    def part(region: int, chosen: Tensor, places: Tensor) -> Tensor:
        seen = relation[region][key_regions[chosen]]
        visible = int(seen[0].sum())
        _check_something_seen(visible > 0, query_regions)
        shared = chosen if keys.shape[1] > 1 else torch.zeros_like(chosen)
        if len(chosen) == 1 and visible >= MOST * seen.shape[1]:
            row = int(shared[0])
            others = keys[:, row : row + 1], values[:, row : row + 1]
            return _dense(_take(queries, chosen, places), *others, seen[None, :, None, None])
        at = _indices(seen, visible)
        return _dense(_take(queries, chosen, places), _take(keys, shared, at), _take(values, shared, at), None)

    def visible(region: int) -> Tensor:
        return relation[region][key_regions].sum(dim=1, keepdim=True)

    return _in_parts(queries, values, query_regions, visible, part)


def _in_parts(
    queries: Tensor,
    values: Tensor,
    query_regions: Tensor,
    visible: Callable[[int], Tensor],
    part: Callable[[int, Tensor, Tensor], Tensor],
) -> Tensor:
    """The queries of each region by themselves, those of rows with equally many of them and of keys at once.

    Args:
        queries: gives the shape.
        values: likewise.
        query_regions: (rows, length).
        visible: of a region, how many keys each row has for it: (rows, 1).
        part: attention of a region's queries in some rows, at some places in them.
    """
    by_token = (*queries.shape[:2], queries.shape[3], queries.shape[2], values.shape[-1])
    output = queries.new_empty(by_token)  # tokens before heads, so that what is taken and put lies in one piece
    for region in query_regions.unique().tolist():
        asking = query_regions == region
        counts = torch.cat([asking.sum(1, keepdim=True), visible(region)], dim=1)
        for asked, seen in counts[counts[:, 0] > 0].unique(dim=0).tolist():
            chosen = ((counts[:, 0] == asked) & (counts[:, 1] == seen)).nonzero()[:, 0]
            places = _indices(asking[chosen], asked)
            attended = part(region, chosen, places).transpose(2, 3).flatten(1, 2)
            output.view(len(output), -1, *by_token[3:]).index_copy_(1, _flat(output, chosen, places), attended)
    return output.transpose(2, 3)


def _indices(chosen: Tensor, count: int) -> Tensor:
    """Column numbers of the True entries of bool (rows, length), `count` in every row."""
    return chosen.nonzero()[:, 1].reshape(len(chosen), count)


def _take(tokens: Tensor, rows: Tensor, places: Tensor) -> Tensor:
    """Of (branches, rows, heads, length, width) rows (n,), and in each of them the tokens at places (n, count)."""
    if tokens.shape[1] == 1:
        return tokens.index_select(3, places[0])  # heads before tokens, which is what kernels are fastest with
    by_token = tokens.transpose(2, 3)
    taken = by_token.flatten(1, 2).index_select(1, _flat(by_token, rows, places))
    return taken.unflatten(1, places.shape).transpose(2, 3)


def _flat(by_token: Tensor, rows: Tensor, places: Tensor) -> Tensor:
    """Places (n, count) in rows (n,) of (branches, rows, length, ...) as places in (branches, rows * length, ...)."""
    return (rows[:, None] * by_token.shape[2] + places).flatten()


def relation_of(query_regions: Tensor, key_regions: Tensor, may_see: Relation) -> tuple[Tensor, Tensor, Tensor]:
    """Both with the regions that occur numbered from 0, since sets of boxes have numbers up to 2 ** boxes.

    And bool (regions, regions) on the queries' device: may_see for the regions that occur; elsewhere True, and never
    read.
    """
    asking, asked = query_regions.unique(), key_regions.unique()
    every = torch.cat([asking, asked]).unique()
    table = torch.ones(len(every), len(every), dtype=torch.bool)
    columns = torch.searchsorted(every, asked).tolist()
    for row, region in zip(torch.searchsorted(every, asking).tolist(), asking.tolist(), strict=True):
        table[row, columns] = torch.tensor([may_see(region, other) for other in asked.tolist()])
    queries, keys = (torch.searchsorted(every, regions.contiguous()) for regions in (query_regions, key_regions))
    return queries, keys, table.to(query_regions.device)


def _check_something_seen(fine: Tensor | bool, regions: Tensor) -> None:
    if not bool(fine):
        raise HitmarkError(
            "Masked attention would leave tokens without anything to look at. Expected each of the "
            f"{len(regions.unique())} regions to see at least one key; check the subjects' phrases and boxes."
        )
