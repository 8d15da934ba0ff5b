"""Random-weight pipelines of SkyReels-V2."""

from __future__ import annotations

from typing import Any

from hitmark.backbones.tiny.parts import finished, flow_solver, seeded, sharpened, t5_encoder
from hitmark.backbones.tiny.tokenizers import piece_tokenizer
from hitmark.backbones.tiny.wan import SMALL, WIDTH, autoencoder, image_encoder, image_processor


def tiny_skyreels_v2(*, image: bool = False, seed: int = 0, layers: int = 2, words: int = 16) -> Any:
    """A `SkyReelsV2Pipeline` or its image-to-video twin with the real classes and scheduler settings, float32, CPU.

    Args:
        image: from a picture.
        seed: of the weights; the global generator is left alone.
        layers: blocks of the network.
        words: width of the text embedding.
    """
    from diffusers import SkyReelsV2ImageToVideoPipeline, SkyReelsV2Pipeline, SkyReelsV2Transformer3DModel

    tokenizer: Any = piece_tokenizer()
    more: dict[str, Any] = {"image_dim": 32, "added_kv_proj_dim": WIDTH} if image else {}
    with seeded(seed):
        encoder = t5_encoder(tokenizer, words, multilingual=True)
        vae = autoencoder(fine=False)
        network = SkyReelsV2Transformer3DModel(
            in_channels=36 if image else 16, out_channels=16, text_dim=words, num_layers=layers, **SMALL, **more
        )
        looking = {"image_encoder": image_encoder(projected=True)} if image else {}
    looking |= {"image_processor": image_processor()} if image else {}
    parts: Any = {"tokenizer": tokenizer, "text_encoder": encoder, "vae": vae, "transformer": sharpened(network)}
    pipeline: Any = SkyReelsV2ImageToVideoPipeline if image else SkyReelsV2Pipeline
    return finished(pipeline(scheduler=flow_solver(5.0 if image else 8.0), **parts, **looking))
