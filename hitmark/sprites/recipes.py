"""What the trainings of the embedded models do not share: networks, losses, sheets, pipelines, defaults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn

from hitmark.sprites import code as linear_code
from hitmark.sprites import networks, samples, video_encoder, video_recipe
from hitmark.sprites.code import LinearCode
from hitmark.sprites.configuration import ImageToVideoConfiguration, ModelConfiguration, TextToVideoConfiguration
from hitmark.sprites.correspondence import ShortcutProcessor
from hitmark.sprites.decoder import decoder_loss
from hitmark.sprites.image_to_video import ImageToVideoModel, denoising_loss, make_batch
from hitmark.sprites.team import Team
from hitmark.sprites.text_to_video import NoiseSchedule, TextToVideoModel, make_clips, make_pictures, text_loss
from hitmark.sprites.training import StepLoss
from hitmark.sprites.video_code import VideoCode
from hitmark.sprites.words import build_tokenizer
from hitmark.sprites.world import SPLITS

CODE_CLIPS = 200
"""Clips whose patches decide the linear code."""


@dataclass(frozen=True)
class Recipe:
    """One embedded model.

    Attributes:
        network: name of the denoiser, as a part of the training and in the folder.
        code: class of the latent code; `fit` makes one for a configuration, `write_encoder` puts it in an autoencoder.
        model: the denoiser and what is trained with it; `loss` its loss of a step.
        autoencoder: with an untrained decoder; `decoder_loss` the decoder's loss of a step.
        sheet: samples of a model that is being trained.
        pipeline: of configuration, model and autoencoder.
        card: what its `hitmark.json` says beside its size.
    """

    network: str
    code: Callable[..., Any]
    fit: Callable[[Any], Any]
    write_encoder: Callable[[Any, Any], None]
    model: Callable[[Any], nn.Module]
    loss: Callable[[Any, Any, str, Team], StepLoss]
    autoencoder: Callable[[Any], Any]
    decoder_loss: Callable[[Any, Any, str, Team], StepLoss]
    sheet: Callable[[Any, Any, Any], Image.Image]
    pipeline: Callable[[Any, Any, Any], Any]
    card: dict[str, Any]


def _fit_pictures(configuration: ModelConfiguration) -> LinearCode:
    """The linear code of every third frame of the world's first training clips."""
    world = configuration.world()
    seeds = range(SPLITS["train"][0], SPLITS["train"][0] + CODE_CLIPS)
    pictures = torch.cat([world.render(world.plan(seed, measure=False))[::3] for seed in seeds]) * 2 - 1
    return linear_code.fit(pictures, configuration.latent_channels)


def _picture_decoder_loss(temporal: bool) -> Callable[[Any, Any, str, Team], StepLoss]:
    """Of a decoder, on clips of half the frames. `temporal`: it sees whole clips."""

    def of_run(code: LinearCode, configuration: Any, device: str, team: Team) -> StepLoss:
        world = configuration.world()

        def loss(network: Any, step: int, generator: torch.Generator) -> Tensor:
            clips = team.share(configuration.decoder_batch)
            batch = make_batch(world, team.turn(step), clips, configuration.frames // 2)
            return decoder_loss(network, code, batch.to(device).frames, generator, temporal)

        return loss

    return of_run


def _linear(**parts: Any) -> Recipe:
    """A recipe of a U-Net over the linear code of pictures."""
    return Recipe(network="unet", code=LinearCode, fit=_fit_pictures, write_encoder=linear_code.write_encoder, **parts)


def _image_model(configuration: ImageToVideoConfiguration) -> nn.Module:
    unet = networks.build_unet(configuration)
    processor: Any = ShortcutProcessor()
    unet.set_attn_processor(processor)
    return ImageToVideoModel(unet, networks.build_image_encoder(configuration), configuration.latent_channels)


def _image_loss(code: LinearCode, configuration: ImageToVideoConfiguration, device: str, team: Team) -> StepLoss:
    mean, deviation = configuration.dense_log_sigma
    first = replace(configuration, log_sigma_mean=mean, log_sigma_std=deviation)
    world, dense, clips = configuration.world(), configuration.dense_world(), team.share(configuration.batch)

    def loss(network: Any, step: int, generator: torch.Generator) -> Tensor:
        if step < configuration.short_steps:
            batch = make_batch(dense, team.turn(step), clips, configuration.frames // 2)
            return denoising_loss(network, code, batch.to(device), first, generator)
        batch = make_batch(world, team.turn(step), clips, configuration.frames)
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


def _text_loss(code: LinearCode, configuration: TextToVideoConfiguration, device: str, team: Team) -> StepLoss:
    world, schedule, tokenizer = configuration.world(), NoiseSchedule(), build_tokenizer()

    def loss(network: Any, step: int, generator: torch.Generator) -> Tensor:
        if step < configuration.picture_steps:
            batch = make_pictures(world, team.turn(step), team.share(configuration.pictures))
        else:
            batch = make_clips(world, team.turn(step), team.share(configuration.batch))
        return text_loss(network, code, batch.to(device), configuration, generator, schedule, tokenizer)

    return loss


def _text_pipeline(configuration: TextToVideoConfiguration, model: Any, autoencoder: Any) -> Any:
    return networks.assemble_text(unet=model.unet, text_encoder=model.text_encoder, vae=autoencoder)


RECIPES: dict[str, Recipe] = {
    "sprites-i2v": _linear(
        model=_image_model,
        loss=_image_loss,
        autoencoder=networks.build_autoencoder,
        decoder_loss=_picture_decoder_loss(temporal=True),
        sheet=samples.image_sheet,
        pipeline=_image_pipeline,
        card={
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
    "sprites-t2v": _linear(
        model=_text_model,
        loss=_text_loss,
        autoencoder=networks.build_picture_autoencoder,
        decoder_loss=_picture_decoder_loss(temporal=False),
        sheet=samples.text_sheet,
        pipeline=_text_pipeline,
        card={"fps": 7, "steps": 20, "call": {"guidance_scale": 4.0}, "knobs": {"peekaboo": {"masked_steps": 4}}},
    ),
    "sprites-wan": Recipe(
        network="transformer",
        code=VideoCode,
        fit=video_recipe.fit_videos,
        write_encoder=video_encoder.write_encoder,
        model=video_recipe.build_model,
        loss=video_recipe.step_loss,
        autoencoder=video_recipe.build_decoder,
        decoder_loss=video_recipe.decoder_step_loss,
        sheet=video_recipe.sheet,
        pipeline=video_recipe.build_pipeline,
        card=video_recipe.CARD,
    ),
}
"""By the model's name."""
