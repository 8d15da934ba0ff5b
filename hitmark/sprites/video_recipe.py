"""The training of `sprites-wan`: its code, losses of a step, sample sheets and pipeline."""

from __future__ import annotations

import math
from contextlib import nullcontext
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from hitmark.errors import HitmarkError
from hitmark.sprites import video_code
from hitmark.sprites.clip_plan import select_frames
from hitmark.sprites.configuration import VideoConfiguration
from hitmark.sprites.decoder import kernels_last, see_present_frame, video_decoder_loss
from hitmark.sprites.fast import Ahead, attention_by_products, half_is_fast
from hitmark.sprites.recognition import Recognizer
from hitmark.sprites.scenes import held_out
from hitmark.sprites.team import ALONE, Team
from hitmark.sprites.training import StepLoss
from hitmark.sprites.video_code import VideoCode
from hitmark.sprites.video_networks import (
    TOKENS,
    VideoModel,
    assemble_video,
    build_flow_scheduler,
    build_text_encoder,
    build_tokenizer,
    build_transformer,
    build_video_autoencoder,
)
from hitmark.sprites.video_training import PICTURES, VideoBatch, encode_words, flow_loss, joined, make_video_batch
from hitmark.sprites.windows import WINDOWS_OF_A_PLACE, make_windows
from hitmark.sprites.world import SPLITS

if TYPE_CHECKING:
    from diffusers import AutoencoderKLWan, WanPipeline

CODE_CLIPS = 60
"""Clips whose cells decide the code; a third of them photographic."""
CARD: dict[str, Any] = {
    "fps": 8,
    "steps": 20,
    "call": {"guidance_scale": 4.0, "max_sequence_length": TOKENS},
    "knobs": {
        "sg-i2v": {"start": 0.1, "stop": 0.5, "learning_rate": 0.012, "layers": "4,5"},
        "time-to-move": {"strong": 0.4},
        "peekaboo": {"as_published": "paper", "masked_steps": 6},
        "ivg-da": {"masked_steps": 6, "penalty": 6, "fade": 1},
    },
}
"""Knobs were chosen on `tune` scenes (docs/models/sprites-wan.md)."""
BETWEEN = 50
"""Steps from one use of a made clip to its next."""
CROP = 64
"""Pixels of a side of what the decoder learns from; it has no way to know more than its surroundings."""


def fit_videos(configuration: VideoConfiguration) -> VideoCode:
    """The code of training clips of both worlds."""
    seeds = range(SPLITS["train"][0], SPLITS["train"][0] + CODE_CLIPS)
    worlds = (configuration.world(), configuration.world(), configuration.pictured_world())
    clips = [worlds[seed % 3].render(worlds[seed % 3].plan(seed, measure=False)) for seed in seeds]
    return video_code.fit(torch.stack(clips) * 2 - 1, configuration.latent_channels)


def build_model(configuration: VideoConfiguration) -> VideoModel:
    """Transformer and text encoder, untrained, and a recognizer where the configuration has a weight for it."""
    width = configuration.heads * configuration.head_width
    if configuration.recognition and configuration.recognized_after >= configuration.layers:
        raise HitmarkError(
            f"recognized_after: expected fewer than the {configuration.layers} layers, got "
            f"{configuration.recognized_after}"
        )
    recognizer = Recognizer(width) if configuration.recognition else None
    return VideoModel(build_transformer(configuration), build_text_encoder(configuration), recognizer)


def step_loss(code: VideoCode, configuration: VideoConfiguration, device: str, team: Team = ALONE) -> StepLoss:
    """What the stages of the configuration say; seeds follow the step.

    A step sees what was made for it and what was made for steps BETWEEN, twice BETWEEN, ... before, which makes each
    clip serve `configuration.shown` steps; noise and its level are drawn anew. A run that goes on makes them again.
    """
    world, pictured, tokenizer = configuration.world(), configuration.pictured_world(), build_tokenizer()
    begun: list[nn.Module] = []

    shown = max(1, configuration.shown)
    by_products = configuration.compiled and configuration.half and device == "cpu" and half_is_fast(device)

    @lru_cache(shown * (BETWEEN + 1))
    def part(number: int, frames: int, clips: int) -> VideoBatch:
        clips = team.share(clips)
        seeds = range(number * 64 + team.number * clips, number * 64 + (team.number + 1) * clips)
        if not frames:
            return make_windows(world, code, seeds, configuration.window)
        return make_video_batch(world, pictured, code, seeds, frames, round(configuration.given * clips))

    def make(step: int) -> VideoBatch:
        frames, clips = size_of_step(configuration, step)
        numbers = [(step - BETWEEN * times) % configuration.steps for times in range(shown)]
        return joined([part(number, frames, math.ceil(clips / shown)) for number in numbers])

    batches = Ahead(make)

    def loss(network: Any, step: int, generator: torch.Generator) -> Tensor:
        if not begun:
            if configuration.compiled:
                network.transformer.compile_repeated_blocks()
            if network.recognizer is not None:
                network.watch(configuration.recognized_after)
            begun.append(network)
        batch = batches.take(step).to(device)
        with attention_by_products() if by_products else nullcontext():
            return flow_loss(network, batch, configuration, generator, tokenizer)

    return loss


def size_of_step(configuration: VideoConfiguration, step: int) -> tuple[int, int]:
    """Frames of the clips of a step, and how many clips; no frames for windows, and how many places they are from."""
    sizes = {
        "windows": (0, configuration.windows // WINDOWS_OF_A_PLACE),
        "pictures": (1, configuration.pictures // PICTURES),
        "short": (configuration.short_frames, configuration.short_batch),
        "whole": (configuration.frames, configuration.batch),
    }
    for stage in configuration.stages.split(","):
        kind, _, count = stage.strip().partition(" ")
        if kind not in sizes or not count.isdecimal():
            raise HitmarkError(
                f'stages: expected "KIND STEPS, ..." of {", ".join(sizes)}, such as "pictures 1500, short 1500", '
                f"got {stage.strip()!r}"
            )
        if step < int(count):
            return sizes[kind]
        step -= int(count)
    turn = configuration.windows_every and step % configuration.windows_every == 0
    return sizes["windows" if turn else "whole"]


def build_decoder(configuration: VideoConfiguration) -> AutoencoderKLWan:
    """The autoencoder, whose decoder begins as one of single frames."""
    autoencoder = build_video_autoencoder(configuration)
    see_present_frame(autoencoder.decoder)
    return autoencoder


def decoder_step_loss(code: VideoCode, configuration: VideoConfiguration, device: str, team: Team = ALONE) -> StepLoss:
    """Of windows of CROP pixels, in both worlds by turns: of single frames, then of whole clips."""
    worlds = (configuration.world(), configuration.pictured_world())
    laid: list[nn.Module] = []

    def loss(network: nn.Module, step: int, generator: torch.Generator) -> Tensor:
        if configuration.half and half_is_fast(device) and not laid:
            kernels_last(network)
            laid.append(network)
        frames, count, windows = _seen_by_decoder(configuration, step)
        videos, count = [], team.share(count)
        for seed in range(team.turn(step) * count, (team.turn(step) + 1) * count):
            world = worlds[seed % 2]
            plan = world.plan(SPLITS["train"][0] + seed, measure=False)
            first = int(torch.randint(0, configuration.frames - frames + 1, (), generator=generator))
            video = world.render(select_frames(plan, slice(first, first + frames)))
            for _ in range(windows):
                left, top = (_place(side, generator) for side in (configuration.width, configuration.height))
                videos.append(video[..., top : top + CROP, left : left + CROP])
        shown = torch.stack(videos).to(device) * 2 - 1
        return video_decoder_loss(network, code, shown, generator, configuration.half)

    return loss


def _seen_by_decoder(configuration: VideoConfiguration, step: int) -> tuple[int, int, int]:
    """Frames of the clips of a step, how many clips, and how many windows of each."""
    if step < configuration.decoder_pictures:
        return 1, 2 * configuration.decoder_batch, 2
    return configuration.frames, max(1, configuration.decoder_batch // 2), 1


def _place(side: int, generator: torch.Generator) -> int:
    """Where a window begins, on the grid of cells; 0 where it does not fit."""
    return 8 * int(torch.randint(0, max(0, side - CROP) // 8 + 1, (), generator=generator))


def build_pipeline(configuration: VideoConfiguration, model: VideoModel, autoencoder: Any) -> WanPipeline:
    """The stock pipeline."""
    return assemble_video(
        configuration, transformer=model.transformer, text_encoder=model.text_encoder, vae=autoencoder
    )


@torch.no_grad()
def sample(
    model: VideoModel,
    configuration: VideoConfiguration,
    captions: list[str],
    generator: torch.Generator,
    first: Tensor | None = None,
    steps: int = 20,
    guidance: float = 4.0,
) -> Tensor:
    """Latents (captions, channels, F, h, w) by the stock sampler; `first`: given latent frames (.., 1, h, w).

    For sheets while training: what the stock pipelines do, without an autoencoder.
    """
    cells = (1 + (configuration.frames - 1) // 4, configuration.height // 8, configuration.width // 8)
    shape = (len(captions), configuration.latent_channels, *cells)
    scheduler: Any = build_flow_scheduler(configuration.sampling_shift)
    scheduler.set_timesteps(steps)
    latents = torch.randn(shape, generator=generator)
    tokenizer = build_tokenizer()
    words = [encode_words(model.text_encoder, tokenizer, texts, TOKENS) for texts in (captions, [""] * len(captions))]
    for timestep in scheduler.timesteps:
        times = timestep.float().expand(len(captions), *cells).clone()
        fed = latents.clone()
        if first is not None:
            fed[:, :, :1] = first
            times[:, 0] = 0
        tokens = times[:, :, ::2, ::2].flatten(1)
        cond, uncond = (model.transformer(fed, tokens, states, return_dict=False)[0] for states in words)
        latents = scheduler.step(uncond + guidance * (cond - uncond), timestep, latents, return_dict=False)[0]
    if first is not None:
        latents[:, :, :1] = first
    return latents


def sheet(model: VideoModel, code: VideoCode, configuration: VideoConfiguration, clips: int = 6) -> Image.Image:
    """Rows of frames of clips of the tune split, decoded linearly: from text, then from their first picture."""
    made = list(held_out(configuration.world(), clips, "tune"))
    captions = [scene.clip.plan.caption for scene in made]
    generator = torch.Generator().manual_seed(0)
    pictures = torch.from_numpy(np.stack([np.asarray(scene.picture) for scene in made]))
    first = code.encode((pictures.permute(0, 3, 1, 2)[:, None] / 127.5 - 1).float())
    rows = [sample(model, configuration, captions, generator), sample(model, configuration, captions, generator, first)]
    frames = code.decode(torch.cat(rows)).clamp(-1, 1)[:, ::4]
    picture = ((frames + 1) * 127.5).round().to(torch.uint8).permute(0, 3, 1, 4, 2).flatten(2, 3).flatten(0, 1)
    return Image.fromarray(picture.numpy())
