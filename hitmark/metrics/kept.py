"""What a controlled clip kept of the picture it was given: an error alone flatters, report these beside it.

Frames and images are uint8, values enter as v / 255; a peak signal is 1. PSNR = -10 log10(mean square error), in dB.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hitmark.errors import HitmarkError

CROP = 32
"""Side of the grid at which crops are compared."""


def first_frame_psnr(frames: np.ndarray, image: np.ndarray) -> float:
    """PSNR in dB of the first frame against the given picture, over all pixels and channels. Greater is better.

    `frames`: uint8 (F, H, W, 3); `image`: uint8 (H, W, 3), already resized to the clip. Infinite when they are equal.
    """
    _check(frames, image)
    return _psnr((_unit(frames[0]) - _unit(image)) ** 2)


@dataclass(frozen=True)
class ColorShift:
    """How far colors went from the given picture, in 0..1 (1 = from black to white). Smaller is better."""

    mean: float
    """Mean over frames and channels of |channel mean of the frame - channel mean of the picture|."""
    spread: float
    """The same for the standard deviation over pixels: contrast lost or gained."""


def color_shift(frames: np.ndarray, image: np.ndarray) -> ColorShift:
    """Colors of all frames, frame 1 included, against the picture. `frames` uint8 (F, H, W, 3), `image` (H, W, 3).

    A clip that pans to another part of the scene changes its colors rightly: compare with the uncontrolled clip.
    """
    _check(frames, image)
    clip, picture = _unit(frames), _unit(image)
    mean = np.abs(clip.mean((1, 2)) - picture.mean((0, 1))).mean()
    spread = np.abs(clip.std((1, 2)) - picture.std((0, 1))).mean()
    return ColorShift(float(mean), float(spread))


def identity_kept(
    frames: np.ndarray, centers: np.ndarray, sizes: np.ndarray, present: np.ndarray | None = None
) -> float:
    """Mean over the frames 2..F with the subject of `crop_similarity`: 1 looks as in frame 1, 0 nothing in common.

    NaN when it is present in none of them. Arguments as in `crop_similarity`.
    """
    similarity = crop_similarity(frames, centers, sizes, present)[1:]
    return float(np.nanmean(similarity)) if np.isfinite(similarity).any() else float("nan")


def crop_similarity(
    frames: np.ndarray, centers: np.ndarray, sizes: np.ndarray, present: np.ndarray | None = None
) -> np.ndarray:
    """How much the subject's crop in every frame looks like its crop in frame 1, float64 (F,) in -1..1.

    Both crops are sampled bilinearly at 32x32 points. The similarity is their correlation over pixels and channels
    under a round Gaussian weight (standard deviation a quarter of the crop's side, so that the background in the
    corners counts little), after the weighted mean over pixels *and* channels is taken off each: light may change,
    color may not. Two flat crops of one value have similarity 1, a flat and a structured one 0.
    NaN where the subject is not present, and where more than half of its crop's weight is outside of the picture;
    points outside count in neither crop.

    `frames`: uint8 (F, H, W, 3). `centers`: float (F, 2), x, y in pixels. `sizes`: float (F,) or (F, 2), side or
    (width, height) in pixels. `present`: bool (F,), frame 1 must be True; None: everywhere.
    """
    _check(frames)
    count = len(frames)
    centers = np.asarray(centers, dtype=np.float64)
    sizes = np.asarray(sizes, dtype=np.float64)
    sizes = np.repeat(sizes[:, None], 2, axis=1) if sizes.ndim == 1 else sizes
    present = np.ones(count, dtype=bool) if present is None else np.asarray(present)
    if centers.shape != (count, 2) or sizes.shape != (count, 2) or present.shape != (count,) or present.dtype != bool:
        raise HitmarkError(
            f"centers, sizes and present must be (F, 2), (F,) or (F, 2) and bool (F,) for the {count} frames, "
            f"got {centers.shape}, {sizes.shape} and {present.dtype} {present.shape}"
        )
    if not present[0] or not (np.isfinite(centers[present]).all() and (sizes[present] > 0).all()):
        raise HitmarkError("the subject must be present in frame 1 and have finite centers and positive sizes")
    line = (np.arange(CROP) + 0.5) / CROP - 0.5
    weight = np.exp(-(line[:, None] ** 2 + line**2) / (2 * 0.25**2))
    first, first_inside = _crop(frames[0], centers[0], sizes[0], line)
    result = np.full(count, np.nan)
    for frame in np.flatnonzero(present):
        crop, inside = _crop(frames[frame], centers[frame], sizes[frame], line)
        both = weight * inside * first_inside
        if both.sum() >= weight.sum() / 2:
            result[frame] = _correlation(first, crop, both)
    return result


def background_kept(frames: np.ndarray, image: np.ndarray, boxes: np.ndarray) -> float:
    """PSNR in dB of frames 2..F against the picture outside of all subjects: greater is better. For a still camera.

    Left out of frame f: the subjects' boxes in frame f, and in frame 1 (what they uncover is not in the picture).
    `boxes`: float (N, F, 4), normalized xyxy; N may be 0. NaN when no pixel is left.
    """
    _check(frames, image)
    boxes = np.asarray(boxes, dtype=np.float64)
    if boxes.ndim != 3 or boxes.shape[1:] != (len(frames), 4):
        raise HitmarkError(f"boxes must be (subjects, {len(frames)}, 4) normalized xyxy, got {boxes.shape}")
    height, width = image.shape[:2]
    y, x = (np.arange(height) + 0.5) / height, (np.arange(width) + 0.5) / width
    covered = np.zeros(frames.shape[:3], dtype=bool)
    for track in boxes:
        for frame, (left, top, right, bottom) in enumerate(track):
            covered[frame] |= ((y >= top) & (y < bottom))[:, None] & ((x >= left) & (x < right))
    outside = ~(covered[1:] | covered[0])
    square = (_unit(frames[1:]) - _unit(image)) ** 2
    return _psnr(square[outside]) if outside.any() else float("nan")


def _crop(frame: np.ndarray, center: np.ndarray, size: np.ndarray, line: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(CROP, CROP, 3) bilinear samples in 0..1 and bool (CROP, CROP), which of them lie in the picture."""
    height, width = frame.shape[:2]
    x, y = center[0] + size[0] * line, center[1] + size[1] * line
    inside = ((y >= 0) & (y <= height))[:, None] & ((x >= 0) & (x <= width))
    column, row = (x - 0.5).clip(0, width - 1), (y - 0.5).clip(0, height - 1)
    left, top = np.floor(column).astype(int), np.floor(row).astype(int)
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    across, down = (column - left)[None, :, None], (row - top)[:, None, None]
    picture = _unit(frame)
    upper = picture[top][:, left] * (1 - across) + picture[top][:, right] * across
    lower = picture[bottom][:, left] * (1 - across) + picture[bottom][:, right] * across
    return upper * (1 - down) + lower * down, inside


def _correlation(first: np.ndarray, second: np.ndarray, weight: np.ndarray) -> float:
    """Weighted correlation over pixels and channels with one mean each."""
    weight = np.broadcast_to((weight / weight.sum())[..., None] / 3, first.shape)
    first, second = first - (first * weight).sum(), second - (second * weight).sum()
    power = (first**2 * weight).sum(), (second**2 * weight).sum()
    flat = [value < 1e-8 for value in power]
    if any(flat):
        return float(all(flat))
    return float((first * second * weight).sum() / np.sqrt(power[0] * power[1]))


def _unit(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float64) / 255


def _psnr(square: np.ndarray) -> float:
    error = float(square.mean())
    return float("inf") if error == 0 else float(-10 * np.log10(error))


def _check(frames: np.ndarray, image: np.ndarray | None = None) -> None:
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[3] != 3 or len(frames) < 1:
        raise HitmarkError(f"frames must be uint8 (frames, height, width, 3), got {frames.dtype} {frames.shape}")
    if image is not None and (image.dtype != np.uint8 or image.shape != frames.shape[1:]):
        raise HitmarkError(
            f"image must be uint8 {frames.shape[1:]} like the frames, got {image.dtype} {image.shape}; resize it first"
        )
