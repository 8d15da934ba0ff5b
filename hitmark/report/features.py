"""Frechet distance of each row's clips to true ones, for every set of features that the jobs have kept."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from hitmark.bench.store import FEATURES
from hitmark.errors import HitmarkError
from hitmark.media.video import WRITERS, read_video
from hitmark.metrics.frechet import FeatureMoments, measure_frechet
from hitmark.report.clip_record import Clip, Row, Shape
from hitmark.report.feature_draws import MOST_DRAWS, DrawnDistances, RowVectors
from hitmark.report.run_record import BenchRun
from hitmark.report.statistics import DRAWS, Difference, Draws, Ratio

Extract = Callable[[np.ndarray], np.ndarray]
"""Frames uint8 (frames, height, width, 3) -> features (vectors, width)."""


@dataclass
class Reference:
    """True clips as features.

    Attributes:
        moments: by name of the set.
        shapes: of the clips that were looked at; empty where features were given.
        notes: sentences on what was left out.
    """

    moments: dict[str, FeatureMoments] = field(default_factory=dict)
    shapes: Counter[Shape] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Distance:
    """One row's distance to the reference; `distance` is None where `note` says why there is none.

    `difference` and `ratio` are to the baseline's distance; None for the baseline and where the two do not compare.
    """

    label: str
    features: str
    distance: float | None
    clips: int
    reference: int
    note: str
    difference: Difference | None = None
    ratio: Ratio | None = None


def feature_sets(run: BenchRun) -> list[str]:
    """Names of the sets of features that any clip of the run has."""
    return sorted({name for clip in run.clips for name in _features(clip)})


def read_reference(spec: str, sets: list[str], flag: str = "--reference") -> Reference:
    """True clips: a file of features (.npz, name -> (vectors, width)), a folder of videos, or a dataset with clips.

    Args:
        spec: path or name of a dataset.
        sets: which features are wanted; of videos and datasets only those that hitmark can compute.
        flag: that errors name.

    Raises:
        HitmarkError: nothing there, or nothing that can be used.
    """
    path = Path(spec)
    if path.suffix == ".npz":
        return _of_file(path, flag)
    extractors = {name: EXTRACTORS[name]() for name in sets if name in EXTRACTORS}
    if not extractors:
        raise HitmarkError(
            f"{flag}: none of the run's features ({', '.join(sets) or 'there are none'}) can be computed here "
            f"({', '.join(EXTRACTORS)}); give a .npz file of features."
        )
    reference = Reference()
    for frames in _videos(path, reference) if _is_folder_of_videos(path) else _true_clips(spec, reference):
        reference.shapes[frames.shape[:3]] += 1
        for name, extract in extractors.items():
            reference.moments.setdefault(name, FeatureMoments()).add(extract(frames))
    if not reference.moments:
        raise HitmarkError(f"{flag}: {spec} has no clip that can be used. {' '.join(reference.notes)}")
    return reference


def feature_distances(
    run: BenchRun, reference: Reference, baseline: Mapping[Row, Row | None] | None = None, draws: int = DRAWS
) -> list[Distance]:
    """Every row with every set of features that both have, beside its baseline where there is one."""
    by_row = {row: [clip for clip in run.clips if clip.row == row] for row in run.rows}
    general = ["rows with different numbers of clips do not compare"] if len(set(map(len, by_row.values()))) > 1 else []
    shapes = {clip.shape for clip in run.clips}
    if len(shapes | set(reference.shapes)) > 1:
        general.append("clips of different lengths or sizes do not compare")
    drawn = Draws(sorted({clip.scene for clip in run.clips}), min(draws, MOST_DRAWS))
    made = []
    for name, true in reference.moments.items():
        vectors = {row: _vectors(clips, name) for row, clips in by_row.items()}
        distances = DrawnDistances(vectors, true, drawn)
        for row, some in vectors.items():
            notes = general + ([f"{some.absent} clips without these features are left out"] if some.absent else [])
            found = _distance(run.row_labels[row], name, some.moments, true, notes)
            other = None if baseline is None or found.distance is None else baseline[row]
            beside = None if other is None else distances.compared(row, other)
            made.append(found if beside is None else replace(found, difference=beside[0], ratio=beside[1]))
    return made


def perfect_distances(reference: Reference, others: Reference) -> list[Distance]:
    """Of other true clips, with every set of features that both have: what is left of it for a perfect model."""
    return [
        _distance("true clips", name, moments, reference.moments[name], others.notes)
        for name, moments in others.moments.items()
        if name in reference.moments
    ]


def _distance(label: str, name: str, moments: FeatureMoments, true: FeatureMoments, notes: list[str]) -> Distance:
    try:
        measured = measure_frechet(moments, true)
    except HitmarkError as error:
        return Distance(label, name, None, moments.count, true.count, "; ".join([*notes, str(error)]))
    if measured.warning:
        notes = [*notes, measured.warning]
    return Distance(label, name, measured.distance, moments.count, true.count, "; ".join(notes))


def _vectors(clips: list[Clip], name: str) -> RowVectors:
    made = RowVectors()
    for clip in clips:
        made.add(clip, _features(clip).get(name))
    return made


def _features(clip: Clip) -> dict[str, np.ndarray]:
    """What the job has kept; nothing where there is no file or a damaged one."""
    try:
        with np.load(clip.folder / FEATURES, allow_pickle=False) as values:
            return {name: values[name] for name in values.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return {}


def _of_file(path: Path, flag: str) -> Reference:
    try:
        with np.load(path, allow_pickle=False) as values:
            return Reference({name: FeatureMoments().add(values[name]) for name in values.files})
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise HitmarkError(f"{flag}: {path}: expected name -> (vectors, width) in a .npz file; {error}") from None


def _is_folder_of_videos(path: Path) -> bool:
    return path.is_dir() and any(each.suffix.lower() in WRITERS for each in path.iterdir())


def _videos(folder: Path, reference: Reference) -> Iterator[np.ndarray]:
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in WRITERS:
            try:
                yield read_video(path)[0]
            except HitmarkError as error:
                reference.notes.append(f"Reference: {error}.")


def _true_clips(spec: str, reference: Reference) -> Iterator[np.ndarray]:
    from hitmark.datasets import open_dataset

    without = 0
    for item in open_dataset(spec):
        frames = item.frames()
        if frames is None:
            without += 1
        else:
            yield frames
    if without:
        reference.notes.append(f"Reference: {without} items of {spec} have no real clip.")


def _sprites_perceptual(name: str) -> Extract:
    from hitmark.sprites.perceptual import WEIGHTS, clip_features, load_perceptual

    network = load_perceptual(WEIGHTS / name)
    return lambda frames: clip_features(frames, network)[None]


EXTRACTORS: dict[str, Callable[[], Extract]] = {
    name: partial(_sprites_perceptual, name) for name in ("sprites-perceptual", "sprites-perceptual-128")
}
"""Name of a set of features -> what loads the network that computes it."""
