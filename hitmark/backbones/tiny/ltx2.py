"""A random-weight pipeline of LTX-2."""

from __future__ import annotations

from typing import Any

from hitmark.backbones.tiny.parts import finished, seeded, t5_encoder
from hitmark.backbones.tiny.tokenizers import piece_tokenizer


def tiny_ltx2(*, seed: int = 0, layers: int = 2) -> Any:
    """An `LTX2Pipeline` with the real classes, float32, CPU, but for its text encoder: of T5's class for Gemma's."""
    import diffusers
    from diffusers.pipelines.ltx2 import LTX2TextConnectors, LTX2Vocoder

    network: Any = {"in_channels": 8, "out_channels": 8, "num_attention_heads": 2, "attention_head_dim": 8}
    network |= {f"audio_{name}": value for name, value in network.items()} | {"audio_cross_attention_dim": 16}
    network |= {"num_attention_heads": 4, "cross_attention_dim": 32, "caption_channels": 32, "perturbed_attn": True}
    video: Any = {"latent_channels": 8, "block_out_channels": (8,) * 4, "decoder_block_out_channels": (8,) * 3}
    video |= {"layers_per_block": (1,) * 5, "decoder_layers_per_block": (1,) * 4, "upsample_residual": (False,) * 3}
    video |= {"upsample_factor": (1,) * 3, "patch_size": 1}
    video |= {"spatial_compression_ratio": 8, "temporal_compression_ratio": 8}
    words: Any = {"caption_channels": 32, "text_proj_in_factor": 2}
    for side in ("video_connector", "audio_connector"):
        words |= {f"{side}_num_attention_heads": 2, f"{side}_attention_head_dim": 16, f"{side}_num_layers": 1}
        words[f"{side}_num_learnable_registers"] = 16
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
    return finished(diffusers.LTX2Pipeline(tokenizer=tokenizer, scheduler=scheduler, **parts))
