"""The table of Frechet distances as cells, for the page and for text."""

from __future__ import annotations

from collections.abc import Sequence

from hitmark.report.features import Distance
from hitmark.report.numbers import NONE, number, ranged, signed

TITLE = "Frechet distance to the reference"
HEADS = ("row", "features", "distance", "difference", "ratio", "clips", "reference clips", "note")
LEGEND = (
    "Difference and ratio are to the baseline, where both have the same clips, with their 95 % intervals over the same "
    "draws of scenes. The distance itself has none: draws repeat clips, which raises it."
)


def cells(distances: Sequence[Distance]) -> list[list[str]]:
    """One line for each distance, under `HEADS`."""
    return [
        [
            *(each.label, each.features, number(each.distance), _difference(each), _ratio(each)),
            *(str(each.clips), str(each.reference), each.note),
        ]
        for each in distances
    ]


def _difference(each: Distance) -> str:
    gap = each.difference
    return NONE if gap is None else ranged(signed(gap.mean), gap.low, gap.high) + "*" * gap.sure


def _ratio(each: Distance) -> str:
    return NONE if each.ratio is None else ranged(number(each.ratio.value), each.ratio.low, each.ratio.high)
