"""What a method changes where nothing was asked for: against the uncontrolled clip of the same scene and noise.

Read by the sprite world's perceptual network, so only for clips that the sprite observer has scored. What was computed
is kept in RUN/outside.json by the content of both clips, the boxes and the network, for the next report.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np

from hitmark.bench.store import CLIP
from hitmark.errors import HitmarkError
from hitmark.files import OutputError, write_text
from hitmark.media.video import read_video
from hitmark.metrics.feature_cache import file_digest
from hitmark.report.boxes import Several
from hitmark.report.clip_record import Clip
from hitmark.report.figures import OUTSIDE, Figure
from hitmark.report.run_record import BenchRun

OBSERVER = "sprites"
KEPT_FILE = "outside.json"
PLAIN = "none"
"""The method of clips without control."""

Distance = Callable[[np.ndarray, np.ndarray, np.ndarray], float]
"""Of two clips uint8 (frames, height, width, 3) where a mask bool (frames, height, width) is set."""


def with_outside(run: BenchRun, distance: Callable[[], Distance] | None = None) -> BenchRun:
    """The run with the figure `outside` for every clip that has an uncontrolled partner; unchanged without any.

    Args:
        run: wanted boxes are those of its clips.
        distance: loads what measures; None = the sprite world's perceptual network.
    """
    plain = {(clip.row.model, clip.place): clip for clip in run.clips if clip.row.method.split()[0] == PLAIN}
    partners = {clip.folder.name: partner for clip in run.clips if (partner := _partner(clip, plain)) is not None}
    if not partners:
        return run
    measure, frames = cache(distance or _sprite_distance), _Frames()
    kept = Kept(run.folder / KEPT_FILE if distance is None else None)
    figure, values = Figure(OBSERVER, OUTSIDE), {}
    for clip in sorted(run.clips, key=lambda clip: (clip.row.model, clip.place)):
        partner = partners.get(clip.folder.name)
        if partner is None:
            continue
        where = outside_boxes(clip.wanted or (), *clip.shape)
        key = kept.key(clip, partner, where)
        if key not in kept.values:
            kept.values[key] = _measured(clip, partner, where, frames, measure())
        values[clip.folder.name] = {figure: (kept.values[key],)}
    kept.save()
    return replace(
        run, clips=[replace(clip, figures=clip.figures | values.get(clip.folder.name, {})) for clip in run.clips]
    )


def outside_boxes(wanted: Several, frames: int, height: int, width: int) -> np.ndarray:
    """Pixels that lie in no wanted box of their frame, bool (frames, height, width)."""
    where = np.ones((frames, height, width), dtype=bool)
    for subject in wanted:
        for frame in np.flatnonzero(subject.flags):
            x0, y0, x1, y1 = subject.boxes[frame].clip(0, 1) * np.array([width, height, width, height])
            where[frame, int(y0) : round(y1), int(x0) : round(x1)] = False
    return where


def _partner(clip: Clip, plain: dict[tuple[str, tuple[tuple[str, str], int]], Clip]) -> Clip | None:
    """The uncontrolled clip; None where there is none that compares, for itself, or without boxes."""
    found = plain.get((clip.row.model, clip.place))
    scored = any(figure.observer == OBSERVER for figure in clip.figures)
    if found is None or found.row == clip.row or not scored or clip.wanted is None or found.shape != clip.shape:
        return None
    return found


def _measured(clip: Clip, partner: Clip, where: np.ndarray, frames: _Frames, measure: Distance) -> float:
    """NaN where a clip cannot be decoded, or the boxes fill the picture in all frames."""
    try:
        return measure(frames.of(clip), frames.plain(partner), where) if where.any() else math.nan
    except HitmarkError:
        return math.nan


class Kept:
    """Distances of an earlier report, by content. A file that cannot be read or written costs time, nothing else."""

    def __init__(self, path: Path | None) -> None:
        """`path`: None = nothing is kept."""
        self._path = path
        self._network = "" if path is None else _network_digest()
        self.values: dict[str, float] = {}
        self._before: dict[str, float] = {}
        if path is not None:
            self._before = self._read(path)
            self.values = dict(self._before)

    def key(self, clip: Clip, partner: Clip, where: np.ndarray) -> str:
        """Of one distance."""
        about = f"{self._network} {clip.frames_sha256} {partner.frames_sha256} {where.shape} "
        return hashlib.sha256(about.encode() + np.packbits(where).tobytes()).hexdigest()[:32]

    def save(self) -> None:
        """Writes what is new."""
        if self._path is None or self.values == self._before:
            return
        finite = {key: value for key, value in self.values.items() if math.isfinite(value)}
        with suppress(OutputError):
            write_text(self._path, json.dumps(finite, indent=0) + "\n")

    def _read(self, path: Path) -> dict[str, float]:
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            return {str(key): float(value) for key, value in found.items() if math.isfinite(value)}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}


class _Frames:
    """Clips read from disk; the uncontrolled one stays, as all rows of a place are compared with it in turn."""

    def __init__(self) -> None:
        self._kept: tuple[str, np.ndarray] | None = None

    def of(self, clip: Clip) -> np.ndarray:
        return read_video(clip.folder / CLIP)[0]

    def plain(self, clip: Clip) -> np.ndarray:
        if self._kept is None or self._kept[0] != clip.folder.name:
            self._kept = (clip.folder.name, self.of(clip))
        return self._kept[1]


def _network_digest() -> str:
    """Of the perceptual network's weights; torch is not needed for it."""
    weights = files("hitmark") / "sprites" / "weights" / "sprites-perceptual" / "model.safetensors"
    return file_digest(Path(str(weights)))


def _sprite_distance() -> Distance:
    from hitmark.sprites.perceptual import layer_distance, load_perceptual

    network = load_perceptual()
    return lambda first, second, where: layer_distance(first, second, network, where)
