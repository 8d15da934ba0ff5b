"""A random-weight pipeline of LTX-2."""

from __future__ import annotations

from typing import Any, Literal

from hitmark.backbones.tiny.parts import finished, seeded, t5_encoder
from hitmark.backbones.tiny.tokenizers import piece_tokenizer

NEWER: dict[str, dict[str, Any]] = {
    "network": {"use_prompt_embeddings": False, "perturbed_attn": True}
    | {f"{side}{name}": True for side in ("", "audio_") for name in ("gated_attn", "cross_attn_mod")},
    "words": {"per_modality_projections": True, "video_hidden_dim": 32, "audio_hidden_dim": 16, "proj_bias": True},
}
"""What 2.3 has beyond 2.0: gates, words that each layer changes by the noise level, and a projection for each track."""
NEWEST = {"ff_bias": False, "use_prompt_adaln_single": False, "use_keyframes_abs_pos_embedding": True}
"""What the network of 2.5 has beyond 2.3."""
Version = Literal["2.0", "2.3", "2.5"]


def tiny_ltx2(
    version: Version = "2.0", *, image: bool = False, condition: bool = False, seed: int = 0, layers: int = 2
) -> Any:
    """An `LTX2Pipeline`, `LTX2ImageToVideoPipeline` or `LTX2ConditionPipeline` with the real classes, float32, CPU.

    Its text encoder is of T5's class for Gemma's.

    Args:
        version: of the weights that it is like.
        image: from a picture.
        condition: of the pipeline that is called with pictures and videos, or without.
        seed: of the weights; the global generator is left alone.
        layers: blocks of the network.
    """
    import diffusers
    from diffusers.pipelines.ltx2 import LTX2TextConnectors, LTX2Vocoder

    network: Any = {"in_channels": 8, "out_channels": 8, "num_attention_heads": 2, "attention_head_dim": 8}
    network |= {f"audio_{name}": value for name, value in network.items()} | {"audio_cross_attention_dim": 16}
    network |= {"num_attention_heads": 4, "cross_attention_dim": 32, "caption_channels": 32, "rope_type": "split"}
    network |= {} if version == "2.0" else NEWER["network"]
    network |= NEWEST if version == "2.5" else {}
    video: Any = {"latent_channels": 8, "block_out_channels": (8,) * 4, "decoder_block_out_channels": (8,) * 3}
    video |= {"layers_per_block": (1,) * 5, "decoder_layers_per_block": (1,) * 4, "upsample_residual": (False,) * 3}
    video |= {"upsample_factor": (1,) * 3, "patch_size": 1}
    video |= {"spatial_compression_ratio": 8, "temporal_compression_ratio": 8}
    words: Any = {"caption_channels": 32, "text_proj_in_factor": 2, "rope_type": "split"}
    for side in ("video_connector", "audio_connector"):
        words |= {f"{side}_num_attention_heads": 2, f"{side}_attention_head_dim": 16, f"{side}_num_layers": 1}
        words[f"{side}_num_learnable_registers"] = 16
    if version != "2.0":
        words |= NEWER["words"] | {"audio_connector_attention_head_dim": 8, "video_gated_attn": True}
    sound: Any = {"base_channels": 8, "num_res_blocks": 1, "latent_channels": 2, "mel_bins": 16}
    tokenizer: Any = piece_tokenizer()
    with seeded(seed):
        parts: Any = {
            "transformer": diffusers.LTX2VideoTransformer3DModel(
                vae_scale_factors=(8, 8, 8), num_layers=layers, **network
            ),
            "vae": diffusers.AutoencoderKLLTX2Video(**video),
            "audio_vae": diffusers.AutoencoderKLLTX2Audio(**sound),
            "vocoder": LTX2Vocoder(in_channels=32, hidden_channels=32),
            "connectors": LTX2TextConnectors(**words),
            "text_encoder": t5_encoder(tokenizer, 32),
        }
    scheduler = diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0)
    pipeline: Any = diffusers.LTX2ImageToVideoPipeline if image else diffusers.LTX2Pipeline
    pipeline = diffusers.LTX2ConditionPipeline if condition else pipeline
    return finished(pipeline(tokenizer=tokenizer, scheduler=scheduler, **parts))
