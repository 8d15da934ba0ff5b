"""Values of knobs written as text: one grammar for `--set`, `--knob` and the rows of a plan."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, Literal, get_args, get_origin, get_type_hints

from hitmark.errors import HitmarkError
from hitmark.methods import METHODS


def read_value(text: str) -> Any:
    """Return JSON as what it says (0.3, true, null, "text", [1, 2]), "none" as None, and everything else as text.

    Raises:
        HitmarkError: NaN or infinity.
    """
    try:
        return json.loads(text, parse_constant=_no_constant)
    except HitmarkError:
        raise
    except (ValueError, RecursionError):
        return None if text.strip().lower() == "none" else text.strip()


def read_knob(name: str, text: str) -> Any:
    """As `read_value`, but a knob that takes text keeps what looks like a number: layer 1.10 is not layer 1.1."""
    value = read_value(text)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return text.strip() if is_number and name.rpartition(".")[2] in _text_knobs() else value


@cache
def _text_knobs() -> frozenset[str]:
    """Names of the knobs whose type has text in it and no number."""
    found = set()
    for controls in METHODS.values():
        for control in controls:
            hints = get_type_hints(type(control))
            for knob in control.knobs():
                kinds = _kinds(hints[knob])
                if str in kinds and not kinds & {int, float}:
                    found.add(knob)
    return frozenset(found)


def _kinds(hint: Any) -> set[Any]:
    """The plain types that a hint is a choice of."""
    if get_origin(hint) is Literal:
        return {type(value) for value in get_args(hint)}
    if get_origin(hint) in (tuple, list, dict) or not get_args(hint):
        return {hint}
    return set().union(*map(_kinds, get_args(hint)))


def _no_constant(word: str) -> Any:
    raise HitmarkError(f"expected a finite number, got {word}; write a number")
