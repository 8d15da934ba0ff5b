"""An observer for anything: follows what lies in a box of the first frame, by its looks in that frame alone.

A Gaussian-weighted color template of the box is compared with every place of every frame at nine sizes. The score is
the mean of a normalized correlation (one mean over pixels and channels taken off, both divided by their deviation) and
of the closeness exp(-d^2 / (2 TOLERANCE^2)), d the weighted root mean square difference: the correlation alone is as
content with chance patterns, the closeness alone with anything flat. The template is never updated: it cannot drift
away, and a thing that turns or dissolves scores low. A path of small steps through the best places is chosen.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F

from hitmark.errors import HitmarkError
from hitmark.observers.detections import Candidates, Detections, best_path, check_frames

SCALES = (0.67, 0.74, 0.82, 0.9, 1.0, 1.1, 1.22, 1.35, 1.5)
"""Sizes that are tried, relative to the box in frame 1."""
SIGMA = 0.4
"""Deviation of the Gaussian weight, in half sides of the box."""
LARGEST = 128
"""Shorter side in pixels at which places are searched; larger frames are reduced."""
KEPT = 10
"""Candidates of a frame."""
MOVE, RESIZE, JUMP = 0.5, 0.15, 0.5
"""Cost of a step of one shorter side, of an e-fold of size, and the most that a step costs (`best_path`)."""
FOUND = 0.66
"""Score from which the thing counts as found."""
CLOSE, TOLERANCE = 0.5, 0.12
"""Weight of the closeness in the score, and the color difference (of values 0..1) at which it has fallen to 0.61."""
FLAT = 0.02
"""Deviation (of values 0..1) that is added to both: a nearly flat place cannot reach a high correlation by chance."""


def track_template(frames: np.ndarray, box: Sequence[float]) -> Detections:
    """Follows the content of `box`, normalized xyxy in the first of `frames`, uint8 (frames, height, width, 3).

    Returns centers of the box, sizes (its longer side), `score` = likeness to frame 1, up to 1,
    and `found` = score >= FOUND; frame 1 is the box itself with score 1. HitmarkError for a box that is not
    finite, has x0 >= x1 or y0 >= y1, is smaller than 4 pixels or lies less than half in the picture.
    """
    check_frames(frames)
    left, top, right, bottom = _checked_box(box, frames)
    pictures = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).float() / 255
    height, width = pictures.shape[2:]
    factor = min(1.0, LARGEST / min(height, width))
    if factor < 1:
        pictures = F.interpolate(pictures, (round(height * factor), round(width * factor)), mode="area")
    rows, columns = pictures.shape[2:]
    home = np.array([(left + right) / 2 * columns, (top + bottom) / 2 * rows, 1.0])
    extent = ((right - left) * columns, (bottom - top) * rows)
    candidates = _search(pictures, home, extent)
    chosen = best_path(candidates, min(rows, columns), MOVE, RESIZE, JUMP)
    every = np.arange(len(frames))
    centers = candidates.positions[every, chosen] * np.array([width / columns, height / rows])
    sizes = candidates.sizes[every, chosen] * max((right - left) * width, (bottom - top) * height)
    score = candidates.scores[every, chosen]
    return Detections(centers, sizes, score >= FOUND, score)


def _checked_box(box: Sequence[float], frames: np.ndarray) -> tuple[float, float, float, float]:
    values = np.asarray(box, dtype=np.float64)
    height, width = frames.shape[1:3]
    if values.shape != (4,) or not np.isfinite(values).all():
        raise HitmarkError(f"box must be four finite numbers x0, y0, x1, y1, got {box!r}")
    left, top, right, bottom = (float(value) for value in values)
    if (right - left) * width < 4 or (bottom - top) * height < 4:
        raise HitmarkError(f"box must have x0 < x1, y0 < y1 and at least 4 pixels a side, got {box!r}")
    inside = np.clip([right, bottom], 0, 1) - np.clip([left, top], 0, 1)
    if inside.prod() < 0.5 * (right - left) * (bottom - top):
        raise HitmarkError(f"at least half of the box must lie in the first frame (0..1), got {box!r}")
    return left, top, right, bottom


def _search(pictures: torch.Tensor, home: np.ndarray, extent: tuple[float, float]) -> Candidates:
    """The KEPT best places of every frame over all sizes; frame 1 has the home place alone."""
    found = []
    sizes = [(max(4, round(extent[1] * scale)), max(4, round(extent[0] * scale))) for scale in SCALES]
    spectra = _Spectra(pictures, max(sizes))
    for scale, size in zip(SCALES, sizes, strict=True):
        score = spectra.correlations(*_template(pictures[:1], home, extent, size))
        peak = F.max_pool2d(score[:, None], 5, 1, 2)[:, 0]
        values, index = torch.where(score == peak, score, -9.0).flatten(1).topk(KEPT)
        row, column = index // score.shape[2], index % score.shape[2]
        down, across, top = _vertex(score, row, column)
        x = column + across - (size[1] - 1) + size[1] / 2
        y = row + down - (size[0] - 1) + size[0] / 2
        keep = torch.where(values > -9, top, -9.0)
        found.append(torch.stack([x, y, torch.full_like(x, scale), keep], -1))
    everything = torch.cat(found, 1)
    best = everything[..., 3].topk(KEPT, 1).indices[..., None].expand(-1, -1, 4)
    table = everything.gather(1, best).double().numpy()
    table[0] = -9.0
    table[0, :, :3] = home
    table[0, 0, 3] = 1.0
    return Candidates(table[..., :2], table[..., 2], table[..., 3])


def _template(
    first: torch.Tensor, home: np.ndarray, extent: tuple[float, float], size: tuple[int, int]
) -> tuple[torch.Tensor, torch.Tensor]:
    """The box of frame 1 sampled at `size` (rows, columns) points, (3, rows, columns), and its weight, sum 1."""
    rows, columns = first.shape[2:]
    v = (torch.arange(size[0]) + 0.5) / size[0] * 2 - 1
    u = (torch.arange(size[1]) + 0.5) / size[1] * 2 - 1
    y = (home[1] + v * extent[1] / 2) / rows * 2 - 1
    x = (home[0] + u * extent[0] / 2) / columns * 2 - 1
    grid = torch.stack([x.expand(size), y[:, None].expand(size)], -1)[None].float()
    template = F.grid_sample(first, grid, padding_mode="border", align_corners=False)[0]
    weight = torch.exp(-(v[:, None] ** 2 + u**2) / (2 * SIGMA**2))
    weight = weight * ((y.abs() <= 1)[:, None] & (x.abs() <= 1))
    return template, weight / weight.sum()


class _Spectra:
    """The Fourier transforms of the frames, made once for the templates of all sizes, of which `largest` is one."""

    def __init__(self, pictures: torch.Tensor, largest: tuple[int, int]) -> None:
        self.height, self.width = pictures.shape[2:]
        self.size = (-(-(self.height + largest[0] - 1) // 8) * 8, -(-(self.width + largest[1] - 1) // 8) * 8)
        square = pictures.square().mean(1, keepdim=True)
        self._frames = torch.fft.rfft2(torch.cat([pictures, pictures.mean(1, keepdim=True), square], 1), s=self.size)
        self._ones = torch.fft.rfft2(torch.ones_like(square[0, 0]), s=self.size)

    def correlations(self, template: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        """The score at all places, (frames, rows + a - 1, columns + b - 1) for a template of (a, b) pixels.

        Only the part in the picture counts; places with less than half of the weight in it get -9.
        """
        rows, columns = self.height + weight.shape[0] - 1, self.width + weight.shape[1] - 1
        weighted = weight * template
        kernels = torch.stack([weight, *weighted, weighted.mean(0), weight * template.square().mean(0)])
        kernel = torch.fft.rfft2(kernels.flip(1, 2), s=self.size)
        product = (self._frames[:, :3] * kernel[1:4]).sum(1, keepdim=True) / 3
        spectrum = torch.cat([product, self._frames[:, 3:] * kernel[0]], 1)
        maps = torch.fft.irfft2(spectrum, s=self.size)[:, :, :rows, :columns]
        known = torch.fft.irfft2(self._ones * kernel[[0, 4, 5]], s=self.size)[:, :rows, :columns]
        part = known[0].clamp_min(0.1)
        product, mean, power = (maps / part).unbind(1)
        own_mean, own_power = known[1] / part, known[2] / part
        deviation = (power - mean.square()).clamp_min(0) + FLAT**2
        own = (own_power - own_mean.square()).clamp_min(0) + FLAT**2
        score = (product - mean * own_mean) / (deviation * own).sqrt()
        away = (power - 2 * product + own_power).clamp_min(0)
        score = (1 - CLOSE) * score + CLOSE * torch.exp(away / (-2 * TOLERANCE**2))
        return torch.where(known[0] >= 0.5, score, -9.0)


def _vertex(score: torch.Tensor, row: torch.Tensor, column: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Offsets (down, across) in -0.5..0.5 of the parabola's top at whole-pixel peaks (frames, k), and its height."""
    frame = torch.arange(len(score))[:, None]
    here = score[frame, row, column]
    offsets, top = [], here.clone()
    for down, across in ((1, 0), (0, 1)):
        low = score[frame, (row - down).clamp_min(0), (column - across).clamp_min(0)]
        high = score[frame, (row + down).clamp(max=score.shape[1] - 1), (column + across).clamp(max=score.shape[2] - 1)]
        bend = (low + high - 2 * here).clamp(max=-1e-6)
        usable = (low > -9) & (high > -9)
        offset = torch.where(usable, (0.5 * (low - high) / bend).clamp(-0.5, 0.5), 0.0)
        top = top - torch.where(usable, 0.125 * (high - low) ** 2 / bend, 0.0)
        offsets.append(offset)
    return offsets[0], offsets[1], top.clamp(max=1.0)
