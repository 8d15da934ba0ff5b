"""A control that stands everywhere and changes nothing: what it makes must be what the model makes, bit for bit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from hitmark.control import AttentionCall, Control, LayerCall, Proceed, Step


@dataclass(frozen=True)
class Silent(Control):
    """Acts in every attention layer of every step, on latents and on clean estimates, and hands on what it is given."""

    method: ClassVar[str] = "silent"
    watches: ClassVar[bool] = True

    def latents(self, latents: Tensor, step: Step) -> Tensor:
        """As they are."""
        return latents

    def prediction(self, clean: Tensor, step: Step) -> Tensor:
        """As it is."""
        return clean

    def attention(self, call: AttentionCall, step: Step) -> Tensor:
        """As it is."""
        return call.run()

    def attention_layer(self, call: LayerCall, step: Step, proceed: Proceed) -> Tensor:
        """As it is."""
        return proceed(call)
