"""How far things are from where they are wanted, frame by frame of the clip, for each row."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from hitmark.report.boxes import Boxes
from hitmark.report.clip_record import Clip, Row
from hitmark.report.run_record import BenchRun
from hitmark.report.statistics import DRAWS, Draws
from hitmark.report.wanted import matched

READINGS = {
    "guess": "by the observer's best guess, found or not",
    "strict": "a frame without a sure find counts as a whole diagonal",
}
COLUMNS = ("method", "model", "observer", "reading", "frame", "mean", "low", "high", "values", "scenes")


@dataclass(frozen=True)
class FrameMean:
    """Mean over clips and subjects at one frame, with its 95 % interval over scenes; None with fewer than two."""

    frame: int
    mean: float
    low: float | None
    high: float | None
    values: int
    scenes: int


@dataclass(frozen=True)
class OverTime:
    """One row by one observer in one reading; frames count from 1, those in which nothing is wanted are left out."""

    row: Row
    observer: str
    reading: str
    frames: tuple[FrameMean, ...]


@dataclass(frozen=True)
class OverTimes:
    """All rows of a run.

    Attributes:
        lines: by observer, reading and row.
        length: frames of the clips that are in them.
        others: clips of another length, which are not.
    """

    lines: tuple[OverTime, ...] = ()
    length: int = 0
    others: int = 0


def over_time(run: BenchRun, draws: int = DRAWS) -> OverTimes:
    """Center distance in diagonals of the picture, of the clips of the commonest length."""
    clips = [clip for clip in run.clips if any(matched(clip, name) for name in clip.seen)]
    if not clips:
        return OverTimes()
    ((length, count),) = Counter(clip.shape[0] for clip in clips).most_common(1)
    kept = [clip for clip in clips if clip.shape[0] == length]
    drawn = Draws(sorted({clip.scene for clip in kept}), draws)
    lines = []
    for observer in sorted({name for clip in kept for name in clip.seen}):
        for reading in READINGS:
            for row in run.rows:
                frames = _frames([clip for clip in kept if clip.row == row], observer, reading, drawn)
                if frames:
                    lines.append(OverTime(row, observer, reading, frames))
    return OverTimes(tuple(lines), length, len(clips) - count)


def frame_distances(wanted: Boxes, seen: Boxes, aspect: float, reading: str) -> np.ndarray:
    """Distance of the centers in diagonals at every frame, float64 (frames,); NaN where the subject is not wanted.

    `aspect`: width / height. The mean over frames is that of `hitmark.metrics.boxes.BoxScores.center_distance`.
    """
    gap = (wanted.boxes[:, :2] + wanted.boxes[:, 2:] - seen.boxes[:, :2] - seen.boxes[:, 2:]) / 2
    distance = np.linalg.norm(gap * np.array([aspect, 1.0]), axis=1) / np.hypot(aspect, 1.0)
    if reading == "strict":
        distance = np.where(seen.flags, distance, 1.0)
    return np.where(wanted.flags, distance, np.nan)


def comma_separated(found: OverTimes) -> str:
    """One line for each row, observer, reading and frame, with full precision."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for line in found.lines:
        about = [line.row.method, line.row.model, line.observer, line.reading]
        for at in line.frames:
            numbers = ["" if each is None else each for each in (at.mean, at.low, at.high)]
            writer.writerow([*about, at.frame, *numbers, at.values, at.scenes])
    return out.getvalue()


def _frames(clips: Sequence[Clip], observer: str, reading: str, drawn: Draws) -> tuple[FrameMean, ...]:
    by_scene: dict[Hashable, list[np.ndarray]] = {}
    for clip in clips:
        _, height, width = clip.shape
        for wanted, seen in matched(clip, observer):
            by_scene.setdefault(clip.scene, []).append(frame_distances(wanted, seen, width / height, reading))
    stacked = {scene: np.stack(some) for scene, some in by_scene.items()}
    length = clips[0].shape[0] if clips else 0
    made = []
    for frame in range(length):
        columns = {scene: some[:, frame] for scene, some in stacked.items()}
        known: dict[Hashable, list[float]] = {
            scene: column[~np.isnan(column)].tolist() for scene, column in columns.items()
        }
        known = {scene: some for scene, some in known.items() if some}
        every = [value for some in known.values() for value in some]
        if every:
            made.append(FrameMean(frame + 1, float(np.mean(every)), *drawn.interval(known), len(every), len(known)))
    return tuple(made)
