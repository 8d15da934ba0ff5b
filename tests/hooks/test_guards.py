"""Refusals before anything runs name what can be changed: the pipeline's own attribute."""

from __future__ import annotations

import pytest
import torch

from hitmark.backbones import tiny
from hitmark.errors import HitmarkError
from hitmark.hooks import attach
from hitmark.hooks.guards import check_not_cached
from hitmark.methods import build
from tests.contract.families import SCENE


def test_a_part_that_was_compiled_is_told_with_the_network_it_is_of() -> None:
    pipe = tiny.tiny_wan("2.2", image=True)
    pipe.transformer_2.blocks[1]._orig_mod = torch.nn.Identity()
    with (
        pytest.raises(HitmarkError, match=r"\(blocks\.1\) is wrapped.*pipe\.transformer_2\.compile\(\)"),
        attach(pipe, SCENE, build("sg-i2v")),
    ):
        pass


def test_a_cache_is_told_with_the_network_it_is_of() -> None:
    network = torch.nn.Identity()
    check_not_cached(network, build("peekaboo"), "transformer_2")
    network.is_cache_enabled = True  # pyright: ignore[reportAttributeAccessIssue]
    check_not_cached(network, build("temporal-intrinsic"), "transformer_2")
    with pytest.raises(HitmarkError, match=r"Call pipe\.transformer_2\.disable_cache\(\)"):
        check_not_cached(network, build("peekaboo"), "transformer_2")
