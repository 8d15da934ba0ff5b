"""What the trainings of the two embedded models do not share: networks, losses, sheets, pipelines, defaults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn

from hitmark.sprites import networks, samples
from hitmark.sprites.code import LinearCode
from hitmark.sprites.configuration import ImageToVideoConfiguration, TextToVideoConfiguration
from hitmark.sprites.correspondence import ShortcutProcessor
from hitmark.sprites.decoder import decoder_loss
from hitmark.sprites.image_to_video import ImageToVideoModel, denoising_loss, make_batch
from hitmark.sprites.text_to_video import NoiseSchedule, TextToVideoModel, make_clips, make_pictures, text_loss
from hitmark.sprites.words import build_tokenizer

StepLoss = Callable[[Any, int, torch.Generator], Tensor]
"""(network, step, generator) to a scalar."""


@dataclass(frozen=True)
class Recipe:
    """One embedded model. `card`: what its `hitmark.json` says beside its size."""

    model: Callable[[Any], nn.Module]
    loss: Callable[[LinearCode, Any, str], StepLoss]
    autoencoder: Callable[[Any], Any]
    temporal_decoder: bool
    sheet: Callable[[Any, LinearCode, Any], Image.Image]
    pipeline: Callable[[Any, Any, Any], Any]
    card: dict[str, Any]

    def decoder_loss(self, code: LinearCode, configuration: Any, device: str) -> StepLoss:
        """Of the decoder, on clips of half the frames."""
        world = configuration.world()

        def loss(network: Any, step: int, generator: torch.Generator) -> Tensor:
            batch = make_batch(world, step, configuration.decoder_batch, configuration.frames // 2)
            return decoder_loss(network, code, batch.to(device).frames, generator, self.temporal_decoder)

        return loss


def _image_model(configuration: ImageToVideoConfiguration) -> nn.Module:
    unet = networks.build_unet(configuration)
    processor: Any = ShortcutProcessor()
    unet.set_attn_processor(processor)
    return ImageToVideoModel(unet, networks.build_image_encoder(configuration), configuration.latent_channels)


def _image_loss(code: LinearCode, configuration: ImageToVideoConfiguration, device: str) -> StepLoss:
    mean, deviation = configuration.dense_log_sigma
    first = replace(configuration, log_sigma_mean=mean, log_sigma_std=deviation)
    world, dense = configuration.world(), configuration.dense_world()

    def loss(network: Any, step: int, generator: torch.Generator) -> Tensor:
        if step < configuration.short_steps:
            batch = make_batch(dense, step, configuration.batch, configuration.frames // 2)
            return denoising_loss(network, code, batch.to(device), first, generator)
        batch = make_batch(world, step, configuration.batch, configuration.frames)
        return denoising_loss(network, code, batch.to(device), configuration, generator)

    return loss


def _image_pipeline(configuration: ImageToVideoConfiguration, model: Any, autoencoder: Any) -> Any:
    return networks.assemble(configuration, unet=model.unet, image_encoder=model.image_encoder, vae=autoencoder)


def _text_model(configuration: TextToVideoConfiguration) -> nn.Module:
    from diffusers.models.attention_processor import AttnProcessor

    unet = networks.build_text_unet(configuration)
    processor: Any = AttnProcessor()  # its backward pass on a CPU is faster than that of the fused kernel
    unet.set_attn_processor(processor)
    return TextToVideoModel(unet, networks.build_text_encoder(configuration))


def _text_loss(code: LinearCode, configuration: TextToVideoConfiguration, device: str) -> StepLoss:
    world, schedule, tokenizer = configuration.world(), NoiseSchedule(), build_tokenizer()

    def loss(network: Any, step: int, generator: torch.Generator) -> Tensor:
        if step < configuration.picture_steps:
            batch = make_pictures(world, step, configuration.pictures)
        else:
            batch = make_clips(world, step, configuration.batch)
        return text_loss(network, code, batch.to(device), configuration, generator, schedule, tokenizer)

    return loss


def _text_pipeline(configuration: TextToVideoConfiguration, model: Any, autoencoder: Any) -> Any:
    return networks.assemble_text(unet=model.unet, text_encoder=model.text_encoder, vae=autoencoder)


RECIPES: dict[str, Recipe] = {
    "sprites-i2v": Recipe(
        _image_model,
        _image_loss,
        networks.build_autoencoder,
        True,
        samples.image_sheet,
        _image_pipeline,
        {
            "fps": 7,
            "steps": 20,
            "call": {
                "min_guidance_scale": 3.0,
                "max_guidance_scale": 3.0,
                "fps": 7,
                "motion_bucket_id": 127,
                "noise_aug_strength": 0.02,
                "decode_chunk_size": 8,
            },
            "knobs": {"sg-i2v": {"start": 0.0, "stop": 0.5, "step_size": 0.02, "layers": "1.0,1.1"}},
        },
    ),
    "sprites-t2v": Recipe(
        _text_model,
        _text_loss,
        networks.build_picture_autoencoder,
        False,
        samples.text_sheet,
        _text_pipeline,
        {"fps": 7, "steps": 20, "call": {"guidance_scale": 4.0}, "knobs": {"peekaboo": {"masked_steps": 4}}},
    ),
}
"""By the model's name."""
