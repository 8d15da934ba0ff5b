"""Random-weight pipelines of the LTX family."""

from __future__ import annotations

from typing import Any

from hitmark.backbones.tiny.parts import finished, seeded, t5_encoder
from hitmark.backbones.tiny.tokenizers import piece_tokenizer


def tiny_ltx(*, image: bool = False, condition: bool = False, seed: int = 0, layers: int = 2) -> Any:
    """An `LTXPipeline`, `LTXImageToVideoPipeline` or `LTXConditionPipeline` with the real classes, float32, CPU.

    Args:
        image: from a picture.
        condition: of version 0.9.5, whose pipeline is called with a picture or without.
        seed: of the weights; the global generator is left alone.
        layers: blocks of the network.
    """
    from diffusers import (
        FlowMatchEulerDiscreteScheduler,
        LTXConditionPipeline,
        LTXImageToVideoPipeline,
        LTXPipeline,
        LTXVideoTransformer3DModel,
    )

    tokenizer = piece_tokenizer()
    with seeded(seed):
        network = LTXVideoTransformer3DModel(
            in_channels=8,
            out_channels=8,
            num_attention_heads=4,
            attention_head_dim=8,
            cross_attention_dim=32,
            num_layers=layers,
            caption_channels=32,
        )
        encoder, vae = t5_encoder(tokenizer, 32), _newer_autoencoder() if condition else _autoencoder()
    pipeline: Any = LTXConditionPipeline if condition else LTXImageToVideoPipeline if image else LTXPipeline
    scheduler = FlowMatchEulerDiscreteScheduler(shift=1.0 if condition else 3.0)
    return finished(
        pipeline(tokenizer=tokenizer, text_encoder=encoder, vae=vae, transformer=network, scheduler=scheduler)
    )


def _autoencoder() -> Any:
    from diffusers import AutoencoderKLLTXVideo

    options: Any = {
        "block_out_channels": (8, 8, 8, 8),
        "decoder_block_out_channels": (8, 8, 8, 8),
        "layers_per_block": (1,) * 5,
        "decoder_layers_per_block": (1,) * 5,
        "spatio_temporal_scaling": (True, True, True, False),
        "decoder_spatio_temporal_scaling": (True, True, True, False),
        "decoder_inject_noise": (False,) * 5,
        "upsample_residual": (False,) * 4,
        "upsample_factor": (1,) * 4,
    }
    return AutoencoderKLLTXVideo(
        latent_channels=8, timestep_conditioning=False, patch_size=1, patch_size_t=1, **options
    )


def _newer_autoencoder() -> Any:
    """Of 0.9.5: each level halves in its own way, and the decoder is told a time."""
    from diffusers import AutoencoderKLLTXVideo

    options: Any = {
        "block_out_channels": (8,) * 5,
        "down_block_types": ("LTXVideo095DownBlock3D",) * 4,
        "decoder_block_out_channels": (8,) * 3,
        "layers_per_block": (1,) * 5,
        "decoder_layers_per_block": (1,) * 4,
        "spatio_temporal_scaling": (True,) * 4,
        "decoder_spatio_temporal_scaling": (True,) * 3,
        "decoder_inject_noise": (False,) * 4,
        "downsample_type": ("spatial", "temporal", "spatiotemporal", "spatiotemporal"),
        "upsample_residual": (False,) * 3,
        "upsample_factor": (1,) * 3,
    }
    return AutoencoderKLLTXVideo(
        latent_channels=8,
        timestep_conditioning=True,
        patch_size=1,
        patch_size_t=1,
        spatial_compression_ratio=8,
        temporal_compression_ratio=8,
        **options,
    )
