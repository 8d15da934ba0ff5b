"""A clip made ready: its plan, and its first picture in the shape of the clip."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image

from hitmark.media.images import WHITE, Color, LoadedImage
from hitmark.run.first_picture import load_first_picture, refuse_picture
from hitmark.run.framing import frame_picture
from hitmark.run.plan import Plan, plan
from hitmark.run.plan_remarks import on_canvas
from hitmark.scene.schema import Scene
from hitmark.scene.tracks import evaluate


def prepare(
    scene: Scene,
    image: Image.Image | Path | None = None,
    folder: Path | str = ".",
    *,
    steps: int | None = None,
    call: dict[str, Any] | None = None,
    pipe: Any = None,
    background: Color = WHITE,
    vae_tiling: bool = False,
) -> tuple[Plan, Image.Image | None]:
    """As `plan`, with the first picture read and brought to the clip's shape; None for a model that takes none.

    Args:
        scene: as for `plan`.
        image: the first picture, or its file; None: the scene's own, relative to `folder`.
        folder: that the scene's picture is relative to.
        steps: as for `plan`.
        call: as for `plan`.
        pipe: as for `plan`.
        background: what transparent parts of the picture are laid on.
        vae_tiling: as for `plan`.

    Raises:
        HitmarkError: as `plan`; a picture for a model that takes none, or one that cannot be read.
    """
    planned = plan(scene, steps=steps, call=call, pipe=pipe, picture=image is not None, vae_tiling=vae_tiling)
    if planned.card.takes_picture:
        return with_picture(planned, load_first_picture(planned.scene, image, folder, background))
    if image is not None:
        refuse_picture(planned.card)
    return planned, None


def with_picture(planned: Plan, picture: LoadedImage) -> tuple[Plan, Image.Image]:
    """Bring the first picture to the shape of the clip, as `scene.fit` says; the boxes are carried along.

    Raises:
        SceneError: cutting would leave a subject outside the picture.
    """
    scene = planned.scene
    framed = frame_picture(scene, picture.image, (planned.width, planned.height))
    drawn = on_canvas(scene, "picture", picture.image.size)
    notes = (*planned.notes, *picture.notes, *drawn, *framed.notes)
    tracks = planned.tracks if framed.scene is scene else evaluate(framed.scene, planned.frames)
    return replace(planned, scene=framed.scene, tracks=tracks, notes=notes), framed.picture
