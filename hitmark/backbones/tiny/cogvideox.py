"""Random-weight pipelines of the CogVideoX family."""

from __future__ import annotations

from typing import Any, Literal

from hitmark.backbones.tiny.parts import finished, seeded, t5_encoder
from hitmark.backbones.tiny.tokenizers import piece_tokenizer

WORDS = 32


def tiny_cogvideox(
    version: Literal["1.0", "1.5"] = "1.0", *, image: bool = False, seed: int = 0, layers: int = 2
) -> Any:
    """A `CogVideoXPipeline` or `CogVideoXImageToVideoPipeline` with the real classes, float32, CPU.

    Args:
        version: 1.5 joins two latent frames to one token.
        image: from a picture.
        seed: of the weights; the global generator is left alone.
        layers: blocks of the network.
    """
    from diffusers import CogVideoXDPMScheduler, CogVideoXImageToVideoPipeline, CogVideoXPipeline

    tokenizer = piece_tokenizer()
    with seeded(seed):
        parts = {
            "text_encoder": t5_encoder(tokenizer, 32),
            "vae": _autoencoder(),
            "transformer": _transformer(layers, image, version == "1.5"),
        }
    scheduler = CogVideoXDPMScheduler(
        prediction_type="v_prediction", rescale_betas_zero_snr=True, snr_shift_scale=1.0, timestep_spacing="trailing"
    )
    pipeline: Any = CogVideoXImageToVideoPipeline if image else CogVideoXPipeline
    return finished(pipeline(tokenizer=tokenizer, scheduler=scheduler, **parts))


def _transformer(layers: int, image: bool, joined: bool) -> Any:
    from diffusers import CogVideoXTransformer3DModel

    more: dict[str, Any] = {"patch_size_t": 2, "patch_bias": False} if joined else {}
    more |= {"ofs_embed_dim": 16} if joined and image else {}
    return CogVideoXTransformer3DModel(
        num_attention_heads=2,
        attention_head_dim=16,
        in_channels=8 if image else 4,
        out_channels=4,
        time_embed_dim=16,
        text_embed_dim=32,
        num_layers=layers,
        sample_width=8,
        sample_height=8,
        sample_frames=9,
        patch_size=2,
        temporal_compression_ratio=4,
        max_text_seq_length=WORDS,
        use_rotary_positional_embeddings=True,
        **more,
    )


def _autoencoder() -> Any:
    from diffusers import AutoencoderKLCogVideoX

    blocks: Any = {
        "down_block_types": ("CogVideoXDownBlock3D",) * 4,
        "up_block_types": ("CogVideoXUpBlock3D",) * 4,
        "block_out_channels": (8, 8, 8, 8),
    }
    return AutoencoderKLCogVideoX(
        latent_channels=4, layers_per_block=1, norm_num_groups=2, temporal_compression_ratio=4, **blocks
    )
