"""The networks of the embedded models: the real classes of SVD and ModelScope, small, and their pipelines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hitmark.sprites.configuration import ImageToVideoConfiguration, TextToVideoConfiguration, UNetConfiguration
from hitmark.sprites.words import LENGTH, build_tokenizer

if TYPE_CHECKING:
    from diffusers import (
        AutoencoderKL,
        AutoencoderKLTemporalDecoder,
        EulerDiscreteScheduler,
        StableVideoDiffusionPipeline,
        TextToVideoSDPipeline,
        UNet3DConditionModel,
        UNetSpatioTemporalConditionModel,
    )
    from transformers import CLIPTextModel, CLIPVisionModelWithProjection

ENCODED_SIZE = 224
"""Side to which the pipeline resizes the picture before the image encoder sees it."""


def build_unet(configuration: ImageToVideoConfiguration) -> UNetSpatioTemporalConditionModel:
    """The denoiser: two levels (latent grid and half of it), attention at both on the way up."""
    from diffusers import UNetSpatioTemporalConditionModel

    return UNetSpatioTemporalConditionModel(
        sample_size=configuration.height // 4,
        in_channels=2 * configuration.latent_channels,
        out_channels=configuration.latent_channels,
        down_block_types=("DownBlockSpatioTemporal", "CrossAttnDownBlockSpatioTemporal"),
        up_block_types=("CrossAttnUpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"),
        block_out_channels=configuration.channels,
        addition_time_embed_dim=32,
        projection_class_embeddings_input_dim=96,
        layers_per_block=1,
        cross_attention_dim=configuration.embedding,
        transformer_layers_per_block=1,
        num_attention_heads=configuration.heads,
        num_frames=configuration.frames,
    )


def build_image_encoder(configuration: ImageToVideoConfiguration) -> CLIPVisionModelWithProjection:
    """A small vision transformer over 4x4 patches of the 224-pixel picture; one embedding, as in the real model."""
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    return CLIPVisionModelWithProjection(
        CLIPVisionConfig(
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=2,
            image_size=ENCODED_SIZE,
            patch_size=ENCODED_SIZE // 4,
            projection_dim=configuration.embedding,
        )
    )


def build_autoencoder(configuration: UNetConfiguration) -> AutoencoderKLTemporalDecoder:
    """Three levels, so that one latent cell is 4x4 pixels."""
    from diffusers import AutoencoderKLTemporalDecoder

    levels: dict[str, Any] = {
        "down_block_types": ("DownEncoderBlock2D",) * 3,
        "block_out_channels": configuration.decoder_channels,
    }
    return AutoencoderKLTemporalDecoder(
        **levels,
        in_channels=3,
        out_channels=3,
        layers_per_block=1,
        latent_channels=configuration.latent_channels,
        sample_size=configuration.height,
        scaling_factor=1.0,
        force_upcast=True,
    )


def build_scheduler(configuration: ImageToVideoConfiguration) -> EulerDiscreteScheduler:
    """The real model's sampler (v-prediction, continuous Karras noise levels) over this model's range of noise."""
    from diffusers import EulerDiscreteScheduler

    return EulerDiscreteScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        timestep_type="continuous",
        timestep_spacing="leading",
        steps_offset=1,
        use_karras_sigmas=True,
        sigma_min=configuration.sigma_min,
        sigma_max=configuration.sigma_max,
    )


def assemble(configuration: ImageToVideoConfiguration, **networks: Any) -> StableVideoDiffusionPipeline:
    """A stock pipeline of the given `unet`, `image_encoder` and `vae`."""
    from diffusers import StableVideoDiffusionPipeline
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    feature_extractor: Any = CLIPImageProcessorPil(size=ENCODED_SIZE, crop_size=ENCODED_SIZE)
    return StableVideoDiffusionPipeline(
        scheduler=build_scheduler(configuration), feature_extractor=feature_extractor, **networks
    )


def build_text_unet(configuration: TextToVideoConfiguration) -> UNet3DConditionModel:
    """The text-to-video denoiser: two levels, attention to the words at both on the way up."""
    from diffusers import UNet3DConditionModel

    return UNet3DConditionModel(
        sample_size=configuration.height // 4,
        in_channels=configuration.latent_channels,
        out_channels=configuration.latent_channels,
        down_block_types=("DownBlock3D", "CrossAttnDownBlock3D"),
        up_block_types=("CrossAttnUpBlock3D", "CrossAttnUpBlock3D"),
        block_out_channels=configuration.channels,
        layers_per_block=1,
        cross_attention_dim=configuration.embedding,
        attention_head_dim=configuration.head_width,
    )


def build_text_encoder(configuration: TextToVideoConfiguration) -> CLIPTextModel:
    """A small CLIP text encoder over the words of the sprite world's captions."""
    from transformers import CLIPTextConfig, CLIPTextModel

    tokenizer = build_tokenizer()
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=configuration.embedding,
            intermediate_size=2 * configuration.embedding,
            num_hidden_layers=configuration.text_layers,
            num_attention_heads=2,
            max_position_embeddings=LENGTH,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def build_picture_autoencoder(configuration: UNetConfiguration) -> AutoencoderKL:
    """As `build_autoencoder`, with the picture by picture decoder of text-to-video models."""
    from diffusers import AutoencoderKL

    levels: dict[str, Any] = {
        "down_block_types": ("DownEncoderBlock2D",) * 3,
        "up_block_types": ("UpDecoderBlock2D",) * 3,
        "block_out_channels": configuration.decoder_channels,
    }
    return AutoencoderKL(
        **levels,
        layers_per_block=1,
        latent_channels=configuration.latent_channels,
        sample_size=configuration.height,
        scaling_factor=1.0,
        force_upcast=True,
    )


def assemble_text(**networks: Any) -> TextToVideoSDPipeline:
    """A stock pipeline of the given `unet`, `text_encoder` and `vae`."""
    from diffusers import TextToVideoSDPipeline

    from hitmark.backbones.tiny import text_to_video_scheduler

    scheduler: Any = text_to_video_scheduler()
    return TextToVideoSDPipeline(tokenizer=build_tokenizer(), scheduler=scheduler, **networks)
