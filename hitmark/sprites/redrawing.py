"""Clips as the embedded video transformer redraws them, for its decoder to learn from.

Latents of true clips are noised and then denoised by the transformer, as when it makes a clip of its own, from a level
on at which things already stand where they stand and it is still open what they look like. What comes out is the clip
with the transformer's mistakes, and the decoder learns to show the true one. It knows a drawing wherever it stands,
since it is made of convolutions; a token of 16x16 pixels has to learn the same part of it at every place in the token.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from hitmark.sprites.configuration import VideoConfiguration
from hitmark.sprites.fast import half_precision
from hitmark.sprites.image_to_video import one_thread
from hitmark.sprites.video_code import VideoCode
from hitmark.sprites.video_samples import sample
from hitmark.sprites.world import SPLITS

CLIPS = 8
"""Redrawn together."""
LEVELS = (0.4, 0.8)
"""Noise from which on a clip is redrawn, drawn evenly: `scripts/measure_beginning.py` shows that things are whole and
in one place from 0.75 on, and that they look like what they are from 0.4 on."""
UNGUIDED = 0.3
"""Share that is redrawn without guidance; the others have GUIDANCE, as generated clips."""
GUIDANCE = 4.0


@dataclass(frozen=True)
class Redrawn:
    """Latents float32 (CLIPS, channels, F, h, w) as they were redrawn, and the true videos in -1..1.

    `middles`: where things are in the frames, in pixels, float64 (things, frames, 2) for each clip.
    """

    latents: Tensor
    videos: Tensor
    middles: list[Tensor]


@torch.no_grad()
def redraw(model: Any, code: VideoCode, configuration: VideoConfiguration, number: int, device: str) -> Redrawn:
    """The `number`-th CLIPS training clips, redrawn; every second time those of the world of given first frames."""
    generator = torch.Generator().manual_seed(configuration.seed * 1_000_003 + number)
    given = number % 2 == 1
    world = configuration.pictured_world() if given else configuration.world()
    first = SPLITS["train"][0] + number * CLIPS
    plans = [world.plan(seed, measure=False) for seed in range(first, first + CLIPS)]
    with one_thread():
        videos = torch.stack([world.render(plan) for plan in plans]) * 2 - 1
    clean = code.encode(videos).to(device)
    low, high = LEVELS
    level = low + (high - low) * float(torch.rand((), generator=generator))
    guidance = 1.0 if float(torch.rand((), generator=generator)) < UNGUIDED else GUIDANCE
    with half_precision(device, configuration.half):
        latents = sample(
            model,
            configuration,
            [plan.caption for plan in plans],
            generator,
            clean[:, :, :1] if given else None,
            guidance=guidance,
            clean=clean,
            level=level,
        )
    size = torch.tensor([world.width, world.height])
    middles = [torch.stack([torch.from_numpy(thing.motion.centers) * size for thing in plan.objects]) for plan in plans]
    return Redrawn(latents.float().cpu(), videos, middles)
