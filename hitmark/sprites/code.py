"""The latent code of the embedded models: a linear (principal component) code of 4x4-pixel patches.

The code is cheap enough to train on endless fresh clips on a CPU, and it is *exact* in the real autoencoder class: the
encoder's weights are computed here, not trained. Convolutions of stride two gather each patch, one channel pair
(u, -u) carries each component, and silu(u) - silu(-u) = u undoes the encoder's last non-linearity; two large constant
channels in each group keep its group normalization from rescaling (to one part in 2000). Only the decoder is trained.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from diffusers import AutoencoderKL, AutoencoderKLTemporalDecoder

PATCH = 4
CONSTANT = 64.0
"""Value of the constant channels: large beside the code's own values (about 1)."""


@dataclass(frozen=True)
class LinearCode:
    """z = matrix @ (patch - mean). Patches are 4x4 pixels x 3 colors in -1..1, flattened as (row, column, color)."""

    matrix: Tensor
    """float32 (channels, 48)."""
    mean: Tensor
    """float32 (48,)."""

    def encode(self, pictures: Tensor) -> Tensor:
        """Pictures (N, 3, H, W) in -1..1 to latents (N, channels, H/4, W/4)."""
        kernel = self.matrix.reshape(-1, PATCH, PATCH, 3).permute(0, 3, 1, 2).to(pictures)
        return nn.functional.conv2d(pictures, kernel, -(self.matrix @ self.mean).to(pictures), stride=PATCH)

    def decode(self, latents: Tensor) -> Tensor:
        """The linear inverse: latents (N, channels, h, w) to pictures (N, 3, 4h, 4w)."""
        kernel = torch.linalg.pinv(self.matrix).T.reshape(-1, PATCH, PATCH, 3).permute(0, 3, 1, 2).to(latents)
        mean = self.mean.reshape(PATCH, PATCH, 3).permute(2, 0, 1).to(latents)
        flat = nn.functional.conv_transpose2d(latents, kernel, stride=PATCH)
        return flat + mean.repeat(1, latents.shape[-2], latents.shape[-1])


def fit(pictures: Tensor, channels: int) -> LinearCode:
    """The `channels` principal components of 4x4 patches of pictures (N, 3, H, W) in -1..1.

    All are divided by one number, so that the code's mean variance is one; nothing is whitened. Coarse components
    stay as much stronger than fine ones as they are in pictures: noise hides detail first, and colors and places are
    settled before it, which matters because only the coarse components of a shifted patch are those of the patch.
    """
    patches = nn.functional.unfold(pictures.double(), PATCH, stride=PATCH)
    patches = patches.reshape(len(pictures), 3, PATCH * PATCH, -1).permute(0, 3, 2, 1).reshape(-1, 3 * PATCH * PATCH)
    mean = patches.mean(0)
    values, vectors = torch.linalg.eigh((patches - mean).T @ (patches - mean) / len(patches))
    values, vectors = values.flip(0)[:channels], vectors.flip(1)[:, :channels]
    matrix = vectors.T / values.mean().sqrt()
    return LinearCode(matrix.float(), mean.float())


@torch.no_grad()
def write_encoder(autoencoder: AutoencoderKLTemporalDecoder | AutoencoderKL, code: LinearCode) -> None:
    """Sets the encoder's weights so that `encode(x).latent_dist.mode()` is `code.encode(x)`.

    What an autoencoder of pictures has between the latents and its decoder is made to change nothing.

    The autoencoder needs three levels with at least 32, 64 and 4 x 32 channels and one layer a level.
    """
    encoder: Any = autoencoder.encoder
    quantizer: Any = autoencoder.quant_conv
    channels = len(code.matrix)
    for parameter in [*encoder.parameters(), *quantizer.parameters()]:
        parameter.zero_()
    for color in range(3):
        encoder.conv_in.weight[color, color, 1, 1] = 1
    _carry(encoder.down_blocks[0].resnets[0], 3)
    gather = encoder.down_blocks[0].downsamplers[0].conv
    for row in range(2):
        for column in range(2):
            for color in range(3):
                gather.weight[(row * 2 + column) * 3 + color, color, row, column] = 1
    _carry(encoder.down_blocks[1].resnets[0], 12)
    _project(encoder.down_blocks[1].downsamplers[0].conv, code)
    _carry(encoder.down_blocks[2].resnets[0], 4 * channels)
    for attention in encoder.mid_block.attentions:
        attention.group_norm.weight.fill_(1)
    norm = encoder.conv_norm_out
    norm.weight.fill_(CONSTANT / 2**0.5)
    for channel in range(channels):
        encoder.conv_out.weight[channel, 4 * channel, 1, 1] = 1
        encoder.conv_out.weight[channel, 4 * channel + 1, 1, 1] = -1
    encoder.conv_out.bias[channels:] = -30
    for channel in range(2 * channels):
        quantizer.weight[channel, channel, 0, 0] = 1
    before_decoder: Any = getattr(autoencoder, "post_quant_conv", None)  # pictures' autoencoders have one
    if before_decoder is not None:
        before_decoder.weight.copy_(torch.eye(channels)[:, :, None, None])
        before_decoder.bias.zero_()


def _carry(block: Any, channels: int) -> None:
    """Makes a residual block pass its first channels on: the residual branch is zero, the shortcut the identity."""
    if block.conv_shortcut is not None:
        for channel in range(channels):
            block.conv_shortcut.weight[channel, channel, 0, 0] = 1


def _project(convolution: Any, code: LinearCode) -> None:
    """Channels 4k .. 4k+3 = (u_k, -u_k, constant, -constant), u_k the k-th component of the 4x4 patch."""
    matrix = code.matrix.reshape(-1, 2, 2, 2, 2, 3)
    offset = -(code.matrix @ code.mean)
    for component in range(len(matrix)):
        # matrix axes: (outer row, inner row, outer column, inner column, color); the first gathering took the inner.
        for row in range(2):
            for column in range(2):
                taps = matrix[component, row, :, column, :, :].reshape(12)
                convolution.weight[4 * component, :12, row, column] = taps
                convolution.weight[4 * component + 1, :12, row, column] = -taps
        convolution.bias[4 * component] = offset[component]
        convolution.bias[4 * component + 1] = -offset[component]
        convolution.bias[4 * component + 2] = CONSTANT
        convolution.bias[4 * component + 3] = -CONSTANT
