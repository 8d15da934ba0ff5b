"""A random-weight pipeline of HunyuanVideo 1.5."""

from __future__ import annotations

from typing import Any

from hitmark.backbones.tiny.parts import finished, seeded, t5_encoder
from hitmark.backbones.tiny.tokenizers import piece_tokenizer


def tiny_hunyuan_video(*, seed: int = 0, layers: int = 2) -> Any:
    """A `HunyuanVideo15Pipeline` with the real denoiser, autoencoder and guidance, float32, CPU.

    Its text encoders stand in for large ones and are not of their classes: it is called with embeddings.
    """
    from diffusers import (
        AutoencoderKLHunyuanVideo15,
        FlowMatchEulerDiscreteScheduler,
        HunyuanVideo15Pipeline,
        HunyuanVideo15Transformer3DModel,
    )
    from diffusers.guiders import ClassifierFreeGuidance

    widths: Any = {"text_embed_dim": 32, "text_embed_2_dim": 32, "image_embed_dim": 32, "rope_axes_dim": (4, 6, 6)}
    options: Any = {"block_out_channels": (16, 16), "downsample_match_channel": False, "upsample_match_channel": False}
    with seeded(seed):
        network = HunyuanVideo15Transformer3DModel(
            in_channels=9,
            out_channels=4,
            num_attention_heads=2,
            attention_head_dim=16,
            num_layers=layers,
            num_refiner_layers=1,
            target_size=16,
            task_type="t2v",
            **widths,
        )
        vae = AutoencoderKLHunyuanVideo15(
            latent_channels=4, layers_per_block=1, spatial_compression_ratio=4, temporal_compression_ratio=4, **options
        )
        encoder = t5_encoder(piece_tokenizer(), 32)
    tools: Any = {"tokenizer": None, "text_encoder": encoder, "tokenizer_2": None, "text_encoder_2": encoder}
    scheduler, guider = FlowMatchEulerDiscreteScheduler(shift=3.0), ClassifierFreeGuidance(guidance_scale=3.0)
    pipe: Any = HunyuanVideo15Pipeline(transformer=network, vae=vae, scheduler=scheduler, guider=guider, **tools)
    pipe.vision_num_semantic_tokens, pipe.vision_states_dim = 5, 32
    return finished(pipe)


def hunyuan_embeddings() -> dict[str, Any]:
    """Arguments of a call in place of a prompt: 8 words and 4 positions of padding, no glyphs."""
    import torch

    generator = torch.Generator().manual_seed(1)
    mask, none = torch.ones(1, 12, dtype=torch.int64), torch.zeros(1, 6, dtype=torch.int64)
    mask[:, 8:] = 0
    given: dict[str, Any] = {}
    for prefix in ("", "negative_"):
        given |= {
            f"{prefix}prompt_embeds": torch.randn(1, 12, 32, generator=generator),
            f"{prefix}prompt_embeds_mask": mask.clone(),
            f"{prefix}prompt_embeds_2": torch.zeros(1, 6, 32),
            f"{prefix}prompt_embeds_mask_2": none.clone(),
        }
    return given
