"""What the families of video transformers share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from hitmark.backbones.base import Site

if TYPE_CHECKING:
    from torch import Tensor

MIDDLE = (0.4, 0.55)
"""Where in the depth of a network its features tell what is where (of CogVideoX, Nam et al., arXiv:2506.17220)."""


def block_sites(network: Any, blocks: str, whole: str, words: str | None) -> Iterator[Site]:
    """The attention layers of a network of like blocks.

    Args:
        network: with the blocks.
        blocks: its attribute that has them.
        whole: attribute of a block: attention of every token to every token of the video, and of the text where it is
            in the same sequence.
        words: attribute of a block: attention to the words; None where there is none of its own.
    """
    every = getattr(network, blocks)
    for number, block in enumerate(every):
        depth = number / max(1, len(every) - 1)
        name = f"{blocks}.{number}"
        yield Site(f"{name}.{whole}", getattr(block, whole), block, "video", depth=depth, feature=str(number))
        if words is not None:
            module = getattr(block, words)
            before = int(getattr(module, "add_k_proj", None) is not None)  # attention to a picture comes first
            yield Site(f"{name}.{words}", module, block, "words", depth=depth, attention=before)


def middle_blocks(present: Sequence[str]) -> Sequence[str]:
    """Two blocks in the middle."""
    return sorted({present[min(int(share * len(present)), len(present) - 1)] for share in MIDDLE}, key=present.index)


def decode_scaled(pipe: Any, clean: Tensor) -> Tensor:
    """As the last lines of pipelines whose latents are those of the autoencoder times one number."""
    latents = clean.transpose(1, 2).to(pipe.vae.dtype) / pipe.vae.config.scaling_factor
    frames = pipe.vae.decode(latents, return_dict=False)[0]
    return pipe.video_processor.postprocess_video(frames, output_type="pt")[0].movedim(1, -1).float()


def encode_scaled(pipe: Any, video: Tensor) -> Tensor:
    """As such pipelines encode a picture."""
    latents = pipe.vae.encode(video.movedim(-1, 0)[None]).latent_dist.mode()
    return latents.transpose(1, 2) * pipe.vae.config.scaling_factor
