"""The knobs of a method as data: each field says its default, range, help and the values worth trying.

Checks, the studio, `hitmark tune`, texts such as "iterations=8" and `help()` of a method's class read the same fields.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from hitmark.errors import HitmarkError

Kind = Literal["int", "float", "bool", "choice", "text"]
KNOB = "hitmark knob"
"""Key of a `Knob` in the metadata of a field."""


@dataclass(frozen=True)
class Knob:
    """What a field of a method says of itself, beside its default.

    Attributes:
        kind: of its values.
        help: one sentence, for a person who chooses a value.
        more: what else there is to say.
        low, high: ends of the range of a number.
        optional: whether None is a value, too.
        choices: the values of a choice.
        some_of: words of which a text has some, joined with commas.
        example: of a text that may also be a list of texts.
        grid: values that `hitmark tune` tries unless told otherwise; empty: it leaves this knob alone.
        fast: the value of the preset "fast"; None: that preset leaves this knob alone.
    """

    kind: Kind
    help: str
    more: str = ""
    low: float | None = None
    high: float | None = None
    optional: bool = False
    choices: tuple[str, ...] = ()
    some_of: tuple[str, ...] = ()
    example: str = ""
    grid: tuple[Any, ...] = ()
    fast: Any = None

    def check(self, owner: str, name: str, value: Any) -> None:
        """Raise HitmarkError with the knob's name, what it may be and what came, unless `value` fits."""
        if value is None and self.optional:
            return
        if self.kind in ("int", "float"):
            _check_number(f"{owner}: {name}", value, self.low, self.high, whole=self.kind == "int")
        elif self.kind == "choice" and not (isinstance(value, str) and value in self.choices):
            listed = " or ".join(map(repr, self.choices))
            raise HitmarkError(f"{owner}: {name} must be {listed}, but got {value!r}.")
        elif self.kind == "bool" and not isinstance(value, bool):
            raise HitmarkError(f"{owner}: {name} must be true or false, but got {value!r}.")
        elif self.some_of and not (isinstance(value, str) and set(listed_in(value)) <= set(self.some_of)):
            raise HitmarkError(f"{owner}: {name} must be some of {', '.join(self.some_of)}, but got {value!r}.")
        elif self.kind == "text" and not (isinstance(value, str) or (self.example and _all_text(value))):
            wanted = f'text such as "{self.example}" or a list of text' if self.example else "text"
            raise HitmarkError(f"{owner}: {name} must be {wanted}, not {value!r}.")


def knob(
    default: Any,
    *,
    help: str,
    more: str = "",
    low: float | None = None,
    high: float | None = None,
    optional: bool = False,
    choices: Sequence[str] = (),
    some_of: Sequence[str] = (),
    example: str = "",
    grid: Sequence[Any] = (),
    fast: Any = None,
) -> Any:
    """A field of a `Control`, see `Knob`. A whole number as the default means that only whole numbers fit."""
    kind: Kind = "text"
    if choices:
        kind = "choice"
    elif isinstance(default, bool):
        kind = "bool"
    elif low is not None or high is not None:
        kind = "int" if isinstance(default, int) else "float"
    described = Knob(
        kind, help, more, low, high, optional, tuple(choices), tuple(some_of), example, tuple(grid), fast
    )  # fmt: skip
    return dataclasses.field(default=default, metadata={KNOB: described})


def knobs_of(owner: Any) -> dict[str, Knob]:
    """Knob name -> what is said of it, of a method or its class; other fields are left out."""
    fields = dataclasses.fields(owner) if dataclasses.is_dataclass(owner) else ()
    return {field.name: field.metadata[KNOB] for field in fields if KNOB in field.metadata}


def listed_in(text: str) -> list[str]:
    """The words of a text that are joined with commas."""
    return [word.strip() for word in text.split(",") if word.strip()]


def documented(docstring: str | None, attributes: Mapping[str, Any]) -> str | None:
    """A class's docstring with its knobs, for `help()`; None where there is none, as under `python -OO`."""
    fields = {name: each.metadata[KNOB] for name, each in attributes.items() if isinstance(each, dataclasses.Field)
              and KNOB in each.metadata}  # fmt: skip
    if docstring is None or not fields:
        return docstring
    entries = [f"    {name}: {' '.join(filter(None, (each.help, each.more)))}" for name, each in fields.items()]
    return "\n".join([inspect.cleandoc(docstring), "", "Attributes:", *entries])


def _check_number(name: str, value: Any, low: float | None, high: float | None, *, whole: bool) -> None:
    kind = int if whole else (int, float)
    low, high = -float("inf") if low is None else low, float("inf") if high is None else high
    if isinstance(value, bool) or not isinstance(value, kind) or not low <= value <= high:
        what = "a whole number" if whole else "a number"
        raise HitmarkError(f"{name} must be {what} from {low:g} to {high:g}, but got {value!r}.")


def _all_text(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)
