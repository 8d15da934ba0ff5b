"""What a feature pass keeps for its backward pass, part by part, and which parts are to run again instead."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hitmark.backbones.base import Site
    from hitmark.backbones.call import DenoiserCall
    from hitmark.backbones.pipeline import PipelineBackbone
    from hitmark.control import Grid

GIB = 2**30
# Elements that autograd keeps for each element of a part's input or output, where passes keep sparingly: fitted to the
# saved tensors of six U-Nets of 2 to 90 million parameters; `scripts/measure_memory.py` repeats it.
PER_RESIDUAL_INPUT = 1.3
PER_RESIDUAL_OUTPUT = 4.2
PER_SPATIAL = 15.5
PER_TEMPORAL = 25.5
PER_TRANSFORMER = 1.5
"""Of a transformer, beside its two blocks."""
PER_LAST = 5.0
"""Of the transformer within which the pass ends."""
PER_BLOCK_INPUT = 34.0
"""The same for each channel of a token in a block of a video transformer, feed-forward layer included."""
WORK_OF_RESIDUAL, WORK_OF_SPATIAL, WORK_OF_TEMPORAL, WORK_OF_BLOCK = 24.0, 16.0, 28.0, 28.0
"""Multiplications for each pixel and pair of channels that running a part once more takes."""

BETWEEN = 0.06
"""Share of everything that is kept between the parts, whatever of them runs again."""


@dataclass(frozen=True)
class Part:
    """A part of a network in one pass with gradients.

    Attributes:
        module: that can run again; None: it cannot.
        kept: elements that autograd keeps of it.
        given: elements of its input, which are kept where it is to run again.
        work: multiplications of running it.
    """

    module: Any
    kept: float
    given: float = 0.0
    work: float = 1.0

    @property
    def worth(self) -> float:
        """Elements saved for each multiplication."""
        return (self.kept - self.given) / self.work


def activation_gib(backbone: PipelineBackbone, call: DenoiserCall, sites: Sequence[Site], sizes: Grid) -> float:
    """Estimate of the activations of one feature pass without checkpointing, in GiB.

    Args:
        backbone: the pipeline.
        call: for the network and its type; one clip's conditional branch is counted.
        sites: the pass ends at the last of them.
        sizes: frames, rows and columns of the latents.
    """
    return sum(part.kept for part in parts_of(backbone, call, sites, sizes)) * _bytes(backbone, call) / GIB


def parts_to_repeat(
    backbone: PipelineBackbone, call: DenoiserCall, sites: Sequence[Site], sizes: Grid, budget: float | None
) -> list[Any]:
    """The modules that are to run again in the backward pass, so that activations stay within `budget` GiB.

    Those that save most for the time they take come first, and no more of them than are needed; all where that is not
    enough. Arguments otherwise as `activation_gib`; a budget of None has no limit.
    """
    if budget is None:
        return []
    parts = parts_of(backbone, call, sites, sizes)
    kept, largest, chosen = sum(part.kept for part in parts), 0.0, []
    limit = budget * GIB / _bytes(backbone, call)
    if kept > limit:
        limit -= BETWEEN * kept
    for part in sorted((part for part in parts if part.module is not None), key=lambda part: -part.worth):
        if kept + largest <= limit:
            break
        chosen.append(part.module)
        kept, largest = kept - part.kept + part.given, max(largest, part.kept)  # one of them at a time is back
    return chosen


def parts_of(backbone: PipelineBackbone, call: DenoiserCall, sites: Sequence[Site], sizes: Grid) -> list[Part]:
    """The parts of a pass, in running order; the one in which it ends cannot run again."""
    network = call.module
    if hasattr(network, "down_blocks"):
        return list(_of_unet(network, sites[-1].block, sizes))
    tokens = math.prod(-(-side // cells) for side, cells in zip(sizes, backbone.geometry.patch, strict=True))
    blocks = [site for site in backbone.sites(network) if site.scope == "video"]
    place = next(number for number, site in enumerate(blocks) if site.name == sites[-1].name)
    config = network.config
    inner = getattr(config, "model_dim", None) or config.num_attention_heads * config.attention_head_dim
    given = tokens * inner
    return [Part(site.block, given * PER_BLOCK_INPUT, given, given * inner * WORK_OF_BLOCK) for site in blocks[:place]]


def _bytes(backbone: PipelineBackbone, call: DenoiserCall) -> int:
    return call.arguments[backbone.family.argument].dtype.itemsize


def _of_unet(network: Any, last: Any, sizes: Grid) -> Iterator[Part]:
    frames, height, width = sizes
    for level, block in _blocks(network):
        pixels = frames * math.ceil(height / 2**level) * math.ceil(width / 2**level)
        transformers = list(getattr(block, "attentions", []))
        early = len(block.resnets) - len(transformers)  # the middle block begins with one more
        for place, residual in enumerate(block.resnets):
            yield _residual(residual, pixels)
            if place < early or not transformers:
                continue
            transformer = transformers[place - early]
            if transformer is last:
                yield Part(None, pixels * transformer.in_channels * PER_LAST)
                return
            yield from _transformer(transformer, pixels)


def _residual(module: Any, pixels: int) -> Part:
    convolutions = getattr(module, "spatial_res_block", module)
    inputs, outputs = convolutions.in_channels, convolutions.out_channels
    kept = pixels * (PER_RESIDUAL_INPUT * inputs + PER_RESIDUAL_OUTPUT * outputs)
    return Part(module, kept, pixels * inputs, pixels * WORK_OF_RESIDUAL * outputs * (inputs + outputs) / 2)


def _transformer(module: Any, pixels: int) -> Iterator[Part]:
    width = module.in_channels
    given = pixels * width
    yield Part(None, given * PER_TRANSFORMER)
    for kind, kept, work in (
        ("transformer_blocks", PER_SPATIAL, WORK_OF_SPATIAL),
        ("temporal_transformer_blocks", PER_TEMPORAL, WORK_OF_TEMPORAL),
    ):
        for block in getattr(module, kind, []):
            yield Part(block, given * kept, given, given * width * work)


def _blocks(network: Any) -> Iterator[tuple[int, Any]]:
    """(number of halvings, block) of the U-Net in running order."""
    levels = len(network.down_blocks)
    yield from enumerate(network.down_blocks)
    yield levels - 1, network.mid_block
    for index, block in enumerate(network.up_blocks):
        yield levels - 1 - index, block
