"""Queries, keys and values where all families agree: at the call of scaled_dot_product_attention within a layer.

The stock layer runs with its own projections, norms and rotary embedding; only that one function is seen, by the means
that PyTorch has for it, in this thread and within this module alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from hitmark.errors import HitmarkError

ATTENTION = functional.scaled_dot_product_attention
ARGUMENTS = ("query", "key", "value", "attn_mask", "dropout_p", "is_causal")
"""In the order in which they may be given without a name."""

Attend = Callable[[Tensor, Tensor, Tensor], Tensor]
Edit = Callable[[int, Tensor, Tensor, Tensor, "Tensor | None", Attend], Tensor]
"""(number of the call, queries, keys, values, mask, the attention as it is) -> heads; (batch, heads, length, width)."""


class SeenAttention(TorchFunctionMode):
    """Hands every call of scaled_dot_product_attention to `edit`, within which it may be called freely."""

    def __init__(self, edit: Edit) -> None:
        super().__init__()
        self.edit, self.calls = edit, 0

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        named = kwargs or {}
        if func is not ATTENTION:
            return func(*args, **named)
        given: dict[str, Any] = dict(zip(ARGUMENTS, args, strict=False)) | named
        number, self.calls = self.calls, self.calls + 1

        def attend(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
            others: dict[str, Any] = given | {"query": queries, "key": keys, "value": values}
            return ATTENTION(**others)

        return self.edit(number, given["query"], given["key"], given["value"], given.get("attn_mask"), attend)


def run_seen(run: Callable[[], Any], module: Any, name: str, edit: Edit) -> Any:
    """Run an attention module with its attention handed to `edit`.

    Raises:
        HitmarkError: the module attended in another way, so that `edit` never saw it.
    """
    with native_attention(module), SeenAttention(edit) as seen:
        output = run()
    if not seen.calls:
        processor = type(getattr(module, "processor", None)).__name__
        raise HitmarkError(
            f"The attention of {name} ran past the controls: its processor ({processor}) does not call PyTorch's "
            "scaled_dot_product_attention. Undo what replaced it: pipe.disable_attention_slicing(), "
            "pipe.disable_xformers_memory_efficient_attention(), or give the denoiser the processors that it was "
            "loaded with; a U-Net, which set_default_attn_processor() gives others: pipe.unet.set_attn_processor("
            "AttnProcessor2_0()), of diffusers.models.attention_processor."
        )
    return output


class _Known(Exception):  # noqa: N818 - not an error
    """Ends a layer's run before its attention."""


def projected(run: Callable[[], Any], module: Any, name: str, number: int) -> tuple[Tensor, ...]:
    """Queries, keys and values (batch, heads, length, width) of a run of an attention module; nothing is attended.

    Args:
        run: calls the module.
        module: an attention module.
        name: for a message.
        number: of its calls of scaled_dot_product_attention.
    """
    found: list[Tensor] = []

    def keep(call: int, queries: Tensor, keys: Tensor, values: Tensor, _mask: Any, attend: Attend) -> Tensor:
        if call != number:
            return attend(queries, keys, values)
        found.extend((queries, keys, values))
        raise _Known

    with suppress(_Known):
        run_seen(run, module, name, keep)
    return tuple(found)


@contextmanager
def native_attention(module: Any) -> Iterator[None]:
    """PyTorch's own attention in a diffusers processor that can choose; afterwards its choice is as before."""
    processor = getattr(module, "processor", None)
    if not hasattr(processor, "_attention_backend"):
        yield
        return
    from diffusers.models.attention_dispatch import AttentionBackendName

    chosen: Any = processor
    before = chosen._attention_backend
    chosen._attention_backend = AttentionBackendName.NATIVE
    try:
        yield
    finally:
        chosen._attention_backend = before


def as_mask(mask: Tensor | None) -> Tensor | None:
    """A layer's own mask with four axes (batch, heads, length, keys), of which all but the last may be 1."""
    if mask is None:
        return None
    return mask.reshape((1,) * (4 - mask.ndim) + tuple(mask.shape)) if mask.ndim < 4 else mask


def detached_module(function: Any) -> Any:
    """A function that torch.compile leaves alone, for networks that it compiles."""
    return torch.compiler.disable(function)
