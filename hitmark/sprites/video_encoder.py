"""The encoder of Wan's autoencoder with computed weights: exactly the code of `hitmark.sprites.video_code`.

The trick for the encoder's one unavoidable non-linearity is that of `code.py`: silu(u) - silu(-u) = u, and two large
constant channels keep its normalization from rescaling.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from hitmark.sprites.video_code import PARTS, VideoCode

CONSTANT = 1024.0
"""Value of the constant channels: large beside the code's own values."""
EARLIER, LATER = 1, 2
"""Places in a kernel over time of the two frames that become one."""


@torch.no_grad()
def write_encoder(autoencoder: Any, code: VideoCode) -> None:
    """Sets the weights so that `encode(x).latent_dist.mode()` of an `AutoencoderKLWan` is `code.encode(x)`.

    The autoencoder needs `patch_size=2`, two temporal downsamplings, one residual block a level, at least 50 channels
    on the first level and two more than twice its latent channels on the others.
    """
    encoder = autoencoder.encoder
    channels = len(code.scales) + code.coarse
    for parameter in [
        *encoder.parameters(),
        *autoencoder.quant_conv.parameters(),
        *autoencoder.post_quant_conv.parameters(),
    ]:
        parameter.zero_()
    for block in encoder.modules():
        if type(block).__name__ == "WanRMS_norm":
            block.gamma.fill_(1)
    for channel in range(12):
        encoder.conv_in.weight[channel, channel, 2, 1, 1] = 1
    first, down_small, second, down_whole, third = encoder.down_blocks
    for block in (first, second, third, *encoder.mid_block.resnets):
        _carry(block)
    _write_small(down_small, code)
    _write_whole(down_whole, code)
    width = encoder.conv_out.weight.shape[1]
    encoder.norm_out.gamma.fill_(CONSTANT * 2**0.5 / width**0.5)
    for channel in range(channels):
        encoder.conv_out.weight[channel, 2 * channel, 2, 1, 1] = 1
        encoder.conv_out.weight[channel, 2 * channel + 1, 2, 1, 1] = -1
    encoder.conv_out.bias[channels:] = -30
    for channel in range(2 * channels):
        autoencoder.quant_conv.weight[channel, channel, 0, 0, 0] = 1
    for channel in range(channels):
        autoencoder.post_quant_conv.weight[channel, channel, 0, 0, 0] = 1


def _carry(block: Any) -> None:
    """Makes a residual block pass its channels on: the branch is zero, the shortcut the identity."""
    if isinstance(block.conv_shortcut, nn.Identity):
        return
    for channel in range(block.in_dim):
        block.conv_shortcut.weight[channel, channel, 0, 0, 0] = 1


def _write_small(layer: Any, code: VideoCode) -> None:
    """Components of 4x4 pixels from 2x2 of the autoencoder's own 2x2 patches; of every two frames the later one.

    The autoencoder's patches have channels (color, column, row).
    """
    gather, mix = layer.resample[1], layer.time_conv
    kernel = code.small.reshape(48, 3, 2, 2, 2, 2)  # component, color, outer row, inner row, outer column, inner column
    for row in range(2):
        for column in range(2):
            taps = kernel[:, :, row, :, column, :].permute(0, 1, 3, 2).reshape(48, 12)
            gather.weight[:48, :12, row, column] = taps
    gather.bias[:48] = -(code.small @ code.mean.flatten())
    _take(mix, range(PARTS), LATER)


def _write_whole(layer: Any, code: VideoCode) -> None:
    """Pairs of channels (z, -z) of every latent channel and two constants.

    Of two frames, which are the second and the last of a block, the later one; the earlier one for the coarse channels.
    """
    gather, mix = layer.resample[1], layer.time_conv
    taps = code.scales[:, None, None, None] * code.whole.reshape(len(code.whole), 2, 2, PARTS).permute(0, 3, 1, 2)
    taps = torch.cat([taps, taps[: code.coarse]])
    constants = 2 * len(taps)
    gather.weight[0:constants:2, :PARTS, :2, :2] = taps
    gather.weight[1:constants:2, :PARTS, :2, :2] = -taps
    _take(mix, range(2 * len(code.whole)), LATER)
    _take(mix, range(2 * len(code.whole), constants), EARLIER)
    for convolution in (gather, mix):
        convolution.bias[constants] = CONSTANT
        convolution.bias[constants + 1] = -CONSTANT


def _take(mix: Any, channels: range, place: int) -> None:
    """Makes a causal convolution over time, which sees three frames and goes on by two, give one of them."""
    for channel in channels:
        mix.weight[channel, channel, place, 0, 0] = 1
