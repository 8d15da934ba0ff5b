"""Runs a plan on a pipeline without values, and counts what each part of it would allocate."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch._subclasses import FakeTensorMode

from hitmark.backbones import backbone_for
from hitmark.control.step import is_within
from hitmark.errors import HitmarkError
from hitmark.hooks.features import read_features
from hitmark.hooks.tracks import layouts_of
from hitmark.hooks.undo import around
from hitmark.methods.box_features import alignment_loss, box_matches
from hitmark.methods.sg_i2v import SGI2V
from hitmark.methods.temporal_intrinsic import TemporalIntrinsic
from hitmark.run.call_arguments import SCHEDULES
from hitmark.run.ordering import order_of
from hitmark.run.rehearsal.counting import Counted, moved, tensors_of
from hitmark.run.rehearsal.estimate import Estimate, Work
from hitmark.run.rehearsal.skeleton import skeleton, weights_of
from hitmark.run.tiling import tiled

if TYPE_CHECKING:
    from PIL import Image

    from hitmark.backbones.call import DenoiserCall
    from hitmark.control import Control, Grid
    from hitmark.run.plan import Plan


class _Enough(Exception):  # noqa: N818 - not an error
    """Ends the pipeline's call."""


FINISHED, BESIDE = 39, 57 * 2**20
"""Bytes of a pixel of the finished frames, of which pipelines have copies, and what a process takes beside them: fitted
to three clips (`scripts/measure_estimates.py wan`)."""
STEPS = 2
"""Steps that are rehearsed; the others are like them."""


def rehearse(planned: Plan, picture: Image.Image | None, dtype: torch.dtype = torch.float32) -> Estimate:
    """Estimate what the clip of a plan takes, from the configuration of the model; no weights are read.

    Of methods, passes with gradients are counted, steps of a preview, and the encoding of a crude video; what
    attention masks take beside the step is not.

    Args:
        planned: as `hitmark.run.make.make` takes it.
        picture: likewise.
        dtype: of the weights.

    Raises:
        HitmarkError: no configuration on this machine, or a pipeline that cannot be run so.
    """
    fake = FakeTensorMode(allow_non_fake_inputs=True)
    rehearsal = _Rehearsal(skeleton(planned.card, dtype, fake), planned, fake)
    try:
        with tiled(rehearsal.pipe, planned.vae_tiling):
            rehearsal.run(picture)
    except HitmarkError:  # says itself what is wrong
        raise
    except (RuntimeError, NotImplementedError, TypeError, ValueError, AttributeError) as error:
        reason = str(error).strip().split("\n")[0]
        raise HitmarkError(f"memory: {planned.card.pipeline} cannot be estimated: {reason}") from error
    return rehearsal.estimate


class _Rehearsal:
    """A pipeline whose networks take and give real tensors, and compute on none."""

    def __init__(self, pipe: Any, planned: Plan, fake: FakeTensorMode) -> None:
        self.pipe, self.planned, self.fake = pipe, planned, fake
        self.backbone: Any = backbone_for(pipe)
        self.estimate = Estimate(weights_of(pipe))
        self.call: DenoiserCall | None = None
        self.known: dict[Any, tuple[Any, Counted]] = {}
        """What a part gave for tensors of some shapes, and what it took: it is not run again."""
        size = {"num_frames": planned.frames, "height": planned.height, "width": planned.width}
        self.sizes: Grid = self.backbone.sizes((), size)

    def run(self, picture: Image.Image | None) -> None:
        """Up to the first decoding, and what the methods add."""
        planned, parts = self.planned, self.estimate.parts
        with self._networks():
            with suppress(_Enough):
                order = order_of(planned, picture, lambda _index, _latents: None)
                arguments = {name: value for name, value in order.arguments.items() if name not in SCHEDULES}
                self.backbone.run(replace(order, steps=STEPS, arguments=arguments))
            if any(control.needs.reference for control in planned.controls):
                self.backbone.family.encode(self.pipe, torch.zeros(*planned.shape, 3))
        steps = parts["steps"]
        calls, steps.times = steps.times, steps.times * planned.steps // STEPS
        steps.products *= steps.times / calls
        ahead = sum(previewed(control, planned.steps) for control in planned.controls) / planned.steps
        if ahead:
            parts["preview"] = Work(steps.peak, steps.products * ahead, round(steps.times * ahead))
        for control in planned.controls:
            if isinstance(control, SGI2V) and self.call is not None:
                self._guide(control, self.call)
        parts["frames"].peak = math.prod(planned.shape) * FINISHED + BESIDE

    @contextmanager
    def _networks(self) -> Iterator[None]:
        denoisers = self.backbone.named_networks()
        with ExitStack() as stack:
            for name, part in self.pipe.components.items():
                if not isinstance(part, nn.Module):
                    continue
                changes: dict[str, Callable[..., Any]]
                if name in denoisers:
                    changes = {"forward": partial(self._step, part)}
                elif hasattr(part, "decode"):
                    changes = {"decode": self._decode, "encode": self._encode}
                else:
                    changes = {"forward": partial(self._forward, "words")}
                changes["to"] = partial(self._cast, part)
                for method, change in changes.items():
                    stack.enter_context(around(part, method, change))
            yield

    def _counted(self, part: str, run: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """What a computation gives on tensors without values."""
        args, kwargs = moved((args, kwargs), self.fake.from_tensor)
        shapes = (part, *(tensor.shape for tensor in tensors_of((args, kwargs))))
        if shapes not in self.known:
            with self.fake, Counted() as count:
                self.known[shapes] = run(*args, **kwargs), count
        result, count = self.known[shapes]
        self.estimate.parts[part].add(count)
        return result

    def _forward(self, part: str, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Gives zeros."""
        result = self._counted(part, original, *args, **kwargs)
        return moved(result, lambda tensor: torch.zeros(tensor.shape, dtype=tensor.dtype))

    def _step(self, network: Any, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self.call is None:
            self.call = self.backbone.bind(network, args, kwargs, None, 1)
        return self._forward("steps", original, *args, **kwargs)

    def _cast(self, network: nn.Module, _original: Any, *args: Any, **kwargs: Any) -> nn.Module:
        """Give a network's numbers another type, which torch's own way cannot do to those without values."""
        wanted = next((value for value in (*args, *kwargs.values()) if isinstance(value, torch.dtype)), None)
        if wanted is not None:
            for module in network.modules():
                for values in (module._parameters, module._buffers):
                    for name, value in values.items():
                        if value is not None and value.is_floating_point():
                            values[name] = self._like(value, wanted)
        return network

    def _like(self, value: Tensor, dtype: torch.dtype) -> Any:
        with self.fake, torch.no_grad():
            cast = value.to(dtype)
        return nn.Parameter(cast, requires_grad=False) if isinstance(value, nn.Parameter) else cast

    def _encode(self, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution

        result = self._counted("picture", original, *args, **kwargs)
        found = (result[0] if isinstance(result, tuple) else result.latent_dist).parameters
        made = DiagonalGaussianDistribution(torch.zeros(found.shape, dtype=found.dtype))
        return (made,) if isinstance(result, tuple) else type(result)(latent_dist=made)

    def _decode(self, original: Callable[..., Any], latents: Tensor, *args: Any, **kwargs: Any) -> Any:
        self._counted("decoding", original, latents, *args, **kwargs)
        at_once = latents.shape[2 if latents.ndim == 5 else 0]
        part = self.estimate.parts["decoding"]
        part.times = -(-self.sizes[0] // at_once)
        part.products *= self.sizes[0] / at_once
        raise _Enough

    def _guide(self, control: SGI2V, call: DenoiserCall) -> None:
        """Passes with gradients of the prompt's branch, forward and back."""
        layout = layouts_of(self.planned.tracks, None, (1, self.sizes), self.backbone, "mid")[0]
        alone = call.of_prompt(0)
        alone = replace(alone, arguments=moved(dict(alone.arguments), self.fake.from_tensor))

        def run(latents: Tensor) -> None:
            layers = read_features(
                self.backbone,
                alone,
                latents.requires_grad_(True),
                1,
                control.layers,
                first_frame_keys=control.features == "first-frame",
                memory_budget=control.memory_budget,
                positions=control.positions,
            )
            maps = [control.feature_map(layer) for layer in layers]
            loss = alignment_loss(maps, box_matches(layout), layout, control.gaussian_sigma)
            loss.backward()

        self._counted("guidance", run, self.backbone.latents_of(call.of_prompt(0), 1, self.sizes))
        part = self.estimate.parts["guidance"]
        part.times = passes_of(control, self.planned.steps)
        part.products *= part.times


def previewed(control: Control, steps: int) -> int:
    """Steps of a method's preview; of a model that starts from noise alone the last few of many may be left out."""
    return min(control.preview_steps, steps) if isinstance(control, TemporalIntrinsic) else 0


def passes_of(control: SGI2V, steps: int) -> int:
    """Passes with gradients in a clip of so many steps."""
    active = sum(is_within(index, steps, control.start, control.stop) for index in range(steps))
    return active * -(-control.iterations // control.gradient_every)
