"""Motion adapters that have nothing in the middle block, as v1-5 and v1-5-3: what is left to act, and what is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from hitmark.backbones import tiny
from hitmark.errors import HitmarkError
from hitmark.hooks import attach
from hitmark.methods import build
from hitmark.run.fit import check_fit
from hitmark.run.plan import plan

from .families import PROMPT, SCENE
from .test_animatediff import run

TIME_ALONE = {"spatial_steps": 0, "temporal_steps": 5}


def made(middle: bool) -> Any:
    pipe = tiny.tiny_animatediff(middle=middle)
    pipe.set_progress_bar_config(disable=True)
    return pipe


@pytest.mark.parametrize("middle", [True, False])
def test_temporal_attention_of_trailblazer_acts_or_says_why_not(middle: bool, tmp_path: Path) -> None:
    """On a pipeline, and of a folder before its weights are loaded."""
    pipe = made(middle)
    plain = run(pipe)
    pipe.save_pretrained(tmp_path)
    scene = SCENE.replace(prompt=PROMPT, model=str(tmp_path), method={"name": "trailblazer", "knobs": TIME_ALONE})
    if middle:
        check_fit(plan(scene))
        with attach(pipe, SCENE, build("trailblazer", TIME_ALONE)):
            assert not torch.equal(run(pipe), plain)
        return
    told = r"^temporal_steps: .* has none there.*spatial_steps=5"
    with pytest.raises(HitmarkError, match=told):
        check_fit(plan(scene))
    with pytest.raises(HitmarkError, match=told), attach(pipe, SCENE, build("trailblazer", TIME_ALONE)):
        pass
    with attach(pipe, SCENE, build("trailblazer")):
        assert not torch.equal(run(pipe), plain)


@pytest.mark.parametrize("middle", [True, False])
def test_what_is_refined_is_what_is_edited(middle: bool) -> None:
    """Mask normalization corrects no attention to words, which is all that TrailBlazer edits there."""
    pipe, controls = made(middle), build("trailblazer+mask-normalization")
    if middle:
        with attach(pipe, SCENE, controls):
            run(pipe)
        return
    told = "mask-normalization would change nothing.* edits cross attention alone"
    with pytest.raises(HitmarkError, match=told), attach(pipe, SCENE, controls):
        pass


def test_free_noise_cannot_be_switched_off_there_and_what_to_do_is_told() -> None:
    """As of diffusers 0.42, which looks for motion modules in every block."""
    pipe = made(middle=False)
    plain = run(pipe)
    pipe.enable_free_noise(4, 2)
    with pytest.raises(AttributeError):
        pipe.disable_free_noise()
    with pytest.raises(HitmarkError, match="load the pipeline again"), attach(pipe, SCENE, build("peekaboo")):
        pass
    assert torch.equal(run(made(middle=False)), plain)
