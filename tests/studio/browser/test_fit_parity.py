"""Cut and pad in the page are `--fit crop` and `--fit pad` of the commands: picture, boxes, anchors and camera."""

from __future__ import annotations

import io
import json

import numpy as np
from PIL import Image

from hitmark.run.framing import frame_picture
from hitmark.scene import Scene

FIT = """async ([scene, picture, kinds]) => {
  const { store } = (await import("/assets/page.js")).of("scene/store.js");
  const { setPicture, fitPicture } = (await import("/assets/page.js")).of("picture/fit.js");
  const made = [];
  for (const kind of kinds) {
    store.change("scene of the test", (draft) => Object.assign(draft, JSON.parse(scene)));
    setPicture(picture);
    await fitPicture(kind);
    made.push(store.scene);
  }
  return JSON.stringify(made);
}"""
SCENE = {
    "subjects": [
        {
            "name": "car",
            "keyframes": [
                {"time": 0, "box": [0.4, 0.42, 0.55, 0.6]},
                {"time": 1, "box": [0.45, 0.38, 0.62, 0.57], "easing": "in"},
            ],
        }
    ],
    "anchors": [{"name": "rock", "box": [0.47, 0.45, 0.52, 0.53]}],
    "camera": {"pan": [0.2, -0.1], "zoom": 1.2},
}
ROUNDED = 6e-6  # places have five digits in the page
WHOLE = [((64, 48), (64, 64)), ((48, 64), (64, 64)), ((60, 40), (64, 128)), ((200, 80), (64, 64))]
"""Sizes of picture and clip of which every side that is cut or added is a whole and even number of pixels."""
BROKEN = [((101, 60), (64, 64)), ((77, 203), (128, 64))]
"""And others: Python cuts between whole pixels, the page anywhere."""


def smooth(size):
    """A picture of gradients."""
    across, down = np.meshgrid(np.linspace(0, 255, size[0]), np.linspace(0, 255, size[1]))
    return Image.fromarray(np.stack([across, down, 255 - across], -1).round().astype(np.uint8))


def numbers(scene):
    """Every number of a scene that has to do with places."""
    boxes = [keyframe.box for subject in scene.subjects for keyframe in subject.keyframes]
    return np.array([*boxes, *(anchor.box for anchor in scene.anchors), (*scene.camera.pan, 0, 0)])


def test_cut_and_pad_are_those_of_the_commands(studio, process):
    studio.open()
    for sides, clip in WHOLE + BROKEN:
        stream, photo = io.BytesIO(), smooth(sides)
        photo.save(stream, "PNG")
        picture = process.client.post("/api/pictures", content=stream.getvalue()).json()
        given = SCENE | {"width": clip[0], "height": clip[1]}
        fitted = json.loads(studio.page.evaluate(FIT, [json.dumps(given), picture, ["cut", "pad"]]))
        for found, fit in zip(fitted, ("crop", "pad"), strict=True):
            wanted = frame_picture(Scene.from_dict(given | {"fit": fit}), photo, clip)
            image = found["image"].removeprefix("pictures/").removesuffix(".png")
            made = Image.open(io.BytesIO(process.client.get(f"/api/pictures/{image}").content)).convert("RGB")
            pixel = 0 if (sides, clip) in WHOLE else 1
            assert np.abs(np.subtract(made.size, wanted.picture.size)).max() <= pixel
            near = ROUNDED + pixel / min(wanted.picture.size)
            np.testing.assert_allclose(numbers(Scene.from_dict(found)), numbers(wanted.scene), rtol=0, atol=near)
            if not pixel:
                same_pixels(made, wanted.picture, sides)


def same_pixels(made, wanted, sides):
    """What is kept of a picture is the same to the bit, and bars have nearly one color."""
    apart = np.abs(np.asarray(made).astype(int) - np.asarray(wanted).astype(int))
    left, top = ((np.array(made.size) - sides) // 2).clip(0)
    kept = apart[top : top + min(sides[1], made.height), left : left + min(sides[0], made.width)]
    assert kept.max() == 0
    assert apart.max() <= 16  # the page takes their color from the outer sixteenth, Python from the edge
