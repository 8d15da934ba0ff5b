"""The latent grid of one clip and what is to happen on it: boxes in latent frames, labels on any token grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from hitmark.control.pooling import Pooling
from hitmark.errors import HitmarkError
from hitmark.scene.grid import latent_cells, region_labels

if TYPE_CHECKING:
    from hitmark.control.reference import Reference
    from hitmark.prompt import Prompt
    from hitmark.scene.tracks import Track

Grid = tuple[int, int, int]
"""Frames, rows and columns of tokens."""
MOST_SUBJECTS = 62
"""Whose sets, with the background, are numbers of 63 bits."""


def check_count(subjects: Sequence[Track]) -> None:
    """Raise HitmarkError where there are more subjects than masks can tell apart."""
    if len(subjects) > MOST_SUBJECTS:
        raise HitmarkError(
            f"subjects: masks can tell {MOST_SUBJECTS} boxes apart, but this scene has {len(subjects)}. Leave some "
            "out, or put those that move together into one box."
        )


@dataclass(frozen=True)
class Layout:
    """The latent grid of one clip and what is to happen on it.

    Attributes:
        frames, height, width: of the latents, in cells.
        factor: pixels of the picture per latent cell, each way.
        tracks: with one box for each latent frame, see `hitmark.control.pooling`.
        prompt: of a model that reads text; None where the pipeline was given embeddings, or takes no text.
        reads_words: whether the model looks at the words of a prompt.
        given: number of first latent frames that are a given picture, and never denoised.
        patch: latent cells of a token (frames, rows, columns).
        shown: the tracks with one box for each frame of the video, and `groups`: the frames of each latent frame; both
            empty where latent frames are the frames.
        reference: a crude video of what is wanted, where one is attached.
        pooling: how a token's label follows from the frames that it stands for.
    """

    frames: int
    height: int
    width: int
    factor: int
    tracks: tuple[Track, ...]
    prompt: Prompt | None = None
    reads_words: bool = True
    given: int = 0
    patch: Grid = (1, 1, 1)
    shown: tuple[Track, ...] = ()
    groups: tuple[range, ...] = ()
    pooling: Pooling = "mid"
    reference: Reference | None = None
    _labels: dict[Grid, np.ndarray] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def subjects(self) -> list[Track]:
        """The tracks that mean something in the prompt."""
        return [track for track in self.tracks if track.kind == "subject"]

    def cells(self, track: Track) -> np.ndarray:
        """Boxes of a track in latent cells.

        Returns:
            (frames, 4) int64 `x0, y0, x1, y1`, at least one cell a side, reaching outside the grid where the box does.
        """
        return latent_cells(track, self.width * self.factor, self.height * self.factor, self.factor)

    def subject_bits(self, grid: Grid) -> np.ndarray:
        """For each token of a grid the sum of 2**k over the subjects k whose box holds it, int64 (frames, rows,
        columns). A grid that is the patches' halved again and again has every second token of every second row, as the
        published Peekaboo code samples its masks; any other is painted by itself.
        """
        if grid not in self._labels:
            frames, rows, columns = grid
            height, width = self.height // self.patch[1], self.width // self.patch[2]
            stride = 1
            while (-(-height // stride), -(-width // stride)) != (rows, columns) and stride < max(height, width):
                stride *= 2
            halved = (-(-height // stride), -(-width // stride)) == (rows, columns)
            if not halved:
                stride, height, width = 1, rows, columns
            self._labels[grid] = self._painted(frames, height, width)[:, ::stride, ::stride]
        return self._labels[grid]

    def regions(self, grid: Grid) -> np.ndarray:
        """For each token of a grid the number of the nearest subject whose box holds it, from 1 on; 0 is background.

        Returns:
            int64 (frames, rows, columns), see `subject_bits`.
        """
        bits = self.subject_bits(grid)
        labels = np.zeros_like(bits)
        for number, _track in sorted(enumerate(self.subjects, start=1), key=lambda item: item[1].depth):
            labels[bits >> (number - 1) & 1 > 0] = number
        return labels

    def tracks_on(self, frames: int) -> list[Track]:
        """The subjects with one box for each of so many token frames, as `regions` takes them."""
        if frames == self.frames:
            return self.subjects
        places = [group[self._place(len(group))] for group in self._token_frames(frames)]
        return [replace(track, boxes=track.boxes[places], visible=track.visible[places]) for track in self.subjects]

    def _painted(self, frames: int, height: int, width: int) -> np.ndarray:
        """`subject_bits`, painted on a grid."""
        shown = [track for track in self.shown if track.kind == "subject"]
        every = self.pooling == "any" and bool(shown)
        tracks = shown if every else self.subjects
        check_count(tracks)
        count = len(tracks[0].boxes) if every and tracks else self.frames
        bits = np.zeros((count, height, width), dtype=np.int64)
        for number, _track in enumerate(tracks):
            bits |= (region_labels([_track], count, height, width) > 0).astype(np.int64) << number
        if every:
            bits = np.stack([np.bitwise_or.reduce(bits[group.start : group.stop]) for group in self.groups])
        return self._in_tokens(bits, frames)

    def _in_tokens(self, bits: np.ndarray, frames: int) -> np.ndarray:
        """Latent frames to token frames: where one token stands for several, the policy says of which its label is."""
        if frames == self.frames:
            return bits
        groups = [bits[group.start : group.stop] for group in self._token_frames(frames)]
        if self.pooling == "any":
            return np.stack([np.bitwise_or.reduce(group) for group in groups])
        return np.stack([group[self._place(len(group))] for group in groups])

    def _token_frames(self, frames: int) -> list[range]:
        """Latent frames of each token frame."""
        size = -(-self.frames // frames)
        return [range(start, min(start + size, self.frames)) for start in range(0, self.frames, size)]

    def _place(self, count: int) -> int:
        """Which of `count` frames the policy takes."""
        return {"first": 0, "last": count - 1}.get(self.pooling, count // 2)
