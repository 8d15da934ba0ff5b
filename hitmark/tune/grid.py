"""Which settings of a method are tried: every combination of the values that its knobs are given."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from hitmark.errors import HitmarkError

Grid = Mapping[str, Sequence[Any]]
"""Knob -> values to try."""
MOST_SETTINGS = 256


def parse_grid(texts: Sequence[str]) -> dict[str, list[Any]]:
    """Values to try from texts such as "masked_steps=2,4,6"; ";" between values that have commas themselves.

    Raises HitmarkError for texts of another form, a value that is missing, a knob or value that comes twice.
    """
    from hitmark.methods.spec import read_knob

    grid: dict[str, list[Any]] = {}
    for text in texts:
        knob, sign, listed = (part.strip() for part in text.partition("="))
        values = [value.strip() for value in listed.split(";" if ";" in listed else ",")]
        if not sign or not knob or not all(values):
            raise HitmarkError(f"--knob: expected KNOB=VALUE,VALUE as in masked_steps=2,4,6, got {text!r}")
        if knob in grid:
            raise HitmarkError(f"--knob: {knob} is given twice; write all of its values behind one --knob")
        grid[knob] = [read_knob(knob, value) for value in values]
    return grid


def grid_for(method: str, texts: Sequence[str]) -> Grid:
    """The grid asked for, else the method's own.

    Raises HitmarkError as `parse_grid` does, and for a method that has no grid; it lists the knobs.
    """
    from hitmark.methods import grid_of, resolved

    knobs = resolved(method)
    if not knobs:
        raise HitmarkError(f"{method} has no knobs, so that there is nothing to tune; name a method that controls")
    if texts:
        return parse_grid(texts)
    usual = grid_of(method)
    if not usual:
        listed = ", ".join(f"{knob}={json.dumps(value, default=str)}" for knob, value in knobs.items())
        raise HitmarkError(
            f"{method} has no values of its own to try; give --knob KNOB=VALUE,VALUE. Its knobs with their defaults: "
            f"{listed}"
        )
    return usual


def settings_of(method: str, base: Mapping[str, Any], grid: Grid, model_knobs: Mapping[str, Any]) -> list[str]:
    """Rows of all combinations, the last knob changing first, without those that are the default or come twice.

    Args:
        method: name, or several joined with "+".
        base: knobs that the default is given.
        grid: values on top of them.
        model_knobs: what the model's card sets where nothing is given.

    Raises:
        HitmarkError: an unknown knob or a value out of range, too many settings, none but the default.
    """
    from hitmark.methods.spec import MethodSpec

    def whole(knobs: Mapping[str, Any]) -> dict[str, Any]:
        return MethodSpec(method, {**model_knobs, **knobs}).resolved()

    count = math.prod(len(values) for values in grid.values())
    if count > MOST_SETTINGS:
        raise HitmarkError(f"--knob: expected at most {MOST_SETTINGS} settings, got {count}; give fewer values")
    seen, rows = [whole(base)], []
    for values in itertools.product(*grid.values()):
        knobs = {**base, **dict(zip(grid, values, strict=True))}
        if whole(knobs) not in seen:
            seen.append(whole(knobs))
            rows.append(str(MethodSpec(method, knobs)))
    if not rows:
        raise HitmarkError("--knob: the default is the only setting; give other values")
    return rows
