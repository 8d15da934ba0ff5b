"""Denoisers that are compiled, in both ways: their controls act, and not a bit is left behind.

In one file, so that one process alone loads the compiler.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch

from hitmark.hooks import attach
from hitmark.methods import build

from .pipelines import SCENE, TEXT, make, run


@pytest.fixture(autouse=True)
def anew() -> None:
    """What was compiled in another test counts in none."""
    torch.compiler.reset()


HOW = pytest.mark.parametrize("how", ["torch.compile", "module.compile"])


def compile_denoiser(pipe: Any, how: str) -> None:
    if how == "torch.compile":
        pipe.unet = torch.compile(pipe.unet, backend="eager")
    else:
        pipe.unet.compile(backend="eager")


@HOW
def test_compiled_denoisers(how: str) -> None:
    """Levels of one width: each shape of a layer is compiled anew."""
    compiled = make(channels=(32, 32))
    with attach(compiled, SCENE, build("sg-i2v", {"iterations": 2})):
        want = run(compiled)
    compile_denoiser(compiled, how)
    before = run(compiled)
    with attach(compiled, SCENE, build("sg-i2v", {"iterations": 2})):
        got = run(compiled)
    assert torch.allclose(got, want, atol=1e-4 * want.std().item())
    assert torch.equal(run(compiled), before)


@HOW
def test_controls_of_attention_act_in_compiled_denoisers(how: str) -> None:
    """One level: what is compiled costs by the number of different layers, and the middle one has attention."""
    compiled = make(TEXT, channels=(32,))
    plain = run(compiled)
    with attach(compiled, SCENE, build("peekaboo")):
        want = run(compiled)
    assert not torch.allclose(want, plain, atol=1e-2 * want.std().item())
    compile_denoiser(compiled, how)
    with attach(compiled, SCENE, build("peekaboo")):
        assert torch.allclose(run(compiled), want, atol=1e-4 * want.std().item())
