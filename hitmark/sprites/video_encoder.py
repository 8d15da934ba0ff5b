"""The encoder of Wan's autoencoder with computed weights: exactly the code of `hitmark.sprites.video_code`.

The trick for the encoder's one unavoidable non-linearity is that of `code.py`: silu(u) - silu(-u) = u, and two large
constant channels keep its normalization from rescaling.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from hitmark.sprites.video_code import FAST, SLOW, VideoCode

CONSTANT = 1024.0
"""Value of the constant channels: large beside the code's own values."""


@torch.no_grad()
def write_encoder(autoencoder: Any, code: VideoCode) -> None:
    """Sets the weights so that `encode(x).latent_dist.mode()` of an `AutoencoderKLWan` is `code.encode(x)`.

    The autoencoder needs `patch_size=2`, two temporal downsamplings, one residual block a level, at least 50 channels
    on the first level and two more than twice its latent channels on the others.
    """
    encoder = autoencoder.encoder
    channels = len(code.scales)
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
    """Components of 4x4 pixels from 2x2 of the autoencoder's own 2x2 patches, then sums and differences of pairs.

    The autoencoder's patches have channels (color, column, row). Of frame 1, which no temporal layer sees, the first
    SLOW channels are used alone.
    """
    gather, mix = layer.resample[1], layer.time_conv
    kernel = code.small.reshape(48, 3, 2, 2, 2, 2)  # component, color, outer row, inner row, outer column, inner column
    for row in range(2):
        for column in range(2):
            taps = kernel[:, :, row, :, column, :].permute(0, 1, 3, 2).reshape(48, 12)
            gather.weight[:48, :12, row, column] = taps
    gather.bias[:48] = -(code.small @ code.mean.flatten())
    for channel in range(SLOW):
        mix.weight[channel, channel, 1:, 0, 0] = 0.5
    for channel in range(FAST):
        mix.weight[SLOW + channel, channel, 1:, 0, 0] = torch.tensor([0.5, -0.5])


def _write_whole(layer: Any, code: VideoCode) -> None:
    """Pairs of channels (z, -z) of every latent channel and two constants, of frame 1 and of blocks.

    Of frame 1 the first convolution already gives the result: pairs that say zero (both alike) hold what the
    temporal layer needs of the differences. They are carried by the pairs of kinds 1 to 3.
    """
    gather, mix = layer.resample[1], layer.time_conv
    slow = code.slow.reshape(len(code.slow), 2, 2, SLOW)
    fast = code.fast.reshape(len(code.fast), 2, 2, FAST)
    still = {
        int(part): place
        for place, (kind, part) in enumerate(zip(code.kinds, code.components, strict=True))
        if kind == 0
    }
    spare = [place for place, kind in enumerate(code.kinds) if kind != 0]
    carriers = dict(zip(range(len(fast)), spare, strict=False))
    for part, place in still.items():
        taps = code.scales[place] * slow[part].permute(2, 0, 1)
        gather.weight[2 * place, :SLOW, :2, :2] = taps
        gather.weight[2 * place + 1, :SLOW, :2, :2] = -taps
    for part, place in carriers.items():
        for side in range(2):
            gather.weight[2 * place + side, SLOW : SLOW + FAST, :2, :2] = fast[part].permute(2, 0, 1)
    for place, (kind, part) in enumerate(zip(code.kinds.tolist(), code.components.tolist(), strict=True)):
        source = still[part] if kind < 2 else carriers[part]
        size = code.scales[place] / (code.scales[source] if kind < 2 else 1)
        taps = size * torch.tensor([0.5, 0.5 if kind % 2 == 0 else -0.5])
        mix.weight[2 * place, 2 * source, 1:, 0, 0] = taps
        mix.weight[2 * place + 1, 2 * source, 1:, 0, 0] = -taps
    constants = 2 * len(code.scales)
    for convolution in (gather, mix):
        convolution.bias[constants] = CONSTANT
        convolution.bias[constants + 1] = -CONSTANT
