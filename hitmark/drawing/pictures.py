"""Pictures that show a plan and what became of it: boxes, paths and found positions on frames. Pillow only.

Wanted is drawn as boxes and lines with dots, found as crosses; every track has its own color. Coordinates of tracks
are fractions of the picture; found centers are pixels of the given frames, NaN where nothing was found.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from hitmark.drawing.canvas import DARK, Canvas, Color
from hitmark.drawing.colors import STILL, track_colors
from hitmark.errors import HitmarkError
from hitmark.media.given import as_frames, as_picture
from hitmark.media.images import as_rgb
from hitmark.scene.schema import Scene
from hitmark.scene.tracks import Track, evaluate

if TYPE_CHECKING:
    from pathlib import Path

Found = Mapping[str, np.ndarray]  # track name -> (frames, 2) centers x, y in pixels, NaN = not found

FOUND: Color = (255, 255, 255)  # the line between found crosses
LEAST_SIDE = 640  # pixels of the longer side of a plan picture
MOST_CELLS = 25  # frames on a contact sheet
NO_MARGIN = (0.0, 0.0, 0.0, 0.0)
PLAN_FRAMES = 25  # that a path is drawn for where the scene does not say how many
LEAST_WAY = 6.0  # widths of a line; a center that moves less has no path to draw
MARGIN = 0.25  # widest border around the picture for boxes that leave it, as a fraction of its side


def plan_picture(
    image: Image.Image | np.ndarray | str | Path, tracks: Scene | Sequence[Track], found: Found | None = None
) -> Image.Image:
    """Draw the plan on the first frame: first box solid, last box dashed, a dot for each frame on the way, an arrow.

    Args:
        image: the first frame, any size, as `hitmark.media.given.as_picture` takes it; small ones are enlarged to
            640 px or more so that the plan can be read.
        tracks: a scene, or its tracks from `hitmark.scene.evaluate`.
        found: where the objects really went, in pixels of `image`; drawn as crosses joined by a thin white line.

    Returns:
        An RGB picture. When boxes leave the picture it has a dark border that shows them.

    Raises:
        HitmarkError: no picture, or neither a scene nor tracks.
    """
    image = as_rgb(as_picture(image)).image
    tracks = _as_tracks(tracks, None)
    canvas = Canvas.over(image, LEAST_SIDE, _overhang(tracks))
    colors = track_colors(tracks)
    for track in tracks:
        _draw_plan(canvas, track, colors[track.name])
    for track in tracks:
        centers = None if found is None else found.get(track.name)
        if centers is not None:
            _draw_found_path(canvas, centers / np.array(image.size), colors[track.name])
    taken: list[tuple[float, ...]] = []
    for track in _named(tracks):
        box = track.boxes[_shown(track)[0]] if len(_shown(track)) else track.boxes[0]
        canvas.label((box[0], box[1]), track.name, colors[track.name], taken)
    return canvas.finished()


def contact_sheet(
    frames: Any, tracks: Scene | Sequence[Track], found: Found | None = None, most: int = MOST_CELLS
) -> Image.Image:
    """Lay the frames out in rows, each with its wanted boxes and found crosses.

    Args:
        frames: uint8 (frames, height, width, 3), or whatever else `hitmark.media.given.as_frames` takes, such as what
            a pipeline returns as `.frames[0]`.
        tracks: a scene, or its tracks evaluated for the same number of frames.
        found: centers in pixels of `frames`.
        most: frames shown; of longer clips an even choice that has the first and the last.

    Raises:
        HitmarkError: no clip, neither a scene nor tracks, or a track of another number of frames.
    """
    frames = as_frames(frames)
    tracks = _as_tracks(tracks, len(frames))
    chosen = np.unique(np.linspace(0, len(frames) - 1, min(most, len(frames))).round().astype(int))
    columns = math.ceil(math.sqrt(len(chosen) * frames.shape[1] / frames.shape[2] * 1.6))
    columns = min(len(chosen), max(1, columns))
    side = max(120, 1400 // columns)
    cells = [_frame_picture(frames, index, tracks, found, side) for index in chosen]
    width, height = cells[0].size
    gap, rows = 6, math.ceil(len(cells) / columns)
    sheet = Image.new("RGB", (columns * (width + gap) + gap, rows * (height + gap) + gap + 34), DARK)
    for number, cell in enumerate(cells):
        sheet.paste(cell, (gap + number % columns * (width + gap), gap + number // columns * (height + gap)))
    words = "box = wanted" if found is None else "box = wanted    cross = found"
    ImageDraw.Draw(sheet).text((gap + 2, sheet.height - 30), words, STILL, ImageFont.load_default(size=18))
    return sheet


def annotated(frames: np.ndarray, tracks: Sequence[Track], found: Found | None = None, side: int = 384) -> np.ndarray:
    """Draw wanted boxes and found crosses on every frame, enlarged to a longer side of at least `side` pixels.

    Returns:
        uint8 (frames, height', width', 3) with even height' and width'.
    """
    pictures = [np.asarray(_frame_picture(frames, index, tracks, found, side)) for index in range(len(frames))]
    return np.stack(pictures)


def side_by_side(clips: Sequence[np.ndarray], labels: Sequence[str], gap: int = 8) -> np.ndarray:
    """Put clips of the same shape next to each other, each under its label.

    Args:
        clips: uint8 (frames, height, width, 3) each.
        labels: one line for each clip.
        gap: pixels between two clips.

    Returns:
        uint8 (frames, height + label, sum of widths and gaps, 3), both sides even.

    Raises:
        HitmarkError: no clips, different shapes, or another number of labels.
    """
    shapes = {clip.shape for clip in clips}
    if len(shapes) != 1 or len(labels) != len(clips):
        raise HitmarkError(
            f"expected clips of one shape and a label for each, got {sorted(shapes)} and {len(labels)} labels"
        )
    frames, height, width, _ = clips[0].shape
    size = max(12, min(22, width // 14))
    top = size + 10
    total = len(clips) * width + (len(clips) - 1) * gap
    head = Image.new("RGB", (total + total % 2, top + height + (top + height) % 2), DARK)
    for number, label in enumerate(labels):
        ImageDraw.Draw(head).text((number * (width + gap) + 4, 3), label, STILL, ImageFont.load_default(size=size))
    result = np.repeat(np.asarray(head)[None], frames, axis=0)
    for number, clip in enumerate(clips):
        left = number * (width + gap)
        result[:, top : top + height, left : left + width] = clip
    return result


def _draw_plan(canvas: Canvas, track: Track, color: Color) -> None:
    """One track of a plan picture, without its name."""
    shown = _shown(track)
    if not len(shown):
        return
    boxes = track.boxes[shown]
    canvas.box(boxes[0], color)
    if np.abs(boxes - boxes[0]).max() < 1e-3:
        canvas.pin(_centers(boxes)[0], color)
        return
    canvas.box(boxes[-1], color, dashed=True)
    centers = _centers(boxes)
    if canvas.length(centers) < LEAST_WAY:
        _draw_growth(canvas, boxes, color)
        return
    canvas.line(centers, color)
    ticks = np.unique(np.linspace(0, len(shown) - 1, min(len(shown), 26)).round().astype(int))
    for tick in ticks[:-1]:
        canvas.dot(centers[tick], color, large=tick == 0)
    canvas.arrowhead(centers, color)


def _draw_growth(canvas: Canvas, boxes: np.ndarray, color: Color) -> None:
    """A box that grows or shrinks in place: an arrow from each corner of the first box to that of the last."""
    for across, down in ((0, 1), (2, 1), (2, 3), (0, 3)):
        way = boxes[:, [across, down]]
        canvas.line(way, color, thin=True)
        canvas.arrowhead(way, color)


def _draw_found_path(canvas: Canvas, centers: np.ndarray, color: Color) -> None:
    """Crosses at found centers (fractions of the picture), joined in white where neighbors were both found."""
    for before, after in itertools.pairwise(centers):
        if np.isfinite([before, after]).all():
            canvas.line(np.stack([before, after]), FOUND, thin=True)
    for center in centers[np.isfinite(centers).all(axis=1)]:
        canvas.cross(center, color)


def _frame_picture(
    frames: np.ndarray, index: int, tracks: Sequence[Track], found: Found | None, side: int
) -> Image.Image:
    """One frame with its wanted boxes, found crosses and number."""
    canvas = Canvas.over(Image.fromarray(frames[index]), side, NO_MARGIN)
    size = np.array([frames.shape[2], frames.shape[1]])
    for name, color in track_colors(tracks).items():
        track = next(each for each in tracks if each.name == name)
        if len(track.boxes) != len(frames):
            raise HitmarkError(f"track {name!r} has {len(track.boxes)} frames and the clip {len(frames)}")
        if track.visible[index]:
            canvas.box(track.boxes[index], color)
        if found is not None and name in found and np.isfinite(found[name][index]).all():
            canvas.cross(found[name][index] / size, color)
    canvas.label((0.0, 0.0), str(index + 1), DARK, [])
    return canvas.finished()


def _as_tracks(tracks: Scene | Sequence[Track], frames: int | None) -> Sequence[Track]:
    """The tracks of a scene for so many frames (None: the scene's own, else PLAN_FRAMES); tracks as they are."""
    if isinstance(tracks, Scene):
        return evaluate(tracks, frames or tracks.frames or PLAN_FRAMES)
    if not isinstance(tracks, Sequence) or not all(isinstance(track, Track) for track in tracks):
        raise HitmarkError(f"tracks: expected a Scene or a list of Tracks, got {type(tracks).__name__}: {tracks!r:.80}")
    return tracks


def _shown(track: Track) -> np.ndarray:
    return np.flatnonzero(track.visible)


def _centers(boxes: np.ndarray) -> np.ndarray:
    return (boxes[:, :2] + boxes[:, 2:]) / 2


def _named(tracks: Sequence[Track]) -> list[Track]:
    """Tracks whose name the user gave; `pin:...` and `camera:...` boxes speak for themselves."""
    return [track for track in tracks if ":" not in track.name]


def _overhang(tracks: Sequence[Track]) -> Sequence[float]:
    """How far visible boxes reach over the left, top, right and bottom edge, at most MARGIN: fractions of a side."""
    boxes = [track.boxes[track.visible] for track in tracks if track.visible.any()]
    if not boxes:
        return NO_MARGIN
    stacked = np.concatenate(boxes)
    out = np.concatenate([-stacked[:, :2], stacked[:, 2:] - 1], axis=1).max(axis=0)
    return [0.0 if side < 0.005 else min(MARGIN, float(side) + 0.02) for side in out]
