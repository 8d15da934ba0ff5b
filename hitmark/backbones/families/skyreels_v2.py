"""SkyReels-V2: `SkyReelsV2Transformer3DModel` in diffusers' `SkyReelsV2Pipeline` and its image-to-video twin.

Wan 2.1 with other weights, one network. Its diffusion-forcing pipelines, which give frames their own noise levels, are
other classes, and no row.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hitmark.backbones.families import wan
from hitmark.errors import HitmarkError


def check_seen_both_ways(config: Any) -> None:
    """Raise HitmarkError where frames see the frames before them alone, which masks would undo."""
    together = getattr(config, "num_frame_per_block", 1)
    if together > 1:
        raise HitmarkError(
            f"num_frame_per_block: groups of {together} frames of this network see the groups before them alone, and "
            "controls would let them see those after them; expected 1, as in text-to-video and image-to-video "
            "checkpoints; use one of those"
        )


SKYREELS_V2 = replace(wan.WAN, denoisers=("transformer",), network_check=check_seen_both_ways)
SKYREELS_V2_IMAGE = replace(wan.WAN_IMAGE, denoisers=("transformer",), network_check=check_seen_both_ways)
