"""The latent code of the embedded video transformer: linear, causal, of 8x8 pixels and 4 frames.

Frame 1 is coded alone, every following block of four frames together, as Wan's autoencoder does. What a cell holds is a
product of a spatial part (principal components of 8x8 pixels, found in two steps of 2x2) and a temporal one (sums and
differences of the block's frames, the Hadamard basis). A thing that stands still therefore has the same code in every
latent frame. The code is *exact* in the real autoencoder class, see `hitmark.sprites.video_encoder`; only the decoder
is trained.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

PATCH = 8
"""Pixels of a side of a latent cell."""
BLOCK = 4
"""Frames of a latent frame, after the first."""
SLOW, FAST = 30, 18
"""Components of 4x4 pixels that are kept of the sum and of the difference of two frames."""
STRONGEST = 2.0
"""Standard deviation of the strongest component after scaling."""


@dataclass(frozen=True)
class VideoCode:
    """Components by latent channel, strongest first. A still cell has channels of temporal kind 0 only."""

    mean: Tensor
    """float32 (3, 4, 4): the mean 4x4 pixels, color x row x column, values -1..1."""
    small: Tensor
    """float32 (48, 48): orthonormal rows, components of 4x4 pixels flattened as (color, row, column)."""
    slow: Tensor
    """float32 (P, 4 x SLOW): orthonormal rows, components of 2x2 such cells, flattened as (row, column, component)."""
    fast: Tensor
    """float32 (Q, 4 x FAST): the same for differences of two frames."""
    kinds: Tensor
    """int64 (channels,), in time: 0 mean of the block, 1 its halves differ, 2 its pairs differ, 3 oppositely."""
    components: Tensor
    """int64 (channels,): row of `slow` (kinds 0, 1) or `fast` (kinds 2, 3)."""
    scales: Tensor
    """float32 (channels,): latent = scale x component."""

    def encode(self, video: Tensor) -> Tensor:
        """Video (batch, frames, 3, H, W) in -1..1 to latents (batch, channels, 1 + (frames - 1) / 4, H/8, W/8)."""
        cells = self._cells(video)
        first = self._whole(cells[:, :1, :SLOW], self.slow)
        changes = [
            first.new_zeros(*first.shape[:2], size, *first.shape[3:])
            for size in (len(self.slow), *[len(self.fast)] * 2)
        ]
        kinds = [first, *changes]
        if cells.shape[1] > 1:
            pairs = cells[:, 1:].unflatten(1, (-1, 2))
            sums = self._whole((pairs[:, :, 0] + pairs[:, :, 1])[:, :, :SLOW] / 2, self.slow).unflatten(1, (-1, 2))
            differences = (pairs[:, :, 0] - pairs[:, :, 1])[:, :, :FAST] / 2
            differences = self._whole(differences, self.fast).unflatten(1, (-1, 2))
            blocks = [part for both in (sums, differences) for part in _mixed(both[:, :, 0], both[:, :, 1])]
            kinds = [torch.cat(parts, 1) for parts in zip(kinds, blocks, strict=True)]
        channels = [kinds[int(kind)][:, :, int(part)] for kind, part in zip(self.kinds, self.components, strict=True)]
        return torch.stack(channels, 1) * self.scales.to(video)[:, None, None, None]

    def decode(self, latents: Tensor) -> Tensor:
        """The linear inverse: latents (batch, channels, F, h, w) to video (batch, 1 + 4 (F - 1), 3, 8h, 8w)."""
        values = (latents / self.scales.to(latents)[:, None, None, None]).transpose(1, 2)
        sizes = (len(self.slow), len(self.slow), len(self.fast), len(self.fast))
        kinds = [values.new_zeros(*values.shape[:2], size, *values.shape[3:]) for size in sizes]
        for channel, (kind, part) in enumerate(zip(self.kinds, self.components, strict=True)):
            kinds[int(kind)][:, :, int(part)] = values[:, :, channel]
        frames = [self._picture(self._parts(kinds[0][:, :1], self.slow))]
        for block in range(1, values.shape[1]):
            one = [kind[:, block : block + 1] for kind in kinds]
            for half in (1, -1):
                total = self._parts(one[0] + half * one[1], self.slow)
                moved = self._parts(one[2] + half * one[3], self.fast)
                moved = torch.cat([moved, moved.new_zeros(*moved.shape[:2], SLOW - FAST, *moved.shape[3:])], 2)
                frames += [self._picture(total + moved), self._picture(total - moved)]
        return torch.cat(frames, 1)

    def _cells(self, video: Tensor) -> Tensor:
        """Components of all 4x4 pixels: (batch, frames, 48, H/4, W/4)."""
        pictures = video.flatten(0, 1)
        offset = -(self.small @ self.mean.flatten()).to(video)
        found = nn.functional.conv2d(pictures, self.small.reshape(-1, 3, 4, 4).to(video), offset, stride=4)
        return found.unflatten(0, video.shape[:2])

    def _whole(self, cells: Tensor, basis: Tensor) -> Tensor:
        """2x2 cells (batch, n, components, h, w) to (batch, n, rows of the basis, h/2, w/2)."""
        kernel = basis.reshape(len(basis), 2, 2, -1).permute(0, 3, 1, 2).to(cells)
        return nn.functional.conv2d(cells.flatten(0, 1), kernel, stride=2).unflatten(0, cells.shape[:2])

    def _parts(self, whole: Tensor, basis: Tensor) -> Tensor:
        """The inverse of `_whole`."""
        kernel = basis.reshape(len(basis), 2, 2, -1).permute(0, 3, 1, 2).to(whole)
        return nn.functional.conv_transpose2d(whole.flatten(0, 1), kernel, stride=2).unflatten(0, whole.shape[:2])

    def _picture(self, cells: Tensor) -> Tensor:
        """Components of 4x4 pixels (batch, n, SLOW, h, w) to pictures (batch, n, 3, 4h, 4w)."""
        kernel = self.small[: cells.shape[2]].reshape(-1, 3, 4, 4).to(cells)
        flat = nn.functional.conv_transpose2d(cells.flatten(0, 1), kernel, stride=4).unflatten(0, cells.shape[:2])
        return flat + self.mean.to(cells).repeat(1, flat.shape[-2] // 4, flat.shape[-1] // 4)


def fit(videos: Tensor, channels: int) -> VideoCode:
    """The code of videos (count, frames, 3, H, W) in -1..1, frames = 1 + 4n, by the variance of its components.

    Each latent is its component over the square root of the component's standard deviation: coarse components stay
    stronger than fine ones, so that noise hides detail first, but not so strong that detail is settled in the last
    step alone.
    """
    patches = nn.functional.unfold(videos.flatten(0, 1).double(), 4, stride=4).transpose(1, 2).flatten(0, 1)
    mean = patches.mean(0)
    small = _principal(patches - mean)
    code = VideoCode(mean.float().reshape(3, 4, 4), small.float(), *(torch.zeros(0) for _ in range(5)))
    cells = code._cells(videos)
    pairs = cells[:, 1:].unflatten(1, (-1, 2))
    sums = ((pairs[:, :, 0] + pairs[:, :, 1]) / 2)[:, :, :SLOW]
    differences = ((pairs[:, :, 0] - pairs[:, :, 1]) / 2)[:, :, :FAST]
    slow, fast = _principal(_gathered(sums)), _principal(_gathered(differences))
    variances = []
    for values, basis in ((sums, slow), (differences, fast)):
        whole = (_gathered(values) @ basis.T).unflatten(0, (len(videos), -1, 2, sums.shape[-1] * sums.shape[-2] // 4))
        variances += [part.square().mean((0, 1, 2)) for part in _mixed(whole[:, :, 0], whole[:, :, 1])]
    ranked = sorted(
        ((float(value), kind, part) for kind, of_kind in enumerate(variances) for part, value in enumerate(of_kind)),
        reverse=True,
    )[:channels]
    deviations = torch.tensor([value for value, _, _ in ranked]).sqrt()
    kinds, parts = (torch.tensor([entry[place] for entry in ranked]) for place in (1, 2))
    slow = slow[: 1 + max(part for _, kind, part in ranked if kind < 2)]
    fast = fast[: 1 + max((part for _, kind, part in ranked if kind >= 2), default=0)]
    scales = STRONGEST / (deviations * deviations[0]).sqrt()
    return VideoCode(code.mean, code.small, slow.float(), fast.float(), kinds, parts, scales.float())


def _mixed(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and half the difference of the two halves of a block."""
    return (first + second) / 2, (first - second) / 2


def _gathered(cells: Tensor) -> Tensor:
    """2x2 cells of (count, pairs, components, h, w) as rows (..., 4 x components), float64."""
    flat = cells.double().unflatten(-1, (-1, 2)).unflatten(-3, (-1, 2))
    return flat.permute(0, 1, 3, 5, 4, 6, 2).flatten(0, 3).flatten(1)


def _principal(rows: Tensor) -> Tensor:
    """Eigenvectors of the second moments of float64 rows (n, d), as orthonormal rows (d, d), strongest first."""
    _, vectors = torch.linalg.eigh(rows.T @ rows / len(rows))
    return vectors.flip(1).T
