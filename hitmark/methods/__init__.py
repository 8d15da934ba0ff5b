"""One file per published method, and the explicit table of all of them."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from hitmark.control import Control, Knob, knobs_of
from hitmark.errors import HitmarkError
from hitmark.methods import domain_adaptation
from hitmark.methods.domain_adaptation import DOMAIN_ADAPTATION
from hitmark.methods.free_traj import FreeTraj
from hitmark.methods.mask_normalization import MaskNormalization
from hitmark.methods.peekaboo import Peekaboo
from hitmark.methods.query_warp import QueryWarp
from hitmark.methods.region_prompts import RegionPrompts
from hitmark.methods.sg_i2v import SGI2V
from hitmark.methods.temporal_intrinsic import TemporalIntrinsic
from hitmark.methods.time_to_move import TimeToMove
from hitmark.methods.trail_blazer import TrailBlazer

METHODS: dict[str, tuple[Control, ...]] = {
    "none": (),  # the model untouched: the baseline of every table
    "sg-i2v": (SGI2V(),),
    "peekaboo": (Peekaboo(),),
    "mask-normalization": (MaskNormalization(),),
    "temporal-intrinsic": (TemporalIntrinsic(),),
    "ivg-da": DOMAIN_ADAPTATION,
    "freetraj": (FreeTraj(),),
    "trailblazer": (TrailBlazer(),),
    "query-warp": (QueryWarp(),),
    "time-to-move": (TimeToMove(),),
    "region-prompts": (RegionPrompts(),),
}
"""Name -> its controls, with the knobs that it has by default."""


def described_knobs(name: str) -> dict[str, Knob]:
    """Knob name -> range, help and the rest, of one method of METHODS."""
    return {knob: each for control in METHODS[name] for knob, each in knobs_of(control).items()}


def help_on(name: str) -> str:
    """One line on a method of METHODS: the first of its class's docstring, where it is one class."""
    if name == "none":
        return "The model as it is, without control: what it does of its own accord."
    if len(METHODS[name]) > 1:
        return domain_adaptation.HELP
    return (METHODS[name][0].__doc__ or "").partition("\n")[0]


def grid_of(name: str) -> dict[str, tuple[Any, ...]]:
    """Knob name -> the values that are tried of a method unless told otherwise; empty where it has none."""
    if METHODS.get(name) is DOMAIN_ADAPTATION:
        return dict(domain_adaptation.GRID)
    return {} if name not in METHODS else {knob: each.grid for knob, each in described_knobs(name).items() if each.grid}


def fast_knobs(name: str) -> dict[str, Any]:
    """The knobs of the preset "fast" of one method of METHODS; empty where it has no faster way."""
    return {knob: each.fast for knob, each in described_knobs(name).items() if each.fast is not None}


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
    parts = parts_of(name)
    valid = {part: _knobs_of(METHODS[part]) for part in parts}
    chosen: dict[str, dict[str, Any]] = {part: {} for part in parts}
    for knob, value in knob_table(knobs).items():
        owner, _, short = knob.rpartition(".")
        owners = [part for part in parts if short in valid[part] and owner in ("", part)]
        if not owners:
            listed = ", ".join(knob for each in valid.values() for knob in each) or "none at all"
            near = _nearest(short, [each for names in valid.values() for each in names])
            raise HitmarkError(f"Unknown knob {knob!r} of method {name!r}{near}; it has: {listed}.")
        if len(owners) > 1:
            written = " or ".join(f"{part}.{short}" for part in owners)
            raise HitmarkError(f"Knob {knob!r} belongs to several methods of {name!r}; write {written}.")
        chosen[owners[0]][short] = value
    return [_with_knobs(control, chosen[part]) for part in parts for control in METHODS[part]]


def resolved(name: str, knobs: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Every knob of a method with its value, given or default, as one table for `build`.

    Raises HitmarkError as `build` does.
    """
    parts, controls = parts_of(name), iter(build(name, knobs))
    tables = [_knobs_of([next(controls) for _ in METHODS[part]]) for part in parts]
    return spelled(name, tables)


def spelled(name: str, knobs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Knobs of each method of `name` as one table for `build`: "method.knob" where there are several methods."""
    parts = parts_of(name)
    if len(parts) == 1:
        return dict(knobs[0])
    return {f"{part}.{knob}": value for part, own in zip(parts, knobs, strict=True) for knob, value in own.items()}


def knob_table(knobs: Any) -> Mapping[str, Any]:
    """The knobs that somebody gave, none for None. Raises HitmarkError for what is no table of them."""
    if knobs is None:
        return {}
    if not isinstance(knobs, Mapping):
        told = f"expected a table of names and values, such as {{'iterations': 5}}, got {knobs!r:.80}"
        raise HitmarkError(f"knobs: {told}")
    return knobs


def parts_of(name: str) -> list[str]:
    """The methods of a name, in their order. Raises HitmarkError for one that is not in METHODS, or is there twice."""
    if not isinstance(name, str):
        raise HitmarkError(
            f"method: expected a name, such as 'sg-i2v', got {name!r:.80}; there are: {', '.join(METHODS)}."
        )
    parts = [part.strip() for part in name.split("+")]
    for part in parts:
        if part not in METHODS:
            raise HitmarkError(f"Unknown method {part!r}{_nearest(part, METHODS)}; there are: {', '.join(METHODS)}.")
        if parts.count(part) > 1:
            raise HitmarkError(f"Method {part!r} is named twice in {name!r}; leave one out.")
    return parts


def _knobs_of(controls: Sequence[Control]) -> dict[str, Any]:
    return {knob: value for control in controls for knob, value in control.knobs().items()}


def _with_knobs(control: Control, knobs: Mapping[str, Any]) -> Control:
    return dataclasses.replace(control, **{knob: value for knob, value in knobs.items() if knob in control.knobs()})


def _nearest(word: str, words: Mapping[str, Any] | list[str]) -> str:
    close = difflib.get_close_matches(word, list(words), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
