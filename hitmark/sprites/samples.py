"""Sheets of sampled clips: what the model being trained makes of first frames that it has not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image

from hitmark.sprites.code import LinearCode
from hitmark.sprites.configuration import ImageToVideoConfiguration
from hitmark.sprites.networks import assemble, build_autoencoder
from hitmark.sprites.scenes import held_out

if TYPE_CHECKING:
    from hitmark.sprites.image_to_video import ImageToVideoModel


def sample_sheet(
    model: ImageToVideoModel,
    code: LinearCode,
    configuration: ImageToVideoConfiguration,
    clips: int = 4,
    steps: int = 20,
) -> Image.Image:
    """One row per clip of the tune split, frames from left to right, decoded linearly; twice the model's size."""
    from hitmark.sprites import code as linear_code

    autoencoder = build_autoencoder(configuration)
    linear_code.write_encoder(autoencoder, code)
    device = next(model.parameters()).device
    networks: dict[str, Any] = {"unet": model.unet, "image_encoder": model.image_encoder, "vae": autoencoder}
    pipeline: Any = assemble(configuration, **networks).to(device)
    pipeline.set_progress_bar_config(disable=True)
    rows = []
    for made in held_out(configuration.world(photographs=0.0), clips, "tune"):
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
        frames = code.decode(latents[0].float().cpu()).clamp(-1, 1)
        rows.append(((frames + 1) * 127.5).round().to(torch.uint8).permute(2, 0, 3, 1).flatten(1, 2).numpy())
    sheet = Image.fromarray(np.concatenate(rows))
    return sheet.resize((sheet.width * 2, sheet.height * 2), Image.Resampling.NEAREST)
