"""The knobs of the methods as data for a page: type, range and help, read from the methods themselves."""

from __future__ import annotations

import dataclasses
import inspect
import re
import types
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from hitmark.control import Control, Layers
from hitmark.errors import HitmarkError
from hitmark.methods import METHODS

ENTRY = re.compile(r"^    (?:    )?([a-z_]+(?:, [a-z_]+)*): (.*)$")
RANGE = re.compile(r"from (\S+) to (\S+?),")
SENTENCE = re.compile(r"(?<=\.)\s(?=[A-Z])")


def knobs_of(method: str, defaults: dict[str, Any]) -> list[dict[str, Any]]:
    """Every knob of a method: name, help, more, type, low, high, choices, default, optional (may be null)."""
    return [
        _knob(control, name, defaults.get(name, value))
        for control in METHODS[method]
        for name, value in control.knobs().items()
    ]


def method_help(method: str) -> str:
    """One line on a method: the first of its docstring."""
    controls = list(METHODS[method])
    if not controls:
        return "The model as it is, without control: what it does of its own accord."
    if len(controls) > 1:
        import hitmark.methods.domain_adaptation as source

        return _capital(_first_line(source).partition(": ")[2])
    return _first_line(type(controls[0]))


def _knob(control: Control, name: str, default: Any) -> dict[str, Any]:
    annotation = get_type_hints(type(control))[name]
    kind, choices = _kind(annotation)
    low, high = _range(control, name) if kind in ("int", "float") else (None, None)
    short, more = _help(type(control)).get(name, (name, ""))
    return {
        "name": name,
        "help": short,
        "more": more,
        "type": kind,
        "low": low,
        "high": high,
        "choices": choices,
        "default": list(default) if isinstance(default, tuple) else default,
        "optional": type(None) in get_args(annotation),
    }


def _kind(annotation: Any) -> tuple[str, list[Any] | None]:
    """The page's word for a type, and what may be chosen of."""
    if annotation == Layers:
        return "text", None
    if get_origin(annotation) in (Union, types.UnionType):
        annotation = next(part for part in get_args(annotation) if part is not type(None))
    if get_origin(annotation) is Literal:
        return "choice", list(get_args(annotation))
    return {int: "int", float: "float", bool: "bool"}.get(annotation, "text"), None


def _range(control: Control, name: str) -> tuple[float | None, float | None]:
    """Lowest and highest value, as the method's own check tells them of a value that no range has."""
    try:
        dataclasses.replace(control, **{name: float("nan")})
    except HitmarkError as error:
        found = RANGE.search(str(error))
        if found:
            low, high = float(found[1]), float(found[2])
            return (int(low), int(high)) if low.is_integer() and high.is_integer() else (low, high)
    return None, None


def _help(owner: type) -> dict[str, tuple[str, str]]:
    """Knob -> first sentence and all of its entry under `Attributes:` in the class's docstring."""
    lines = inspect.getdoc(owner) or ""
    entries: dict[str, str] = {}
    names: list[str] = []
    for line in lines.partition("Attributes:")[2].splitlines():
        entry = ENTRY.match(line)
        if entry:
            names = entry[1].split(", ")
            entries |= dict.fromkeys(names, entry[2])
        elif line.strip():
            entries |= {name: f"{entries[name]} {line.strip()}" for name in names}
    return {name: (_capital(SENTENCE.split(text)[0]), _capital(text)) for name, text in entries.items()}


def _first_line(documented: Any) -> str:
    return (inspect.getdoc(documented) or "").partition("\n")[0]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
