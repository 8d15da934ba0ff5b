"""Who holds the latents of a step: what `prepare_latents` and `scheduler.step` gave, or what the denoiser is fed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from hitmark.backbones.call import DenoiserCall
from hitmark.backbones.pipeline import PipelineBackbone
from hitmark.control import Grid
from hitmark.errors import HitmarkError
from hitmark.hooks.levels import Level, Levels


class StepClock:
    """The latents of the loop's current step, canonical: (clips, frames, channels, height, width).

    A pipeline may call its denoisers several times a step. The first call shows whether the latents that the scheduler
    gave are still those of the pipeline; if not, a callback of the user replaced them, and the call's own are taken.

    Attributes:
        index: steps done. fresh: whether the denoiser has not been called in this step yet.
        known: the latents, in the pipeline's type; None outside of a loop.
        edited: those that controls made of them, float32; None: they changed nothing.
        seen: the latents as controls saw them at the first call, with given frames as the network has them.
        calls: of each branch the last one, by its name.
        keeps_memory: whether the scheduler's memory of before an edit stays, see `Control.keeps_memory`.
    """

    def __init__(self, backbone: PipelineBackbone, levels: Levels) -> None:
        self.backbone, self.levels = backbone, levels
        self.index, self.fresh = 0, False
        self.known: Tensor | None = None
        self.edited: Tensor | None = None
        self.keeps_memory = False
        self.seen: Tensor | None = None
        self.calls: dict[str, DenoiserCall] = {}
        self.context: str | None = None
        self._held: Tensor | None = None
        self._number = 0  # of the calls of this step

    def begin(self, latents: Tensor, sizes: Grid) -> None:
        """A loop begins with these, as the pipeline holds them."""
        self.index, self.fresh, self.edited, self.calls, self._number = 0, True, None, {}, 0
        self.known, self._held = self.backbone.canonical(latents, sizes).clone(), latents  # a pipeline may write there

    def end(self) -> None:
        """No loop runs: what calls the denoiser or the scheduler now is something else, and none of ours."""
        self.known, self._held, self.fresh = None, None, False

    @property
    def runs(self) -> bool:
        """Whether the denoiser was called in a loop that is not at its end."""
        return self.known is not None and (self.index > 0 or not self.fresh)

    @property
    def latents(self) -> Tensor:
        """`known`, within a loop."""
        assert self.known is not None
        return self.known

    @property
    def level(self) -> Level:
        """Of the current step."""
        return self.levels[self.index]

    @property
    def sizes(self) -> Grid:
        """Frames, rows and columns of the latents."""
        _clips, frames, _channels, height, width = self.latents.shape
        return frames, height, width

    def branch(self) -> str | None:
        """What the coming call of a denoiser is: what `cache_context` says, or by the order of a step's calls."""
        ordered, self._number = self.backbone.branches[self._number :], self._number + 1
        return self.context or next(iter(ordered), None)

    def first_call(self, call: DenoiserCall) -> Tensor:
        """The latents of the step, float32, given frames as the network sees them, at its first call."""
        norm = self._norm()
        if not torch.equal(self.backbone.with_latents(call, self.latents, norm), self._input(call)):
            self.known = self.backbone.latents_of(call, norm, self.sizes).to(self.latents.dtype)
            self._held = None
        self.fresh, self.seen = False, self._as_seen(call)
        return self.seen

    def edit(self, edited: Tensor) -> None:
        """The controls made these of the latents; frames that are a given picture stay."""
        self.edited = self.with_given(edited)
        if not self.backbone.family.hold_edited:
            return
        if self._held is None:
            raise HitmarkError(
                f"step {self.index + 1}: a callback put other latents in the place of the pipeline's, which computes "
                "with them after the network too, and the controls' change cannot be written there. Change them in "
                'the callback without replacing them: values["latents"].copy_(...), and return {}.'
            )
        given = self.backbone.geometry.given
        held = self.backbone.canonical(self._held, self.sizes)
        self._held.copy_(self.backbone.native(torch.cat([held[:, :given], self.edited[:, given:].to(held)], dim=1)))

    def fed(self, call: DenoiserCall) -> dict[str, Any] | None:
        """The arguments of a call on the edited latents; None: it stays as it is."""
        if self.edited is None:
            return None
        latents = self.edited.to(self.latents.dtype)
        return {
            **call.arguments,
            self.backbone.family.argument: self.backbone.with_latents(call, latents, self._norm()),
        }

    def with_given(self, canonical: Tensor) -> Tensor:
        """Canonical values of this step, with the frames that are a given picture put in."""
        given = self.backbone.geometry.given
        if not given or self.seen is None:
            return canonical
        return torch.cat([self.seen[:, :given].to(canonical), canonical[:, given:]], dim=1)

    def step(self, original: Callable[..., Any], named: dict[str, Any]) -> Any:
        """Call the scheduler's `step` from the edited latents, and take what it gives."""
        current = self.latents
        if self.edited is not None:
            current = self.edited.to(current.dtype)
            named["sample"] = self.backbone.to_step(current).to(named["sample"].dtype)
            if self.index and not self.keeps_memory:
                self.levels.forget()
        result = original(**named)
        sample = result[0] if isinstance(result, tuple) else result.prev_sample
        self.known, self._held = self.backbone.from_step(sample, current).to(current.dtype), sample
        self.index, self.fresh, self.edited, self._number = self.index + 1, True, None, 0
        if self.index == len(self.levels):
            self.end()
        return result

    def repacked(self, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Around the pipeline's own method that makes its latents of what the scheduler gave."""
        self._held = original(*args, **kwargs)
        return self._held

    @contextmanager
    def in_context(self, original: Callable[..., Any], name: str, *args: Any, **kwargs: Any) -> Any:
        """Around a denoiser's `cache_context`, which says which branch is run."""
        self.context = name
        try:
            with original(name, *args, **kwargs):
                yield
        finally:
            self.context = None

    def _norm(self) -> float:
        return self.level.norm if self.backbone.family.scaled else 1.0

    def _input(self, call: DenoiserCall) -> Tensor:
        return call.arguments[self.backbone.family.argument]

    def _as_seen(self, call: DenoiserCall) -> Tensor:
        given, known = self.backbone.geometry.given, self.latents.float()
        if not given:
            return known.clone() if self.backbone.family.hold_edited else known  # what is written stays out of it
        seen = self.backbone.latents_of(call, 1.0, self.sizes).float()
        return torch.cat([seen[:, :given], known[:, given:]], dim=1)
