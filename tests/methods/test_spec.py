"""Methods as text: what is written is read again, alike wherever such a text may stand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitmark.bench.plan import BenchPlan
from hitmark.cli.flags import parse_pairs
from hitmark.errors import HitmarkError
from hitmark.methods.sg_i2v import SGI2V
from hitmark.methods.spec import MethodSpec, read_pairs
from hitmark.tune.grid import parse_grid

VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(categories=["L", "N"], include_characters=',.-"'), min_size=1)
    | st.sampled_from(["none", "None", "null", "NaN", "Infinity", "1.10", "1e5", '"', "", "true"])
    | st.lists(st.integers() | st.none())
)
NAMES = st.text(st.characters(categories=["L"]), min_size=1)


@given(st.dictionaries(NAMES, VALUES, max_size=3))
def test_what_is_written_is_read_again(knobs: dict[str, Any]) -> None:
    spec = MethodSpec("ivg-da", knobs)
    assert MethodSpec.parse(str(spec)) == spec


@pytest.mark.parametrize(
    ("pair", "value"),
    [("step_size=none", None), ("step_size=null", None), ("layers=1.10", "1.10"), ("stop=0.4", 0.4), ("kinds=a", "a")],
)
def test_one_grammar_wherever_a_knob_is_written(pair: str, value: Any) -> None:
    name, knobs = pair.partition("=")[0], read_pairs([pair])
    assert knobs == {name: value}
    assert MethodSpec.parse(f"sg-i2v {pair}").knobs == parse_pairs([pair], "--set") == knobs
    assert parse_grid([pair]) == {name: [value]}


def test_rows_of_a_plan_are_methods() -> None:
    row = "sg-i2v step_size=none layers=1.10"
    plan = BenchPlan.from_dict({"scenes": ["sprites:test:0-1"], "methods": [row]})
    assert MethodSpec.parse(plan.methods[0]).controls() == [SGI2V(step_size=None, layers="1.10")]


def test_knobs_on_top_and_all_of_them() -> None:
    spec = MethodSpec("peekaboo", {"masked_steps": 3}).having({"as_published": "paper"})
    assert (str(spec), spec.resolved()) == (
        "peekaboo masked_steps=3 as_published=paper",
        {"masked_steps": 3, "as_published": "paper", "penalty": None, "fade": 0.0, "spread": "own"}
        | {"lowest_noise": 0.0, "parts": "spatial,temporal,cross"},
    )
    assert spec.having({"masked_steps": 4}).knobs == {"masked_steps": 4, "as_published": "paper"}
    assert MethodSpec.parse("none") == MethodSpec("none")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "expected a name"),
        ("sg-i2v stop", "expected NAME=VALUE"),
        ("sg-i2v =3", "expected NAME=VALUE"),
        ("sg-i2v stop=0.4 stop=0.5", "stop is given twice"),
        ("sg-i2v stop=NaN", "stop: expected a finite number"),
    ],
)
def test_texts_that_are_none(text: str, told: str) -> None:
    with pytest.raises(HitmarkError, match=told):
        MethodSpec.parse(text)


def test_values_with_spaces_are_refused() -> None:
    with pytest.raises(HitmarkError, match="without spaces"):
        str(MethodSpec("sg-i2v", {"layers": "2.1, 2.2"}))


def test_names_are_looked_up_when_the_controls_are_made() -> None:
    with pytest.raises(HitmarkError, match="did you mean 'sg-i2v'"):
        MethodSpec.parse("sgi2v").controls()
