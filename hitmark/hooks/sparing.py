"""What a pass with gradients need not keep until its backward pass.

Autograd keeps what every operation wants for its derivative. Some of that is made from something else that is kept as
well, by an operation that costs next to nothing: it is made once more when it is wanted. And a layer that looks at one
key gives the same whatever it is asked, so no gradient comes back through its queries. Neither changes a number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from hitmark.hooks.undo import around, attribute

Made = Callable[[], Tensor]
MADE = "hitmark_made"
CHEAP = (nn.GroupNorm, nn.SiLU)
"""Modules whose result is made once more; a convolution keeps what it is given."""
LARGE = 4096
"""Elements from which on it is worth the while."""


@contextmanager
def kept_sparingly(network: Any) -> Iterator[None]:
    """Passes of a network inside of this keep less; for passes that change no weight."""
    with ExitStack() as stack:
        stack.enter_context(without_idle_gradients(network))
        for module in network.modules():
            if isinstance(module, CHEAP):
                stack.enter_context(around(module, "forward", _noting))
        stack.enter_context(torch.autograd.graph.saved_tensors_hooks(_pack, _unpack))
        yield


@contextmanager
def running_again(modules: Sequence[Any]) -> Iterator[None]:
    """These parts of a network keep nothing but what they are given, and run once more in the backward pass.

    The pass must not end within one of them: an exception must not cross a checkpointed part.
    """
    with ExitStack() as stack:
        for module in modules:
            stack.enter_context(around(module, "forward", partial(_checkpointed, module)))
        yield


@contextmanager
def without_own_checkpoints(network: nn.Module | None) -> Iterator[None]:
    """A network's own gradient checkpointing is off, where parts of it are run again by us: one part, one way."""
    with ExitStack() as stack:
        for module in network.modules() if network is not None else ():
            if getattr(module, "gradient_checkpointing", False):
                stack.enter_context(attribute(module, "gradient_checkpointing", False))
        yield


def _checkpointed(module: Any, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    def contexts() -> tuple[Any, Any]:
        return nullcontext(), without_idle_gradients(module)

    return checkpoint(original, *args, use_reentrant=False, context_fn=contexts, **kwargs)


@contextmanager
def without_idle_gradients(network: Any) -> Iterator[None]:
    """Layers that look at one key run without gradients; also where a checkpointed part of a network runs again."""
    with ExitStack() as stack:
        for module in _readers(network):
            stack.enter_context(around(module, "forward", _of_one_key))
        yield


def _pack(tensor: Tensor) -> Tensor | Made:
    """The numbers of the tensor, or how to make them; what no operation made, as weights, itself.

    Never a result itself: it would keep the operation that keeps it, and both for ever.
    """
    node: Any = tensor.grad_fn
    if node is None:
        return tensor
    numbers = tensor.detach()
    if tensor.numel() < LARGE:
        return numbers
    if node.name() == "GeluBackward0":
        return partial(functional.gelu, node._saved_self.detach(), approximate=node._saved_approximate)
    return node.metadata.get(MADE, numbers)


def _unpack(kept: Tensor | Made) -> Tensor:
    if isinstance(kept, Tensor):
        return kept
    with torch.no_grad():
        return kept()


def _noting(original: Callable[[Tensor], Tensor], hidden: Tensor) -> Tensor:
    """Around the `forward` of a cheap module: its result says how it was made, from what is kept anyway."""
    output = original(hidden)
    before: Any = hidden.grad_fn
    after: Any = output.grad_fn  # of each, `metadata` is a dictionary that PyTorch's types call a method
    if after is not None:
        source = hidden.detach() if before is None else before.metadata.get(MADE, hidden.detach())
        after.metadata[MADE] = partial(_again, original, source)
    return output


def _again(original: Callable[[Tensor], Tensor], source: Tensor | Made) -> Tensor:
    return original(source if isinstance(source, Tensor) else source())


def _readers(network: Any) -> list[Any]:
    """Attention layers that are given what they look at, of the class that U-Nets have."""
    from diffusers.models.attention_processor import Attention

    return [module for module in network.modules() if isinstance(module, Attention) and module.is_cross_attention]


def _of_one_key(original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Around such a layer's `forward`."""
    words = kwargs.get("encoder_hidden_states", args[1] if len(args) > 1 else None)
    if not isinstance(words, Tensor) or words.shape[1] != 1 or words.requires_grad:
        return original(*args, **kwargs)
    with torch.no_grad():
        return original(*args, **kwargs)
