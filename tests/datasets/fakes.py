"""Tiny datasets on disk, in the layouts of the real ones."""

from __future__ import annotations

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 20, 10
PALETTE = [0, 0, 0, 200, 0, 0, 0, 200, 0, 0, 0, 200]


def save_picture(path, size=(WIDTH, HEIGHT), colour=(10, 60, 90)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)


def painted(*boxes, size=(WIDTH, HEIGHT), dtype=np.uint8):
    """A mask with (number, left, top, right, bottom) in pixels, right and bottom exclusive; None: nothing."""
    mask = np.zeros(size[::-1], dtype=dtype)
    for box in boxes:
        if box is not None:
            number, left, top, right, bottom = box
            mask[top:bottom, left:right] = number
    return mask


def save_palette(path, mask):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(mask)
    picture.putpalette(PALETTE)
    assert picture.mode == "P"
    picture.save(path)


def save_plain(path, mask):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask).save(path)


def davis(root, name="bear", masks=None, save=save_palette):
    """A sequence whose object 1 moves to the right by 2 pixels a frame, while object 2 is gone in frame 1."""
    if masks is None:
        masks = [painted((1, 2 + 2 * t, 3, 6 + 2 * t, 7), None if t == 1 else (2, 0, 8, 3, 10)) for t in range(3)]
    for frame, mask in enumerate(masks):
        save_picture(root / f"JPEGImages/480p/{name}/{frame:05d}.jpg", mask.shape[::-1], (frame * 20, 60, 90))
        save(root / f"Annotations/480p/{name}/{frame:05d}.png", mask)
    return root


def vipseg(root, name="12_abc", frames=15, pictures="imgs", start=976, step=5):
    """Two persons (class 61), one of them moving down, and stuff (class 9); frames numbered as in the real set."""
    for index in range(frames):
        top = min(index, 5)
        mask = painted((9, 0, 0, 20, 2), (6100, 4, top, 8, top + 4), (6101, 10, 5, 20, 10), dtype=np.uint16)
        stem = f"{start + step * index:08d}"
        save_picture(root / pictures / name / f"{stem}.jpg")
        save_plain(root / "panomasks" / name / f"{stem}.png", mask)
    return root
