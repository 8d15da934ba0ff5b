"""Where region prompts let a subject's tokens stand, against the published rules written out by loops."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hitmark.control import Layout
from hitmark.methods.gathering import gathering
from hitmark.scene.tracks import Track

Box = tuple[float, float, float, float]
CASES: dict[str, tuple[tuple[int, int], list[Box]]] = {
    "grows on a wide grid": ((6, 11), [(0.05, 0.1, 0.4, 0.6), (0.2, 0.1, 0.7, 0.8), (0.3, 0.2, 0.95, 0.99)]),
    "shrinks on a tall grid": ((9, 5), [(0.0, 0.0, 0.9, 0.8), (0.2, 0.3, 0.9, 0.9), (0.4, 0.5, 1.0, 1.0)]),
    "keeps its area": ((8, 8), [(0.0, 0.0, 0.5, 0.25), (0.3, 0.1, 0.55, 0.6), (0.5, 0.5, 1.0, 0.75)]),
    "sizes change by rounding": ((7, 13), [(0.1, 0.1, 0.5, 0.5), (0.15, 0.17, 0.55, 0.57), (0.33, 0.4, 0.73, 0.8)]),
}
"""Rows and columns of tokens, and the box at frames 0, 4 and 8."""


def slow(grid: tuple[int, int], boxes: list[Box]) -> tuple[list[int], list[int], list[int]]:
    """For every token whether it is inside, whose place it takes, and whether it is displaced background."""
    rows, columns = grid
    corners = [(int(x0 * columns), int(y0 * rows), int(x1 * columns), int(y1 * rows)) for x0, y0, x1, y1 in boxes]
    moved = [(x0, y0, x1 - 1, y1 - 1) for x0, y0, x1, y1 in corners]  # the last row and column stay
    areas = [(x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in moved]
    place = moved[areas.index(min(areas))]
    size, inside, stands = rows * columns, [], []
    for frame in range(len(boxes)):
        x0, y0, x1, y1 = corners[frame]
        for row in range(rows):
            for column in range(columns):
                inside.append(int(x0 <= column < x1 and y0 <= row < y1))
                stands.append(frame * size + row * columns + column)
        left, top, right, bottom = moved[frame]
        down = torch.linspace(0, place[3] - place[1] - 1, bottom - top).round().int().tolist()
        across = torch.linspace(0, place[2] - place[0] - 1, right - left).round().int().tolist()
        for row, new_row in enumerate(down):
            for column, new_column in enumerate(across):
                at = frame * size + (top + row) * columns + left + column
                stands[at] = frame * size + (place[1] + new_row) * columns + place[0] + new_column
    taken = [stands[at] for at in range(len(stands)) if stands[at] != at]
    return inside, stands, [int(not inside[at] and at in taken) for at in range(len(stands))]


@pytest.mark.parametrize("case", CASES)
def test_stands_where_the_published_rules_say(case: str) -> None:
    (rows, columns), boxes = CASES[case]
    shown = np.array([boxes[0], *[boxes[1]] * 4, *[boxes[2]] * 4])
    seen = np.ones(9, dtype=bool)
    groups = (range(0, 1), range(1, 5), range(5, 9))
    track = Track("thing", "subject", None, 0, shown, seen)
    pooled = Track("thing", "subject", None, 0, shown[[0, 3, 7]], seen[:3])
    layout = Layout(3, rows, columns, 8, (pooled,), shown=(track,), groups=groups)
    found = gathering(layout, (3, rows, columns), as_in_code=True)
    inside, stands, displaced = slow((rows, columns), boxes)
    assert found.labels.reshape(-1).tolist() == inside
    assert found.places.reshape(-1).tolist() == stands
    assert found.displaced.reshape(-1).tolist() == displaced
