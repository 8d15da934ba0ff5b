"""Photographic training material: patches and cut-outs of the photographs bundled with scikit-image.

Only training reads them (extra `train`); nothing of them is stored in this package. Sources and licenses, as
scikit-image's own documentation of each image states them: astronaut and hubble_deep_field (NASA, public domain),
rocket (SpaceX, public domain), chelsea (Stefan van der Walt, CC0), coffee (Rachel Michetti, CC0), camera (Lav Varshney,
CC0), grass, gravel and brick (textures, CC0), coins (Brooklyn Museum, no known copyright restrictions).
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from hitmark.errors import HitmarkError
from hitmark.sprites.places import clouds

FILES = (
    "astronaut.png",
    "chelsea.png",
    "coffee.png",
    "rocket.jpg",
    "camera.png",
    "grass.png",
    "gravel.png",
    "brick.png",
    "hubble_deep_field.jpg",
    "coins.png",
)


@lru_cache(maxsize=1)
def photographs() -> tuple[np.ndarray, ...]:
    """All photographs, uint8 (height, width, 3). Raises HitmarkError where scikit-image is not installed."""
    try:
        import skimage
    except ImportError as error:
        raise HitmarkError(
            "training on photographs needs scikit-image, which is not installed; run `pip install hitmark[train]` "
            "or set photographs = 0 in the training configuration"
        ) from error
    folder = Path(str(skimage.__file__)).parent / "data"
    return tuple(np.asarray(Image.open(folder / name).convert("RGB")) for name in FILES)


def patch(generator: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A random crop, mirrored, scaled and recolored a little; float32 (height, width, 3) in 0..1."""
    photos = photographs()
    photo = photos[generator.integers(len(photos))]
    zoom = np.exp(generator.uniform(np.log(1.0), np.log(min(photo.shape[0] / height, photo.shape[1] / width))))
    tall, wide = min(photo.shape[0], int(height * zoom)), min(photo.shape[1], int(width * zoom))
    top = generator.integers(photo.shape[0] - tall + 1)
    left = generator.integers(photo.shape[1] - wide + 1)
    crop = Image.fromarray(photo[top : top + tall, left : left + wide])
    values = np.asarray(crop.resize((width, height), Image.Resampling.BOX), dtype=np.float32) / 255
    if generator.random() < 0.5:
        values = values[:, ::-1]
    values = values[..., generator.permutation(3)] if generator.random() < 0.3 else values
    tint = generator.uniform(0.6, 1.25, 3) if generator.random() < 0.5 else generator.uniform(0.75, 1.2)
    return (values * tint + generator.uniform(-0.06, 0.06)).clip(0, 1).astype(np.float32)


def cut_out(generator: np.random.Generator, size: int) -> np.ndarray:
    """A patch cut along a random smooth outline: premultiplied RGBA, float32 (size, size, 4) in 0..1."""
    color = patch(generator, size, size)
    y, x = (np.mgrid[0:size, 0:size].astype(np.float32) + 0.5) / size * 2 - 1
    power = generator.choice([2.0, 2.0, 4.0, 8.0])
    aspect = np.exp(generator.uniform(-0.4, 0.4))
    radius = (np.abs(x * max(aspect, 1)) ** power + np.abs(y * max(1 / aspect, 1)) ** power) ** (1 / power)
    wobble = (clouds(generator, size, size, (2.0, 2.0)) - 0.5) * generator.uniform(0, 0.6)
    alpha = torch.from_numpy(((0.9 - radius + wobble) * size / 6).clip(0, 1))
    alpha = F.avg_pool2d(F.pad(alpha[None, None], (1, 1, 1, 1)), 3, 1)[0, 0].numpy()
    return np.concatenate([color * alpha[..., None], alpha[..., None]], axis=-1).astype(np.float32)
