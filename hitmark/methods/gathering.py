"""Where a subject's tokens of all frames stand as if they were at one place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hitmark.control import Grid, Layout
from hitmark.scene.grid import latent_cells
from hitmark.scene.tracks import Track


@dataclass(frozen=True)
class Gathering:
    """The tokens of one grid, each array (frames, rows, columns).

    Attributes:
        labels: the number of the nearest subject whose box holds it, from 1 on; 0 is background.
        places: the number of the token, of the same frame, whose position it takes; its own where it stays.
        displaced: of the background, the sum of 2**k over the subjects k, from 0 on, whose tokens were moved to where
            it stands.
    """

    labels: np.ndarray
    places: np.ndarray
    displaced: np.ndarray

    @property
    def moves(self) -> bool:
        """Whether any token stands elsewhere than it is."""
        return bool((self.places.reshape(-1) != np.arange(self.places.size)).any())


def gathering(layout: Layout, grid: Grid, as_in_code: bool) -> Gathering:
    """The reference is the smallest box of a subject, the first of equals; a larger one stands more densely there.

    Args:
        layout: with subjects.
        grid: of the tokens.
        as_in_code: a box is that of the last frame that a latent frame stands for, cut as `int` cuts it, and its last
            row and column stay where they are.
    """
    labels = np.zeros(grid, dtype=np.int64)
    subjects = [_boxes(layout, number, grid, as_in_code) for number in range(len(layout.subjects))]
    order = sorted(range(len(subjects)), key=lambda number: layout.subjects[number].depth)
    for number in order:
        for frame, (x0, y0, x1, y1) in subjects[number].items():
            labels[frame, y0:y1, x0:x1] = number + 1
    places = np.arange(labels.size).reshape(grid)
    displaced = np.zeros(grid, dtype=np.int64)
    own = places.copy()
    for number in order:
        boxes = {frame: _shorter(box) if as_in_code else box for frame, box in subjects[number].items()}
        boxes = {frame: box for frame, box in boxes.items() if _area(box) > 0}
        if not boxes:
            continue
        reference = min(boxes.values(), key=_area)
        for frame, (x0, y0, x1, y1) in boxes.items():
            rows = _spread(reference[1], reference[3], y1 - y0)
            columns = _spread(reference[0], reference[2], x1 - x0)
            here = labels[frame, y0:y1, x0:x1] == number + 1
            taken = own[frame][rows[:, None], columns[None, :]]
            places[frame, y0:y1, x0:x1][here] = taken[here]
            displaced.reshape(-1)[taken[here]] |= 1 << number
    displaced[labels > 0] = 0
    return Gathering(labels, places, displaced)


Box = tuple[int, int, int, int]


def _boxes(layout: Layout, number: int, grid: Grid, as_in_code: bool) -> dict[int, Box]:
    """Token frame -> the subject's box in tokens, on the grid; frames that do not show it are left out."""
    frames, rows, columns = grid
    track = _last(layout, number) if as_in_code else layout.tracks_on(frames)[number]
    if len(track.boxes) != frames:
        track = layout.tracks_on(frames)[number]
    if as_in_code:
        cells = (track.boxes * np.array([columns, rows, columns, rows])).astype(np.int64)
    else:
        cells = latent_cells(track, columns, rows, 1)
    limits = np.array([columns, rows, columns, rows])
    found = {}
    for frame in np.flatnonzero(track.visible):
        x0, y0, x1, y1 = (int(value) for value in np.clip(cells[frame], 0, limits))
        if x0 < x1 and y0 < y1:
            found[int(frame)] = (x0, y0, x1, y1)
    return found


def _last(layout: Layout, number: int) -> Track:
    """A subject with the boxes of the last frame that each latent frame stands for."""
    shown = [track for track in layout.shown if track.kind == "subject"]
    if not shown:
        return layout.subjects[number]
    last = [group[-1] for group in layout.groups]
    track = shown[number]
    return Track(track.name, track.kind, track.phrase, track.depth, track.boxes[last], track.visible[last])


def _shorter(box: Box) -> Box:
    x0, y0, x1, y1 = box
    return x0, y0, x1 - 1, y1 - 1


def _area(box: Box) -> int:
    x0, y0, x1, y1 = box
    return (x1 - x0) * (y1 - y0)


def _spread(start: int, stop: int, count: int) -> np.ndarray:
    """`count` cells from the first to the last of a side, the nearest ones, int64 (count,)."""
    return start + np.rint(np.linspace(0, stop - start - 1, count, dtype=np.float32)).astype(np.int64)
