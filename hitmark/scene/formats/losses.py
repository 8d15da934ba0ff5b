"""Sentences about what a format cannot hold. One function a matter; `CHECKS` is all of them.

A format states in `Holds` what it keeps; everything else that a scene really uses is told, never dropped in silence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hitmark.scene.boxes import sizes
from hitmark.scene.formats.paths import Sampled, curved, default_name, eased, on_frames
from hitmark.scene.schema import Scene, Subject


@dataclass(frozen=True)
class Holds:
    """What a format keeps of a scene; the defaults describe the poorest one."""

    many: bool = True  # subjects; False: one
    names: bool = False
    phrases: bool = False
    motion: str = "frames"  # one box a frame; "keys": the writer reports baked paths itself; "all": nothing is baked
    size_change: bool = False
    outside: bool = True  # boxes that reach outside the picture
    visibility: str = ""  # "" dropped, "yes" kept, else how it is baked, after "its visible interval is "
    image: bool = False
    stretched: bool = False  # the other program stretches pictures, and the reader says so
    size: bool = False  # width and height
    prompt: bool = False
    negative_prompt: bool = False
    seed: bool = False
    still_boxes: bool = True  # anchors and camera boxes can be written as ordinary boxes


@dataclass(frozen=True)
class Case:
    """What the checks look at."""

    scene: Scene
    sampled: Sampled
    holds: Holds
    name: str

    @property
    def subjects(self) -> list[Subject]:
        """Those that are written."""
        return self.scene.subjects if self.holds.many else self.scene.subjects[:1]


def losses(scene: Scene, sampled: Sampled, holds: Holds, name: str) -> list[str]:
    """Return one sentence for each thing of the scene that the format `name` does not keep as it is."""
    case = Case(scene, sampled, holds, name)
    return [*sampled.remarks, *(sentence for check in CHECKS.values() for sentence in check(case))]


def _subjects(case: Case) -> list[str]:
    out = case.scene.subjects[len(case.subjects) :]
    if not out:
        return []
    names = ", ".join(repr(subject.name) for subject in out)
    return [f"{case.name} holds one subject: {case.subjects[0].name!r} is written, left out: {names}"]


def _names(case: Case) -> list[str]:
    lost = [s.name for i, s in enumerate(case.subjects) if s.name != default_name(i)]
    if case.holds.names or not lost:
        return []
    return [f"names of subjects are not held: {', '.join(map(repr, lost))}"]


def _phrases(case: Case) -> list[str]:
    lost = [subject.phrase for subject in case.subjects if subject.phrase is not None]
    return [] if case.holds.phrases or not lost else [f"phrases are not held: {', '.join(map(repr, lost))}"]


def _motion(case: Case) -> list[str]:
    if case.holds.motion != "frames":
        return []
    sentences = []
    for subject in case.subjects:
        baked = ([f"easing ({', '.join(eased(subject))})"] if eased(subject) else []) + (
            ["the smooth path"] if curved(subject) else []
        )
        if baked:
            sentences.append(f"subject {subject.name!r}: {' and '.join(baked)} baked into one box for each frame")
        if not on_frames(subject, case.sampled.frames):
            sentences.append(
                f"subject {subject.name!r}: a keyframe lies between two of {case.sampled.frames} frames and is lost; "
                "the boxes of the frames are kept"
            )
    return sentences


def _size_change(case: Case) -> list[str]:
    if case.holds.size_change:
        return []
    count = len(case.scene.subjects)
    written = [
        track
        for index, track in enumerate(case.sampled.tracks)
        if (index < len(case.subjects) if index < count else case.holds.still_boxes)
    ]
    changing = [track.name for track in written if np.ptp(sizes(track.boxes), axis=0).max() > 1e-6]
    return [f"size change is not held, every box keeps its first size: {name!r}" for name in changing]


def _outside(case: Case) -> list[str]:
    if case.holds.outside:
        return []
    tracks = case.sampled.tracks[: len(case.subjects)]
    out = [t.name for t in tracks if (t.boxes[t.visible] < -1e-9).any() or (t.boxes[t.visible] > 1 + 1e-9).any()]
    return [f"{name!r} reaches outside the picture: written so, but {case.name} expects boxes in 0..1" for name in out]


def _visibility(case: Case) -> list[str]:
    partly = [subject for subject in case.subjects if subject.visible != (0.0, 1.0)]
    if case.holds.visibility == "yes":
        return []
    told = case.holds.visibility or "not held, it counts as visible in all frames"
    return [f"subject {subject.name!r}: its visible interval {list(subject.visible)} is {told}" for subject in partly]


def _depth(case: Case) -> list[str]:
    deep = [subject.name for subject in case.subjects if subject.depth]
    return [f"depth order is not held: {', '.join(map(repr, deep))}"] if deep else []


def _anchors(case: Case) -> list[str]:
    how = "written as ordinary boxes that hold still" if case.holds.still_boxes else "left out"
    names = ", ".join(repr(anchor.name) for anchor in case.scene.anchors)
    return ([f"anchors are {how}: {names}"] if names else []) + (
        [f"the corner anchors of pin_camera are {how}"] if case.scene.pin_camera else []
    )


def _camera(case: Case) -> list[str]:
    if case.scene.camera is None:
        return []
    how = "written as ordinary background boxes that move together" if case.holds.still_boxes else "left out"
    return [f"the camera move is {how}"]


def _size(case: Case) -> list[str]:
    if case.holds.size or (case.scene.width is None and case.scene.height is None):
        return []
    return [f"the size of the video, {case.scene.width} x {case.scene.height}, is not held"]


def _fit(case: Case) -> list[str]:
    kept = case.scene.fit == "auto" or (case.scene.fit == "stretch" and case.holds.stretched)
    return [] if kept or case.scene.image is None else [f"how the picture is fitted, {case.scene.fit}, is not held"]


def _plain(field: str, words: str, held: str = "") -> Callable[[Case], list[str]]:
    """A check for a field of the scene that is lost whenever it differs from its default."""

    def check(case: Case) -> list[str]:
        value = getattr(case.scene, field)
        kept = bool(held) and getattr(case.holds, held)
        return [] if kept or value == Scene.model_fields[field].default else [words.format(value)]

    return check


def _method(case: Case) -> list[str]:
    choice = case.scene.method
    knobs = f" with its knobs ({', '.join(choice.knobs)})" if choice.knobs else ""
    return [] if choice == Scene.model_fields["method"].default else [f"the method {choice.name!r}{knobs} is not held"]


def _notes(case: Case) -> list[str]:
    foreign = [key for key, value in case.scene.notes.items() if key != case.name and not _remarks_only(value)]
    return [f"notes are not held: {', '.join(map(repr, foreign))}"] if foreign else []


def _remarks_only(value: object) -> bool:
    """What a reader decided and told when it read is no content of the scene."""
    return isinstance(value, dict) and set(value) == {"remarks"}


CHECKS: dict[str, Callable[[Case], list[str]]] = {
    "subjects": _subjects,
    "subjects.name": _names,
    "subjects.phrase": _phrases,
    "subjects.keyframes": _motion,
    "subjects.size": _size_change,
    "subjects.outside": _outside,
    "subjects.visible": _visibility,
    "subjects.depth": _depth,
    "anchors": _anchors,
    "camera": _camera,
    "image": _plain("image", "the picture {!r} is not held; give it to the other program by hand", "image"),
    "fit": _fit,
    "width": _size,
    "prompt": _plain("prompt", "the prompt is not held: {!r}", "prompt"),
    "negative_prompt": _plain("negative_prompt", "the negative prompt is not held: {!r}", "negative_prompt"),
    "fps": _plain("fps", "fps {:g} is not held"),
    "seed": _plain("seed", "seed {} is not held", "seed"),
    "model": _plain("model", "the model {!r} is not held"),
    "method": _method,
    "notes": _notes,
}
