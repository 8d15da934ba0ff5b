from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from hitmark.sprites.configuration import VideoConfiguration
from hitmark.sprites.decoder import decode_causally
from hitmark.sprites.video_code import VideoCode, fit
from hitmark.sprites.video_encoder import write_encoder
from hitmark.sprites.video_networks import build_video_autoencoder
from hitmark.sprites.world import SpriteWorld

CHANNELS = 48


@pytest.fixture(scope="module")
def videos() -> torch.Tensor:
    world = SpriteWorld(width=32, height=32, frames=9)
    return torch.stack([world.render(world.plan(seed, measure=False)) for seed in range(12)]) * 2 - 1


@pytest.fixture(scope="module")
def code(videos: torch.Tensor) -> VideoCode:
    return fit(videos, CHANNELS)


def test_a_latent_is_a_component_of_8_by_8_pixels_of_the_last_or_second_frame(
    videos: torch.Tensor, code: VideoCode
) -> None:
    """Against numpy in float64, one cell of one block, written out pixel by pixel."""
    small, mean = code.small.double().numpy(), code.mean.double().numpy()
    row, column, block = 1, 2, 2
    frames = videos[3, 4 * block - 3 : 4 * block + 1].double().numpy()
    assert (len(code.whole), code.coarse) == (30, 18)
    wanted = []
    for frame, count in ((frames[3], len(code.whole)), (frames[1], code.coarse)):
        for basis, scale in zip(code.whole.double().numpy()[:count], code.scales.tolist(), strict=False):
            total = 0.0
            for down in range(2):
                for right in range(2):
                    top, left = 8 * row + 4 * down, 8 * column + 4 * right
                    parts = small @ (frame[:, top : top + 4, left : left + 4] - mean).reshape(48)
                    total += basis.reshape(2, 2, 48)[down, right] @ parts
            wanted.append(scale * total)
    assert np.allclose(code.encode(videos[3:4])[0, :, block, row, column].numpy(), wanted, atol=1e-4)


def test_what_stands_still_has_one_code_in_all_latent_frames(videos: torch.Tensor, code: VideoCode) -> None:
    latents = code.encode(videos[:2, :1].expand(-1, 9, -1, -1, -1))
    torch.testing.assert_close(latents[:, :, 1:], latents[:, :, :1].expand(-1, -1, 2, -1, -1), atol=1e-5, rtol=0)
    torch.testing.assert_close(latents[:, 30:], latents[:, :18])


def test_decoding_is_the_inverse_in_the_coded_frames(videos: torch.Tensor, code: VideoCode) -> None:
    latents = torch.randn(2, CHANNELS, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    latents[:, 30:, 0] = latents[:, :18, 0]
    decoded = code.decode(latents)
    torch.testing.assert_close(code.encode(decoded), latents, atol=1e-4, rtol=0)
    torch.testing.assert_close(decoded[:, 1::2], (decoded[:, :-1:2] + decoded[:, 2::2]) / 2)


def test_more_channels_lose_less(videos: torch.Tensor, code: VideoCode) -> None:
    """Of the coded pictures."""
    lost = [
        float((each.decode(each.encode(videos)) - videos)[:, ::4].square().mean()) for each in (code, fit(videos, 160))
    ]
    assert lost[1] < 0.5 * lost[0]


def test_the_real_encoder_class_carries_the_code(videos: torch.Tensor, code: VideoCode) -> None:
    autoencoder = build_video_autoencoder(VideoConfiguration(latent_channels=CHANNELS, decoder_width=8)).eval()
    write_encoder(autoencoder, code)
    wanted = code.encode(videos[:2])
    with torch.no_grad():
        got = autoencoder.encode(videos[:2].transpose(1, 2)).latent_dist.mode()
        half = autoencoder.half().float().encode(videos[:2].transpose(1, 2)).latent_dist.mode()
        decoded = autoencoder.decode(wanted).sample.transpose(1, 2)
        alike = decode_causally(autoencoder.decoder, wanted).clamp(-1, 1)
    assert (got - wanted).abs().max() < 1e-3 * wanted.abs().max()
    assert (half - wanted).abs().max() < 1e-2 * wanted.abs().max()
    torch.testing.assert_close(decoded, alike)


def test_a_scaled_code_scales_its_latents(videos: torch.Tensor, code: VideoCode) -> None:
    twice = replace(code, scales=2 * code.scales)
    torch.testing.assert_close(twice.encode(videos[:1]), 2 * code.encode(videos[:1]))
    torch.testing.assert_close(twice.decode(2 * code.encode(videos[:1])), code.decode(code.encode(videos[:1])))
