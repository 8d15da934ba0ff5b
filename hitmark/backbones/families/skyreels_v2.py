"""SkyReels-V2: `SkyReelsV2Transformer3DModel` in diffusers' `SkyReelsV2Pipeline` and its image-to-video twin.

Wan 2.1 with other weights, one network. Its diffusion-forcing pipelines, which give frames their own noise levels, are
other classes, and no row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from hitmark.backbones.base import Site
from hitmark.backbones.families import wan
from hitmark.errors import HitmarkError


def sites(network: Any) -> Iterator[Site]:
    """Those of Wan; raises HitmarkError where frames see the frames before them alone, which masks would undo."""
    together = network.config.num_frame_per_block
    if together > 1:
        raise HitmarkError(
            f"num_frame_per_block: groups of {together} frames of this network see the groups before them alone, and "
            "controls would let them see those after them; expected 1, as in text-to-video and image-to-video "
            "checkpoints (network.register_to_config(num_frame_per_block=1))"
        )
    return wan.sites(network)


SKYREELS_V2 = replace(wan.WAN, sites=sites, denoisers=("transformer",))
SKYREELS_V2_IMAGE = replace(wan.WAN_IMAGE, sites=sites, denoisers=("transformer",))
