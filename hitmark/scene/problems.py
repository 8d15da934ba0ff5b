"""What is wrong with a scene, in words: one message with file, field, expectation and fix for a pydantic error."""

from __future__ import annotations

import difflib
import re
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from hitmark.errors import HitmarkError

SHOWN = 5  # problems listed in one message; the rest are counted


class SceneError(HitmarkError):
    """A scene, its file, or the picture it names cannot be used as it is."""


class FieldError(ValueError):
    """Raised inside a validator; `where` leads from the validated object to the field that is wrong."""

    def __init__(self, message: str, *where: str | int) -> None:
        super().__init__(message)
        self.where = where


def shorten(value: object, limit: int = 80) -> str:
    """Return `repr(value)`, cut to `limit` characters."""
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # deep nesting; integers beyond the digit limit
        return f"a {type(value).__name__} too large to show"
    return text if len(text) <= limit else text[: limit - 3] + "..."


def scene_error(error: ValidationError, model: type[BaseModel], source: str) -> SceneError:
    """Gather all problems of a pydantic error in one `SceneError`; `source` is the file (or what stands for it)."""
    problems = [_describe(problem, model) for problem in error.errors(include_url=False)]
    lines = problems[:SHOWN]
    if len(problems) > SHOWN:
        lines.append(f"... and {len(problems) - SHOWN} more")
    if len(lines) == 1:
        return SceneError(f"{source}: {lines[0]}")
    return SceneError("\n  ".join([f"{source}: {len(problems)} problems", *lines]))


def _describe(problem: ErrorDetails, model: type[BaseModel]) -> str:
    """One problem as `field: expected ..., got ...; fix`."""
    location = tuple(problem["loc"])
    cause = problem.get("ctx", {}).get("error")
    if isinstance(cause, FieldError):
        return f"{_path(location + cause.where)}: {cause}"
    if problem["type"] == "json_invalid":
        return f"not valid JSON: {problem['msg'].removeprefix('Invalid JSON: ')}; correct the file there"
    owner, meaning = _declaration(location, model)
    if problem["type"] == "extra_forbidden" and owner is not None:
        return f"{_path(location)}: unknown field; {_nearest(str(location[-1]), owner)}"
    if problem["type"] == "missing":
        return f"{_path(location)}: required, but missing; add it" + (f" ({meaning})" if meaning else "")
    expectation = _expectation(problem["msg"])
    return f"{_path(location)}: {expectation}, got {shorten(problem['input'])}" + (f" ({meaning})" if meaning else "")


def _expectation(message: str) -> str:
    """Pydantic's sentence in the wording of our own errors."""
    message = re.sub(r"^Input should be (?=(greater|less) than)", "expected a value ", message)
    message = re.sub(r"^Input should be ", "expected ", message).replace(" after validation", "")
    return message[:1].lower() + message[1:]


def _path(location: tuple[str | int, ...]) -> str:
    """Write ("subjects", 0, "name") as `subjects[0].name`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return text.lstrip(".") or "the scene"


def _declaration(location: tuple[str | int, ...], model: type[BaseModel]) -> tuple[type[BaseModel] | None, str]:
    """The model that owns the located field, and what that field's declaration says it means."""
    owner: type[BaseModel] | None = model
    meaning = ""
    for position, part in enumerate(location):
        if isinstance(part, int) or owner is None:
            continue
        field = owner.model_fields.get(part)
        if field is None:
            return owner if position == len(location) - 1 else None, meaning
        meaning = field.description or ""
        if position < len(location) - 1:
            owner = _inner_model(field.annotation)
    return owner, meaning


def _inner_model(annotation: object) -> type[BaseModel] | None:
    """The model inside `Model`, `list[Model]` or `Model | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _inner_model(part))), None)


def _nearest(name: str, owner: type[BaseModel]) -> str:
    """Suggest the field that was probably meant, and list all that exist."""
    fields = list(owner.model_fields)
    close = difflib.get_close_matches(name, fields, n=1)
    suggestion = f"did you mean `{close[0]}`? " if close else "remove it; "
    return f"{suggestion}the fields here are {', '.join(fields)}"
