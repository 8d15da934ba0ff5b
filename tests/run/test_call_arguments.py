"""Arguments of a pipeline's call that say how many steps there are."""

from __future__ import annotations

from typing import Any

import pytest

from hitmark.backbones.catalog import MODELS
from hitmark.errors import HitmarkError
from hitmark.run.plan import plan
from hitmark.scene.schema import Scene

LEVELS = [1000, 900.5, 0.03]


def planned(model: str, **options: Any) -> Any:
    return plan(Scene(model=model, prompt="a cat on grass"), **options)


def test_a_schedule_says_how_many_steps_there_are() -> None:
    name = "ltx-video-0.9.8-13b-distilled"
    assert planned(name).steps == planned(name, steps=8).steps == 8
    assert planned(name, call={"timesteps": LEVELS}).steps == len(LEVELS)
    with pytest.raises(HitmarkError, match=r"steps: .*timesteps for 8 steps, got 3; leave the steps out"):
        planned(name, steps=3)
    assert planned("ltx-video-0.9.5", steps=3).steps == 3


def test_cards_with_a_schedule_name_its_number_of_steps() -> None:
    scheduled = {name: card for name, card in MODELS.items() if {"sigmas", "timesteps"} & set(card.call)}
    assert {"ltx-2.3-distilled"} < set(scheduled)
    for name, card in scheduled.items():
        assert planned(name).steps == card.steps
        levels = card.call.get("sigmas") or card.call["timesteps"]
        assert levels == sorted(levels, reverse=True)
