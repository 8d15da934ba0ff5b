"""A scene evaluated for a number of frames: one `Track` of boxes for each subject, anchor and background box."""

from __future__ import annotations

from dataclasses import dataclass, replace
from numbers import Integral
from typing import Literal

import numpy as np

from hitmark.scene.boxes import corner_boxes, in_picture, overlap, tiled_boxes
from hitmark.scene.keyframes import SAME_TIME, ease
from hitmark.scene.problems import SceneError
from hitmark.scene.schema import Camera, Scene, Subject

PIN_SIZE = 0.18  # corner anchors of `pin_camera`, fraction of width and height
BACKGROUND_SIZE = 0.22  # background boxes of `camera`
MOST_FRAMES = 10_000


@dataclass(frozen=True, eq=False)
class Track:
    """One box over time.

    Attributes:
        name: of the subject or anchor; `pin:top-left` ..., `camera:center` ... for boxes that the scene implies.
        kind: "subject", "anchor" (holds still; `pin_camera` gives these too) or "camera" (background box).
        phrase: the words of the prompt that mean it, or None.
        depth: greater = nearer to the viewer.
        boxes: float64 (frames, 4), normalized xyxy; may reach or lie outside 0..1.
        visible: bool (frames,): whether the scene wants it seen. A box that has left the picture may still be True.
    """

    name: str
    kind: Literal["subject", "anchor", "camera"]
    phrase: str | None
    depth: int
    boxes: np.ndarray
    visible: np.ndarray

    def __post_init__(self) -> None:
        shape = np.shape(self.boxes)
        if len(shape) != 2 or shape[1] != 4 or np.shape(self.visible) != shape[:1]:
            raise SceneError(
                f"track {self.name!r}: expected boxes (frames, 4) and visible (frames,) for the same number of frames, "
                f"got {shape} and {np.shape(self.visible)}; give one box and one flag a frame"
            )
        if not np.isfinite(self.boxes).all():
            raise SceneError(f"track {self.name!r}: expected finite boxes, got NaN or infinity; correct the boxes")

    def __repr__(self) -> str:
        """Who it is, where it starts and ends, without the boxes of every frame."""
        first, last = (np.round(box, 3).tolist() for box in self.boxes[[0, -1]])
        return f"<Track {self.name!r}: {self.kind}, {len(self.boxes)} frames, from {first} to {last}>"

    @property
    def in_picture(self) -> np.ndarray:
        """Bool (frames,): visible, and at least partly inside the picture."""
        return self.visible & in_picture(self.boxes)


def frame_times(frames: int) -> np.ndarray:
    """Return the moment of each frame, float64 (frames,): frame / (frames - 1). Raises `SceneError` below 2 frames."""
    if isinstance(frames, bool) or not isinstance(frames, Integral):
        raise SceneError(f"frames: expected a whole number from 2 to {MOST_FRAMES}, got {frames!r:.80}")
    if not 2 <= frames <= MOST_FRAMES:
        raise SceneError(f"frames: expected 2 to {MOST_FRAMES}, got {frames}; a path needs a first and a last frame")
    return np.arange(frames, dtype=np.float64) / (frames - 1)


def evaluate(scene: Scene, frames: int, moments: np.ndarray | None = None) -> list[Track]:
    """Return the tracks of a scene: subjects, then anchors, then what `camera` or `pin_camera` adds.

    What these add is background: a box of it is not visible in the frames in which a subject's box covers part of it.

    Args:
        scene: what moves where.
        frames: how many.
        moments: of the frames, 0 = first and 1 = last, float64 (frames,) increasing; None: evenly spaced.

    Raises:
        SceneError: no scene; fewer than 2 frames; a subject that no frame shows, or that lies wholly outside the
            picture in its first visible frame; a camera or pins for which the subjects leave no room.
    """
    if not isinstance(scene, Scene):
        raise SceneError(f"scene: expected a Scene, such as Scene.load('scene.json'), got {scene!r:.80}")
    even = frame_times(frames)
    moments = even if moments is None else np.asarray(moments, dtype=np.float64)
    if moments.shape != even.shape or moments[0] != 0 or moments[-1] != 1 or (np.diff(moments) <= 0).any():
        raise SceneError(f"moments: expected {frames} increasing numbers from 0 to 1, got {moments.tolist()[:8]}")
    tracks = [_subject_track(subject, moments) for subject in scene.subjects]
    tracks += [_still(anchor.name, anchor.box, frames) for anchor in scene.anchors]
    given = list(tracks)
    if scene.pin_camera:
        taken = [track.boxes[0] for track in tracks if track.kind == "subject" and track.visible[0]]
        free = _free(corner_boxes(PIN_SIZE), taken, "pin_camera", "corner")
        tracks += [_where_uncovered(_still(f"pin:{name}", box, frames), given) for name, box in free.items()]
    if scene.camera is not None:
        taken = [track.boxes[0] for track in tracks if track.visible[0]]
        free = _free(tiled_boxes(BACKGROUND_SIZE), taken, "camera", "background place")
        moving = [_moving(f"camera:{name}", box, scene.camera, moments) for name, box in free.items()]
        tracks += [_where_uncovered(track, given) for track in moving]
    return tracks


def _where_uncovered(background: Track, given: list[Track]) -> Track:
    """The track, hidden in the frames in which a subject's box covers part of it: there it cannot show background."""
    visible = background.visible.copy()
    for track in given:
        if track.kind == "subject":
            for frame in np.flatnonzero(visible & track.visible):
                visible[frame] = not overlap(background.boxes[frame], track.boxes[frame])
    return replace(background, visible=visible)


def _subject_track(subject: Subject, moments: np.ndarray) -> Track:
    boxes = subject.boxes_at(moments)
    visible = (moments >= subject.visible[0] - SAME_TIME) & (moments <= subject.visible[1] + SAME_TIME)
    if not visible.any():
        raise SceneError(
            f"subject {subject.name!r}: expected at least one frame in its visible interval {list(subject.visible)}, "
            f"got none of {len(moments)} frames; widen `visible` or ask for more frames"
        )
    first = int(np.argmax(visible))
    if not in_picture(boxes[first]):
        raise SceneError(
            f"subject {subject.name!r}: expected it at least partly in the picture in frame {first}, the first of "
            f"{len(moments)} that shows it, got the box {np.round(boxes[first], 4).tolist()}; move its keyframes or "
            "change `visible`"
        )
    return Track(subject.name, "subject", subject.phrase, subject.depth, boxes, visible)


def _still(name: str, box: tuple[float, ...], frames: int) -> Track:
    return Track(name, "anchor", None, 0, np.tile(np.array(box, dtype=np.float64), (frames, 1)), np.ones(frames, bool))


def _moving(name: str, box: tuple[float, ...], camera: Camera, moments: np.ndarray) -> Track:
    """A background box under the camera move."""
    boxes = camera_boxes(np.array(box, dtype=np.float64), camera, moments)
    return Track(name, "camera", None, 0, boxes, np.ones(len(moments), bool))


def camera_boxes(box: np.ndarray, camera: Camera, moments: np.ndarray) -> np.ndarray:
    """Where content of the first picture lies under a camera move: scaled about the picture's center, then shifted.

    The scale is zoom ** progress, which looks even: every frame enlarges the one before by the same factor.

    Args:
        box: of the content in the first picture, float64 (4,), normalized xyxy.
        camera: the move.
        moments: of the frames, 0 = first and 1 = last, float64 (frames,).

    Returns:
        float64 (frames, 4); at the first moment the box itself, bit for bit.
    """
    progress = ease(camera.easing, moments)[:, None]
    boxes = 0.5 + (box - 0.5) * camera.zoom**progress + progress * np.tile(camera.pan, 2)
    boxes[0] = box
    return boxes


def _free(
    places: dict[str, tuple[float, float, float, float]], taken: list[np.ndarray], field: str, place: str
) -> dict[str, tuple[float, float, float, float]]:
    """The places that no taken box overlaps: a box can not both belong to the background and to something else."""
    free = {name: box for name, box in places.items() if not any(overlap(box, other) for other in taken)}
    if not free:
        raise SceneError(
            f"{field}: expected at least one {place} free of subjects and anchors in the first frame, got none of "
            f"{len(places)}; make the boxes smaller, or remove `{field}`"
        )
    return free
