"""Tables of rotary embeddings as attention modules are given them: which token stands where."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from hitmark.errors import HitmarkError

ROTARY = ("rotary_emb", "image_rotary_emb", "query_rotary_emb")
"""Names under which attention modules are given their table."""


def placed(named: dict[str, Any], places: Tensor, name: str) -> dict[str, Any]:
    """The rotary arguments of a layer in which each token of the video stands where another one does.

    Args:
        named: the layer's arguments.
        places: int64 (tokens,), for each the number of the token whose embedding it gets.
        name: of the layer, for the message.

    Raises:
        HitmarkError: the layer has none, or one that is not of the video's tokens alone.
    """
    found = {each: _gathered(named[each], places) for each in ROTARY if named.get(each) is not None}
    if not found:
        raise HitmarkError(f"{name} is given no rotary embeddings, so where its tokens stand cannot be changed.")
    return found


def _gathered(table: Any, places: Tensor) -> Any:
    if isinstance(table, tuple | list):
        return type(table)(_gathered(each, places) for each in table)
    axes = [axis for axis, size in enumerate(table.shape) if size == len(places)]
    if not axes:
        raise HitmarkError(
            f"The table of rotary embeddings has the shape {tuple(table.shape)}, and no axis of {len(places)} "
            "tokens. Expected one of the video's tokens alone; set positions='own' where features are read."
        )
    return table.index_select(axes[0], places.to(table.device))
