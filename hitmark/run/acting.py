"""Which methods can act on a model, each as it is by default there or as told, and why the others cannot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hitmark.errors import HitmarkError
from hitmark.method_fit import check_family
from hitmark.methods import METHODS, build
from hitmark.methods.spec import MethodSpec
from hitmark.run.presets import preset_knobs

if TYPE_CHECKING:
    from hitmark.backbones.catalog import ModelCard
    from hitmark.control import Control


@dataclass(frozen=True)
class Acting:
    """One method on one model.

    Attributes:
        spec: its name, and the knobs that are given.
        refusal: why it cannot act there, with what would do; None where it can.
    """

    spec: MethodSpec
    refusal: str | None = None

    @property
    def method(self) -> str:
        """As text."""
        return str(self.spec)

    def controls(self, card: ModelCard) -> list[Control]:
        """With the settings that the command line takes on a model. Raises HitmarkError as `build`."""
        return build(self.spec.name, preset_knobs(card, self.spec.name, self.spec.knobs))


def acting_on(card: ModelCard, methods: Sequence[str] | None = None) -> list[Acting]:
    """What each method would say to a model, with the settings that the command line takes there; no weights are
    loaded.

    Args:
        card: of the model.
        methods: texts such as "peekaboo as_published=paper"; None: every one of METHODS but "none".

    Raises:
        HitmarkError: a name or a knob that is none.
    """
    from hitmark.run.fit import check_network  # with torch

    names = [name for name in METHODS if name != "none"] if methods is None else methods
    found = []
    for name in names:
        acting = Acting(MethodSpec.parse(name))
        controls = acting.controls(card)
        try:
            check_family(controls, card)
            check_network(controls, card)
        except HitmarkError as error:
            acting = Acting(acting.spec, str(error))
        found.append(acting)
    return found
