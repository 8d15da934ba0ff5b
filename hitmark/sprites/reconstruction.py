"""How well the embedded autoencoder keeps pictures: `python -m hitmark.sprites.reconstruction`.

Prints the PSNR of encode-decode over clips of the test split, without photographs and made of photographs only
(patches of the same photographs as in training: no others are at hand), and of the linear code alone beside it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from hitmark.backbones.loading import load_pipeline
from hitmark.sprites.world import SPLITS, SpriteWorld


@torch.no_grad()
def reconstruction_psnr(autoencoder: Any, world: SpriteWorld, clips: int) -> float:
    """Mean over clips of the PSNR in dB of all frames, values in 0..1. The code is deterministic."""
    figures = []
    for seed in range(SPLITS["test"][0], SPLITS["test"][0] + clips):
        frames = world.render(world.plan(seed, measure=False)) * 2 - 1
        latents = autoencoder.encode(frames).latent_dist.mode()
        decoded = autoencoder.decode(latents, num_frames=len(frames)).sample.clamp(-1, 1)
        figures.append(-10 * np.log10(float(((decoded - frames) / 2).square().mean())))
    return float(np.mean(figures))


def main(clips: int = 64) -> None:
    """Prints two lines."""
    import typer

    autoencoder = load_pipeline("sprites-i2v", dtype="float32", device="cpu").vae
    for name, share in (("sprites on painted places", 0.0), ("photographs only", 1.0)):
        figure = reconstruction_psnr(autoencoder, SpriteWorld(photographs=share), clips)
        typer.echo(f"{name}: {figure:.1f} dB, {clips} clips, test seeds 0..{clips - 1}")


if __name__ == "__main__":
    main()
