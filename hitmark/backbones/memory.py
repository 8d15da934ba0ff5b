"""What a feature pass keeps for its backward pass, and gradient checkpointing switched on for one pass only."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from torch import nn
from torch.utils.checkpoint import checkpoint

if TYPE_CHECKING:
    from hitmark.backbones.base import DenoiserCall, Site
    from hitmark.backbones.pipeline import PipelineBackbone
    from hitmark.control import Grid

GIB = 2**30
# Elements that autograd keeps for each element of a layer's input or output: fitted to the saved tensors of six
# U-Nets of 2 to 90 million parameters on diffusers 0.42.1, within 1 %; `scripts/measure_memory.py` repeats it.
PER_RESIDUAL_INPUT = 2.8
PER_RESIDUAL_OUTPUT = 10.8
PER_TRANSFORMER_INPUT = 56.2
PER_BLOCK_INPUT = 34.0
"""The same for each channel of a token in a block of a video transformer, feed-forward layer included."""

FLAGS = ("gradient_checkpointing", "_gradient_checkpointing_func")
MISSING: Any = object()
Surrounding = Callable[[Any], AbstractContextManager[None]]


def activation_gib(backbone: PipelineBackbone, call: DenoiserCall, sites: Sequence[Site], sizes: Grid) -> float:
    """Estimate of the activations of one feature pass without checkpointing, in GiB.

    Args:
        backbone: the pipeline.
        call: for the network and its type; one clip's conditional branch is counted.
        sites: the pass ends at the last of them.
        sizes: frames, rows and columns of the latents.
    """
    network, dtype = call.module, call.arguments[backbone.family.argument].dtype
    if hasattr(network, "down_blocks"):
        kept = _unet(network, sites[-1].block, sizes)
    else:
        tokens = math.prod(-(-side // cells) for side, cells in zip(sizes, backbone.geometry.patch, strict=True))
        blocks = [site for site in backbone.sites(network) if site.feature is not None]
        place = next(number for number, site in enumerate(blocks) if site.name == sites[-1].name)
        inner = network.config.num_attention_heads * network.config.attention_head_dim
        kept = tokens * inner * place * PER_BLOCK_INPUT
    return kept * dtype.itemsize / GIB


def _unet(network: Any, last: Any, sizes: Grid) -> float:
    frames, height, width = sizes
    kept = 0.0
    for level, block in _blocks(network, last):
        pixels = math.ceil(height / 2**level) * math.ceil(width / 2**level)
        for residual in block.resnets:
            convolutions = getattr(residual, "spatial_res_block", residual)
            kept += pixels * PER_RESIDUAL_INPUT * convolutions.in_channels
            kept += pixels * PER_RESIDUAL_OUTPUT * convolutions.out_channels
        for transformer in getattr(block, "attentions", []):
            if transformer is last:
                break
            kept += pixels * PER_TRANSFORMER_INPUT * transformer.in_channels
    return kept * frames


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
def gradient_checkpointing(network: Any, except_for: Any, again: Surrounding) -> Iterator[None]:
    """Switch gradient checkpointing on, apart from one module; afterwards every module's flags are as before.

    A network whose class does not support it is left as it is.

    Args:
        network: of diffusers.
        except_for: the module.
        again: what is around a part of the network where it runs once more, for the backward pass.
    """
    if not network._supports_gradient_checkpointing:
        yield
        return
    modules = [module for module in network.modules() if hasattr(module, FLAGS[0])]
    before = [{flag: vars(module).get(flag, MISSING) for flag in FLAGS} for module in modules]
    try:
        network.enable_gradient_checkpointing()
        for module in modules:
            module._gradient_checkpointing_func = _unless(except_for, again)
        if hasattr(except_for, FLAGS[0]):
            except_for.gradient_checkpointing = False
        yield
    finally:
        for module, flags in zip(modules, before, strict=True):
            for flag, value in flags.items():
                if value is MISSING:
                    vars(module).pop(flag, None)
                else:
                    vars(module)[flag] = value


def _unless(kept: Any, again: Surrounding) -> Any:
    """Run the one block as it is, every other checkpointed."""

    def run(block: Any, *args: Any) -> Any:
        if block is kept:
            return block(*args)
        return checkpoint(block, *args, use_reentrant=False, context_fn=lambda: (nullcontext(), again(block)))

    return run
