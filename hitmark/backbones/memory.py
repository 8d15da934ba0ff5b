"""What a feature pass keeps for its backward pass, and gradient checkpointing switched on for one pass only."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from torch import nn

if TYPE_CHECKING:
    from hitmark.backbones.call import DenoiserCall
    from hitmark.backbones.capture import Site

GIB = 2**30
# Elements that autograd keeps for each element of a layer's input or output: fitted to the saved tensors of six
# U-Nets of 2 to 90 million parameters on diffusers 0.42.1, within 1 %; `scripts/measure_memory.py` repeats it.
PER_RESIDUAL_INPUT = 2.8
PER_RESIDUAL_OUTPUT = 10.8
PER_TRANSFORMER_INPUT = 56.2

FLAGS = ("gradient_checkpointing", "_gradient_checkpointing_func")
MISSING: Any = object()


def activation_gib(network: nn.Module, call: DenoiserCall, sites: Sequence[Site]) -> float:
    """Estimate of the activations of one feature pass without checkpointing, in GiB.

    Args:
        network: a `UNetSpatioTemporalConditionModel`.
        call: for the latents' size and the dtype; one clip's conditional branch is counted.
        sites: the pass ends at the last of them.
    """
    kept = 0.0
    for level, block in _blocks(network, sites[-1].picture):
        pixels = math.ceil(call.height / 2**level) * math.ceil(call.width / 2**level)
        for residual in block.resnets:
            convolutions = residual.spatial_res_block
            kept += pixels * PER_RESIDUAL_INPUT * convolutions.in_channels
            kept += pixels * PER_RESIDUAL_OUTPUT * convolutions.out_channels
        for transformer in getattr(block, "attentions", []):
            if transformer is sites[-1].picture:
                break
            kept += pixels * PER_TRANSFORMER_INPUT * transformer.in_channels
    return kept * call.frames * call.dtype.itemsize / GIB


def _blocks(network: Any, last: nn.Module) -> Iterator[tuple[int, Any]]:
    """(number of halvings, block) of the U-Net in running order, up to the block that holds `last`."""
    levels = len(network.down_blocks)
    yield from enumerate(network.down_blocks)
    yield levels - 1, network.mid_block
    for index, block in enumerate(network.up_blocks):
        yield levels - 1 - index, block
        if any(transformer is last for transformer in getattr(block, "attentions", [])):
            return


@contextmanager
def gradient_checkpointing(network: Any, except_for: Sequence[Any] = ()) -> Iterator[None]:
    """Switch gradient checkpointing on, apart from some modules; afterwards every module's flags are as before."""
    modules = [module for module in network.modules() if hasattr(module, FLAGS[0])]
    before = [{flag: vars(module).get(flag, MISSING) for flag in FLAGS} for module in modules]
    try:
        network.enable_gradient_checkpointing()
        for module in except_for:
            module.gradient_checkpointing = False
        yield
    finally:
        for module, flags in zip(modules, before, strict=True):
            for flag, value in flags.items():
                if value is MISSING:
                    vars(module).pop(flag, None)
                else:
                    vars(module)[flag] = value
