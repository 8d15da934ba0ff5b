"""Values of knobs written as text: one grammar for `--set`, `--knob` and the rows of a plan."""

from __future__ import annotations

import json
from typing import Any

from hitmark.errors import HitmarkError
from hitmark.methods import METHODS, described_knobs


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


def _text_knobs() -> set[str]:
    """Names of the knobs that take text, and no number."""
    return {
        name for method in METHODS for name, knob in described_knobs(method).items() if knob.kind in ("text", "choice")
    }


def _no_constant(word: str) -> Any:
    raise HitmarkError(f"expected a finite number, got {word}; write a number")
