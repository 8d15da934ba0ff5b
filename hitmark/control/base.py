"""The base of every method: acting points and knobs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from hitmark.control.abilities import Abilities, Needs
from hitmark.control.attention import AttentionCall, AttentionSite, LayerCall, Proceed, Scope
from hitmark.control.knobs import documented, knobs_of
from hitmark.control.layout import Layout
from hitmark.control.step import Step

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class Control:
    """A method: a frozen dataclass of knobs that implements one or more acting points.

    A knob is a field made with `hitmark.control.knob`; its values are checked when a method is made.

    `initial_noise`, `latents`, `prediction`, `attention` and `attention_layer` are acting points: a subclass overrides
    those it needs, and only those are called. Tensors given are float32 (in attention: the network's dtype) and must
    not be changed in place.
    """

    method: ClassVar[str] = ""
    """Its name in `METHODS`, for messages."""
    refines: ClassVar[bool] = False
    """Whether it only corrects what controls before it do to attention: it acts on the layers that one of those does.
    """
    replaces: ClassVar[bool] = False
    """Whether its `attention` never runs `call.run()` where it acts: what controls before it do there would be lost, so
    that two that edit the same kind of attention are refused."""
    needs: ClassVar[Needs] = Needs()
    watches: ClassVar[bool] = False
    """Whether it only looks, and hands on what it is given: a probe."""
    edits_every_step: ClassVar[bool] = True
    """Whether its `latents` may edit any step; False: of diffusion models only the first, before which no scheduler
    remembers anything. A flow model's first step is noise alone, so there any step may be edited in any case."""

    def __init_subclass__(cls) -> None:
        """Let `help()` show the knobs."""
        super().__init_subclass__()
        cls.__doc__ = documented(cls.__doc__, vars(cls))

    def __post_init__(self) -> None:
        """Raise HitmarkError for the first knob whose value does not fit."""
        owner = self.method or type(self).__name__
        for name, described in knobs_of(self).items():
            described.check(owner, name, getattr(self, name))

    def check(self, layout: Layout) -> None:
        """Raise HitmarkError before the first step when this method cannot serve these tracks."""

    def texts(self, layout: Layout) -> Sequence[str]:
        """Texts other than the prompt that layers are to look at (`LayerCall.text`); encoded before the first step."""
        return ()

    def initial_noise(self, noise: Tensor, layout: Layout, generator: torch.Generator | None) -> Tensor:
        """Edit the unit-variance start noise (1, frames, channels, height, width)."""
        return noise

    def first_step(self, noise_shares: Sequence[float]) -> int:
        """The step at which the loop begins, 0-based; the steps before it are not run.

        Args:
            noise_shares: of every step, falling; see `Step.noise_share`.
        """
        return 0

    def step_arguments(self, arguments: Mapping[str, Any], index: int, timesteps: Tensor) -> Mapping[str, Any]:
        """Arguments of the scheduler's `step` in place of those of the pipeline, which are given by name.

        Args:
            arguments: of the pipeline.
            index: of the step, 0-based, in the loop.
            timesteps: of all steps, with those that `first_step` leaves out.
        """
        return {}

    def latents(self, latents: Tensor, step: Step) -> Tensor:
        """Edit the noisy latents z_t (1, frames, channels, height, width) before a step."""
        return latents

    def prediction(self, clean: Tensor, step: Step) -> Tensor:
        """Edit the clean estimate x0 (1, frames, channels, height, width) of a step, after guidance."""
        return clean

    def attention(self, call: AttentionCall, step: Step) -> Tensor:
        """Run the attention of one layer: (branches, rows, heads, length, width), before its output projection.

        `call.run()` is the attention as it is, or as the controls before this one make it; where that is returned, the
        layer's output stays bit-identical. `step` has no estimator: nothing may be run inside of the denoiser.
        """
        return call.run()

    def attention_layer(self, call: LayerCall, step: Step, proceed: Proceed) -> Tensor:
        """Run one whole attention layer: (branches, rows, length, channels), what it adds to the residual.

        `proceed(call)` runs it with every edit of `attention`, and with the `attention_layer` of the controls before
        this one. In layers where words stand in the same sequence, this is about the video's tokens alone.
        """
        return proceed(call)

    def attends(self, site: AttentionSite, step: Step) -> bool:
        """Whether this control changes this layer at this step; where none does, the layer is left untouched."""
        return self.edits_attention

    def refusal(self, abilities: Abilities, model: str) -> str | None:
        """Why this method cannot act on a model family, as a sentence with what would do; None where it can."""
        return None

    def edited_scopes(self, abilities: Abilities) -> frozenset[Scope]:
        """Of the kinds of attention that a model family has, those that this control edits at some step."""
        return abilities.scopes if self.edits_attention else frozenset()

    @property
    def without_noise(self) -> str | None:
        """A setting with which it leaves the start noise to others, such as "freetraj.parts=cross"; None: it does so.

        Of two that put something of their own into it only the later would act, so they are refused together.
        """
        return None

    @property
    def keeps_memory(self) -> bool:
        """Whether a scheduler goes on with what it remembers of before an edit of `latents`, even if that undoes it."""
        return False

    @property
    def edits_attention(self) -> bool:
        """Whether it has an acting point in attention layers."""
        return self.implements("attention") or self.implements("attention_layer")

    def implements(self, point: str) -> bool:
        """Whether this method overrides the acting point of that name."""
        return getattr(type(self), point) is not getattr(Control, point)

    def knobs(self) -> dict[str, Any]:
        """Knob name -> value."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
