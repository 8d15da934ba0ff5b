"""Clips for the page: the frames of a clip in one picture, the wanted boxes drawn on them, as a data URI."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hitmark.bench.store import CLIP
from hitmark.errors import HitmarkError
from hitmark.report.clip_record import Clip, Row, Scene
from hitmark.report.figures import Figure
from hitmark.report.run_record import BenchRun
from hitmark.report.summary import clip_value
from hitmark.scene.tracks import Track

SIDE = 160
"""Pixels of a frame's longer side."""
MOST_FRAMES = 16
"""Of longer clips an even choice that has the first and the last."""
QUALITY = 70
"""Of WebP."""

Place = tuple[Scene, int]
Plan = Callable[[Clip], list[Track] | None]
"""The tracks that were wanted of a clip; None where they are not known any more."""


@dataclass(frozen=True)
class Filmstrip:
    """One clip on the page. Either `uri` is given, or `problem` says why there is none."""

    uri: str = ""
    frames: int = 0
    width: int = 0
    height: int = 0
    problem: str = ""


@dataclass(frozen=True)
class Shown:
    """The clips of one scene and noise, by row.

    Attributes:
        worst: chosen because it is among the worst, not as one of an even choice.
        strips: of the rows that have a clip.
        planned: whether the wanted boxes are drawn.
    """

    place: Place
    clips: dict[Row, Clip]
    worst: bool
    strips: dict[Row, Filmstrip]
    planned: bool


def choose(run: BenchRun, most: int, figure: Figure | None, uncontrolled: set[Row]) -> list[tuple[Place, bool]]:
    """Places (scene, noise) to show, and whether each is one of the worst.

    All where there are no more than `most`. Else half of them are the worst by `figure`, worst first, as the mean over
    the rows that are not `uncontrolled`; the others an even choice of the rest, so that the page does not only show
    failures.
    """
    places = sorted({clip.place for clip in run.clips})
    judged = [clip for clip in run.clips if clip.row not in uncontrolled] or run.clips
    badness = {} if figure is None else _badness(judged, figure)
    ranked = sorted(badness, key=lambda place: (-float(np.mean(badness[place])), place))
    if len(places) <= most:
        return [(place, False) for place in ranked + [place for place in places if place not in badness]]
    worst = ranked[: (most + 1) // 2]
    rest = [place for place in places if place not in set(worst)]
    spread = np.unique(np.linspace(0, len(rest) - 1, most - len(worst)).round().astype(int)) if most else []
    return [(place, True) for place in worst] + [(rest[index], False) for index in spread]


def _badness(clips: list[Clip], figure: Figure) -> dict[Place, list[float]]:
    """A figure by place, turned so that greater is worse."""
    found: dict[Place, list[float]] = {}
    for clip in clips:
        value = clip_value(clip, figure)
        if not math.isnan(value):
            found.setdefault(clip.place, []).append(-value if figure.card.better == "greater" else value)
    return found


def show(run: BenchRun, chosen: list[tuple[Place, bool]], plan: Plan) -> list[Shown]:
    """The clips of the chosen places, read and drawn."""
    shown = []
    for place, worst in chosen:
        clips = {clip.row: clip for clip in run.clips if clip.place == place}
        clips = {row: clips[row] for row in run.rows if row in clips}
        tracks = {row: plan(clip) for row, clip in clips.items()}
        strips = {row: filmstrip(clip, tracks[row] or []) for row, clip in clips.items()}
        shown.append(Shown(place, clips, worst, strips, all(each is not None for each in tracks.values())))
    return shown


def filmstrip(clip: Clip, tracks: list[Track]) -> Filmstrip:
    """The frames side by side, at most SIDE pixels each, with the boxes of `tracks`."""
    from PIL import Image

    from hitmark.drawing.pictures import annotated
    from hitmark.media.video import read_video

    try:
        frames, _ = read_video(clip.folder / CLIP)
        frames = annotated(_small(frames), tracks, side=SIDE)
    except HitmarkError as error:
        return Filmstrip(problem=str(error))
    kept = frames[np.unique(np.linspace(0, len(frames) - 1, min(MOST_FRAMES, len(frames))).round().astype(int))]
    count, height, width, _ = kept.shape
    out = io.BytesIO()
    Image.fromarray(kept.transpose(1, 0, 2, 3).reshape(height, count * width, 3)).save(out, "WEBP", quality=QUALITY)
    return Filmstrip(f"data:image/webp;base64,{base64.b64encode(out.getvalue()).decode()}", count, width, height)


def planned_tracks(clip: Clip) -> list[Track] | None:
    """What the clip's dataset wants of it; None where the dataset cannot be read any more."""
    from hitmark.bench.jobs import dataset
    from hitmark.scene.tracks import evaluate

    name, item = clip.scene
    try:
        return evaluate(dataset(name)[item].scene, clip.shape[0])
    except (HitmarkError, OSError):
        return None


def _small(frames: np.ndarray) -> np.ndarray:
    """Reduced to a longer side of SIDE pixels; smaller ones as they are."""
    from PIL import Image

    height, width = frames.shape[1:3]
    factor = SIDE / max(height, width)
    if factor >= 1:
        return frames
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.stack([np.asarray(Image.fromarray(each).resize(size, Image.Resampling.LANCZOS)) for each in frames])
