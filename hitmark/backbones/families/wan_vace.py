"""Wan VACE: `WanVACETransformer3DModel` in diffusers' `WanVACEPipeline`.

Wan with a second stream of tokens, which carries what a clip is to keep of a given video; without one it is a
text-to-video model. The blocks of that stream run first, and what they give is added to the video's stream.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from hitmark.backbones.base import Site
from hitmark.backbones.families import wan
from hitmark.backbones.families.transformer import block_sites
from hitmark.errors import HitmarkError


def sites(network: Any) -> Iterator[Site]:
    """Those of the second stream, as deep as the block that is given what they make, and those of Wan."""
    last = max(1, len(network.blocks) - 1)
    places = (place for place in network.config.vace_layers for _ in ("attn1", "attn2"))
    for site, place in zip(block_sites(network, "vace_blocks", "attn1", "attn2"), places, strict=True):
        yield replace(site, depth=place / last, feature=None)
    yield from wan.sites(network)


def no_reference_images(arguments: Mapping[str, Any]) -> None:
    """Raise HitmarkError for pictures that stand as latent frames in front of the video's."""
    if arguments["reference_images"] is not None:
        raise HitmarkError(
            "reference_images: the pipeline puts each of them as a latent frame in front of the video, where boxes "
            "would be those of other frames; leave reference_images out while controls are attached (video and mask "
            "can stay)"
        )


WAN_VACE = replace(wan.WAN, sites=sites, checks={"preprocess_conditions": no_reference_images})
