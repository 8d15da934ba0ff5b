"""A clip of a single frame on U-Nets that read words: its layers are coarser than the latents there too."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

from hitmark.backbones import tiny
from hitmark.hooks import attach
from hitmark.methods import build
from hitmark.methods.peekaboo import Peekaboo
from hitmark.scene.tracks import Track

from .families import PROMPT
from .test_families import Dense, Nothing

PIPES = {"animatediff": tiny.tiny_animatediff, "text to video": lambda: tiny.tiny_text_to_video(channels=(32, 64))}
TRACKS = [Track("thing", "subject", "red thing", 0, np.array([[0.0, 0.0, 0.5, 0.6]]), np.array([True]))]
METHODS: dict[str, dict[str, Any]] = {
    "peekaboo": {},
    "ivg-da": {},
    "freetraj": {"parts": "spatial,temporal,cross"},
    "trailblazer": {},
    "trailblazer code": {"as_published": "code"},
}


@cache
def pipeline(name: str) -> Any:
    """The tests leave it as they found it."""
    pipe = PIPES[name]()
    pipe.set_progress_bar_config(disable=True)
    return pipe


@cache
def plain(name: str) -> torch.Tensor:
    """Its final latents with nothing attached."""
    return made(name, [])


def made(name: str, controls: Any) -> torch.Tensor:
    pipe = pipeline(name)
    call: dict[str, Any] = {"num_frames": 1, "height": 64, "width": 64, "num_inference_steps": 2}
    with attach(pipe, TRACKS, controls):
        return pipe(PROMPT, generator=torch.Generator().manual_seed(5), output_type="latent", **call).frames


@pytest.mark.parametrize("name", PIPES)
def test_its_masks_are_a_dense_mask(name: str) -> None:
    got, dense, still = (made(name, each) for each in (Peekaboo(1, "paper"), Dense(1, "paper"), Nothing()))
    assert float((got - dense).abs().max()) < 1e-4 * float(dense.std())
    assert float((got - still).abs().max()) > 1e-2 * float(dense.std())


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", PIPES)
def test_each_method_acts(name: str, method: str) -> None:
    got = made(name, build(method.removesuffix(" code"), METHODS[method]))
    assert torch.isfinite(got).all()
    assert not torch.equal(got, plain(name))
