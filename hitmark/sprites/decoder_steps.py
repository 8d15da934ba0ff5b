"""What the decoder of the embedded video transformer sees at each step: frames, whole clips, redrawn clips."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from hitmark.sprites.clip_plan import select_frames
from hitmark.sprites.configuration import VideoConfiguration
from hitmark.sprites.decoder import kernels_last, video_decoder_loss, worn
from hitmark.sprites.fast import Ahead, half_is_fast
from hitmark.sprites.redrawing import CLIPS, PICTURES, Redrawn, redraw_clips, redraw_pictures, window_of
from hitmark.sprites.training import StepLoss
from hitmark.sprites.video_code import PATCH, VideoCode
from hitmark.sprites.world import SPLITS

CROP = 64
"""Pixels of a side of what the decoder learns from; it has no way to know more than its surroundings."""
SERVED = 2 * CLIPS
"""Steps that redrawn clips and pictures serve."""
AT_ONCE = 16
"""Redrawn pictures of a step."""


def decoder_step_loss(
    code: VideoCode, configuration: VideoConfiguration, device: str, trained: Callable[[], Any]
) -> StepLoss:
    """Of windows of CROP pixels: of single frames, then of whole clips, at last of redrawn clips and pictures too.

    `trained`: gives the transformer that redraws, once it is needed.
    """
    laid: list[nn.Module] = []
    redrawn = _redrawing(code, configuration, device, trained)

    def loss(network: nn.Module, step: int, generator: torch.Generator) -> Tensor:
        if configuration.half and half_is_fast(device) and not laid:
            kernels_last(network)
            laid.append(network)

        def of(latents: Tensor, videos: Tensor) -> Tensor:
            return video_decoder_loss(network, latents.to(device), videos.to(device), configuration.half)

        late = step - (configuration.decoder_steps - configuration.decoder_redrawn)
        if not configuration.decoder_redrawn or late < 0:
            videos = true_windows(configuration, step, generator).to(device) * 2 - 1
            return of(worn(code.encode(videos), generator), videos)
        clips, pictures = redrawn(late // SERVED)
        windows = [window_of(pictures, each % PICTURES, CROP, generator) for each in range(late, late + AT_ONCE * 9, 9)]
        total = of(*(torch.cat(parts) for parts in zip(*windows, strict=True)))
        if late % 2:
            return total + of(*window_of(clips, late // 2 % CLIPS, CROP, generator))
        videos = true_windows(configuration, step, generator).to(device) * 2 - 1
        return total + of(worn(code.encode(videos), generator), videos)

    return loss


def _redrawing(
    code: VideoCode, configuration: VideoConfiguration, device: str, trained: Callable[[], Any]
) -> Callable[[int], tuple[Redrawn, Redrawn]]:
    """Clips and pictures of a number, the next ones made meanwhile."""
    models: list[Any] = []

    def make(number: int) -> tuple[Redrawn, Redrawn]:
        if not models:
            models.append(trained())
        clips = redraw_clips(models[0], code, configuration, number, device)
        return clips, redraw_pictures(models[0], code, configuration, number, device)

    ahead = Ahead(make)
    return lru_cache(1)(ahead.take)


def true_windows(configuration: VideoConfiguration, step: int, generator: torch.Generator) -> Tensor:
    """Windows of training clips of both worlds by turns: (windows, frames, 3, CROP, CROP) in 0..1."""
    worlds = (configuration.world(), configuration.pictured_world())
    frames, count, windows = _seen(configuration, step)
    videos = []
    for seed in range(step * count, (step + 1) * count):
        world = worlds[seed % 2]
        plan = world.plan(SPLITS["train"][0] + seed, measure=False)
        first = int(torch.randint(0, configuration.frames - frames + 1, (), generator=generator))
        video = world.render(select_frames(plan, slice(first, first + frames)))
        for _ in range(windows):
            left, top = (_place(side, generator) for side in (configuration.width, configuration.height))
            videos.append(video[..., top : top + CROP, left : left + CROP])
    return torch.stack(videos)


def _seen(configuration: VideoConfiguration, step: int) -> tuple[int, int, int]:
    """Frames of the clips of a step, how many clips, and how many windows of each."""
    if step < configuration.decoder_pictures:
        return 1, 2 * configuration.decoder_batch, 2
    return configuration.frames, max(1, configuration.decoder_batch // 2), 1


def _place(side: int, generator: torch.Generator) -> int:
    """Where a window begins, on the grid of cells; 0 where it does not fit."""
    return PATCH * int(torch.randint(0, max(0, side - CROP) // PATCH + 1, (), generator=generator))
