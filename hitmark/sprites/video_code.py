"""The latent code of the embedded video transformer: linear, of 8x8 pixels of two frames in four.

Frame 1 is coded alone. Of every following block of four frames the last one is coded in detail and the second one
coarsely: latents are pictures, whatever moves. What a cell holds are the strongest principal components of its 8x8
pixels, found in two steps of 4x4 and 2x2; those of the second frame are the first of them once more. The frames between
are the decoder's work. What stands still has the same code in every latent frame. The code is *exact* in the real
autoencoder class, see `hitmark.sprites.video_encoder`; only the decoder is trained.

Why not sums and differences of the four frames: of a thing that moves by more than its outline is wide, they are
smears, another one for each speed; there is more of that to learn than of what things look like.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

PATCH = 8
"""Pixels of a side of a latent cell."""
BLOCK = 4
"""Frames of a latent frame, after the first."""
PARTS = 48
"""Components of 4x4 pixels: all that there are."""
COARSE = 3 / 8
"""Share of the channels that are for the second frame of a block."""
STRONGEST = 2.0
"""Standard deviation of the strongest component after scaling."""


@dataclass(frozen=True)
class VideoCode:
    """Latent channels: components of the last frame of a block, strongest first, then those of its second one."""

    mean: Tensor
    """float32 (3, 4, 4): the mean 4x4 pixels, color x row x column, values -1..1."""
    small: Tensor
    """float32 (48, 48): orthonormal rows, components of 4x4 pixels flattened as (color, row, column)."""
    whole: Tensor
    """float32 (n, 192): orthonormal rows, components of 2x2 such cells, flattened as (row, column, component)."""
    scales: Tensor
    """float32 (n,): latent = scale x component."""
    coarse: int
    """How many of the components are kept of the second frame."""

    def encode(self, video: Tensor) -> Tensor:
        """Video (batch, frames, 3, H, W) in -1..1 to latents (batch, channels, 1 + (frames - 1) / 4, H/8, W/8)."""
        last = self._values(video[:, ::BLOCK])
        second = self._values(torch.cat([video[:, :1], video[:, BLOCK // 2 :: BLOCK]], 1))[:, : self.coarse]
        return torch.cat([last, second], 1)

    def decode(self, latents: Tensor) -> Tensor:
        """Latents (batch, channels, F, h, w) to video (batch, 1 + 4 (F - 1), 3, 8h, 8w).

        The coded frames are the linear inverse; those between are the means of their neighbors.
        """
        last = self._pictures(latents[:, : len(self.whole)])
        second = self._pictures(latents[:, len(self.whole) :, 1:])
        before, after = last[:, :-1], last[:, 1:]
        block = torch.stack([(before + second) / 2, second, (second + after) / 2, after], 2)
        return torch.cat([last[:, :1], block.flatten(1, 2)], 1)

    def _values(self, video: Tensor) -> Tensor:
        """All components of every frame: (batch, n, frames, H/8, W/8), scaled."""
        kernel = self.whole.reshape(len(self.whole), 2, 2, PARTS).permute(0, 3, 1, 2).to(video)
        cells = self._cells(video)
        found = nn.functional.conv2d(cells.flatten(0, 1), kernel, stride=2).unflatten(0, cells.shape[:2])
        return found.transpose(1, 2) * self.scales.to(video)[:, None, None, None]

    def _pictures(self, latents: Tensor) -> Tensor:
        """The linear inverse of the first components (batch, some, F, h, w): (batch, F, 3, 8h, 8w)."""
        count = latents.shape[1]
        values = (latents / self.scales[:count].to(latents)[:, None, None, None]).transpose(1, 2)
        kernel = self.whole[:count].reshape(count, 2, 2, PARTS).permute(0, 3, 1, 2).to(latents)
        cells = nn.functional.conv_transpose2d(values.flatten(0, 1), kernel, stride=2)
        pixels = nn.functional.conv_transpose2d(cells, self.small.reshape(-1, 3, 4, 4).to(latents), stride=4)
        pictures = pixels + self.mean.to(latents).repeat(1, *(side // 4 for side in pixels.shape[-2:]))
        return pictures.unflatten(0, values.shape[:2])

    def _cells(self, video: Tensor) -> Tensor:
        """Components of all 4x4 pixels: (batch, frames, 48, H/4, W/4)."""
        pictures = video.flatten(0, 1)
        offset = -(self.small @ self.mean.flatten()).to(video)
        found = nn.functional.conv2d(pictures, self.small.reshape(-1, 3, 4, 4).to(video), offset, stride=4)
        return found.unflatten(0, video.shape[:2])


def fit(videos: Tensor, channels: int) -> VideoCode:
    """The code of videos (count, frames, 3, H, W) in -1..1, frames = 1 + 4n, by the variance of its components.

    Each latent is its component over the square root of the component's standard deviation: coarse components stay
    stronger than fine ones, so that noise hides detail first, but not so strong that detail is settled in the last
    step alone.
    """
    patches = nn.functional.unfold(videos[:, ::BLOCK].flatten(0, 1).double(), 4, stride=4).transpose(1, 2).flatten(0, 1)
    mean = patches.mean(0)
    small, _ = _principal(patches - mean)
    code = VideoCode(mean.float().reshape(3, 4, 4), small.float(), torch.zeros(0), torch.zeros(0), 0)
    whole, variances = _principal(_gathered(code._cells(videos[:, ::BLOCK])))
    coarse = round(COARSE * channels)
    deviations = variances[: channels - coarse].sqrt()
    scales = STRONGEST / (deviations * deviations[0]).sqrt()
    return VideoCode(code.mean, code.small, whole[: channels - coarse].float(), scales.float(), coarse)


def _gathered(cells: Tensor) -> Tensor:
    """2x2 cells of (count, frames, components, h, w) as rows (..., 4 x components), float64."""
    flat = cells.double().unflatten(-1, (-1, 2)).unflatten(-3, (-1, 2))
    return flat.permute(0, 1, 3, 5, 4, 6, 2).flatten(0, 3).flatten(1)


def _principal(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvectors of the second moments of float64 rows (n, d), as orthonormal rows (d, d), and moments (d,).

    Strongest first.
    """
    moments, vectors = torch.linalg.eigh(rows.T @ rows / len(rows))
    return vectors.flip(1).T, moments.flip(0)
