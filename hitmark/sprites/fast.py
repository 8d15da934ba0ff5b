"""What makes training on a few processor cores faster, without changing what is learned.

`python -m scripts.measure_training_step` measures the ratio of each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Generic, TypeVar
from unittest import mock

import torch
from torch import Tensor

Made = TypeVar("Made")


def half_is_fast(device: str) -> bool:
    """Whether a device ("cpu", "cuda", ...) has units for bfloat16.

    A processor without them needs hundreds of times the time of float32.
    """
    return torch.device(device).type != "cpu" or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def half_precision(device: str, wanted: bool = True) -> torch.autocast:
    """A context in which networks compute in bfloat16, where that is `wanted` and fast on the device."""
    return torch.autocast(torch.device(device).type, torch.bfloat16, enabled=wanted and half_is_fast(device))


class Ahead(Generic[Made]):
    """`make(step)`, with the next step's made in a thread of its own while the present one is computed."""

    def __init__(self, make: Callable[[int], Made]) -> None:
        self.make = make
        self.thread = ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(1,))
        self.coming: tuple[int, Future[Made]] | None = None

    def take(self, step: int) -> Made:
        """What `make(step)` gives; errors of `make` are raised here."""
        coming = self.coming
        made = coming[1] if coming is not None and coming[0] == step else self.thread.submit(self.make, step)
        result = made.result()
        self.coming = step + 1, self.thread.submit(self.make, step + 1)
        return result


@contextmanager
def attention_by_products() -> Iterator[None]:
    """`scaled_dot_product_attention` as two matrix products: on a CPU its fused form is slow to differentiate.

    For training in half precision with compiled blocks; raises ValueError where dropout or causal order is asked for.
    """
    with mock.patch.object(torch.nn.functional, "scaled_dot_product_attention", _attention):
        yield


def _attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    if dropout_p or is_causal or enable_gqa:
        raise ValueError("attention_by_products: expected attention without dropout, order or shared heads")
    scores = (query * (query.shape[-1] ** -0.5 if scale is None else scale)) @ key.transpose(-1, -2)
    if attn_mask is not None:
        scores = scores.masked_fill(~attn_mask, float("-inf")) if attn_mask.dtype == torch.bool else scores + attn_mask
    return scores.softmax(-1).to(value.dtype) @ value
