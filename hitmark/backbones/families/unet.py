"""The attention layers of diffusers' video U-Nets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hitmark.backbones.base import Site
from hitmark.control.attention import Scope

if TYPE_CHECKING:
    from torch import Tensor

STAGES = {"transformer_in": "in", "down_blocks": "down", "mid_block": "middle", "up_blocks": "up"}
"""First part of a module's path -> the tag of its layers."""
TEMPORAL = ("temp_attentions", "temporal_transformer_blocks", "motion_modules")
"""Parts of the paths of transformers that stand for time, as does all of the stage "in"."""
TAGS = frozenset({*STAGES.values(), "second"})
"""second: the second of two temporal self-attentions of one transformer block."""
PUBLISHED_LAYERS = ("2.1", "2.2")
"""Of SG-I2V on the real U-Net (four up blocks, three attentions each)."""


def unet_sites(network: Any, *, reads_words: bool) -> Iterator[Site]:
    """The attention layers, in the order in which they run, which is not that of the modules.

    A transformer block has `attn1` and `attn2`. Where it stands for time, both are temporal self-attention in
    `UNet3DConditionModel` and `UNetMotionModel`; in `UNetSpatioTemporalConditionModel` the second, as that of space,
    looks at the one token of the picture, and attention to one token is that token, whatever is edited.
    """
    found = sorted(_sites(network, reads_words), key=lambda site: _turn(site.name))
    yield from (replace(site, depth=place / max(1, len(found) - 1)) for place, site in enumerate(found))


def _sites(network: Any, reads_words: bool) -> Iterator[Site]:
    transformers: dict[str, Any] = {}
    for name, block in network.named_modules():
        if hasattr(block, "transformer_blocks"):
            transformers[name] = block
        if not all(hasattr(block, part) for part in ("attn1", "attn2", "norm1", "norm2")):
            continue
        stage = STAGES[name.split(".", 1)[0]]
        temporal = any(part in name for part in TEMPORAL) or stage == "in"
        around = next((each for path, each in transformers.items() if name.startswith(path + ".")), block)
        scope: Scope = "cell" if temporal else "frame"
        feature = None if temporal else _feature(name)
        tags = frozenset({stage})
        yield Site(f"{name}.attn1", block.attn1, around, scope, tags, feature=feature, norm=_given(block, "norm1"))
        if reads_words and temporal:
            yield Site(f"{name}.attn2", block.attn2, around, "cell", tags | {"second"}, norm=_given(block, "norm2"))
        elif reads_words:
            yield Site(f"{name}.attn2", block.attn2, around, "words", tags, norm=_given(block, "norm2"))


def _turn(path: str) -> list[tuple[int, bool, str]]:
    """What sorts the paths of layers by when they run: the middle block before the way up, space before time."""
    stage, *parts = re.findall(r"(\w+)(?:\.(\d+))?", path)
    return [
        (list(STAGES).index(stage[0]), False, ""),
        (int(stage[1] or 0), False, ""),
        *((int(number or 0), name in TEMPORAL, name) for name, number in parts),
    ]


def _given(block: Any, norm: str) -> Callable[[Tensor], Tensor]:
    """A layer norm of a block, and the positions of tokens (length, channels) that are added behind it, if any."""
    normalized, places = getattr(block, norm), getattr(block, "pos_embed", None)
    return normalized if places is None else lambda tokens: places(normalized(tokens)[None])[0]


def _feature(name: str) -> str | None:
    """BLOCK.LAYER of a layer in the up blocks."""
    parts = name.split(".")
    return f"{parts[1]}.{parts[3]}" if parts[0] == "up_blocks" else None


def default_features(present: Sequence[str]) -> Sequence[str]:
    """The published layers where the network has them, else the last two of the level at half latent size.

    A network without attention at that level uses the next finer level that has some, else the next coarser.
    """
    if set(PUBLISHED_LAYERS) <= set(present) or not present:
        return PUBLISHED_LAYERS
    blocks = 1 + max(int(name.split(".")[0]) for name in present)
    half_size = max(blocks - 2, 0)
    for block in [*range(half_size, blocks), *range(half_size - 1, -1, -1)]:
        names = [name for name in present if name.startswith(f"{block}.")]
        if names:
            return names[-2:]
    return ()
