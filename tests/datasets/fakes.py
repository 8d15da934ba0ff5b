"""Tiny datasets on disk, in the layouts of the real ones."""

from __future__ import annotations

import json

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 20, 10
PALETTE = [0, 0, 0, 200, 0, 0, 0, 200, 0, 0, 0, 200]


def save_picture(path, size=(WIDTH, HEIGHT), color=(10, 60, 90)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, color).save(path)


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


def move_bench(root, name="cat_1", points=None, seen=None, mode="single", language="en", caption="A cat, running."):
    """A clip of 200 x 100 pixels whose points move to the right by 5 pixels a frame; adds a line to the list."""
    if points is None:
        points = np.array([[[40.0, 30.0], [80.0, 70.0]]]) + np.arange(5)[:, None, None] * np.array([5.0, 0.0])
    seen = np.ones(points.shape[:-1], bool) if seen is None else seen
    base = root / language
    tracks = base / "track" / mode / f"{name}_tracks.npy"
    tracks.parent.mkdir(parents=True, exist_ok=True)
    np.save(tracks, points)
    np.save(tracks.with_name(f"{name}_visibility.npy"), seen)
    save_picture(base / "first_frame" / f"{name}.jpg", (200, 100))
    with (base / f"{mode}_track.txt").open("a", encoding="utf-8") as lines:
        lines.write(f"{name}.mp4,{caption}\n")
    return root


def mc_bench(root, name="animal/dog_1", tracks=None, mask=None, file="meta_data.json"):
    """A sample of 20 x 10 pixels: a track that starts in a brushed area, and a click that stays beside it."""
    if tracks is None:
        tracks = [[[3, 4], [9, 4], [12, 8]], [[15, 2]]]
    if mask is None:
        mask = painted((255, 2, 3, 6, 7), (255, 8, 8, 10, 10))
    sample = root / name
    save_picture(sample / "first_frame.png")
    save_plain(sample / "first_frame_mask.png", np.repeat(mask[..., None], 3, axis=2))
    (sample / file).write_text(json.dumps({"traj_key_points": tracks}), encoding="utf-8")
    return root
