"""One file per published method, and the explicit table of all of them."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from typing import Any

from hitmark.control import Control
from hitmark.errors import HitmarkError
from hitmark.methods.peekaboo import Peekaboo
from hitmark.methods.sg_i2v import SGI2V

METHODS: dict[str, type[Control] | None] = {
    "none": None,  # the model untouched: the baseline of every table
    "sg-i2v": SGI2V,
    "peekaboo": Peekaboo,
}


def build(name: str, knobs: Mapping[str, Any] | None = None) -> list[Control]:
    """The controls of a method by name.

    Args:
        name: a key of METHODS.
        knobs: knob name -> value; knobs left out keep their defaults.

    Returns:
        What `attach` takes; empty for "none".

    Raises:
        HitmarkError: unknown method or knob (with the nearest name), or a value out of range.
    """
    if name not in METHODS:
        raise HitmarkError(f"Unknown method {name!r}{_nearest(name, METHODS)}; there are: {', '.join(METHODS)}.")
    method = METHODS[name]
    valid = [] if method is None else [field.name for field in dataclasses.fields(method)]
    for knob in knobs or {}:
        if knob not in valid:
            listed = ", ".join(valid) or "none at all"
            raise HitmarkError(f"Unknown knob {knob!r} of method {name!r}{_nearest(knob, valid)}; it has: {listed}.")
    return [] if method is None else [method(**(knobs or {}))]


def _nearest(word: str, words: Mapping[str, Any] | list[str]) -> str:
    close = difflib.get_close_matches(word, list(words), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
