"""Does a method fit a model and a scene? Asked of every job of a plan before the first of them runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hitmark.control import Control, Layout
from hitmark.errors import HitmarkError
from hitmark.prompt import Prompt

if TYPE_CHECKING:
    from hitmark.prepare import Plan

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
        raise HitmarkError(f"methods: {'; '.join(parts)}. Leave the row out, or give it a plan of its own.")


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
    if card.takes_picture and autocast:
        return "its pipeline cannot encode a picture under autocast (set `autocast: false`; on a GPU use dtype float16)"
    acting = _acts(planned.controls, card.takes_picture)
    return acting or _serves(planned)


def _acts(controls: list[Control], takes_picture: bool) -> str | None:
    """As `hitmark.attach.guards.check_acting_points`."""
    for place, control in enumerate(controls):
        if control.refines and not any(before.implements("attention") for before in controls[:place]):
            return f"{control.method} corrects another method's attention, and none is named before it"
        if control.implements("attention") and takes_picture:
            return f"{control.method} edits attention by the words of a prompt, which the model does not read"
        if hasattr(control, "layers") and not takes_picture:
            return f"{control.method} reads features that only image-to-video models show"
    return None


def _serves(planned: Plan) -> str | None:
    """As `Control.check`, where no tokenizer and no grid of latents is needed for the answer."""
    scene, card = planned.scene, planned.card
    subjects = [track for track in planned.tracks if track.kind == "subject"]
    if card.takes_picture and subjects:
        return None  # what is left depends on the grid: a box beside the first picture
    prompt = _AnyPhrase(scene.prompt, (), lambda words: (0,) * len(words))
    layout = Layout(
        frames=int(scene.frames or 0),
        height=int(scene.height or 0),
        width=int(scene.width or 0),
        factor=1,
        tracks=tuple(planned.tracks),
        prompt=prompt,
    )
    for control in planned.controls:
        try:
            control.check(layout)
        except HitmarkError as error:
            return str(error).rstrip(".")
    return None


class _AnyPhrase(Prompt):
    """A prompt in which every phrase is found: which words it has is the tokenizer's to say."""

    def positions(self, phrase: str) -> tuple[int, ...]:
        """As if the phrase were the first word."""
        return (1,)

    def anywhere(self, phrase: str) -> tuple[int, ...]:
        """As `positions`."""
        return (1,)
