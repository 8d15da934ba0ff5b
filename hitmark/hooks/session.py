"""Controls on one pipeline: what is wrapped, and who is called when."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor

from hitmark.backbones import backbone_for
from hitmark.control import POOLINGS, Control, Layout, Pooling, Step
from hitmark.control.pooling import check_pooling
from hitmark.errors import HitmarkError
from hitmark.hooks.clock import StepClock
from hitmark.hooks.encoding import Encoding
from hitmark.hooks.features import check_layouts
from hitmark.hooks.guards import (
    check_free,
    check_gradients_possible,
    check_not_cached,
    check_not_compiled_inside,
    check_pictured,
    checked_call,
    chosen_controls,
)
from hitmark.hooks.layers import AttentionClock, control_layers
from hitmark.hooks.levels import Levels, check_history, sign_of_output
from hitmark.hooks.looking import Looking
from hitmark.hooks.modular import calls_seen
from hitmark.hooks.references import Signals, check_reference, with_references
from hitmark.hooks.start import LateStart, with_initial_noise
from hitmark.hooks.texts import other_texts
from hitmark.hooks.tracks import Wanted, check_scene, layouts_of
from hitmark.hooks.undo import around, attribute, before_call, frozen, uncompiled
from hitmark.method_fit import check_acting_points


@contextmanager
def attach(
    pipe: Any,
    scene: Wanted,
    controls: Control | Sequence[Any],
    *,
    pooling: Pooling = "mid",
    reference: Signals = None,
) -> Iterator[Session]:
    """Let controls act on every call of a diffusers pipeline inside the `with` block.

    Args:
        pipe: a stock pipeline with a row in `hitmark.backbones.families`, or a modular one of Wan or MiniMax-H3, with
            its components.
        scene: a Scene or a list of Tracks; or a list of either, one for each clip of a batch.
        controls: one Control, or several (in lists, nested as you like), acting in the order given; none leaves the
            pipeline alone.
        pooling: where one latent frame stands for several frames of the video: whose box it has, "first", "last" or
            "mid"; or "any": a cell belongs to a subject that covers it in any of them.

        reference: a crude video of what is wanted, for methods that need one; or a list with one for each clip.

    Yields:
        The session; `session.controls` are the controls.

    Raises:
        HitmarkError: a pipeline, scheduler or state in which the controls cannot act. Raised before anything runs, or
            before the first denoising step where it depends on the call (frames, batch, size).
    """
    check_pooling(pooling, POOLINGS)
    session = Session(pipe, scene, chosen_controls(controls), pooling, reference)
    with ExitStack() as stack:
        if session.controls:
            session.install(stack)
        yield session


class Session:
    """One pipeline with controls on it."""

    def __init__(
        self, pipe: Any, scene: Wanted, controls: tuple[Control, ...], pooling: Pooling, reference: Signals
    ) -> None:
        check_scene(scene)
        self.backbone = backbone_for(pipe)
        self.pipe, self.scene, self.controls = pipe, scene, controls
        self.pooling: Pooling = pooling
        self.reference, self.scheduler = reference, pipe.scheduler
        self.denoisers = self.backbone.denoisers()
        self._clock: StepClock
        self._layouts: list[Layout] = []
        self._steps: list[Step] = []
        self._encoding = Encoding(self.backbone)
        self._looking: Looking
        self._late: LateStart
        self._inside = False  # of a control: what it runs is not of the loop
        self._attention = AttentionClock([control for control in controls if control.edits_attention])

    def install(self, stack: ExitStack) -> None:
        """Wrap and hook; undone when the stack closes."""
        self._check()
        pipe = self.backbone.pipe
        changes: list[tuple[Any, str, Callable[..., Any]]] = [
            (self.scheduler, "step", self._step),
            (self.scheduler, "set_timesteps", self._late),
            (pipe, "prepare_latents", self._prepare_latents),
            (pipe, "check_inputs", self._check_inputs),
            (pipe, "encode_prompt", self._encoding),
            (pipe, self.backbone.family.repacks, self._clock.repacked),
            *((pipe, name, checked_call(self.backbone, name)) for name in self.backbone.family.checks),
            *((each, "cache_context", self._clock.in_context) for each in self.backbone.networks()),
        ]
        for owner, name, change in changes:
            if hasattr(owner, name):
                stack.enter_context(around(owner, name, change))
        for denoiser in {id(each): each for each in self.denoisers}.values():  # one network may be both experts
            stack.enter_context(before_call(denoiser, self._before_denoiser))
            if self._attention.controls:
                control_layers(denoiser, self.backbone, self._attention, stack)
        stack.enter_context(calls_seen(self.backbone, self.controls, self._looking))

    def _check(self) -> None:
        levels = Levels(self.scheduler)
        check_history(self.scheduler, self.controls)
        check_acting_points(self.controls, type(self.pipe).__name__, self.backbone.abilities)
        check_reference(self.controls, self.reference, self.backbone)
        check_free([self.scheduler, *self.denoisers, *self.backbone.networks()])
        reads = any(hasattr(control, "layers") for control in self.controls)
        for name, network in self.backbone.named_networks().items():
            check_gradients_possible(network)
            if reads:
                check_not_compiled_inside(network, name)
        self._clock = StepClock(self.backbone, levels)
        self._late = LateStart(levels, self.controls, self.pipe, self._end_of_stopped)
        self._clock.keeps_memory = all(control.keeps_memory for control in self._those_with("latents"))
        self._looking = Looking(self._clock, self._attention)

    def _check_inputs(self, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """A call begins; what one before it left unfinished, or was encoded by hand, is no part of it."""
        self._looking.end()
        self._encoding.begin(args, kwargs)
        self._late.due = True
        return original(*args, **kwargs)

    def _end_of_stopped(self) -> None:
        """New timesteps are set: a loop that runs was stopped, and another pipeline has the scheduler now."""
        if self._clock.runs:
            self._looking.end()

    def _prepare_latents(self, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Before the loop: check what depends on this call, then edit the start noise."""
        replaced = any(one is not other for one, other in zip(self.backbone.denoisers(), self.denoisers, strict=False))
        if self.pipe.scheduler is not self.scheduler or replaced:
            raise HitmarkError(
                "The pipeline's scheduler or denoiser was replaced inside the `with attach(...)` block; the controls "
                "hang on the old one. Replace it before the block."
            )
        for name, network in self.backbone.named_networks().items():
            check_gradients_possible(network)
            check_not_cached(network, self.controls, name)
        self.backbone.begin(args, kwargs)
        check_pictured(self.controls, self.backbone)
        prepared = original(*args, **kwargs)
        latents = prepared[0] if isinstance(prepared, tuple) else prepared
        if latents.ndim == 3:
            sizes = self.backbone.sizes(args, kwargs)
        else:
            _clips, frames, _channels, height, width = self.backbone.canonical(latents, (1, 1, 1)).shape
            sizes = frames, height, width
        self._looking.encoded, self._attention.sizes = self._encoding.taken(), sizes
        prompts, shape = self.backbone.prompts_of(self._encoding.prompts, args, kwargs), (len(latents), sizes)
        self._layouts = layouts_of(self.scene, prompts, shape, self.backbone, self.pooling)
        generators = self.backbone.generators(args, kwargs, len(latents))
        if self.reference is not None:
            self._layouts = with_references(self._layouts, self.reference, self.backbone, latents, generators)
        check_layouts(self.backbone, self.controls, self._layouts)
        self._attention.texts = other_texts(self.backbone, self.controls, self._layouts, self._encoding.how)
        latents = with_initial_noise(latents, self.controls, self._layouts, generators, self.backbone, sizes)
        self._clock.begin(latents, sizes)
        return (latents, *prepared[1:]) if isinstance(prepared, tuple) else latents

    def _before_denoiser(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Edit the latents of this step; returns the changed call, or None to leave it exactly as it is."""
        clock = self._clock
        if self._inside or clock.known is None:
            return None
        call = self.backbone.bind(module, args, kwargs, clock.branch(), len(self._layouts))
        for branch in call.branches:
            clock.calls[branch.name] = call
        if clock.fresh:
            before = clock.first_call(call)
            self._steps = [self._looking.step(call, clip, self._layouts[clip]) for clip in range(call.clips)]
            edited = self._edit("latents", before)
            if edited is not before:
                clock.edit(edited)
        self._attention.set(self._steps, call.branches)
        arguments = clock.fed(call)
        return None if arguments is None else ((), arguments)

    def _step(self, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        clock = self._clock
        if clock.known is None:
            return original(*args, **kwargs)
        if clock.fresh:
            raise HitmarkError(
                "The denoiser ran past the controls. Expected the pipeline to call the denoiser it had when the "
                "controls were attached; do not replace or compile it inside the `with attach(...)` block."
            )
        self._attention.clear()
        named = dict(inspect.signature(original).bind(*args, **kwargs).arguments)
        named |= named.pop("kwargs", {})
        if self._those_with("prediction"):
            self._predict(named)
        return clock.step(original, self._late.step_arguments(named, clock.index))

    def _predict(self, named: dict[str, Any]) -> None:
        """Let the controls edit the clean estimate that the network's output stands for."""
        clock, levels, backbone = self._clock, self._clock.levels, self.backbone
        current = clock.latents if clock.edited is None else clock.edited
        sample = backbone.to_step(current.to(clock.latents.dtype)).float()
        output, sign = named["model_output"], sign_of_output(named)
        said = backbone.from_step(levels.clean(sign * output.float(), sample, clock.level), current.float())
        clean, given = clock.with_given(said), backbone.geometry.given
        edited = self._edit("prediction", clean)
        if edited is not clean:
            # frames that are given in part are denoised too, as the network said
            edited = backbone.to_step(torch.cat([said[:, :given], edited[:, given:]], dim=1))
            named["model_output"] = (sign * levels.output(edited, sample, clock.level)).to(output.dtype)

    def _edit(self, point: str, values: Tensor) -> Tensor:
        """Let the controls edit each clip by itself; the very same tensor when none of them changed anything."""
        controls = self._those_with(point)
        if not controls:
            return values
        before = values.split(1)
        after = list(before)
        with ExitStack() as stack:
            for network in self.backbone.networks():
                stack.enter_context(frozen(network))
                stack.enter_context(uncompiled(network))
            stack.enter_context(attribute(self, "_inside", True))
            for clip, step in enumerate(self._steps):
                for control in controls:
                    after[clip] = getattr(control, point)(after[clip], step)
        same = all(new is old for new, old in zip(after, before, strict=True))
        return values if same else torch.cat(after).detach()

    def _those_with(self, point: str) -> list[Control]:
        return [control for control in self.controls if control.implements(point)]
