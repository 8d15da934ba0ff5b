"""Does a method fit a model and a scene? Asked of every job of a plan before the first of them runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hitmark.errors import HitmarkError
from hitmark.run.fit import check_fit

if TYPE_CHECKING:
    from hitmark.run.plan import Plan

SHOWN = 3
"""Scenes that an error names at most."""


class Misfits:
    """What does not fit, gathered over a plan, so that one error names all of it."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str], dict[str, list[str]]] = {}

    def look(self, row: str, dataset: str, item: str, planned: Plan, picture: bool, autocast: bool = False) -> None:
        """Keeps what is wrong with a job. `picture`: whether its scene has a first one; `autocast`: of the plan."""
        reason = misfit(planned, picture, autocast)
        if reason is not None:
            items = self._found.setdefault((row, planned.card.name, reason), {}).setdefault(dataset, [])
            items += [item] * (item not in items)

    def refuse(self) -> None:
        """Raise HitmarkError that names rows, models and scenes, unless everything fits."""
        if not self._found:
            return
        parts = []
        for (row, model, reason), places in self._found.items():
            scenes = ", ".join(f"{dataset} ({_listed(items)})" for dataset, items in places.items())
            parts.append(f"{row!r} does not fit {model} on the scenes {scenes}: {reason}")
        raise HitmarkError(
            f"methods: {'; '.join(parts)}. Leave the row out, or give it a plan of its own; `frames`, `width` and "
            "`height` of a plan stand above the scenes'."
        )


def _listed(items: list[str]) -> str:
    more = f" and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    return ", ".join(items[:SHOWN]) + more


def misfit(planned: Plan, picture: bool, autocast: bool = False) -> str | None:
    """Why a job can only fail, as far as that is known without the model's weights; None where nothing speaks against.

    The same rules as those of `attach`, by what the model's card says of its family.
    """
    card = planned.card
    if card.takes_picture and not picture:
        return "the model starts from a picture, and the scene has none"
    if autocast and not card.family.autocast:
        return "its pipeline cannot be called under autocast (set `autocast: false`; on a GPU use dtype float16)"
    try:
        check_fit(planned)
    except HitmarkError as error:
        return str(error).rstrip(".")
    return None
