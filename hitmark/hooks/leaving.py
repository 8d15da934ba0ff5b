"""Passes with gradients through networks whose weights leave the device as soon as they have run.

`enable_sequential_cpu_offload` and `enable_group_offload` bring the weights of a part when it runs, and take them away
after. Its backward pass needs them once more: so a part runs again then, its weights are brought, its gradient is
computed, they leave. One part at a time is there in either direction, as in a pass without gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from hitmark.hooks.sparing import kept_sparingly
from hitmark.hooks.undo import around, attribute

GROUP = "group_offloading"
"""Name of the hook by which diffusers brings and takes a group of weights."""


def weights_leave(module: nn.Module) -> bool:
    """Whether weights of this module, or of one in it, are taken away after they have run."""
    return any(getattr(each, "offload", False) for each in _aligned(module)) or bool(_grouped(module))


def parts_to_visit(parts: Sequence[nn.Module], read: Sequence[nn.Module]) -> list[nn.Module]:
    """Those of the parts of a network that `one_at_a_time` can take.

    Their weights leave, no module of `read` is in them, and no group of weights is shared with anything else.
    """
    inside = {part: set(part.modules()) for part in parts}
    chosen = [part for part in parts if weights_leave(part) and inside[part].isdisjoint(read)]
    while True:
        taken = set().union(*(inside[part] for part in chosen))
        alone = [part for part in chosen if all(taken.issuperset(hook.group.modules) for hook in _grouped(part))]
        if alone == chosen:
            return chosen
        chosen = alone


@contextmanager
def one_at_a_time(network: nn.Module, parts: Sequence[nn.Module]) -> Iterator[None]:
    """Of these parts in a pass inside of this, weights come and go in the backward pass as well; others stay.

    `parts` are of `parts_to_visit`: gradients come back through what a part is given and gives, so what is read within
    it would have none. Groups of weights that are in none of them are taken away by the next pass, not by this one.
    """
    by_turns = {id(hook.group) for part in parts for hook in _grouped(part)}
    with ExitStack() as stack:
        for hook in _grouped(network):
            if id(hook.group) not in by_turns:
                stack.enter_context(attribute(hook.group, "offload_", _stay))
        for part in parts:
            stack.enter_context(around(part, "forward", partial(_visit, part)))
        yield


@dataclass
class _Call:
    """A call of a part: `leaves` are what it is given, flat, but for the tensors at `places`, which want gradients."""

    part: nn.Module
    original: Callable[..., Any]
    leaves: list[Any]
    form: pytree.TreeSpec
    places: list[int]
    autocast: tuple[str, torch.dtype, bool]
    given: pytree.TreeSpec | None = None
    """The form of what it gave."""

    def run(self, inputs: Sequence[Tensor]) -> tuple[Any, ...]:
        """What the part gives, flat."""
        leaves = list(self.leaves)
        for place, tensor in zip(self.places, inputs, strict=True):
            leaves[place] = tensor
        args, kwargs = pytree.tree_unflatten(leaves, self.form)
        outputs, self.given = pytree.tree_flatten(self.original(*args, **kwargs))
        return tuple(outputs)


def _visit(part: nn.Module, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Around the `forward` of a part."""
    leaves, form = pytree.tree_flatten((args, kwargs))
    places = [place for place, leaf in enumerate(leaves) if isinstance(leaf, Tensor) and leaf.requires_grad]
    if not places or not torch.is_grad_enabled():
        return original(*args, **kwargs)
    inputs = [leaves[place] for place in places]
    for place in places:
        leaves[place] = None  # autograd keeps them, or has them made once more
    kind = inputs[0].device.type
    autocast = kind, torch.get_autocast_dtype(kind), torch.is_autocast_enabled(kind)
    call = _Call(part, original, leaves, form, places, autocast)
    outputs = _Visit.apply(call, *inputs)
    assert call.given is not None
    return pytree.tree_unflatten(list(outputs), call.given)


class _Visit(torch.autograd.Function):
    """A part that keeps what it is given, and is there again for its backward pass."""

    @staticmethod
    def forward(ctx: Any, call: _Call, *inputs: Tensor) -> tuple[Any, ...]:
        ctx.call = call
        ctx.save_for_backward(*inputs)
        with torch.no_grad():
            return call.run(inputs)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        call: _Call = ctx.call
        kind, precision, enabled = call.autocast
        inputs = [tensor.detach().requires_grad_() for tensor in ctx.saved_tensors]
        with (
            _brought(call.part),
            kept_sparingly(call.part),
            torch.autocast(kind, precision, enabled=enabled),
            torch.enable_grad(),
        ):
            pairs = [
                (output, gradient)
                for output, gradient in zip(call.run(inputs), gradients, strict=True)
                if gradient is not None and isinstance(output, Tensor) and output.requires_grad
            ]
            reached, given = [output for output, _ in pairs], [gradient for _, gradient in pairs]
            return None, *torch.autograd.grad(reached, inputs, given, allow_unused=True)


@contextmanager
def _brought(part: nn.Module) -> Iterator[None]:
    """The groups of weights of a part are on the device, and leave afterwards."""
    hooks = _grouped(part)
    groups = {id(hook.group): hook.group for hook in hooks}.values()
    with ExitStack() as stack:
        for hook in hooks:
            stack.enter_context(attribute(hook, "next_group", None))  # which comes in the other direction only
        for group in groups:
            stack.callback(group.offload_)
            group.onload_()
            if group.stream is not None:
                group.stream.synchronize()
        for group in groups:
            stack.enter_context(attribute(group, "offload_", _stay))
        yield


def _stay() -> None:
    """In place of taking weights away."""


def _aligned(module: nn.Module) -> Iterator[Any]:
    """The hooks of accelerate in a module."""
    return (each for part in module.modules() if (each := getattr(part, "_hf_hook", None)) is not None)


def _grouped(module: nn.Module) -> list[Any]:
    """The hooks of diffusers' groups in a module."""
    registries = (getattr(part, "_diffusers_hook", None) for part in module.modules())
    hooks = (registry.get_hook(GROUP) for registry in registries if registry is not None)
    return [hook for hook in hooks if hook is not None]
