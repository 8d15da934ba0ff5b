"""A pipeline that computes with its own latents after the network has them edited too, or says that it cannot."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from hitmark.backbones.base import Site
from hitmark.backbones.families.ltx import LTX
from hitmark.backbones.pipeline import PipelineBackbone
from hitmark.backbones.tiny import tiny_ltx
from hitmark.errors import HitmarkError
from hitmark.hooks.clock import StepClock
from hitmark.hooks.layers import AttentionClock, ControlledLayer
from hitmark.hooks.levels import Levels

HELD, SIZES = (1, 8, 8), (2, 2, 2)


def _begun(held: torch.Tensor) -> StepClock:
    pipe = tiny_ltx()
    clock = StepClock(PipelineBackbone(pipe, replace(LTX, hold_edited=True)), Levels(pipe.scheduler))
    clock.begin(held, SIZES)
    return clock


def _call(clock: StepClock, latents: torch.Tensor) -> Any:
    return clock.backbone.bind(clock.backbone.network, (), {"hidden_states": latents}, None, 1)


def test_edited_latents_are_written_into_those_of_the_pipeline() -> None:
    held = torch.randn(HELD, generator=torch.Generator().manual_seed(0))
    before, clock = held.clone(), _begun(held)
    seen = clock.first_call(_call(clock, held))
    clock.edit(seen + 1)
    assert torch.equal(held, before + 1)
    assert torch.equal(seen, clock.backbone.canonical(before, SIZES))  # what a control was given stays what it was


def test_latents_that_a_callback_replaced_cannot_be_written_to() -> None:
    clock = _begun(torch.zeros(HELD))
    seen = clock.first_call(_call(clock, torch.ones(HELD)))
    assert seen.mean() == 1
    with pytest.raises(HitmarkError, match=r"step 1: a callback put other latents.*copy_"):
        clock.edit(seen + 1)


@pytest.mark.parametrize("skipped", [torch.tensor(True), torch.tensor(False), None])
def test_a_layer_that_guidance_keeps_from_attending_is_left_alone(skipped: torch.Tensor | None) -> None:
    class ActsError(Exception):
        pass

    class Clock(AttentionClock):
        @property
        def sizes(self) -> Any:
            raise ActsError

        @sizes.setter
        def sizes(self, value: Any) -> None:
            pass

    backbone = PipelineBackbone(tiny_ltx(), LTX)
    site: Site = backbone.sites(backbone.network)[0]
    clock: Any = Clock()
    clock.steps, clock.branches = [object()], (object(),)
    layer = ControlledLayer(site, backbone, clock, backbone.network)
    hidden = torch.zeros(1, 8, 32)
    if skipped:
        assert layer(lambda *_a, **_k: "own", hidden, all_perturbed=skipped) == "own"
    else:
        with pytest.raises(ActsError):
            layer(lambda *_a, **_k: "own", hidden, all_perturbed=skipped)
