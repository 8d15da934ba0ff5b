"""Which methods can act on a model, each as it is by default there, and why the others cannot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hitmark.errors import HitmarkError
from hitmark.method_fit import check_family
from hitmark.methods import METHODS, build
from hitmark.run.presets import preset_knobs

if TYPE_CHECKING:
    from hitmark.backbones.catalog import ModelCard


@dataclass(frozen=True)
class Acting:
    """One method on one model.

    Attributes:
        method: its name.
        refusal: why it cannot act there, with what would do; None where it can.
    """

    method: str
    refusal: str | None = None


def acting_on(card: ModelCard, methods: Sequence[str] | None = None) -> list[Acting]:
    """What each method would say to a model, with the settings that the command line takes there; nothing is loaded.

    Args:
        card: of the model.
        methods: names, also joined with "+"; None: every one of METHODS but "none".

    Raises:
        HitmarkError: a name that is none.
    """
    names = [name for name in METHODS if name != "none"] if methods is None else methods
    found = []
    for name in names:
        controls = build(name, preset_knobs(card, name, {}))
        try:
            check_family(controls, card)
        except HitmarkError as error:
            found.append(Acting(name, str(error)))
        else:
            found.append(Acting(name))
    return found
