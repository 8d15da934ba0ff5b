"""Between boxes per frame or per key, as other tools store them, and the subjects of a scene."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from hitmark.scene.boxes import FARTHEST, SMALLEST
from hitmark.scene.formats.source import FormatError
from hitmark.scene.keyframes import SAME_TIME
from hitmark.scene.schema import Scene, Subject
from hitmark.scene.tracks import Track, evaluate


def default_name(index: int) -> str:
    """The name of the subject at `index` (from 0) where a format has no names: subject-1, subject-2 ..."""
    return f"subject-{index + 1}"


def subject_fields(name: str, boxes: np.ndarray, where: str, **others: Any) -> dict[str, Any]:
    """Return the fields of a subject with one keyframe a frame.

    Args:
        name: of the subject.
        boxes: float64 (frames, 4), normalized xyxy; at least one frame.
        where: file and entry, for errors.
        others: further fields of the subject (phrase, visible).

    Raises:
        FormatError: a box without area or beyond all measure; names the frame.
    """
    return keyed_subject_fields(name, range(len(boxes)), len(boxes), boxes, where, **others)


def keyed_subject_fields(
    name: str, keys: Sequence[int], frames: int, boxes: np.ndarray, where: str, **others: Any
) -> dict[str, Any]:
    """As `subject_fields`, for boxes (keys, 4) at some of `frames` frames only."""
    flat = (boxes[:, 2:] - boxes[:, :2] < SMALLEST).any(axis=1) | (np.abs(boxes) > FARTHEST).any(axis=1)
    if flat.any():
        wrong = int(np.argmax(flat))
        raise FormatError(
            f"{where}, frame {keys[wrong]}: expected a box left, top, right, bottom with an area near the picture, got "
            f"{np.round(boxes[wrong], 4).tolist()} (fractions of the picture); correct it, or check the given size"
        )
    times = np.asarray(keys, dtype=np.float64) / max(frames - 1, 1)
    keyframes = [{"time": time, "box": tuple(box)} for time, box in zip(times.tolist(), boxes.tolist(), strict=True)]
    return {"name": name, "keyframes": keyframes, **others}


def frame_fields(frames: int) -> dict[str, int]:
    """The scene's `frames` field: absent for a single frame, which is a picture and no clip."""
    return {"frames": frames} if frames >= 2 else {}


@dataclass(frozen=True)
class Sampled:
    """A scene in boxes per frame, ready for a writer."""

    tracks: list[Track]
    frames: int
    remarks: list[str]


def sample(scene: Scene, frames: int | None, usual: int, name: str) -> Sampled:
    """Evaluate a scene for `frames` frames: as asked, else the scene's own number, else the format's usual one.

    Raises:
        FormatError: there is nothing that moves or holds still.
        SceneError: as `evaluate`.
    """
    if not (scene.subjects or scene.anchors or scene.pin_camera or scene.camera):
        raise FormatError(f"{name}: expected a scene with at least one subject, got none; add a subject with a box")
    count = frames or scene.frames
    remarks = []
    if count is None:
        count = usual
        remarks.append(f"the scene names no number of frames: {usual} are written, as is usual for {name}")
    elif scene.frames is not None and count != scene.frames:
        remarks.append(f"the scene has {scene.frames} frames: its paths are sampled at {count} frames instead")
    return Sampled(evaluate(scene, count), count, remarks)


def first_subject(scene: Scene, path: Path, name: str) -> Subject:
    """The one subject that a format for a single subject gets."""
    if not scene.subjects:
        raise FormatError(f"{path}: {name} holds one subject, and the scene has none; add a subject with a box")
    return scene.subjects[0]


def on_frames(subject: Subject, frames: int) -> bool:
    """Whether every keyframe lies on one of `frames` frames."""
    places = np.array([keyframe.time for keyframe in subject.keyframes]) * (frames - 1)
    return bool((np.abs(places - np.rint(places)) < SAME_TIME * frames).all())


def eased(subject: Subject) -> list[str]:
    """The easings, other than linear, that a subject really uses on the way between two different boxes."""
    pairs = pairwise(subject.keyframes)
    return sorted({start.easing for start, end in pairs if start.easing != "linear" and start.box != end.box})


def curved(subject: Subject) -> bool:
    """Whether the path is a curve: smooth, through at least three keyframes."""
    return subject.path == "smooth" and len(subject.keyframes) > 2


def keys_or_frames(subject: Subject, track: Track, gap: int = 1) -> tuple[np.ndarray, str | None]:
    """Choose the frames to write as keyframes, first and last always among them.

    Returns:
        int64 (keys,): the subject's own keyframes where straight lines between them say everything, else every
        `gap`-th frame counted back from the last; and a sentence for the second case.
    """
    last = len(track.boxes) - 1
    if not eased(subject) and not curved(subject) and on_frames(subject, last + 1):
        keys = sorted({0, last} | {round(keyframe.time * last) for keyframe in subject.keyframes})
        if gap == 1 or all(end - start >= gap for start, end in pairwise(keys[1:])):
            return np.array(keys), None
    keys = sorted({0} | set(range(last, 0, -gap)))
    every = "every frame" if gap == 1 else f"every {gap}nd frame" if gap == 2 else f"every {gap}th frame"
    return np.array(keys), f"subject {subject.name!r}: its path is baked into one keyframe at {every}"


def parked(track: Track) -> np.ndarray:
    """The track's boxes, with the frames in which it is not visible moved off the picture, to its left."""
    boxes = track.boxes.copy()
    widths = boxes[:, 2] - boxes[:, 0]
    hidden = ~track.visible
    boxes[hidden, 0] = -2 * widths.max()
    boxes[hidden, 2] = boxes[hidden, 0] + widths[hidden]
    return boxes
