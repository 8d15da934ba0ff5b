"""A crude reference drawn from a scene: what is in the boxes of the first picture is cut out and dragged along.

Painted from far to near: the background (the picture with holes where the subjects were, filled, and moved as the
camera says), then anchors, then subjects by depth, the later of two equal ones over the earlier. The first frame is the
picture itself, to the byte.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from hitmark.media.images import as_rgb
from hitmark.reference.cutouts import has_transparency
from hitmark.reference.fill import filled
from hitmark.reference.resample import in_pixels, moved, pixels_in
from hitmark.reference.signal import CrudeVideoError, MotionSignal
from hitmark.scene.schema import Scene
from hitmark.scene.tracks import Track, camera_boxes, evaluate, frame_times

WHOLE = np.array([0.0, 0.0, 1.0, 1.0])
OPAQUE = 0.5
"""Opacity from which a pixel belongs to the mask."""
HALF_WHITE = 127
"""Gray level above which a mask means "here"."""


@dataclass(frozen=True, eq=False)
class Layer:
    """Something that is dragged.

    Attributes:
        values: float64 (rows, columns, 4): red, green, blue, each times opacity, and opacity (0..1).
        source: the box that is dragged, in pixels of `values`; it may reach outside of them.
        boxes: where it goes, float64 (frames, 4), in pixels of the clip.
        visible: bool (frames,).
    """

    values: np.ndarray
    source: np.ndarray
    boxes: np.ndarray
    visible: np.ndarray


def reference_of(
    scene: Scene,
    picture: Image.Image,
    size: tuple[int, int, int],
    cutouts: Mapping[str, Image.Image] | None = None,
) -> MotionSignal:
    """The crude reference of a scene.

    Args:
        scene: what moves where.
        picture: the first picture, any size; it is brought to the clip's size as the model gets it.
        size: frames, height and width of the clip.
        cutouts: by a subject's name, see `draw_reference`.

    Raises:
        CrudeVideoError: a subject that cannot be cut out.
    """
    frames, height, width = size
    first = np.asarray(as_rgb(picture).image.resize((width, height)))
    camera = None
    if scene.camera is not None:
        camera = camera_boxes(WHOLE, scene.camera, frame_times(frames))
    return draw_reference(first, evaluate(scene, frames), camera=camera, cutouts=cutouts)


def draw_reference(
    picture: np.ndarray,
    tracks: Sequence[Track],
    *,
    camera: np.ndarray | None = None,
    cutouts: Mapping[str, Image.Image] | None = None,
) -> MotionSignal:
    """Cut what is in the tracks' first boxes out of the picture and drag it along.

    Args:
        picture: uint8 (height, width, 3), of the clip's size.
        tracks: what goes where; of the kind "camera" none is dragged, see `camera`.
        camera: where the first picture as a whole lies in each frame, float64 (frames, 4), fractions; None: at rest.
        cutouts: of a subject, by name: a picture with transparency is put into its box as it is (something that comes
            in later); one without is a mask of the first picture, bright where the subject is, instead of the box.

    Returns:
        Frames of the picture's size. The mask is True where something dragged is seen, and, where the camera moves,
        where the first picture's own background is seen.

    Raises:
        CrudeVideoError: nothing to drag; a subject that the first picture does not show; an unknown name.
    """
    cutouts = dict(cutouts or {})
    subjects = [track for track in tracks if track.kind == "subject"]
    _check(subjects, tracks, camera, cutouts)
    owners = _owners(picture, subjects, cutouts)
    anchors = [
        _cut(picture, track, _middle(picture, track) & (owners == 0)) for track in tracks if track.kind == "anchor"
    ]
    dragged = [_layer(picture, track, owners == place, cutouts) for place, track in _far_to_near(subjects)]
    behind = Background.of(picture, owners > 0, moves=camera is not None)
    frames, mask = [], []
    for frame in range(len(tracks[0].boxes)):
        painted = behind.seen(WHOLE if camera is None else camera[frame])
        for layer in (*anchors, *dragged):
            painted = _over(painted, layer, frame)
        frames.append(np.rint(painted[..., :3]).clip(0, 255).astype(np.uint8))
        mask.append(painted[..., 3] >= OPAQUE)
    return MotionSignal(np.stack(frames), np.stack(mask))


@dataclass(frozen=True, eq=False)
class Background:
    """The first picture without its subjects.

    Attributes:
        values: float64 (height, width, 5): red, green, blue, whether a pixel is meant (1 or 0), and 1.
    """

    values: np.ndarray

    @classmethod
    def of(cls, picture: np.ndarray, hole: np.ndarray, *, moves: bool) -> Background:
        """Of a picture and where its subjects are; meant is a background that moves, without the hole's filling."""
        meant = (~hole & moves).astype(np.float64)
        return cls(np.concatenate([filled(picture, hole), meant[..., None], np.ones((*hole.shape, 1))], axis=-1))

    def seen(self, box: np.ndarray) -> np.ndarray:
        """With the whole of it in a box: (height, width, 4). Beyond its edges the colors go on, and none is meant."""
        if (box == WHOLE).all():
            return self.values[..., :4]
        height, width = self.values.shape[:2]
        part, where = moved(self.values, in_pixels(WHOLE, height, width), in_pixels(box, height, width), height, width)
        over = np.zeros_like(self.values)
        over[where] = part
        inside = over[..., 4] >= OPAQUE
        if not inside.any():
            over[..., :3], over[..., 3] = self.values[..., :3].mean(axis=(0, 1)), 0
            return over[..., :4]
        colors = over[..., :3] / np.maximum(over[..., 4:], 1e-9)
        rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
        nearest = np.ix_(np.arange(height).clip(rows[0], rows[-1]), np.arange(width).clip(columns[0], columns[-1]))
        return np.concatenate([colors[nearest], over[..., 3:4]], axis=-1)


def _over(below: np.ndarray, layer: Layer, frame: int) -> np.ndarray:
    """A frame (height, width, 4) with a layer over it; what the layer shows is meant."""
    if not layer.visible[frame]:
        return below
    over, where = moved(layer.values, layer.source, layer.boxes[frame], *below.shape[:2])
    result = below.copy()
    result[where] = over + (1 - over[..., 3:]) * below[where]
    return result


def _layer(picture: np.ndarray, track: Track, own: np.ndarray, cutouts: Mapping[str, Image.Image]) -> Layer:
    cutout = cutouts.get(track.name)
    if cutout is None or not has_transparency(cutout):
        return _cut(picture, track, own)
    values = np.asarray(cutout.convert("RGBA")).astype(np.float64)
    opacity = values[..., 3:] / 255
    whole = in_pixels(WHOLE, *values.shape[:2])
    boxes = in_pixels(track.boxes, *picture.shape[:2])
    return Layer(np.concatenate([values[..., :3] * opacity, opacity], axis=-1), whole, boxes, track.visible)


def _cut(picture: np.ndarray, track: Track, own: np.ndarray) -> Layer:
    """The pixels `own` of the picture, dragged as the track's box moves from its first place."""
    boxes = in_pixels(track.boxes, *own.shape)
    rows, columns = np.flatnonzero(own.any(axis=1)), np.flatnonzero(own.any(axis=0))
    if not len(rows):
        return Layer(np.zeros((0, 0, 4)), boxes[0], boxes, np.zeros_like(track.visible))
    part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    values = np.concatenate([picture[part], np.ones((*own[part].shape, 1))], axis=-1) * own[part][..., None]
    corner = np.array([columns[0], rows[0], columns[0], rows[0]])
    return Layer(values, boxes[0] - corner, boxes, track.visible)


def _far_to_near(subjects: Sequence[Track]) -> list[tuple[int, Track]]:
    """Subjects with their numbers, from 1 on."""
    return sorted(enumerate(subjects, start=1), key=lambda item: item[1].depth)


def _owners(picture: np.ndarray, subjects: Sequence[Track], cutouts: Mapping[str, Image.Image]) -> np.ndarray:
    """The number of the nearest subject that each pixel of the first picture belongs to; 0: background.

    Raises:
        CrudeVideoError: a subject that has no pixel of its own.
    """
    owners = np.zeros(picture.shape[:2], dtype=np.int64)
    drawn = [(k, track) for k, track in _far_to_near(subjects) if not has_transparency(cutouts.get(track.name))]
    for number, track in drawn:
        owners[_pixels(picture, track, cutouts.get(track.name))] = number
    for number, track in drawn:
        if not (owners == number).any():
            raise CrudeVideoError(
                f"subject {track.name!r}: expected at least one pixel of its own in the first picture, got none: it is "
                "not in the picture there, or wholly covered by others; move its first box, or give a picture of it, "
                f"with transparency: `--cutout {shlex.quote(track.name + '=PICTURE.png')}` of `hitmark generate`"
            )
    return owners


def _pixels(picture: np.ndarray, track: Track, cutout: Image.Image | None) -> np.ndarray:
    """Which pixels of the first picture show a subject, if nothing covers it."""
    if cutout is not None:
        gray = cutout.convert("L").resize(picture.shape[1::-1], Image.Resampling.NEAREST)
        return np.asarray(gray) > HALF_WHITE
    return _middle(picture, track) & track.visible[0]


def _middle(picture: np.ndarray, track: Track) -> np.ndarray:
    return pixels_in(track.boxes[0], *picture.shape[:2])


def _check(
    subjects: Sequence[Track],
    tracks: Sequence[Track],
    camera: np.ndarray | None,
    cutouts: Mapping[str, Image.Image],
) -> None:
    if camera is None and not any(track.kind in ("subject", "anchor") for track in tracks):
        raise CrudeVideoError(
            "reference: expected a subject, an anchor or a camera move, got none; add one to the scene"
        )
    names = [track.name for track in subjects]
    unknown = [name for name in cutouts if name not in names]
    if unknown:
        raise CrudeVideoError(
            f"cutout: expected the name of a subject ({', '.join(names) or 'there is none'}), got {unknown[0]!r}"
        )
