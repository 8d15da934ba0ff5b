"""Which settings are tried."""

from __future__ import annotations

import pytest

from hitmark.errors import HitmarkError
from hitmark.methods import METHODS, grid_of
from hitmark.methods.spec import MethodSpec
from hitmark.tune.grid import grid_for, parse_grid, settings_of

WITH_GRID = [name for name in METHODS if grid_of(name)]


def test_values_are_read() -> None:
    assert parse_grid(
        [
            "masked_steps=2,4",
            "strength=0.5,1",
            "kinds=spatial,temporal;cross",
            "step_size=null,2",
            "layers=null;1.0;1.0,1.1",
        ]
    ) == {
        "masked_steps": [2, 4],
        "strength": [0.5, 1],
        "kinds": ["spatial,temporal", "cross"],
        "step_size": [None, 2],
        "layers": [None, "1.0", "1.0,1.1"],
    }


@pytest.mark.parametrize("texts", [["masked_steps"], ["=2"], ["masked_steps="], ["masked_steps=2,,3"], ["a=1", "a=2"]])
def test_other_texts_are_refused(texts: list[str]) -> None:
    with pytest.raises(HitmarkError, match="--knob"):
        parse_grid(texts)


@pytest.mark.parametrize("method", WITH_GRID)
def test_every_grid_is_of_knobs_that_the_method_has(method: str) -> None:
    rows = settings_of(method, {}, grid_for(method, []), {})
    assert len(rows) >= 4
    for row in rows:
        assert MethodSpec.parse(row).controls()


@pytest.mark.parametrize("method", [name for name in METHODS if name not in WITH_GRID and name != "none"])
def test_without_a_grid_the_knobs_are_listed(method: str) -> None:
    with pytest.raises(HitmarkError, match=r"--knob.*deviation=1\.0"):
        grid_for(method, [])


def test_the_grids_are_those_of_the_fields() -> None:
    assert grid_of("peekaboo") == {"masked_steps": (1, 2, 3, 4, 6, 8, 10, 12)}
    assert grid_of("ivg-da") == {"masked_steps": (2, 4, 6, 8), "strength": (0.25, 0.5, 0.75, 1.0)}
    assert grid_of("sg-i2v") == {"step_size": (0.005, 0.01, 0.02, 0.04), "stop": (0.3, 0.4, 0.5, 0.7)}
    assert set(METHODS) - set(WITH_GRID) == {"none", "mask-normalization"}


def test_none_has_nothing_to_tune() -> None:
    with pytest.raises(HitmarkError, match="no knobs"):
        grid_for("none", ["masked_steps=2"])


def test_all_combinations_once_without_the_default() -> None:
    grid = {"masked_steps": [2, 4], "strength": [0.5, 1, 1.0]}
    rows = settings_of("ivg-da", {"stop": 0.5}, grid, {"strength": 0.75})
    assert rows == [
        "ivg-da stop=0.5 masked_steps=2 strength=0.5",
        "ivg-da stop=0.5 masked_steps=2 strength=1",
        "ivg-da stop=0.5 masked_steps=4 strength=0.5",
        "ivg-da stop=0.5 masked_steps=4 strength=1",
    ]
    model = {"masked_steps": 4, "strength": 1.0}
    assert settings_of("ivg-da", {}, grid, model) == [
        "ivg-da masked_steps=2 strength=0.5",
        "ivg-da masked_steps=2 strength=1",
        "ivg-da masked_steps=4 strength=0.5",
    ]


def test_of_several_methods_the_knob_says_whose_it_is() -> None:
    rows = settings_of("peekaboo+temporal-intrinsic", {}, {"peekaboo.masked_steps": [1, 2, 3]}, {})
    assert rows == [f"peekaboo+temporal-intrinsic peekaboo.masked_steps={steps}" for steps in (1, 3)]
