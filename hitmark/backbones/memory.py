"""What a feature pass keeps for its backward pass, and gradient checkpointing switched on for one pass only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from torch import nn

if TYPE_CHECKING:
    from hitmark.backbones.capture import Site
    from hitmark.backbones.stable_video import DenoiserCall

FLAGS = ("gradient_checkpointing", "_gradient_checkpointing_func")
MISSING: Any = object()


def activation_gib(network: nn.Module, call: DenoiserCall, sites: Sequence[Site]) -> float:
    return 0.0


@contextmanager
def gradient_checkpointing(network: nn.Module, except_for: Sequence[nn.Module] = ()) -> Iterator[None]:
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
