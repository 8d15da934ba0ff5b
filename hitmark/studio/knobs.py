"""The knobs of the methods as data for a page: what each field of a method says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hitmark.methods import described_knobs, resolved


def knobs_of(method: str, defaults: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every knob of a method: name, help, more, type, low, high, choices, default, optional (may be null).

    `defaults`: those of a model, on top of the method's own.
    """
    values = resolved(method) | dict(defaults)
    return [
        {
            "name": name,
            "help": knob.help,
            "more": " ".join(filter(None, (knob.help, knob.more))),
            "type": knob.kind,
            "low": knob.low,
            "high": knob.high,
            "choices": list(knob.choices) or None,
            "default": list(values[name]) if isinstance(values[name], tuple) else values[name],
            "optional": knob.optional,
        }
        for name, knob in described_knobs(method).items()
    ]
