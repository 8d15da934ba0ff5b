"""Random-weight modular pipelines of MiniMax-H3."""

from __future__ import annotations

from typing import Any

from hitmark.backbones.tiny.parts import finished, seeded, sharpened
from hitmark.backbones.tiny.tokenizers import byte_pairs

SIGNS = ("<|endoftext|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")
WORDS = "a red thing on grass"
"""One token each, as in the published tokenizer."""
TEXT_LAYERS = 51
"""Of the text encoder: the pipeline reads what is behind the fiftieth."""
CHANNELS, SOUND_CHANNELS, WIDTH = 4, 4, 16


def tiny_minimax_h3(*, seed: int = 0, layers: int = 2) -> Any:
    """A `MiniMaxH3ModularPipeline` from words, with the real classes, float32, CPU; it makes 124 frames or more.

    Args:
        seed: of the weights; the global generator is left alone.
        layers: blocks of the network.
    """
    from diffusers import MiniMaxH3Blocks, MiniMaxH3Scheduler

    tokenizer = _tokenizer()
    with seeded(seed):
        parts: dict[str, Any] = {
            "transformer": sharpened(_transformer(layers)),
            "vae": _autoencoder(),
            "audio_vae": _sound_autoencoder(),
            "text_encoder": _text_encoder(tokenizer),
        }
    parts |= {"tokenizer": tokenizer, "processor": _processor(tokenizer)}
    parts |= {"scheduler": MiniMaxH3Scheduler(shift=12.0), "audio_scheduler": MiniMaxH3Scheduler(shift=3.0)}
    pipe: Any = MiniMaxH3Blocks().get_workflow("t2va").init_pipeline()
    pipe.update_components(**parts)
    return finished(pipe)


def _tokenizer() -> Any:
    from transformers import Qwen2Tokenizer

    vocabulary, merges = byte_pairs(SIGNS, WORDS)
    others: Any = {"additional_special_tokens": list(SIGNS[1:])}
    return Qwen2Tokenizer(vocab=vocabulary, merges=merges, **others)


def _transformer(layers: int) -> Any:
    from diffusers import MiniMaxH3Transformer3DModel

    return MiniMaxH3Transformer3DModel(
        num_attention_heads=2,
        attention_head_dim=16,
        hidden_size=32,
        num_layers=layers,
        num_refiner_layers=1,
        ffn_dim=32,
        in_channels=CHANNELS,
        audio_in_channels=SOUND_CHANNELS,
        text_dim=WIDTH,
        freq_dim=32,
        time_embed_hidden_dim=32,
        time_embed_dim=32,
        rope_freq_dim=2,
    )


def _autoencoder() -> Any:
    from diffusers import AutoencoderKLMiniMaxH3

    return AutoencoderKLMiniMaxH3(
        latent_channels=CHANNELS,
        block_out_channels=(8, 8),
        layers_per_block=1,
        spatial_downsample_factors=(2, 1),
        temporal_downsample_factors=(2, 2),
        norm_num_groups=4,
        decoder_num_layers=1,
        decoder_num_attention_heads=2,
        decoder_attention_head_dim=8,
        decoder_ffn_mult=2,
        latents_mean=(0.1,) * CHANNELS,
        latents_std=(0.5,) * CHANNELS,
    )


def _sound_autoencoder() -> Any:
    from diffusers import AutoencoderKLMiniMaxH3Audio

    return AutoencoderKLMiniMaxH3Audio(
        encoder_dim=2,
        latent_dim=16,
        latent_channels=SOUND_CHANNELS,
        num_attention_heads=2,
        decoder_dim=128,
        resblock_kernel_sizes=(3,),
        resblock_dilation_sizes=((1,),),
        latents_mean=[0.0] * SOUND_CHANNELS,
        latents_std=[1.0] * SOUND_CHANNELS,
    )


def _text_encoder(tokenizer: Any) -> Any:
    from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

    text: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "hidden_size": WIDTH,
        "intermediate_size": WIDTH,
        "num_hidden_layers": TEXT_LAYERS,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 8,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10_000.0, "mrope_section": [2, 1, 1]},
    }
    sight = {"depth": 1, "hidden_size": 8, "intermediate_size": 8, "num_heads": 1, "patch_size": 4}
    sight |= {"out_hidden_size": WIDTH, "num_position_embeddings": 16, "deepstack_visual_indexes": [0]}
    places = zip(
        ("vision_start", "vision_end", "image", "video"), tokenizer.convert_tokens_to_ids(SIGNS[1:]), strict=True
    )
    named: Any = {f"{name}_token_id": place for name, place in places}
    return Qwen3VLForConditionalGeneration(Qwen3VLConfig(text_config=text, vision_config=sight, **named))


def _processor(tokenizer: Any) -> Any:
    """Without its parts for pictures and videos, of which the latter need torchvision."""
    from transformers import Qwen3VLProcessor

    made: Any = object.__new__(Qwen3VLProcessor)
    made.image_token_id, made.video_token_id = tokenizer.convert_tokens_to_ids(SIGNS[-2:])
    return made
