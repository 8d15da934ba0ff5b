"""The further arguments of a pipeline's call: what a model has, and what it is given on top."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from hitmark.errors import GenerationError

if TYPE_CHECKING:
    from hitmark.backbones.catalog import ModelCard

SCHEDULES = ("sigmas", "timesteps")
"""Arguments of pipelines' calls that say all noise levels of a clip, for weights that were distilled for these."""
CALL_RANGES = {
    "decode_chunk_size": (1, 10_000),
    "fps": (1, 1000),
    "motion_bucket_id": (0, 1023),
    "noise_aug_strength": (0, 100),
}
"""Of arguments of a pipeline's call; others may be anything within a million."""


def call_arguments(card: ModelCard, given: dict[str, Any]) -> dict[str, Any]:
    """Return the card's defaults with the given values on top.

    Raises:
        GenerationError: a name that the card does not have, or a value of another kind or out of any pipeline's range.
    """
    if not isinstance(given, dict):
        raise GenerationError(f"call: expected a table of names and values, such as {{'fps': 7}}, got {given!r:.80}")
    for name, value in given.items():
        if name not in card.call:
            near = difflib.get_close_matches(name, card.call, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            listed = ", ".join(card.call) or "none"
            raise GenerationError(f"call: {card.name} takes no argument {name!r}; {hint}it has: {listed}")
        _check_kind(name, card.call[name], value)
    return dict(card.call) | given


def steps_of(card: ModelCard, call: dict[str, Any], asked: int | None) -> int:
    """Return the number of steps: that asked for, else the model's; that of a schedule which the call is given.

    Raises:
        GenerationError: another number than the schedule has.
    """
    name = next((name for name in SCHEDULES if call.get(name)), None)
    if name is None:
        return card.steps if asked is None else asked
    count = len(call[name])
    if asked not in (None, count):
        raise GenerationError(
            f"steps: {card.name} is called with {name} for {count} steps, got {asked!r}; leave the steps out, or give "
            f"other {name} (`call`, --call)"
        )
    return count


def _check_kind(name: str, usual: Any, value: Any) -> None:
    """Raise `GenerationError` for an argument of another kind than the model's own, or out of any pipeline's range."""
    low, high = CALL_RANGES.get(name, (-1e6, 1e6))
    if isinstance(usual, bool) or not isinstance(usual, (int, float)):
        fits, wanted = isinstance(value, type(usual)), type(usual).__name__
    else:
        kinds, kind = ((int,), "a whole number") if isinstance(usual, int) else ((int, float), "a number")
        fits = isinstance(value, kinds) and not isinstance(value, bool) and low <= value <= high
        wanted = f"{kind} from {low:g} to {high:g}"
    if not fits:
        raise GenerationError(f"call: {name}: expected {wanted}, such as {usual!r}, got {value!r}; correct it")
