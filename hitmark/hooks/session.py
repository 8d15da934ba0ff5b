"""Controls on one pipeline: what is wrapped, and who is called when."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor

from hitmark.backbones import backbone_for
from hitmark.backbones.pipeline import uncompiled_module
from hitmark.control import POOLINGS, Control, Layout, Pooling, Step
from hitmark.control.pooling import check_pooling
from hitmark.errors import HitmarkError
from hitmark.hooks.clock import StepClock
from hitmark.hooks.features import check_layouts
from hitmark.hooks.guards import (
    check_free,
    check_gradients_possible,
    check_not_cached,
    check_not_compiled_inside,
    checked_call,
    chosen_controls,
)
from hitmark.hooks.intercept import detached_module
from hitmark.hooks.layers import AttentionClock, ControlledLayer
from hitmark.hooks.levels import Levels, check_history
from hitmark.hooks.looking import Looking
from hitmark.hooks.references import Signals, check_reference, with_references
from hitmark.hooks.start import LateStart, with_initial_noise
from hitmark.hooks.texts import other_texts
from hitmark.hooks.tracks import Wanted, check_scene, layouts_of
from hitmark.hooks.undo import around, attribute, before_call, frozen, uncompiled
from hitmark.method_fit import check_acting_points
from hitmark.prompt import Prompt


@contextmanager
def attach(
    pipe: Any,
    scene: Wanted,
    controls: Control | Sequence[Any],
    *,
    pooling: Pooling = "mid",
    reference: Signals = None,
) -> Iterator[Session]:
    """Let controls act on every call of a stock diffusers pipeline inside the `with` block.

    Args:
        pipe: a pipeline with a row in `hitmark.backbones.families`, on its device, in its dtype, with its scheduler.
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
        self.reference = reference
        self.scheduler = pipe.scheduler
        self.denoisers = self.backbone.denoisers()
        self._clock: StepClock
        self._layouts: list[Layout] = []
        self._steps: list[Step] = []
        self._prompts: list[Prompt] | None = None
        self._encoded: list[Any] = []  # by calls of encode_prompt that no loop has followed yet
        self._encode_text: Any = None  # how the prompt was encoded
        self._looking: Looking
        self._late: LateStart
        self._inside = False  # of a control: what it runs is not of the loop
        self._attention = AttentionClock([control for control in controls if control.edits_attention])

    def install(self, stack: ExitStack) -> None:
        """Wrap and hook; undone when the stack closes."""
        self._check()
        changes: list[tuple[Any, str, Callable[..., Any]]] = [
            (self.scheduler, "step", self._step),
            *([(self.scheduler, "set_timesteps", self._late)] if self._late.acts else []),
            (self.pipe, "prepare_latents", self._prepare_latents),
            (self.pipe, "encode_prompt", self._encode_prompt),
            *((self.pipe, name, checked_call(self.backbone, name)) for name in self.backbone.family.checks),
            *((each, "cache_context", self._clock.in_context) for each in self.backbone.networks()),
        ]
        for owner, name, change in changes:
            if hasattr(owner, name):
                stack.enter_context(around(owner, name, change))
        for denoiser in self.denoisers:
            stack.enter_context(before_call(denoiser, self._before_denoiser))
            if self._attention.controls:
                self._control_layers(denoiser, stack)

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
        self._clock, self._late = StepClock(self.backbone, levels), LateStart(levels, self.controls)
        self._clock.keeps_memory = all(control.keeps_memory for control in self._those_with("latents"))
        self._looking = Looking(self._clock, self._attention)

    def _control_layers(self, denoiser: Any, stack: ExitStack) -> None:
        """Around each attention module; torch.compile leaves what stands there alone."""
        network = uncompiled_module(denoiser)
        compiled = network is not denoiser or any(
            hasattr(module, "_orig_mod") or vars(module).get("_compiled_call_impl") is not None
            for module in network.modules()
        )
        for site in self.backbone.sites(network):
            layer: Any = ControlledLayer(site, self.backbone, self._attention, network)
            change = detached_module(layer.__call__) if compiled else layer
            stack.enter_context(around(site.module, "forward", change))

    def _encode_prompt(self, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Remember which words the clips are of; a pipeline that encodes in several calls begins with the prompt."""
        encoded = original(*args, **kwargs)
        if not self._encoded:
            self._prompts, self._encode_text = self.backbone.prompts(args, kwargs), (original, (args, kwargs))
        self._encoded.append(encoded)
        return encoded

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
        prepared = original(*args, **kwargs)
        latents = prepared[0] if isinstance(prepared, tuple) else prepared
        if latents.ndim == 3:
            sizes = self.backbone.sizes(args, kwargs)
        else:
            _clips, frames, _channels, height, width = self.backbone.canonical(latents, (1, 1, 1)).shape
            sizes = frames, height, width
        self._looking.encoded, self._encoded = self._encoded, []
        self._attention.sizes = sizes
        self._layouts = layouts_of(self.scene, self._prompts, (len(latents), sizes), self.backbone, self.pooling)
        generators = self.backbone.generators(args, kwargs, len(latents))
        if self.reference is not None:
            self._layouts = with_references(self._layouts, self.reference, self.backbone, latents, generators)
        check_layouts(self.backbone, self.controls, self._layouts)
        self._attention.texts = other_texts(self.backbone, self.controls, self._layouts, self._encode_text)
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
        output = named["model_output"]
        clean = clock.with_given(backbone.from_step(levels.clean(output.float(), sample, clock.level), current.float()))
        edited = self._edit("prediction", clean)
        if edited is not clean:
            edited = backbone.to_step(clock.with_given(edited))
            named["model_output"] = levels.output(edited, sample, clock.level).to(output.dtype)

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
