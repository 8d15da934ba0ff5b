"""What the decoder of the embedded video transformer sees at each step: frames, whole clips, redrawn clips."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from hitmark.sprites.clip_plan import select_frames
from hitmark.sprites.configuration import VideoConfiguration
from hitmark.sprites.decoder import kernels_last, video_decoder_loss, worn
from hitmark.sprites.fast import Ahead, half_is_fast
from hitmark.sprites.redrawing import CLIPS, Redrawn, redraw
from hitmark.sprites.training import StepLoss
from hitmark.sprites.video_code import PATCH, VideoCode
from hitmark.sprites.world import SPLITS

CROP = 64
"""Pixels of a side of what the decoder learns from; it has no way to know more than its surroundings."""
NEAR = 16
"""The middle of a window of a redrawn clip is within so many pixels of a thing, each way."""


def decoder_step_loss(
    code: VideoCode, configuration: VideoConfiguration, device: str, trained: Callable[[], Any]
) -> StepLoss:
    """Of windows of CROP pixels: of single frames, then of whole clips, at last of redrawn clips too.

    `trained`: gives the transformer that redraws, once it is needed.
    """
    laid: list[nn.Module] = []
    models: list[Any] = []

    def make(number: int) -> Redrawn:
        if not models:
            models.append(trained())
        return redraw(models[0], code, configuration, number, device)

    redrawn = Ahead(make)
    kept: dict[int, Redrawn] = {}

    def loss(network: nn.Module, step: int, generator: torch.Generator) -> Tensor:
        if configuration.half and half_is_fast(device) and not laid:
            kernels_last(network)
            laid.append(network)
        videos = true_windows(configuration, step, generator).to(device) * 2 - 1
        latents = worn(code.encode(videos), generator)
        number = (step - (configuration.decoder_steps - configuration.decoder_redrawn)) // CLIPS
        if configuration.decoder_redrawn and number >= 0:
            if number not in kept:
                kept.clear()
                kept[number] = redrawn.take(number)
            for clip in range(step, step + configuration.decoder_batch):
                made, true = redrawn_window(kept[number], clip * (1 + CLIPS // 2) % CLIPS, generator)
                latents, videos = torch.cat([latents, made.to(device)]), torch.cat([videos, true.to(device)])
        return video_decoder_loss(network, latents, videos, configuration.half)

    return loss


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


def redrawn_window(redrawn: Redrawn, clip: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Latents (1, channels, F, 8, 8) and video (1, frames, 3, CROP, CROP) around one of a clip's things in a frame."""
    middles = redrawn.middles[clip].flatten(0, 1)
    drawn = torch.rand(3, generator=generator).double()
    middle = middles[int(drawn[0] * len(middles))] + NEAR * (2 * drawn[1:] - 1)
    height, width = redrawn.videos.shape[-2:]
    left, top = (
        PATCH * round(min(max(float(place) - CROP / 2, 0), max(side - CROP, 0)) / PATCH)
        for place, side in zip(middle, (width, height), strict=True)
    )
    cells = [slice(start // PATCH, (start + CROP) // PATCH) for start in (top, left)]
    latents = redrawn.latents[clip : clip + 1, :, :, cells[0], cells[1]]
    return latents, redrawn.videos[clip : clip + 1, :, :, top : top + CROP, left : left + CROP]
