"""A method with its knobs as one text, "sg-i2v iterations=8 layers=1.10": one grammar for plans, presets and flags."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hitmark.control import Control
from hitmark.errors import HitmarkError
from hitmark.methods import METHODS, build, described_knobs, resolved


@dataclass(frozen=True)
class MethodSpec:
    """A method by name, or several joined with "+", and the knobs that are given.

    Attributes:
        name: as `build` takes it; it is not looked up before the controls are asked for.
        knobs: knob name -> value; those left out keep their defaults.
    """

    name: str
    knobs: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> MethodSpec:
        """Of a text such as "peekaboo masked_steps=6". Raises HitmarkError as `read_pairs` does, or for no name."""
        name, *settings = text.split() or [""]
        if not name:
            raise HitmarkError('method: expected a name, such as "peekaboo masked_steps=6", got an empty text')
        return cls(name, read_pairs(settings))

    def __str__(self) -> str:
        """The text that `parse` reads as this. Raises HitmarkError for a value with a space, which it cannot have."""
        text = " ".join([self.name, *(f"{knob}={_written(value)}" for knob, value in self.knobs.items())])
        if len(text.split()) != len(self.knobs) + 1:
            raise HitmarkError(f"knobs: expected names and values without spaces, got {text!r}")
        return text

    def having(self, knobs: Mapping[str, Any]) -> MethodSpec:
        """The same with other knobs on top."""
        return MethodSpec(self.name, {**self.knobs, **knobs})

    def controls(self) -> list[Control]:
        """What `attach` takes. Raises HitmarkError as `build`."""
        return build(self.name, self.knobs)

    def resolved(self) -> dict[str, Any]:
        """Every knob with its value, given or default. Raises HitmarkError as `build`."""
        return resolved(self.name, self.knobs)


def read_pairs(
    texts: Iterable[str], read: Callable[[str, str], Any] | None = None, example: str = "iterations=5"
) -> dict[str, Any]:
    """NAME=VALUE texts as a table.

    Args:
        texts: one pair each.
        read: the value of a name and a text; None: `read_knob`.
        example: for the message about what is no pair.

    Raises:
        HitmarkError: a text without name or "=", a name that comes twice, or a value that is no finite number.
    """
    values: dict[str, Any] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        name = name.strip()
        if not sign or not name:
            raise HitmarkError(f"expected NAME=VALUE, e.g. {example}, got {text!r}")
        if name in values:
            raise HitmarkError(f"{name} is given twice; leave one out")
        try:
            values[name] = (read or read_knob)(name, value)
        except HitmarkError as error:
            raise HitmarkError(f"{name}: {error}") from None
    return values


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


def _written(value: Any) -> str:
    """Text stands for itself, unless it would be read as something else."""
    if isinstance(value, str):
        try:
            if read_value(value) == value:
                return value
        except HitmarkError:  # it is the name of a number that is not finite
            pass
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _no_constant(word: str) -> Any:
    raise HitmarkError(f"expected a finite number, got {word}; write a number")
