"""Random-weight pipelines of the Wan family."""

from __future__ import annotations

from typing import Any, Literal

from hitmark.backbones.tiny.parts import finished, flow_solver, seeded, sharpened, t5_encoder
from hitmark.backbones.tiny.tokenizers import piece_tokenizer

WIDTH = 24
"""Channels of a token: two heads of 12."""
SMALL: dict[str, Any] = {
    "patch_size": (1, 2, 2),
    "num_attention_heads": 2,
    "attention_head_dim": WIDTH // 2,
    "freq_dim": 32,
    "ffn_dim": 32,
    "cross_attn_norm": True,
    "qk_norm": "rms_norm_across_heads",
    "rope_max_seq_len": 32,
}
"""Of a network of Wan's kind."""


def tiny_wan(
    kind: Literal["2.1", "2.2", "ti2v"] = "2.1", *, image: bool = False, seed: int = 0, layers: int = 2, words: int = 16
) -> Any:
    """A `WanPipeline` or `WanImageToVideoPipeline` with the real classes and scheduler settings, float32, CPU.

    Args:
        kind: "2.1" (one network), "2.2" (two experts), "ti2v" (one timestep a token; a given picture is frame 0).
        image: from a picture.
        seed: of the weights; the global generator is left alone.
        layers: blocks of a network.
        words: width of the text embedding.
    """
    from diffusers import WanImageToVideoPipeline, WanPipeline

    tokenizer = piece_tokenizer()
    channels = 48 if kind == "ti2v" else 16
    inputs = channels if kind == "ti2v" or not image else 2 * channels + 4
    clip = image and kind == "2.1"
    with seeded(seed):
        parts: dict[str, Any] = {
            "tokenizer": tokenizer,
            "text_encoder": t5_encoder(tokenizer, words, multilingual=True),
            "vae": autoencoder(fine=kind == "ti2v"),
            "transformer": _transformer(inputs, channels, layers, words, clip=clip),
            "scheduler": flow_solver(5.0 if kind == "ti2v" else 3.0),
        }
        if kind == "2.2":
            parts |= {"transformer_2": _transformer(inputs, channels, layers, words, clip=False), "boundary_ratio": 0.9}
        if image:
            parts |= {"image_encoder": image_encoder() if clip else None}
            parts |= {"image_processor": image_processor() if clip else None}
    pipeline: Any = WanImageToVideoPipeline if image else WanPipeline
    return finished(pipeline(**parts, expand_timesteps=kind == "ti2v"))


def _transformer(inputs: int, outputs: int, layers: int, words: int, *, clip: bool) -> Any:
    from diffusers import WanTransformer3DModel

    more: dict[str, Any] = {"image_dim": 32, "added_kv_proj_dim": WIDTH} if clip else {}
    return sharpened(
        WanTransformer3DModel(
            in_channels=inputs, out_channels=outputs, text_dim=words, num_layers=layers, **SMALL, **more
        )
    )


def autoencoder(*, fine: bool) -> Any:
    """Of Wan 2.1; `fine`: of TI2V, 16 pixels a cell."""
    from diffusers import AutoencoderKLWan

    shared: dict[str, Any] = {"dim_mult": [1] * 4, "num_res_blocks": 1, "temperal_downsample": [False, True, True]}
    if not fine:
        return AutoencoderKLWan(base_dim=3, z_dim=16, **shared)
    own: dict[str, Any] = {"in_channels": 12, "out_channels": 12, "patch_size": 2, "scale_factor_spatial": 16}
    statistics: Any = {"latents_mean": [0.0] * 48, "latents_std": [1.0] * 48}
    return AutoencoderKLWan(base_dim=4, decoder_base_dim=8, z_dim=48, is_residual=True, **own, **statistics, **shared)


def image_encoder(*, projected: bool = False) -> Any:
    """A CLIP network that looks at pictures; `projected`: of the class that has a projection behind it."""
    from transformers import CLIPVisionConfig, CLIPVisionModel, CLIPVisionModelWithProjection

    network: Any = CLIPVisionModelWithProjection if projected else CLIPVisionModel
    sizes: Any = {"hidden_size": 32, "intermediate_size": 37, "num_hidden_layers": 2, "num_attention_heads": 4}
    return network(CLIPVisionConfig(image_size=224, patch_size=56, **sizes))


def image_processor() -> Any:
    """What brings a picture to that network's size."""
    from transformers import CLIPImageProcessorPil

    return CLIPImageProcessorPil(size=224, crop_size=224)
