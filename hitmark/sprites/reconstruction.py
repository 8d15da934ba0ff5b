"""How well the autoencoder of a model of the sprite world keeps pictures: `python -m hitmark.sprites.reconstruction`.

Prints the PSNR of encode-decode over clips of the test split, without photographs and made of photographs only
(patches of the same photographs as in training: no others are at hand), and of their first frames alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from torch import Tensor

from hitmark.backbones.loading import load_pipeline
from hitmark.sprites.configuration import read_configuration
from hitmark.sprites.going_on import read_milestone
from hitmark.sprites.video_code import VideoCode
from hitmark.sprites.world import SPLITS, SpriteWorld


@torch.no_grad()
def reconstruction_psnr(back: Callable[[Tensor], Tensor], world: SpriteWorld, clips: int) -> tuple[float, float]:
    """Means over clips of the PSNR in dB of all frames and of the first, values in 0..1. The code is deterministic.

    `back`: frames (frames, 3, height, width) in -1..1 to what is left of them.
    """
    figures = []
    for seed in range(SPLITS["test"][0], SPLITS["test"][0] + clips):
        frames = world.render(world.plan(seed, measure=False)) * 2 - 1
        error = ((back(frames).clamp(-1, 1) - frames) / 2).square()
        figures.append([-10 * np.log10(float(part.mean())) for part in (error, error[0])])
    whole, first = np.mean(figures, axis=0)
    return float(whole), float(first)


def _there_and_back(autoencoder: Any, frames: Tensor) -> Tensor:
    """Encoded and decoded frames, float32 (frames, 3, height, width)."""
    if _is_video(autoencoder):
        latents = autoencoder.encode(frames.transpose(0, 1)[None]).latent_dist.mode()
        return autoencoder.decode(latents).sample[0].transpose(0, 1)
    latents = autoencoder.encode(frames).latent_dist.mode()
    return autoencoder.decode(latents, num_frames=len(frames)).sample


def _is_video(autoencoder: Any) -> bool:
    return type(autoencoder).__name__ == "AutoencoderKLWan"


def main(
    model: Annotated[str, typer.Argument(help="Name or folder of a model that starts from a picture.")] = "sprites-i2v",
    clips: Annotated[int, typer.Option(help="Clips of each kind.")] = 64,
) -> None:
    """Print two lines; two more for the linear inverse of a video code, which its decoder should be better than."""
    pipe = load_pipeline(model, dtype="float32", device="cpu", picture=True)
    ways: dict[str, Callable[[Tensor], Tensor]] = {"": partial(_there_and_back, pipe.vae)}
    world = SpriteWorld()
    if _is_video(pipe.vae):
        world = read_configuration(None, "sprites-wan").pictured_world()
        code = read_milestone(Path(pipe.config._name_or_path)).code(VideoCode)
        ways["linear inverse, "] = lambda frames: code.decode(code.encode(frames[None]))[0]
    for way, back in ways.items():
        for name, share in (("sprites on painted places", 0.0), ("photographs only", 1.0)):
            whole, first = reconstruction_psnr(back, replace(world, photographs=share), clips)
            about = f"{clips} clips, test seeds 0..{clips - 1}"
            typer.echo(f"{way}{name}: {whole:.1f} dB, first frames {first:.1f} dB, {about}")


if __name__ == "__main__":
    typer.run(main)
