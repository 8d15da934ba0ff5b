"""Random-weight pipelines of HunyuanVideo 1.5."""

from __future__ import annotations

import inspect
from typing import Any

from hitmark.backbones.tiny.parts import finished, seeded, t5_encoder
from hitmark.backbones.tiny.tokenizers import chat_tokenizer

WORDS, GLYPHS, PICTURE = 32, 24, 4
"""Tokens of the prompt, of text in quotation marks, and of a picture; published are 1000, 256 and 729."""


def tiny_hunyuan_video_15(*, image: bool = False, seed: int = 0, layers: int = 2) -> Any:
    """A `HunyuanVideo15Pipeline` or `HunyuanVideo15ImageToVideoPipeline` with the real classes, float32, CPU.

    Loaded from a folder it has as many tokens of text as the published ones, and is slower.

    Args:
        image: from a picture.
        seed: of the weights; the global generator is left alone.
        layers: blocks of the network.
    """
    from diffusers import (
        FlowMatchEulerDiscreteScheduler,
        HunyuanVideo15ImageToVideoPipeline,
        HunyuanVideo15Pipeline,
    )
    from diffusers.guiders import ClassifierFreeGuidance
    from transformers import ByT5Tokenizer

    written = inspect.signature(HunyuanVideo15Pipeline._get_mllm_prompt_embeds).parameters["system_message"]
    tokenizer, glyphs = chat_tokenizer(written.default), ByT5Tokenizer()
    with seeded(seed):
        parts: dict[str, Any] = {
            "transformer": _transformer(layers, "i2v" if image else "t2v"),
            "vae": _autoencoder(),
            "text_encoder": _text_encoder(len(tokenizer)),
            "text_encoder_2": t5_encoder(glyphs, 32),
        }
        parts |= _picture_encoder() if image else {}
    parts |= {"tokenizer": tokenizer, "tokenizer_2": glyphs, "guider": ClassifierFreeGuidance(guidance_scale=3.0)}
    pipeline: Any = HunyuanVideo15ImageToVideoPipeline if image else HunyuanVideo15Pipeline
    pipe = pipeline(scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0), **parts)
    pipe.tokenizer_max_length, pipe.tokenizer_2_max_length, pipe.vision_num_semantic_tokens = WORDS, GLYPHS, PICTURE
    return finished(pipe)


def _transformer(layers: int, task: str) -> Any:
    from diffusers import HunyuanVideo15Transformer3DModel

    widths: Any = {"text_embed_dim": 32, "text_embed_2_dim": 32, "image_embed_dim": 32, "rope_axes_dim": (4, 6, 6)}
    return HunyuanVideo15Transformer3DModel(
        in_channels=9,
        out_channels=4,
        num_attention_heads=2,
        attention_head_dim=16,
        num_layers=layers,
        num_refiner_layers=1,
        target_size=32,
        task_type=task,
        **widths,
    )


def _autoencoder() -> Any:
    from diffusers import AutoencoderKLHunyuanVideo15

    options: Any = {"block_out_channels": (16, 16), "downsample_match_channel": False, "upsample_match_channel": False}
    return AutoencoderKLHunyuanVideo15(
        latent_channels=4, layers_per_block=1, spatial_compression_ratio=4, temporal_compression_ratio=4, **options
    )


def _text_encoder(vocabulary: int) -> Any:
    from transformers import Qwen2_5_VLTextConfig, Qwen2_5_VLTextModel

    rotary: Any = {"rope_type": "default", "rope_theta": 10_000.0, "mrope_section": [2, 3, 3]}
    return Qwen2_5_VLTextModel(
        Qwen2_5_VLTextConfig(
            vocab_size=vocabulary,
            hidden_size=32,
            intermediate_size=32,
            num_hidden_layers=3,
            num_attention_heads=2,
            num_key_value_heads=1,
            max_position_embeddings=2048,
            bos_token_id=None,
            eos_token_id=None,
            rope_parameters=rotary,
        )
    )


def _picture_encoder() -> dict[str, Any]:
    from transformers import SiglipImageProcessorPil, SiglipVisionConfig, SiglipVisionModel

    config = SiglipVisionConfig(
        hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, image_size=28, patch_size=14
    )
    return {
        "image_encoder": SiglipVisionModel(config),
        "feature_extractor": SiglipImageProcessorPil(size={"height": 28, "width": 28}),
    }
