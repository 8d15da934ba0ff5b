"""Which settings of a method are tried: every combination of the values that its knobs are given."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from hitmark.bench.plan import knobs_of
from hitmark.bench.presets import row_of
from hitmark.errors import HitmarkError

Grid = Mapping[str, Sequence[Any]]
"""Knob -> values to try."""
MOST_SETTINGS = 256

GRIDS: dict[str, Grid] = {
    "peekaboo": {"masked_steps": (1, 2, 3, 4, 6, 8, 10, 12)},
    "ivg-da": {"masked_steps": (2, 4, 6, 8), "strength": (0.25, 0.5, 0.75, 1.0)},
    "temporal-intrinsic": {"strength": (0.25, 0.5, 0.75, 1.0), "preview_steps": (0, 2, 4, 8)},
    "freetraj": {"guided_steps": (2, 4, 6, 8, 12), "across": (0.01, 0.1)},
    "trailblazer": {"spatial_steps": (3, 5, 8, 12), "strengthen": (0.05, 0.1, 0.2, 0.4)},
    "sg-i2v": {"step_size": (0.005, 0.01, 0.02, 0.04), "stop": (0.3, 0.4, 0.5, 0.7)},
}
"""What is tried of a method unless told otherwise: how strong its control is, and for how long it acts."""


def parse_grid(texts: Sequence[str]) -> dict[str, list[Any]]:
    """Values to try from texts such as "masked_steps=2,4,6"; ";" between values that have commas themselves.

    Raises HitmarkError for texts of another form, a value that is missing, a knob or value that comes twice.
    """
    grid: dict[str, list[Any]] = {}
    for text in texts:
        knob, sign, listed = (part.strip() for part in text.partition("="))
        values = [value.strip() for value in listed.split(";" if ";" in listed else ",")]
        if not sign or not knob or not all(values):
            raise HitmarkError(f"--knob: expected KNOB=VALUE,VALUE as in masked_steps=2,4,6, got {text!r}")
        if knob in grid:
            raise HitmarkError(f"--knob: {knob} is given twice; write all of its values behind one --knob")
        grid[knob] = [knobs_of([f"{knob}={value}"])[knob] for value in values]
    return grid


def grid_for(method: str, texts: Sequence[str]) -> Grid:
    """The grid asked for, else the method's own.

    Raises HitmarkError as `parse_grid` does, and for a method that has no grid; it lists the knobs.
    """
    from hitmark.methods import resolved

    knobs = resolved(method)
    if not knobs:
        raise HitmarkError(f"{method} has no knobs, so that there is nothing to tune; name a method that controls")
    if texts:
        return parse_grid(texts)
    if method not in GRIDS:
        listed = ", ".join(f"{knob}={json.dumps(value, default=str)}" for knob, value in knobs.items())
        raise HitmarkError(
            f"{method} has no values of its own to try; give --knob KNOB=VALUE,VALUE. Its knobs with their defaults: "
            f"{listed}"
        )
    return GRIDS[method]


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
    from hitmark.methods import resolved

    def whole(knobs: Mapping[str, Any]) -> dict[str, Any]:
        return resolved(method, {**model_knobs, **knobs})

    count = math.prod(len(values) for values in grid.values())
    if count > MOST_SETTINGS:
        raise HitmarkError(f"--knob: expected at most {MOST_SETTINGS} settings, got {count}; give fewer values")
    seen, rows = [whole(base)], []
    for values in itertools.product(*grid.values()):
        knobs = {**base, **dict(zip(grid, values, strict=True))}
        if whole(knobs) not in seen:
            seen.append(whole(knobs))
            rows.append(row_of(method, knobs))
    if not rows:
        raise HitmarkError("--knob: the default is the only setting; give other values")
    return rows
