"""Which crude reference a clip is made from: one that is given, one drawn from the scene, or none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PIL import Image

from hitmark.reference.draw import reference_of
from hitmark.reference.signal import CrudeVideoError, MotionSignal
from hitmark.scene.schema import Scene


def chosen_reference(
    scene: Scene,
    shape: tuple[int, int, int],
    picture: Image.Image | None,
    given: MotionSignal | None,
    controls: Iterable[Any],
) -> MotionSignal | None:
    """The reference of a clip.

    Args:
        scene: with model and method filled in.
        shape: frames, height and width of the clip.
        picture: the first picture; None: the model takes none.
        given: by the user.
        controls: of the method; whether any of them looks at one.

    Raises:
        CrudeVideoError: one is given and none looks at it, or has too few frames; none is given and none can be drawn.
    """
    if given is not None:
        check_wanted(scene, controls)
        return given.first(shape[0])
    if not _wants(controls):
        return None
    if picture is None:
        raise CrudeVideoError(
            f"reference: {scene.method.name} starts from a crude video, which is drawn from a first picture, and "
            f"{scene.model} takes none; give one with --reference and --mask, or choose another model"
        )
    return reference_of(scene, picture, shape)


def check_wanted(scene: Scene, controls: Iterable[Any]) -> None:
    """Raise CrudeVideoError where none of the controls of a scene's method looks at a reference."""
    if not _wants(controls):
        raise CrudeVideoError(
            f"reference: {scene.method.name} looks at none; leave it out, or choose --method time-to-move"
        )


def _wants(controls: Iterable[Any]) -> bool:
    return any(control.needs.reference for control in controls)
