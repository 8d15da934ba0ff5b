from __future__ import annotations

import numpy as np
import pytest
import torch

from hitmark.sprites.code import LinearCode, fit, write_encoder
from hitmark.sprites.configuration import ImageToVideoConfiguration, read_configuration
from hitmark.sprites.networks import build_autoencoder, build_picture_autoencoder
from hitmark.sprites.world import SpriteWorld


@pytest.fixture(scope="module")
def pictures() -> torch.Tensor:
    world = SpriteWorld(width=32, height=32)
    return torch.cat([world.render(world.plan(seed, measure=False))[::4] for seed in range(40)]) * 2 - 1


def test_code_is_the_principal_components(pictures: torch.Tensor) -> None:
    """Against numpy on patches cut by hand, in float64."""
    code = fit(pictures, 6)
    patches = []
    for picture in pictures.numpy().astype(np.float64):
        for y in range(0, 32, 4):
            for x in range(0, 32, 4):
                patches.append(picture[:, y : y + 4, x : x + 4].transpose(1, 2, 0).reshape(-1))
    table = np.array(patches)
    centered = table - table.mean(0)
    values, vectors = np.linalg.eigh(centered.T @ centered / len(table))
    values, vectors = values[::-1][:6], vectors[:, ::-1][:, :6]
    expected = vectors.T / np.sqrt(values.mean())
    signs = np.sign((expected * code.matrix.numpy()).sum(1, keepdims=True))
    assert np.allclose(code.matrix.numpy(), expected * signs, atol=1e-3)
    latents = code.encode(pictures)
    first = code.matrix.numpy() @ (table[1] - code.mean.numpy())
    assert np.allclose(latents[0, :, 0, 1], first, atol=1e-4)
    assert latents.var((0, 2, 3)).mean() == pytest.approx(1, abs=0.01)


def test_all_components_lose_nothing(pictures: torch.Tensor) -> None:
    code = fit(pictures, 48)
    assert torch.allclose(code.decode(code.encode(pictures)), pictures, atol=2e-2)


def test_the_real_encoder_class_carries_the_code(pictures: torch.Tensor) -> None:
    code = fit(pictures, 8)
    autoencoder = build_autoencoder(ImageToVideoConfiguration()).eval()
    write_encoder(autoencoder, code)
    wanted = code.encode(pictures[:4])
    with torch.no_grad():
        got = autoencoder.encode(pictures[:4]).latent_dist.mode()
        half = autoencoder.half().float().encode(pictures[:4]).latent_dist.mode()
    assert (got - wanted).abs().max() < 5e-3 * wanted.abs().max()
    assert (half - wanted).abs().max() < 1e-2 * wanted.abs().max()


def test_code_round_trips_its_own_latents() -> None:
    generator = torch.Generator().manual_seed(0)
    code = LinearCode(torch.randn(5, 48, generator=generator), torch.randn(48, generator=generator))
    latents = torch.randn(2, 5, 3, 4, generator=generator)
    assert torch.allclose(code.encode(code.decode(latents)), latents, atol=1e-3)


def test_the_decoder_of_pictures_gets_the_latents_as_they_are() -> None:
    """Its autoencoder has a layer between latents and decoder, which training leaves out."""
    configuration = read_configuration(None, "sprites-t2v")
    autoencoder = build_picture_autoencoder(configuration).eval()
    channels = configuration.latent_channels
    code = LinearCode(torch.randn(channels, 48), torch.randn(48))
    write_encoder(autoencoder, code)
    latents = torch.randn(2, channels, 4, 4)
    with torch.no_grad():
        torch.testing.assert_close(autoencoder.decode(latents).sample, autoencoder.decoder(latents))
