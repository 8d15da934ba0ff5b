"""Rows of one method that differ in one knob: a chart joins them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hitmark.report.clip_record import Row
from hitmark.report.run_record import BenchRun


@dataclass(frozen=True)
class Curve:
    """Rows in the order of one knob's value."""

    knob: str
    rows: tuple[Row, ...]


def curves(run: BenchRun, rows: Sequence[Row]) -> list[Curve]:
    """All sets of two rows or more that have the same method and model, and differ in one numeric knob.

    Knobs are those that the pipeline was called with, defaults included: "peekaboo" and "peekaboo masked_steps=6"
    differ in one knob.
    """
    knobs = {clip.row: dict(clip.settings.get("knobs", {})) for clip in run.clips}
    groups: dict[tuple[str, str, str, str], list[Row]] = {}
    for row in rows:
        for knob, value in knobs[row].items():
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                groups.setdefault(_family(row, knob, knobs[row]), []).append(row)
    found = []
    for (_, _, knob, _), members in groups.items():
        if len({knobs[row][knob] for row in members}) == len(members) > 1:
            found.append(Curve(knob, tuple(sorted(members, key=lambda row, knob=knob: knobs[row][knob]))))
    return found


def _family(row: Row, knob: str, knobs: dict[str, Any]) -> tuple[str, str, str, str]:
    """Equal for rows that may differ in this knob alone."""
    rest = {name: value for name, value in knobs.items() if name != knob}
    return row.model, row.method.split()[0], knob, json.dumps(rest, sort_keys=True, default=str)
