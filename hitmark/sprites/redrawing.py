"""Clips and pictures as the embedded video transformer redraws them, for its decoder to learn from.

Latents of true ones are noised and then denoised by the transformer, as when it makes a clip of its own, from a level
on at which things already stand where they stand and it is still open what they look like. What comes out has the
transformer's mistakes, and the decoder learns to show what was true. It knows a drawing wherever it stands, since it
is made of convolutions; a token of 16x16 pixels has to learn the same part of it at every place in the token.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from hitmark.sprites.configuration import VideoConfiguration
from hitmark.sprites.fast import half_precision
from hitmark.sprites.image_to_video import one_thread
from hitmark.sprites.video_code import PATCH, VideoCode
from hitmark.sprites.video_samples import sample
from hitmark.sprites.windows import WINDOWS_OF_A_PLACE, draw_windows
from hitmark.sprites.world import SPLITS

CLIPS = 8
"""Redrawn together."""
PICTURES = 144
"""Windows with one thing that are redrawn together, single frames."""
LEVELS = (0.4, 0.8)
"""Noise from which on a clip is redrawn, drawn evenly: `scripts/measure_beginning.py` shows that things are whole and
in one place from 0.75 on, and that they look like what they are from 0.4 on."""
UNGUIDED = 0.3
"""Share that is redrawn without guidance; the others have GUIDANCE, as generated clips."""
GUIDANCE = 4.0
NEAR = 16
"""The middle of a window of a redrawn clip is within so many pixels of a thing, each way."""


@dataclass(frozen=True)
class Redrawn:
    """Latents float32 (count, channels, F, h, w) as they were redrawn, and the true videos in -1..1.

    `middles`: where things are in the frames of each clip, in pixels, float64 (things x frames, 2); none of pictures.
    """

    latents: Tensor
    videos: Tensor
    middles: list[Tensor]


def redraw_clips(model: Any, code: VideoCode, configuration: VideoConfiguration, number: int, device: str) -> Redrawn:
    """The `number`-th CLIPS training clips, redrawn; every second time those of the world of given first frames."""
    given = number % 2 == 1
    world = configuration.pictured_world() if given else configuration.world()
    first = SPLITS["train"][0] + number * CLIPS
    plans = [world.plan(seed, measure=False) for seed in range(first, first + CLIPS)]
    with one_thread():
        videos = torch.stack([world.render(plan) for plan in plans]) * 2 - 1
    size = torch.tensor([world.width, world.height])
    middles = [
        torch.cat([torch.from_numpy(thing.motion.centers) * size for thing in plan.objects] or [size[None] / 2])
        for plan in plans
    ]
    captions = [plan.caption for plan in plans]
    return Redrawn(
        _redrawn(model, code.encode(videos), captions, configuration, number, device, given), videos, middles
    )


def redraw_pictures(
    model: Any, code: VideoCode, configuration: VideoConfiguration, number: int, device: str
) -> Redrawn:
    """The `number`-th PICTURES windows of `configuration.window` pixels, redrawn."""
    places = PICTURES // WINDOWS_OF_A_PLACE
    drawn = draw_windows(configuration.world(), range(number * places, (number + 1) * places), configuration.window)
    latents = code.encode(drawn.pictures)
    return Redrawn(_redrawn(model, latents, drawn.captions, configuration, -1 - number, device), drawn.pictures, [])


@torch.no_grad()
def _redrawn(
    model: Any,
    clean: Tensor,
    captions: list[str],
    configuration: VideoConfiguration,
    number: int,
    device: str,
    given: bool = False,
) -> Tensor:
    generator = torch.Generator().manual_seed(configuration.seed * 1_000_003 + 2 * abs(number) + (number < 0))
    low, high = LEVELS
    level = low + (high - low) * float(torch.rand((), generator=generator))
    guidance = 1.0 if float(torch.rand((), generator=generator)) < UNGUIDED else GUIDANCE
    clean = clean.to(device)
    first = clean[:, :, :1] if given else None
    with half_precision(device, configuration.half):
        latents = sample(model, configuration, captions, generator, first, guidance=guidance, clean=clean, level=level)
    return latents.float().cpu()


def window_of(redrawn: Redrawn, number: int, side: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Latents (1, channels, F, side/8, side/8) and video (1, frames, 3, side, side): of clips near a thing."""
    drawn = torch.rand(3, generator=generator).double()
    height, width = redrawn.videos.shape[-2:]
    if redrawn.middles:
        middles = redrawn.middles[number]
        middle = middles[int(drawn[0] * len(middles))] + NEAR * (2 * drawn[1:] - 1)
    else:
        middle = drawn[1:] * torch.tensor([width, height])
    left, top = (
        PATCH * round(min(max(float(place) - side / 2, 0), max(length - side, 0)) / PATCH)
        for place, length in zip(middle, (width, height), strict=True)
    )
    rows, columns = (slice(start // PATCH, (start + side) // PATCH) for start in (top, left))
    latents = redrawn.latents[number : number + 1, :, :, rows, columns]
    return latents, redrawn.videos[number : number + 1, :, :, top : top + side, left : left + side]
