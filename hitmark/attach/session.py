"""Wraps, hooks and the step clock of one pipeline."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from hitmark.attach.attention import AttentionClock, ControlledProcessor
from hitmark.attach.estimator import Estimator
from hitmark.attach.guards import (
    Wanted,
    attribute,
    check_gradients_possible,
    check_not_compiled,
    check_not_compiled_inside,
    check_scene,
    chosen_controls,
    frozen,
    tracks_per_clip,
    uncompiled,
    warn_of_other_size,
)
from hitmark.attach.levels import Levels, check_history
from hitmark.backbones import backbone_for
from hitmark.control import Control, Layers, Layout, SelfAttention, Step
from hitmark.errors import HitmarkError
from hitmark.method_fit import check_acting_points
from hitmark.prompt import Prompt

MARK = "_hitmark_session"


@contextmanager
def attach(pipe: Any, scene: Wanted, controls: Control | Sequence[Control]) -> Iterator[Session]:
    """Let controls act on every call of a stock diffusers pipeline inside the `with` block.

    Args:
        pipe: a pipeline with an adapter in `hitmark.backbones`, on its device, in its dtype, with its scheduler.
        scene: a Scene or a list of Tracks; or a list of either, one for each clip of a batch.
        controls: one Control, or several, acting in the order given; none leaves the pipeline alone.

    Yields:
        The session; `session.controls` are the controls.

    Raises:
        HitmarkError: a pipeline, scheduler or state in which the controls cannot act. Raised before anything runs, or
            before the first denoising step where it depends on the call (frames, batch, size).
    """
    chosen = chosen_controls(controls)
    session = Session(pipe, scene, chosen)
    with ExitStack() as stack:
        if chosen:
            session.install(stack)
        yield session


class Session:
    """One pipeline with controls on it."""

    def __init__(self, pipe: Any, scene: Wanted, controls: tuple[Control, ...]) -> None:
        for control in controls:
            if not isinstance(control, Control):
                raise HitmarkError(f"controls must be Control objects, e.g. build('sg-i2v'), but got {control!r}.")
        check_scene(scene)
        self.backbone = backbone_for(pipe)
        self.pipe = pipe
        self.scene = scene
        self.controls = controls
        self.scheduler = pipe.scheduler
        self.denoiser = self.backbone.denoiser
        self._levels: Levels
        self._scale: Callable[..., Tensor]  # the scheduler's own scale_model_input
        self._shown: Tensor | None = None  # what the scheduler scaled last; None once the denoiser has taken it
        self._edited: Tensor | None = None  # latents for this step, float32
        self._layouts: list[Layout] = []
        self._steps: list[Step] = []
        self._prompts: list[Prompt] | None = None
        self._clock = AttentionClock(self._those_with("attention"))

    def install(self, stack: ExitStack) -> None:
        """Wrap and hook; undone when the stack closes."""
        network = self.backbone.network
        check_gradients_possible(network)
        check_not_compiled_inside(network)
        self._levels = Levels(self.scheduler)
        check_history(self.scheduler, self.controls)
        check_acting_points(
            self.controls,
            type(self.pipe).__name__,
            reads_words=bool(self.backbone.attention_layers()),
            shows_features=self.backbone.shows_self_attention,
        )
        for marked in (self.scheduler, self.denoiser, network):
            if MARK in vars(marked):
                raise HitmarkError(
                    "This pipeline, or its scheduler or denoiser, already has controls attached. Leave the other "
                    "`with attach(...)` block first, or attach all controls at once: attach(pipe, scene, [a, b])."
                )
        for marked in {id(each): each for each in (self.scheduler, self.denoiser, network)}.values():
            stack.enter_context(attribute(marked, MARK, self))
        self._scale = self.scheduler.scale_model_input
        for owner, name, wrapper in (
            (self.scheduler, "scale_model_input", self._scale_model_input),
            (self.scheduler, "step", self._step),
            (self.pipe, "prepare_latents", self._prepare_latents),
            (self.pipe, "encode_prompt", self._encode_prompt),
        ):
            if hasattr(owner, name):
                stack.enter_context(attribute(owner, name, partial(wrapper, getattr(owner, name))))
        self._intercept_denoiser(stack)
        if self._clock.controls:
            check_not_compiled(self.denoiser)
            for layer in self.backbone.attention_layers():
                processor = ControlledProcessor(layer, layer.attention.processor, self._clock)
                stack.enter_context(attribute(layer.attention, "processor", processor))

    def _encode_prompt(self, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Remember which words the clips are of."""
        self._prompts = self.backbone.prompts(args, kwargs)
        return original(*args, **kwargs)

    def _intercept_denoiser(self, stack: ExitStack) -> None:
        compiled = vars(self.denoiser).get("_compiled_call_impl")
        if compiled is None:
            hook = self.denoiser.register_forward_pre_hook(self._before_denoiser, with_kwargs=True)
            stack.callback(hook.remove)
            return

        # module.compile() would trace a hook into its graph, so the controls stand in front of the compiled call
        def call(*args: Any, **kwargs: Any) -> Any:
            changed = self._before_denoiser(self.denoiser, args, kwargs)
            return compiled(*args, **kwargs) if changed is None else compiled(*changed[0], **changed[1])

        stack.enter_context(attribute(self.denoiser, "_compiled_call_impl", call))

    def _prepare_latents(self, original: Callable[..., Tensor], *args: Any, **kwargs: Any) -> Tensor:
        """Before the loop: check what depends on this call, then edit the start noise."""
        if self.pipe.scheduler is not self.scheduler or self.backbone.denoiser is not self.denoiser:
            raise HitmarkError(
                "The pipeline's scheduler or denoiser was replaced inside the `with attach(...)` block; the controls "
                "hang on the old one. Replace it before the block."
            )
        check_gradients_possible(self.backbone.network)
        self._shown = self._edited = None
        latents = original(*args, **kwargs)
        batch, frames, _channels, height, width = self.backbone.frames_first(latents).shape
        tracks = tracks_per_clip(self.scene, batch, frames)
        warn_of_other_size(self.scene, height * self.backbone.factor, width * self.backbone.factor)
        prompts = self._prompts or [None] * batch
        self._layouts = [
            Layout(frames, height, width, self.backbone.factor, clip, prompt)
            for clip, prompt in zip(tracks, prompts, strict=True)
        ]
        for control in self.controls:
            self.backbone.check_layers(getattr(control, "layers", None))
            for layout in self._layouts:
                control.check(layout)
        return self._with_initial_noise(latents, self.backbone.generators(args, kwargs, batch))

    def _with_initial_noise(self, latents: Tensor, generators: list[torch.Generator | None]) -> Tensor:
        controls = self._those_with("initial_noise")
        if not controls:
            return latents
        scale = float(self.scheduler.init_noise_sigma)
        clips = []
        given = self.backbone.frames_first(latents).split(1)
        for clip, layout, generator in zip(given, self._layouts, generators, strict=True):
            noise = clip.float() / scale
            for control in controls:
                noise = control.initial_noise(noise, layout, generator)
            clips.append(noise * scale)
        return self.backbone.as_in_pipeline(torch.cat(clips)).to(latents.dtype)

    def _scale_model_input(self, original: Callable[..., Tensor], sample: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        self._shown = sample
        return original(sample, *args, **kwargs)

    def _before_denoiser(self, _module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Edit the latents of this step; returns the changed call, or None to leave it exactly as it is."""
        if self._shown is None:  # a call from within a control, not one of the loop
            return None
        call = self.backbone.bind(args, kwargs, len(self._layouts))
        latents, self._shown = self.backbone.frames_first(self._shown[-call.batch :]), None
        self._steps = [self._step_of(call, clip) for clip in range(call.batch)]
        before = latents.float()
        edited = self._edit("latents", before)
        self._clock.steps, self._clock.conditional = self._steps, call.conditional
        if edited is before:
            return None
        self._edited = edited
        scaled = self._scale(edited.to(latents.dtype), call.arguments["timestep"])
        return (), self.backbone.with_latents(call, scaled)

    def _step(
        self, original: Callable[..., Any], output: Tensor, timestep: Any, sample: Tensor, *args: Any, **kwargs: Any
    ) -> Any:
        if self._shown is not None:
            raise HitmarkError(
                "The denoiser ran past the controls. Expected the pipeline to call the denoiser it had when the "
                "controls were attached; do not replace or compile it inside the `with attach(...)` block."
            )
        self._clock.clear()
        if self._edited is not None:
            sample, self._edited = self.backbone.as_at_step(self._edited), None
            self._levels.forget()
        if self._those_with("prediction"):
            level = self._levels[self._steps[0].index]
            estimate = self._levels.clean(output.float(), sample.float(), level)
            clean = self.backbone.frames_first_at_step(estimate, self._layouts[0].frames)
            edited = self._edit("prediction", clean)
            if edited is not clean:
                output = self._levels.output(self.backbone.as_at_step(edited), sample.float(), level).to(output.dtype)
        return original(output, timestep, sample, *args, **kwargs)

    def _edit(self, point: str, values: Tensor) -> Tensor:
        """Let the controls edit each clip by itself; the very same tensor when none of them changed anything."""
        before = values.split(1)
        after = list(before)
        with frozen(self.backbone.network), uncompiled(self.backbone.network):
            for clip, step in enumerate(self._steps):
                for control in self._those_with(point):
                    after[clip] = getattr(control, point)(after[clip], step)
        same = all(new is old for new, old in zip(after, before, strict=True))
        return values if same else torch.cat(after).detach()

    def _step_of(self, call: Any, clip: int) -> Step:
        timestep = call.arguments["timestep"]
        index = self._levels.index(timestep)
        level = self._levels[index]

        def read(latents: Tensor, layers: Layers = None, **options: Any) -> list[SelfAttention]:
            backbone: Any = self.backbone
            return backbone.self_attention(call, clip, self._scale(latents, timestep), layers, **options)

        count, half = len(self.scheduler.timesteps), call.dtype == torch.float16
        reader = read if self.backbone.shows_self_attention else None
        estimator = Estimator(self.backbone, self.scheduler, self._clock, call, clip, self._layouts[clip])
        return Step(index, count, level.alpha, level.sigma, self._layouts[clip], half, reader, estimator)

    def _those_with(self, point: str) -> list[Control]:
        return [control for control in self.controls if control.implements(point)]
