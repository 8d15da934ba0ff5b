"""Knobs as data: a field says its range, help and values to try, and one check reads it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args, get_type_hints

import pytest

from hitmark.control import Control, knob, knobs_of
from hitmark.errors import HitmarkError
from hitmark.methods import METHODS

CONTROLS = [control for controls in METHODS.values() for control in controls]


@dataclass(frozen=True)
class Everything(Control):
    """Has a knob of every kind."""

    method: ClassVar[str] = "everything"

    count: int = knob(2, low=0, high=10, help="How many.")
    share: float | None = knob(0.5, low=0, high=1, optional=True, help="How much.", more="None = all.")
    whole: bool = knob(True, help="Whether at all.")
    pool: Literal["frame", "clip"] = knob("clip", choices=("frame", "clip"), help="Over what.")
    kinds: str = knob("one", some_of=("one", "two"), help="Of which kinds.")
    layers: Any = knob(None, optional=True, example="2.1,2.2", help="Where.")
    name: str = knob("a", help="What it is called.")
    plain: int = 7


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"count": 2.0}, "count must be a whole number from 0 to 10, but got 2.0."),
        ({"count": True}, "count must be a whole number from 0 to 10, but got True."),
        ({"count": None}, "count must be a whole number from 0 to 10, but got None."),
        ({"share": float("nan")}, "share must be a number from 0 to 1, but got nan."),
        ({"share": "half"}, "share must be a number from 0 to 1, but got 'half'."),
        ({"whole": 1}, "whole must be true or false, but got 1."),
        ({"pool": ["clip"]}, "pool must be 'frame' or 'clip', but got ['clip']."),
        ({"kinds": "one, three"}, "kinds must be some of one, two, but got 'one, three'."),
        ({"kinds": 1}, "kinds must be some of one, two, but got 1."),
        ({"layers": [2.1]}, 'layers must be text such as "2.1,2.2" or a list of text, not [2.1].'),
        ({"name": ["a"]}, "name must be text, not ['a']."),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_what_may_be(values: dict[str, Any], told: str) -> None:
    with pytest.raises(HitmarkError) as raised:
        Everything(**values)
    assert str(raised.value) == f"everything: {told}"


def test_values_that_fit_are_taken_as_they_are() -> None:
    values = {"count": 0, "share": None, "whole": False, "pool": "frame", "kinds": "two , one", "layers": ["a", "b"]}
    made = Everything(**values)
    assert {name: getattr(made, name) for name in values} == values
    assert Everything(plain="anything").plain == "anything", "a field that is no knob is not looked at"


def test_help_shows_the_knobs_of_a_class() -> None:
    told = (Everything.__doc__ or "").splitlines()
    assert told[:3] == ["Has a knob of every kind.", "", "Attributes:"]
    assert "    share: How much. None = all." in told


def test_a_method_without_a_name_is_called_as_its_class() -> None:
    @dataclass(frozen=True)
    class Mine(Control):
        """One."""

        steps: int = knob(1, low=1, high=3, help="Number of steps.")

    with pytest.raises(HitmarkError, match=r"^Mine: steps must be"):
        Mine(steps=4)


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.method)
def test_every_field_of_a_method_is_a_knob_that_says_what_its_type_says(control: Control) -> None:
    described, types = knobs_of(control), get_type_hints(type(control))
    assert list(described) == [field.name for field in dataclasses.fields(control)]
    for name, each in described.items():
        parts = set(get_args(types[name])) or {types[name]}
        assert each.optional is (type(None) in parts), name
        if each.kind in ("int", "float"):
            assert parts - {type(None)} == {{"int": int, "float": float}[each.kind]}, name
        elif each.kind == "choice":
            assert parts in ({str}, set(each.choices)), name
        else:
            assert str in parts, name


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.method)
def test_what_is_tried_and_the_ends_of_a_range_fit(control: Control) -> None:
    for name, each in knobs_of(control).items():
        for value in (*each.grid, *(() if each.low is None else (each.low, each.high))):
            each.check(control.method, name, value)
