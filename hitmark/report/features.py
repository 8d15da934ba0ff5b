"""Frechet distance of each row's clips to true ones, for every set of features that the jobs have kept."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hitmark.bench.store import FEATURES
from hitmark.errors import HitmarkError
from hitmark.media.video import WRITERS, read_video
from hitmark.metrics.frechet import FeatureMoments, measure_frechet
from hitmark.report.clip_record import Clip, Shape
from hitmark.report.run_record import BenchRun

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
    """One row's distance to the reference; `distance` is None where `note` says why there is none."""

    label: str
    features: str
    distance: float | None
    clips: int
    reference: int
    note: str


def feature_sets(run: BenchRun) -> list[str]:
    """Names of the sets of features that any clip of the run has."""
    return sorted({name for clip in run.clips for name in _features(clip)})


def read_reference(spec: str, sets: list[str]) -> Reference:
    """True clips: a file of features (.npz, name -> (vectors, width)), a folder of videos, or a dataset with clips.

    Args:
        spec: path or name of a dataset.
        sets: which features are wanted; of videos and datasets only those that hitmark can compute.

    Raises:
        HitmarkError: nothing there, or nothing that can be used.
    """
    path = Path(spec)
    if path.suffix == ".npz":
        return _of_file(path)
    extractors = {name: EXTRACTORS[name]() for name in sets if name in EXTRACTORS}
    if not extractors:
        raise HitmarkError(
            f"--reference: none of the run's features ({', '.join(sets) or 'there are none'}) can be computed here "
            f"({', '.join(EXTRACTORS)}); give a .npz file of features."
        )
    reference = Reference()
    for frames in _videos(path, reference) if _is_folder_of_videos(path) else _true_clips(spec, reference):
        reference.shapes[frames.shape[:3]] += 1
        for name, extract in extractors.items():
            reference.moments.setdefault(name, FeatureMoments()).add(extract(frames))
    if not reference.moments:
        raise HitmarkError(f"--reference: {spec} has no clip that can be used. {' '.join(reference.notes)}")
    return reference


def feature_distances(run: BenchRun, reference: Reference) -> list[Distance]:
    """Every row with every set of features that both have."""
    labels, made = run.row_labels, []
    counts = {len([clip for clip in run.clips if clip.row == row]) for row in run.rows}
    general = ["rows with different numbers of clips do not compare"] if len(counts) > 1 else []
    shapes = {clip.shape for clip in run.clips}
    if len(shapes | set(reference.shapes)) > 1:
        general.append("clips of different lengths or sizes do not compare")
    for name, true in reference.moments.items():
        for row in run.rows:
            clips = [clip for clip in run.clips if clip.row == row]
            moments, absent = _moments(clips, name)
            notes = general + ([f"{absent} clips without these features are left out"] if absent else [])
            made.append(_distance(labels[row], name, moments, true, notes))
    return made


def _distance(label: str, name: str, moments: FeatureMoments, true: FeatureMoments, notes: list[str]) -> Distance:
    try:
        measured = measure_frechet(moments, true)
    except HitmarkError as error:
        return Distance(label, name, None, moments.count, true.count, "; ".join([*notes, str(error)]))
    if measured.warning:
        notes = [*notes, measured.warning]
    return Distance(label, name, measured.distance, moments.count, true.count, "; ".join(notes))


def _moments(clips: list[Clip], name: str) -> tuple[FeatureMoments, int]:
    """Moments of the clips that have these features, and how many have them not, or not as finite vectors."""
    moments, absent = FeatureMoments(), 0
    for clip in clips:
        try:
            moments.add(_features(clip)[name])
        except (KeyError, HitmarkError):
            absent += 1
    return moments, absent


def _features(clip: Clip) -> dict[str, np.ndarray]:
    """What the job has kept; nothing where there is no file or a damaged one."""
    try:
        with np.load(clip.folder / FEATURES, allow_pickle=False) as values:
            return {name: values[name] for name in values.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return {}


def _of_file(path: Path) -> Reference:
    try:
        with np.load(path, allow_pickle=False) as values:
            return Reference({name: FeatureMoments().add(values[name]) for name in values.files})
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise HitmarkError(f"--reference: {path}: expected name -> (vectors, width) in a .npz file; {error}") from None


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


def _sprites_perceptual() -> Extract:
    from hitmark.sprites.perceptual import clip_features, load_perceptual

    network = load_perceptual()
    return lambda frames: clip_features(frames, network)[None]


EXTRACTORS: dict[str, Callable[[], Extract]] = {"sprites-perceptual": _sprites_perceptual}
"""Name of a set of features -> what loads the network that computes it."""
