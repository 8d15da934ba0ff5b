"""A random-weight pipeline of Wan VACE."""

from __future__ import annotations

from typing import Any

from hitmark.backbones.tiny.parts import finished, flow_solver, seeded, sharpened, t5_encoder
from hitmark.backbones.tiny.tokenizers import piece_tokenizer
from hitmark.backbones.tiny.wan import SMALL, autoencoder


def tiny_wan_vace(*, seed: int = 0, layers: int = 2, words: int = 16) -> Any:
    """A `WanVACEPipeline` with the real classes and scheduler settings, float32, CPU.

    Args:
        seed: of the weights; the global generator is left alone.
        layers: blocks of the network; every second has one of the second stream.
        words: width of the text embedding.
    """
    from diffusers import WanVACEPipeline, WanVACETransformer3DModel

    tokenizer: Any = piece_tokenizer()
    with seeded(seed):
        encoder = t5_encoder(tokenizer, words, multilingual=True)
        vae = autoencoder(fine=False)
        network = WanVACETransformer3DModel(
            in_channels=16,
            out_channels=16,
            text_dim=words,
            num_layers=layers,
            vace_layers=list(range(0, layers, 2)),
            vace_in_channels=96,
            **SMALL,
        )
    parts: Any = {"tokenizer": tokenizer, "text_encoder": encoder, "vae": vae, "scheduler": flow_solver(3.0)}
    return finished(WanVACEPipeline(transformer=sharpened(network), **parts))
