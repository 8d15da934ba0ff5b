"""Sheets of sampled clips: what the model being trained makes of scenes that it has not seen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from hitmark.sprites import code as linear_code
from hitmark.sprites.code import LinearCode
from hitmark.sprites.configuration import ImageToVideoConfiguration, TextToVideoConfiguration
from hitmark.sprites.networks import assemble, assemble_text, build_autoencoder, build_picture_autoencoder
from hitmark.sprites.scenes import held_out

if TYPE_CHECKING:
    from hitmark.sprites.image_to_video import ImageToVideoModel
    from hitmark.sprites.text_to_video import TextToVideoModel


def image_sheet(
    model: ImageToVideoModel,
    code: LinearCode,
    configuration: ImageToVideoConfiguration,
    clips: int = 4,
    steps: int = 20,
) -> Image.Image:
    """One row per clip of the tune split, frames from left to right, decoded linearly; twice the model's size."""
    autoencoder = build_autoencoder(configuration)
    linear_code.write_encoder(autoencoder, code)
    device = next(model.parameters()).device
    networks: dict[str, Any] = {"unet": model.unet, "image_encoder": model.image_encoder, "vae": autoencoder}
    pipeline: Any = assemble(configuration, **networks).to(device)
    pipeline.set_progress_bar_config(disable=True)
    rows = []
    for made in held_out(replace(configuration.world(), photographs=0.0), clips, "tune"):
        latents = pipeline(
            made.picture,
            height=configuration.height,
            width=configuration.width,
            num_frames=configuration.frames,
            num_inference_steps=steps,
            max_guidance_scale=1.0,
            generator=torch.Generator("cpu").manual_seed(0),
            output_type="latent",
        ).frames
        rows.append(latents[0])
    return _sheet(rows, code)


def text_sheet(
    model: TextToVideoModel,
    code: LinearCode,
    configuration: TextToVideoConfiguration,
    clips: int = 6,
    steps: int = 25,
) -> Image.Image:
    """As `image_sheet`, from the captions of clips of the tune split."""
    device = next(model.parameters()).device
    networks: dict[str, Any] = {"unet": model.unet, "text_encoder": model.text_encoder}
    pipeline: Any = assemble_text(**networks, vae=build_picture_autoencoder(configuration)).to(device)
    pipeline.set_progress_bar_config(disable=True)
    rows = []
    for made in held_out(configuration.world(), clips, "tune"):
        latents = pipeline(
            made.clip.plan.caption,
            height=configuration.height,
            width=configuration.width,
            num_frames=configuration.frames,
            num_inference_steps=steps,
            guidance_scale=4.0,
            generator=torch.Generator("cpu").manual_seed(0),
            output_type="latent",
        ).frames
        rows.append(latents[0].transpose(0, 1))
    return _sheet(rows, code)


def _sheet(clips: list[Tensor], code: LinearCode) -> Image.Image:
    """Latents (frames, channels, rows, columns) of each row of the sheet."""
    rows = []
    for latents in clips:
        frames = code.decode(latents.float().cpu()).clamp(-1, 1)
        rows.append(((frames + 1) * 127.5).round().to(torch.uint8).permute(2, 0, 3, 1).flatten(1, 2).numpy())
    sheet = Image.fromarray(np.concatenate(rows))
    return sheet.resize((sheet.width * 2, sheet.height * 2), Image.Resampling.NEAREST)
