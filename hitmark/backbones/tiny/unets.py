"""Random-weight pipelines with a U-Net: Stable Video Diffusion, ModelScope."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from hitmark.backbones.tiny.parts import clip_encoder
from hitmark.backbones.tiny.tokenizers import letter_tokenizer


def tiny_svd(
    seed: int = 0,
    *,
    channels: Sequence[int] = (32, 32, 64, 64),
    layers: int = 2,
    heads: int | Sequence[int] = 2,
    frames: int = 4,
    vae_channels: Sequence[int] = (32, 32, 32, 32),
    cross_width: int = 32,
) -> Any:
    """A `StableVideoDiffusionPipeline` with the real classes and scheduler settings and random weights, float32, CPU.

    Args:
        seed: of the weights; the global generator is left alone.
        channels: of the U-Net's levels, multiples of 32. As in SVD, the coarsest level has no attention.
        layers: per down block; an up block has one more.
        heads: of the attention layers, one number or one a level.
        frames: `num_frames` of the U-Net's config, hence the pipeline's default.
        vae_channels: of the autoencoder's levels; pixels per latent cell = 2 ** (levels - 1).
        cross_width: width of the picture embedding.
    """
    from diffusers import StableVideoDiffusionPipeline
    from transformers import CLIPImageProcessorPil

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        parts = {
            "unet": _unet(channels, layers, heads, frames, cross_width),
            "vae": _vae(vae_channels),
            "image_encoder": _image_encoder(cross_width),
        }
    for part in parts.values():
        part.eval()
    feature_extractor: Any = CLIPImageProcessorPil(size=224, crop_size=224)
    return StableVideoDiffusionPipeline(**parts, scheduler=svd_scheduler(), feature_extractor=feature_extractor)


def svd_scheduler() -> Any:
    """The scheduler with SVD's published settings: v-prediction, continuous Karras sigmas 700 to 0.002."""
    from diffusers import EulerDiscreteScheduler

    return EulerDiscreteScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        interpolation_type="linear",
        use_karras_sigmas=True,
        timestep_spacing="leading",
        timestep_type="continuous",
        steps_offset=1,
        sigma_min=0.002,
        sigma_max=700.0,
    )


def _unet(channels: Sequence[int], layers: int, heads: int | Sequence[int], frames: int, cross_width: int) -> Any:
    from diffusers import UNetSpatioTemporalConditionModel

    with_attention = len(channels) - 1
    return UNetSpatioTemporalConditionModel(
        sample_size=16,
        down_block_types=("CrossAttnDownBlockSpatioTemporal",) * with_attention + ("DownBlockSpatioTemporal",),
        up_block_types=("UpBlockSpatioTemporal",) + ("CrossAttnUpBlockSpatioTemporal",) * with_attention,
        block_out_channels=tuple(channels),
        layers_per_block=layers,
        num_attention_heads=heads if isinstance(heads, int) else tuple(heads),
        cross_attention_dim=cross_width,
        addition_time_embed_dim=32,
        projection_class_embeddings_input_dim=96,
        num_frames=frames,
    )


def _vae(channels: Sequence[int]) -> Any:
    from diffusers import AutoencoderKLTemporalDecoder

    levels: dict[str, Any] = {
        "block_out_channels": tuple(channels),
        "down_block_types": ("DownEncoderBlock2D",) * len(channels),
    }
    return AutoencoderKLTemporalDecoder(
        **levels,
        layers_per_block=1,
        latent_channels=4,
        sample_size=64,
    )


def _image_encoder(width: int) -> Any:
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    return CLIPVisionModelWithProjection(
        CLIPVisionConfig(
            hidden_size=32,
            intermediate_size=37,
            projection_dim=width,
            num_hidden_layers=1,
            num_attention_heads=4,
            image_size=224,
            patch_size=56,
        )
    )


def tiny_text_to_video(
    seed: int = 0,
    *,
    channels: Sequence[int] = (32, 32, 64, 64),
    layers: int = 2,
    head_width: int = 8,
    vae_channels: Sequence[int] = (32, 32, 32, 32),
    cross_width: int = 32,
) -> Any:
    """A `TextToVideoSDPipeline` with the real classes and scheduler settings and random weights, float32, CPU.

    Args:
        seed: of the weights; the global generator is left alone.
        channels: of the U-Net's levels, multiples of 32. As in ModelScope, the coarsest level has no attention.
        layers: per down block; an up block has one more.
        head_width: channels of an attention head, at least 5 (diffusers reads 4 as a number of heads too, but 8 is
            also the number of heads of `transformer_in`).
        vae_channels: of the autoencoder's levels; pixels per latent cell = 2 ** (levels - 1).
        cross_width: width of the text embedding.
    """
    from diffusers import AutoencoderKL, TextToVideoSDPipeline, UNet3DConditionModel

    tokenizer = letter_tokenizer()
    with_attention = len(channels) - 1
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        unet = UNet3DConditionModel(
            sample_size=16,
            down_block_types=("CrossAttnDownBlock3D",) * with_attention + ("DownBlock3D",),
            up_block_types=("UpBlock3D",) + ("CrossAttnUpBlock3D",) * with_attention,
            block_out_channels=tuple(channels),
            layers_per_block=layers,
            cross_attention_dim=cross_width,
            attention_head_dim=head_width,
        )
        levels: dict[str, Any] = {
            "block_out_channels": tuple(vae_channels),
            "down_block_types": ("DownEncoderBlock2D",) * len(vae_channels),
            "up_block_types": ("UpDecoderBlock2D",) * len(vae_channels),
        }
        vae = AutoencoderKL(
            **levels,
            layers_per_block=1,
            latent_channels=4,
            sample_size=64,
        )
        text_encoder = clip_encoder(tokenizer, cross_width)
    for part in (unet, vae, text_encoder):
        part.eval()
    return TextToVideoSDPipeline(
        vae=vae, text_encoder=text_encoder, tokenizer=tokenizer, unet=unet, scheduler=text_to_video_scheduler()
    )


def text_to_video_scheduler() -> Any:
    """The scheduler with ModelScope's published settings: DDIM, scaled linear betas, epsilon prediction."""
    from diffusers import DDIMScheduler

    return DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
        prediction_type="epsilon",
    )
