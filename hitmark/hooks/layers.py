"""Puts controls around the attention layers of a network: its `forward`, on this one object, while attached."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from hitmark.backbones.base import Backbone, Site
from hitmark.backbones.call import rows_of
from hitmark.backbones.pipeline import uncompiled_module
from hitmark.control import AttentionCall, AttentionSite, Branch, Control, Grid, LayerCall, Proceed, Step
from hitmark.hooks.intercept import Attend, as_mask, detached_module, projected, run_seen
from hitmark.hooks.one_sequence import is_whole, video_of, whole_of, whole_places
from hitmark.hooks.rotary import placed
from hitmark.hooks.texts import OtherTexts
from hitmark.hooks.undo import around


@dataclass
class AttentionClock:
    """What the layers must know of the denoiser's current call; `steps` is empty outside of the loop's calls."""

    controls: Sequence[Control] = ()
    steps: Sequence[Step] = ()
    branches: tuple[Branch, ...] = ()
    sizes: Grid = (1, 1, 1)
    texts: OtherTexts | None = None

    def set(self, steps: Sequence[Step], branches: tuple[Branch, ...]) -> None:
        """For one call of the denoiser. Nothing may be run inside of it, so the steps lose what runs it."""
        self.steps = [replace(step, reader=None, estimator=None) for step in steps]
        self.branches = branches

    def clear(self) -> None:
        """Between the loop's calls of the denoiser."""
        self.steps, self.branches = (), ()


@dataclass
class ControlledLayer:
    """What stands around the `forward` of one attention module."""

    site: Site
    backbone: Backbone
    clock: AttentionClock
    network: Any
    parameters: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.parameters = tuple(inspect.signature(type(self.site.module).forward).parameters)[1:]

    def __call__(self, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """As the module's `forward`."""
        steps, branches = self.clock.steps, self.clock.branches
        if not steps:
            return original(*args, **kwargs)
        named = dict(zip(self.parameters, args, strict=False)) | kwargs
        if named.get("all_perturbed") is not None and bool(named["all_perturbed"]):
            return original(*args, **kwargs)  # a branch of guidance in which this layer attends to nothing
        site = self._site(named, len(steps) * len(branches))
        acting = [_acting(self.clock.controls, site, step) for step in steps]
        if not any(acting):
            return original(*args, **kwargs)
        if len(steps) == 1:
            return self._of_clip(original, named, site, acting[0], steps[0])
        outputs = []
        for clip, step in enumerate(steps):
            call = _of_one(named, clip, len(steps), len(branches))
            outputs.append(self._of_clip(original, call, site, acting[clip], step))
        return _joined(outputs, len(branches))

    def _site(self, named: dict[str, Any], groups: int) -> AttentionSite:
        hidden, words = named["hidden_states"], named.get("encoder_hidden_states")
        text = words.shape[1] if words is not None and self.site.scope == "video" else 0
        rows = hidden.shape[0] // groups
        return self.backbone.attention_site(self.site, rows, hidden.shape[1], text, self.clock.sizes)

    def _of_clip(
        self,
        original: Callable[..., Any],
        named: dict[str, Any],
        site: AttentionSite,
        acting: list[Control],
        step: Step,
    ) -> Any:
        """The layer's output for one clip, with the controls around it in their order."""
        branches, rest = self.clock.branches, []
        whole, hidden, others = is_whole(named, site), named["hidden_states"], []
        if whole:
            hidden, others = video_of(hidden, site)
        edits = [control for control in acting if control.implements("attention")]

        def run(call: LayerCall, edits: Sequence[Control]) -> Tensor:
            arguments = self._arguments(named, call, others)
            plain, asked = partial(original, **arguments), None
            if call.asking is not None:
                asking = arguments | {"hidden_states": _among(call.asking.flatten(0, 1), others)}
                asked = projected(partial(original, **asking), self.site.module, site.name, self.site.attention)[0]
            output = self._edited(plain, site, edits, step, asked) if edits or asked is not None else plain()
            video, rest[:] = video_of(output, site) if whole else _video_and_text(output)
            return video.unflatten(0, (len(branches), -1))

        def untouched(call: LayerCall) -> Tensor:
            kept = list(rest)
            output = run(call, ())
            rest[:] = kept
            return output

        blank = partial(_blank, self.site.norm, hidden) if self.site.norm is not None else None
        call = LayerCall(site, hidden.unflatten(0, (len(branches), -1)), branches, untouched, blank)
        layers = [control for control in acting if control.implements("attention_layer")]
        video = _chained(layers, step, partial(run, edits=edits))(call).flatten(0, 1).to(hidden.dtype)
        if whole:
            return whole_of(video, rest)
        return (video, *rest) if rest else video

    def _arguments(self, named: dict[str, Any], call: LayerCall, others: list[Tensor]) -> dict[str, Any]:
        """The module's, as the call wants them; `others`: what stands around the video's tokens, see `video_of`."""
        arguments = named | {"hidden_states": _among(call.tokens.flatten(0, 1), others)}
        if call.text is not None and self.clock.texts is not None:
            arguments |= self.clock.texts.arguments(self.network, call.text, named, self.clock.branches)
        if call.places is not None:
            places = whole_places(call.places, call.site) if others else call.places
            arguments |= placed(named, places, call.site.name)
        return arguments

    def _edited(
        self, run: Callable[[], Any], site: AttentionSite, edits: Sequence[Control], step: Step, asked: Tensor | None
    ) -> Any:
        """Run the module with its attention handed to the controls, and with other queries where some are given."""
        branches = self.clock.branches

        def edit(
            number: int, queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None, attend: Attend
        ) -> Tensor:
            if number != self.site.attention:
                return attend(queries, keys, values)

            queries = queries if asked is None else asked

            def whole(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
                flat = attend(queries.flatten(0, 1), keys.flatten(0, 1), values.flatten(0, 1))
                return flat.unflatten(0, (len(branches), -1))

            own, other, worth = (each.unflatten(0, (len(branches), -1)) for each in (queries, keys, values))
            call = AttentionCall(site, own, other, worth, branches, whole, as_mask(mask))
            return _attended(edits, step, call).flatten(0, 1).to(queries.dtype)

        return run_seen(run, self.site.module, self.site.name, edit)


def control_layers(denoiser: Any, backbone: Backbone, clock: AttentionClock, stack: ExitStack) -> None:
    """Put controls around each attention module of a denoiser; torch.compile leaves what stands there alone."""
    network = uncompiled_module(denoiser)
    compiled = network is not denoiser or any(
        hasattr(module, "_orig_mod") or vars(module).get("_compiled_call_impl") is not None
        for module in network.modules()
    )
    for site in backbone.sites(network):
        layer: Any = ControlledLayer(site, backbone, clock, network)
        change = detached_module(layer.__call__) if compiled else layer
        stack.enter_context(around(site.module, "forward", change))


def _acting(controls: Sequence[Control], site: AttentionSite, step: Step) -> list[Control]:
    """Those that change this layer at this step; one that refines only where there is something to refine."""
    chosen: list[Control] = []
    for control in controls:
        if (chosen or not control.refines) and control.attends(site, step):
            chosen.append(control)
    return chosen


def _chained(controls: Sequence[Control], step: Step, plain: Proceed) -> Proceed:
    """The controls in their order, each around those before it."""
    run = plain
    for control in controls:
        run = partial(_around, control, step, run)
    return run


def _around(control: Control, step: Step, inner: Proceed, call: LayerCall) -> Tensor:
    return control.attention_layer(call, step, inner)


def _attended(controls: Sequence[Control], step: Step, call: AttentionCall) -> Tensor:
    """The controls' `attention` in their order, each with those before it as what it may run."""
    attend = call.attend
    for control in controls:
        attend = partial(_attended_by, control, step, call, attend)
    return attend(call.queries, call.keys, call.values)


def _attended_by(
    control: Control, step: Step, call: AttentionCall, inner: Attend, queries: Tensor, keys: Tensor, values: Tensor
) -> Tensor:
    return control.attention(replace(call, queries=queries, keys=keys, values=values, attend=inner), step)


def _among(video: Tensor, others: list[Tensor]) -> Tensor:
    """The video's tokens, with those that stand around them in one sequence, if any."""
    return whole_of(video, others) if others else video


def _video_and_text(output: Any) -> tuple[Tensor, list[Any]]:
    """What a layer gives for the video, and for the text beside it, if any."""
    return (output[0], list(output[1:])) if isinstance(output, tuple) else (output, [])


def _blank(norm: Callable[[Tensor], Tensor], like: Tensor) -> Tensor:
    return norm(like.new_zeros(like.shape[1:]))


def _of_one(named: dict[str, Any], clip: int, clips: int, branches: int) -> dict[str, Any]:
    """The arguments of one clip: of what has a row for each of the layer's, or one for each clip and branch."""
    groups = [branch * clips + clip for branch in range(branches)]
    total, batch = branches * clips, named["hidden_states"].shape[0]
    size = batch // total
    rows = [group * size + row for group in groups for row in range(size)]
    return {
        name: rows_of(value, rows, batch) if _length(value) == batch else rows_of(value, groups, total)
        for name, value in named.items()
    }


def _length(value: Any) -> int:
    """Of the first axis of a tensor, or of the first of some."""
    first: Any = value[0] if isinstance(value, tuple | list) and value else value
    return int(first.shape[0]) if getattr(first, "ndim", 0) else 0


def _joined(outputs: Sequence[Any], branches: int) -> Any:
    """Outputs of single clips, each (branches, rows) in its batch, as those of (branches, clips, rows)."""
    if isinstance(outputs[0], tuple):
        return tuple(_joined(part, branches) for part in zip(*outputs, strict=True))
    parts = [each.unflatten(0, (branches, -1)) for each in outputs]
    return torch.stack(parts, dim=1).flatten(0, 2)
