"""One file per published method, and the explicit table of all of them."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from hitmark.control import Control
from hitmark.errors import HitmarkError
from hitmark.methods.domain_adaptation import DomainAdaptation
from hitmark.methods.free_traj import FreeTraj
from hitmark.methods.mask_normalization import MaskNormalization
from hitmark.methods.peekaboo import Peekaboo
from hitmark.methods.sg_i2v import SGI2V
from hitmark.methods.temporal_intrinsic import TemporalIntrinsic
from hitmark.methods.trail_blazer import TrailBlazer

METHODS: dict[str, type[Control] | None] = {
    "none": None,  # the model untouched: the baseline of every table
    "sg-i2v": SGI2V,
    "peekaboo": Peekaboo,
    "mask-normalization": MaskNormalization,
    "temporal-intrinsic": TemporalIntrinsic,
    "ivg-da": DomainAdaptation,
    "freetraj": FreeTraj,
    "trailblazer": TrailBlazer,
}


def build(name: str, knobs: Mapping[str, Any] | None = None) -> list[Control]:
    """The controls of a method by name, or of several joined with "+", which act in that order.

    Args:
        name: a key of METHODS, or several: "peekaboo+mask-normalization".
        knobs: knob name -> value; knobs left out keep their defaults. Of several methods that have a knob of the same
            name, "peekaboo.masked_steps" says whose it is.

    Returns:
        What `attach` takes; empty for "none".

    Raises:
        HitmarkError: unknown method or knob (with the nearest name), or a value out of range.
    """
    parts = [part.strip() for part in name.split("+")]
    for part in parts:
        if part not in METHODS:
            raise HitmarkError(f"Unknown method {part!r}{_nearest(part, METHODS)}; there are: {', '.join(METHODS)}.")
        if parts.count(part) > 1:
            raise HitmarkError(f"Method {part!r} is named twice in {name!r}; leave one out.")
    valid = {part: _knobs_of(part) for part in parts}
    chosen: dict[str, dict[str, Any]] = {part: {} for part in parts}
    for knob, value in (knobs or {}).items():
        owner, _, short = knob.rpartition(".")
        owners = [part for part in parts if short in valid[part] and owner in ("", part)]
        if not owners:
            listed = ", ".join(knob for each in valid.values() for knob in each) or "none at all"
            near = _nearest(short, [each for names in valid.values() for each in names])
            raise HitmarkError(f"Unknown knob {knob!r} of method {name!r}{near}; it has: {listed}.")
        if len(owners) > 1:
            spelled = " or ".join(f"{part}.{short}" for part in owners)
            raise HitmarkError(f"Knob {knob!r} belongs to several methods of {name!r}; write {spelled}.")
        chosen[owners[0]][short] = value
    return [method(**chosen[part]) for part in parts if (method := METHODS[part]) is not None]


def spelled(name: str, knobs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Knobs of each method of `name` as one table for `build`: "method.knob" where there are several methods."""
    parts = name.split("+")
    if len(parts) == 1:
        return dict(knobs[0])
    return {f"{part}.{knob}": value for part, own in zip(parts, knobs, strict=True) for knob, value in own.items()}


def _knobs_of(name: str) -> list[str]:
    method = METHODS[name]
    return [] if method is None else [field.name for field in dataclasses.fields(method)]


def _nearest(word: str, words: Mapping[str, Any] | list[str]) -> str:
    close = difflib.get_close_matches(word, list(words), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
