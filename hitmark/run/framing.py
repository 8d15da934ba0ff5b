"""A picture brought to the shape of a clip: cut, padded or stretched, with the boxes carried along.

Nothing is squeezed in silence: where the shapes differ by more than 2 %, a sentence says what was done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from hitmark.scene.grid import same_shape
from hitmark.scene.problems import SceneError
from hitmark.scene.schema import Scene

FITS = ("auto", "crop", "pad", "stretch")
LOST = 1e-6  # a box may reach so far beyond what is kept, as a fraction of the picture: rounding


@dataclass(frozen=True)
class Framed:
    """A scene and its picture in the shape of the clip.

    Attributes:
        scene: with its boxes carried along, and `fit` "stretch", since nothing is left to be done.
        picture: RGB, in the clip's shape (its size is not changed).
        notes: what was done; empty where the shapes agreed.
    """

    scene: Scene
    picture: Image.Image
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Map:
    """Where the whole old picture lies in the new one, in fractions of the new one: an offset and a scale for x, y."""

    offset: tuple[float, float]
    scale: tuple[float, float]

    def box(self, box: tuple[float, ...]) -> list[float]:
        return [self.offset[side % 2] + self.scale[side % 2] * edge for side, edge in enumerate(box)]


def frame_picture(scene: Scene, picture: Image.Image, size: tuple[int, int]) -> Framed:
    """Bring a first picture to the shape of a clip, as `scene.fit` says.

    "crop" cuts the largest middle part, "pad" adds bars in the color of the edges, "stretch" changes nothing, so that
    the picture is squeezed when it is resized; "auto" cuts where that loses no part of a box, else pads.

    Args:
        scene: its boxes are fractions of the picture.
        picture: RGB.
        size: width and height of the clip.

    Raises:
        SceneError: cutting would leave a subject outside the picture.
    """
    width, height = picture.size
    ratio = width / height / (size[0] / size[1])
    if same_shape(picture.size, size):
        return Framed(scene, picture)
    shapes = f"the picture is {width}x{height} and the clip {size[0]}x{size[1]}"
    if scene.fit == "stretch":
        told = f"{shapes}: it is squeezed to that shape, as fit=stretch says (crop or pad keeps its own)"
        return Framed(scene, picture, (told,))
    region = _middle(width, height, ratio)
    crop = scene.fit == "crop" or (scene.fit == "auto" and _keeps_boxes(scene, region, (width, height)))
    if crop:
        made, moved, done = picture.crop(region), _into(region, (width, height)), "the middle of it is taken (crop)"
    else:
        made, moved = _padded(picture, ratio)
        done = "bars are added to it (pad)"
    return Framed(_carried(scene, moved), made, (f"{shapes}: {done}, and the boxes are carried along",))


def _middle(width: int, height: int, ratio: float) -> tuple[int, int, int, int]:
    """The largest middle part of the clip's shape: left, top, right, bottom in whole pixels."""
    wide = max(1, round(width / ratio)) if ratio > 1 else width
    high = height if ratio > 1 else max(1, round(height * ratio))
    left, top = (width - wide) // 2, (height - high) // 2
    return left, top, left + wide, top + high


def _into(region: tuple[int, int, int, int], size: tuple[int, int]) -> _Map:
    left, top, right, bottom = region
    wide, high = right - left, bottom - top
    return _Map((-left / wide, -top / high), (size[0] / wide, size[1] / high))


def _keeps_boxes(scene: Scene, region: tuple[int, int, int, int], size: tuple[int, int]) -> bool:
    """Whether no box loses a part of it that lies in the picture."""
    low = np.array([region[0] / size[0], region[1] / size[1]])
    high = np.array([region[2] / size[0], region[3] / size[1]])
    boxes = [keyframe.box for subject in scene.subjects for keyframe in subject.keyframes]
    shown = np.clip(np.array([*boxes, *(anchor.box for anchor in scene.anchors)]).reshape(-1, 4), 0, 1)
    inside = shown[(shown[:, 2] > shown[:, 0]) & (shown[:, 3] > shown[:, 1])]
    return bool((inside[:, :2] >= low - LOST).all() and (inside[:, 2:] <= high + LOST).all())


def _padded(picture: Image.Image, ratio: float) -> tuple[Image.Image, _Map]:
    width, height = picture.size
    wide = width if ratio > 1 else max(width, round(width / ratio))
    high = max(height, round(height * ratio)) if ratio > 1 else height
    left, top = (wide - width) // 2, (high - height) // 2
    pixels = np.asarray(picture, dtype=np.float64)
    edges = pixels[[0, -1]] if ratio > 1 else pixels[:, [0, -1]]
    red, green, blue = (round(value) for value in edges.reshape(-1, 3).mean(axis=0).tolist())
    ground = Image.new("RGB", (wide, high), (red, green, blue))
    ground.paste(picture, (left, top))
    return ground, _Map((left / wide, top / high), (width / wide, height / high))


def _carried(scene: Scene, moved: _Map) -> Scene:
    """The scene in fractions of the new picture."""
    fields: dict[str, Any] = scene.to_dict()
    for subject in fields.get("subjects", []):
        for keyframe in subject["keyframes"]:
            keyframe["box"] = moved.box(keyframe["box"])
    for anchor in fields.get("anchors", []):
        anchor["box"] = moved.box(anchor["box"])
    if scene.camera is not None:
        fields["camera"]["pan"] = [shift * scale for shift, scale in zip(scene.camera.pan, moved.scale, strict=True)]
    try:
        return Scene.from_dict(fields | {"fit": "stretch"})
    except SceneError as error:
        reason = str(error).partition("this scene: ")[2] or str(error)
        raise SceneError(
            f"fit: cutting the picture to the clip's shape leaves something outside it ({reason}); "
            "let fit be pad or auto, or move the box"
        ) from None
