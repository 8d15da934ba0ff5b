"""After a clip that was made with gradients nothing of its passes is left in memory, whatever holds whatever."""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch

from hitmark.hooks import attach
from hitmark.methods.sg_i2v import SGI2V

from . import families, pipelines


def u_net() -> Callable[[], Any]:
    pipe = pipelines.make()

    def clip() -> None:
        with attach(pipe, pipelines.SCENE, SGI2V(start=0, stop=1)):
            pipelines.run(pipe)

    return clip


def transformer(name: str, budget: float | None = None) -> Callable[[], Any]:
    def clip() -> None:
        control = SGI2V(start=0, stop=1, learning_rate=0.002, memory_budget=budget)
        with attach(families.pipeline(name), families.wanted(name), control):
            families.run(name)

    return clip


def tensors() -> int:
    gc.collect()
    return sum(type(each) is torch.Tensor for each in gc.get_objects())


@pytest.mark.parametrize(
    "make",
    [
        u_net,
        partial(transformer, "wan ti2v image"),
        partial(transformer, "wan ti2v image", 0.0),
        partial(transformer, "cogvideox image"),
        partial(transformer, "ltx image"),
    ],
    ids=["svd", "wan", "wan, parts run again", "cogvideox", "ltx"],
)
def test_a_second_clip_leaves_no_tensor(make: Callable[[], Callable[[], Any]]) -> None:
    """Autograd holds tensors where no garbage collection looks: a tensor that holds itself stays for ever."""
    clip = make()
    clip()
    before = tensors()
    clip()
    assert tensors() == before
