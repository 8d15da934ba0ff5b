"""Random-weight pipelines of the first HunyuanVideo."""

from __future__ import annotations

from typing import Any

from hitmark.backbones.tiny.parts import clip_encoder, finished, seeded, sharpened
from hitmark.backbones.tiny.tokenizers import header_tokenizer, letter_tokenizer


def tiny_hunyuan_video(*, image: bool = False, seed: int = 0, layers: int = 1) -> Any:
    """A `HunyuanVideoPipeline`, or a `HunyuanSkyreelsImageToVideoPipeline`, with the real classes, float32, CPU.

    Args:
        image: from a picture.
        seed: of the weights; the global generator is left alone.
        layers: blocks of the network of each of its two kinds.
    """
    from diffusers import (
        FlowMatchEulerDiscreteScheduler,
        HunyuanSkyreelsImageToVideoPipeline,
        HunyuanVideoPipeline,
    )
    from diffusers.pipelines.hunyuan_video.pipeline_hunyuan_video import DEFAULT_PROMPT_TEMPLATE

    tokenizer, letters = header_tokenizer(DEFAULT_PROMPT_TEMPLATE["template"]), letter_tokenizer()
    with seeded(seed):
        parts: dict[str, Any] = {
            "transformer": sharpened(_transformer(layers, 8 if image else 4)),
            "vae": _autoencoder(),
            "text_encoder": _text_encoder(len(tokenizer)),
            "text_encoder_2": clip_encoder(letters, 16),
        }
    scheduler = FlowMatchEulerDiscreteScheduler(shift=7.0)
    pipeline: Any = HunyuanSkyreelsImageToVideoPipeline if image else HunyuanVideoPipeline
    return finished(pipeline(tokenizer=tokenizer, tokenizer_2=letters, scheduler=scheduler, **parts))


def _transformer(layers: int, channels: int) -> Any:
    from diffusers import HunyuanVideoTransformer3DModel

    return HunyuanVideoTransformer3DModel(
        in_channels=channels,
        out_channels=4,
        num_attention_heads=2,
        attention_head_dim=16,
        num_layers=layers,
        num_single_layers=layers,
        num_refiner_layers=1,
        text_embed_dim=32,
        pooled_projection_dim=16,
        rope_axes_dim=(4, 6, 6),
    )


def _autoencoder() -> Any:
    from diffusers import AutoencoderKLHunyuanVideo

    blocks: Any = {
        "down_block_types": ("HunyuanVideoDownBlock3D",) * 4,
        "up_block_types": ("HunyuanVideoUpBlock3D",) * 4,
        "block_out_channels": (4, 4, 4, 4),
    }
    return AutoencoderKLHunyuanVideo(latent_channels=4, layers_per_block=1, norm_num_groups=2, **blocks)


def _text_encoder(vocabulary: int) -> Any:
    from transformers import LlamaConfig, LlamaModel

    return LlamaModel(
        LlamaConfig(
            vocab_size=vocabulary,
            hidden_size=32,
            intermediate_size=32,
            num_hidden_layers=3,
            num_attention_heads=2,
            max_position_embeddings=1024,
        )
    )
