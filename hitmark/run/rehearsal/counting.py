"""Counts what a computation would allocate and multiply, on tensors that have shapes and no values.

What kernels allocate within themselves is not seen, but for convolutions on a processor: most copy what they are given
or what they give into another layout, some write out every window.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch._subclasses import FakeTensor
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry
from torch.utils.weak import WeakTensorKeyDictionary

CONVOLUTION = torch.ops.aten.convolution
CONVOLUTIONS = (CONVOLUTION, torch.ops.aten.convolution_backward)
VALUES = (torch.ops.aten._local_scalar_dense, torch.ops.aten.item)
INDEX, NOT = torch.ops.aten.index, torch.ops.aten.bitwise_not
ATTENTION = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
ATTENTION_BACKWARD = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward


class Counted(TorchDispatchMode):
    """``with Counted() as count: ...``, then what was counted of the tensors that were made inside.

    Attributes:
        peak: the most bytes that were there at one time.
        products: multiplications with additions, of matrices, convolutions and attention.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = self.peak = 0
        self.products = 0.0
        self._known: dict[int, weakref.ref[Any]] = {}
        self._negated = WeakTensorKeyDictionary()

    def __torch_dispatch__(self, operation: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation and note the memory of its results. A value that is asked for is zero, or False."""
        kwargs, packet = kwargs or {}, operation.overloadpacket
        if packet in VALUES:
            dtype = args[0].dtype
            return False if dtype == torch.bool else 0.0 if dtype.is_floating_point else 0
        if packet is INDEX:
            args = (args[0], self._indices(args[1]))
        result = operation(*args, **kwargs)
        if packet is NOT:
            self._negated[result] = True
        for tensor in tensors_of(result):
            self._note(tensor)
        self.products += _products(packet, args, kwargs, result)
        if packet in CONVOLUTIONS:
            self.peak = max(self.peak, self.now + beside_result(packet, args, result))
        return result

    def _indices(self, given: list[Tensor | None]) -> list[Tensor | None]:
        """Places in place of masks: those of a mask are taken to be all, and those of its negation none."""
        indices: list[Tensor | None] = []
        for each in given:
            if each is None or each.dtype != torch.bool:
                indices.append(each)
                continue
            count = 0 if each in self._negated else each.numel()
            indices += [each.new_zeros(count, dtype=torch.int64)] * each.ndim
        return indices

    def _note(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        key, size = storage._cdata, storage.nbytes()
        if key in self._known or not isinstance(tensor, FakeTensor):
            return
        self.now += size
        self.peak = max(self.peak, self.now)
        self._known[key] = weakref.ref(storage, lambda _: self._forget(key, size))

    def _forget(self, key: int, size: int) -> None:
        del self._known[key]
        self.now -= size


def _products(packet: Any, args: Any, kwargs: Any, result: Any) -> float:
    """Multiplications of an operation."""
    if packet in flop_registry:
        return flop_registry[packet](*args, **kwargs, out_val=result) / 2
    if packet not in (ATTENTION, ATTENTION_BACKWARD):
        return 0.0
    query, key = args[:2] if packet is ATTENTION else args[1:3]
    return query.numel() * key.shape[-2] * (2.0 if packet is ATTENTION else 5.0)


def beside_result(packet: Any, args: Any, result: Any) -> int:
    """Bytes that a convolution of a processor allocates beside its result."""
    forward = packet is CONVOLUTION
    given, weight = args[:2] if forward else args[1:3]
    source, made = (given, result) if forward else (args[0], given)
    if weight.ndim == 5 and _writes_windows(given, weight, groups=args[8] if forward else args[9]):
        windows = weight[0].numel() * (made if forward else source)[:, 0].numel() * given.element_size()
        return windows if weight[0, 0].numel() > 1 else 0
    return _copied(source, made)


def _copied(source: Tensor, made: Tensor) -> int:
    """Bytes of the copies in which channels stand in blocks, filled up with zeros.

    What has fewer channels than a block is read as it is. The copy of what is read is gone when the result is brought
    back to its own layout. Measured, channels 1 to 128, 2D and 3D (`tests/run/rehearsal/test_counting.py`).
    """
    block = 16 if "AVX512" in torch.backends.cpu.get_cpu_capability() else 8
    read = _in_blocks(source, block) if source.shape[1] >= block else 0
    written = _in_blocks(made, block)
    return max(read + written - _bytes(made), written)


def _in_blocks(tensor: Tensor, block: int) -> int:
    return _bytes(tensor) // tensor.shape[1] * (math.ceil(tensor.shape[1] / block) * block)


def _writes_windows(given: Tensor, weight: Tensor, groups: int) -> bool:
    """Whether torch writes every window of a 3D convolution out, as it does for small ones, rather than copy layouts.

    As `use_mkldnn` in its `Convolution.cpp` decides for float32.
    """
    thin = weight.shape[-1] == weight.shape[-2] == 1
    if thin and given.shape[0] < MANY and torch.get_num_threads() == 1:
        return True
    wide = weight.shape[-1] > WIDE and weight.shape[-2] > WIDE
    return groups == 1 and not wide and given.shape[0] == 1 and math.prod(given.shape[:4]) <= SMALL


MANY = 16
"""Clips of a batch from which on torch takes the kernels that copy, whatever the kernel's sides and the threads."""
WIDE = 3
"""Sides of a kernel above which it takes them too."""
SMALL = 20_480
"""Rows of what is given, over all channels and frames, up to which it does not take them for one clip."""


def tensors_of(tree: Any) -> list[Tensor]:
    """The tensors in nested containers."""
    return [leaf for leaf in pytree.tree_leaves(tree) if isinstance(leaf, Tensor)]


def moved(tree: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """Nested containers with every tensor changed."""
    return pytree.tree_map_only(Tensor, change, tree)


def _bytes(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()
