"""The built-in examples: the first scene of the demo that starts from a picture, and the first from text."""

from __future__ import annotations

import io
from typing import Any

from hitmark.backbones.catalog import DEFAULT_PICTURE_MODEL
from hitmark.studio.folder import Folder
from hitmark.studio.pictures import keep_picture

SECONDS = {"image": 20, "text": 6}  # on two CPU cores, by `python -m scripts.measure_studio --examples`


def examples(folder: Folder) -> list[dict[str, Any]]:
    """The answer to `GET /api/examples`; the picture is kept like one that was loaded."""
    from hitmark.demo.scenes import picture_demo_scenes, sprite_world, text_demo_scenes
    from hitmark.studio.cards import card_of, frames_of

    card = card_of(DEFAULT_PICTURE_MODEL)
    drawn = next(picture_demo_scenes(sprite_world(card.width, card.height, frames_of(card)), seed=0))
    told = next(text_demo_scenes(seed=0))
    stream = io.BytesIO()
    assert drawn.picture is not None  # a scene of the demo that starts from a picture
    drawn.picture.save(stream, "PNG")
    picture = keep_picture(folder, stream.getvalue())
    scene = drawn.scene.replace(image=f"pictures/{picture.id}.png")
    return [
        {
            "name": "picture",
            "label": f"From a picture: {drawn.title}",
            "scene": scene.to_dict(),
            "picture": picture.id,
            "seconds": SECONDS["image"],
        },
        {
            "name": "text",
            "label": f"From words: {told.title.removesuffix(', from text')}",
            "scene": told.scene.to_dict(),
            "picture": None,
            "seconds": SECONDS["text"],
        },
    ]
