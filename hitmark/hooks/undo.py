"""Changes to the pipeline's objects that undo themselves, and leave deep copies of these objects alone."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import MethodType
from typing import Any

from torch import nn

MISSING: Any = object()


class Around:
    """A method of one object with something around it.

    It has the signature of the method, since pipelines look there for what a scheduler takes (`eta`, `generator`), and
    a deep copy of the object has its own plain method in its place: nothing of what is around goes along, unless it
    has a way of its own to (`in_copy`: what is around the method of the copy, or None).
    """

    def __init__(self, owner: Any, name: str, around: Any) -> None:
        self.owner, self.around = owner, around
        self.inner: Callable[..., Any] = getattr(owner, name)
        self.__signature__ = inspect.signature(self.inner)
        self.__name__ = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """As the method."""
        return self.around(self.inner, *args, **kwargs)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        twin = memo.get(id(self.owner), self.owner)
        along = self.around.in_copy(twin, memo) if hasattr(self.around, "in_copy") else None
        if along is not None:
            return Around(twin, self.__name__, along)
        if isinstance(self.inner, MethodType) and self.inner.__self__ is self.owner:
            return MethodType(self.inner.__func__, twin)
        return copy.deepcopy(self.inner, memo)


class Before:
    """A pre-hook of a module; in a deep copy of the module it does nothing."""

    def __init__(self, hook: Callable[..., Any]) -> None:
        self.hook = hook

    def __call__(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """As the hook."""
        return self.hook(module, args, kwargs)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return nothing_before


def nothing_before(_module: nn.Module, _args: tuple[Any, ...], _kwargs: dict[str, Any]) -> None:
    """A pre-hook that changes nothing."""


@contextmanager
def around(owner: Any, name: str, change: Callable[..., Any]) -> Iterator[None]:
    """Put `change(original, *args, **kwargs)` around a method of this one object."""
    with attribute(owner, name, Around(owner, name, change)):
        yield


@contextmanager
def before_call(module: nn.Module, hook: Callable[..., Any]) -> Iterator[None]:
    """Call `hook(module, args, kwargs)` before each call; it returns the changed (args, kwargs), or None."""
    compiled = vars(module).get("_compiled_call_impl")
    if compiled is None:
        handle = module.register_forward_pre_hook(Before(hook), with_kwargs=True)
        try:
            yield
        finally:
            handle.remove()
        return

    # module.compile() would trace a hook into its graph, so it stands in front of the compiled call
    def call(*args: Any, **kwargs: Any) -> Any:
        changed = hook(module, args, kwargs)
        return compiled(*args, **kwargs) if changed is None else compiled(*changed[0], **changed[1])

    with attribute(module, "_compiled_call_impl", call):
        yield


def is_changed(owner: Any) -> bool:
    """Whether something stands around a method of this object, or before this module, right now."""
    hooks = getattr(owner, "_forward_pre_hooks", {}).values()
    return any(isinstance(each, Around) for each in vars(owner).values()) or any(
        isinstance(each, Before) for each in hooks
    )


@contextmanager
def attribute(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Set an attribute of this one object; afterwards it is as before, also when there was none of its own."""
    before = vars(owner).get(name, MISSING)
    vars(owner)[name] = value
    try:
        yield
    finally:
        if before is MISSING:
            vars(owner).pop(name, None)
        else:
            vars(owner)[name] = before


@contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """No gradients for weights; flags come back by name, since offloading replaces parameter objects."""
    trainable = {name for name, weight in network.named_parameters() if weight.requires_grad}
    for weight in network.parameters():
        weight.requires_grad_(False)
    try:
        yield
    finally:
        for name, weight in network.named_parameters():
            if name in trainable:
                weight.requires_grad_(True)


@contextmanager
def uncompiled(network: nn.Module) -> Iterator[None]:
    """Modules compiled in place (module.compile()) run eagerly, so that hooks in them fire; afterwards as before."""
    compiled = [
        (module, vars(module)["_compiled_call_impl"])
        for module in network.modules()
        if vars(module).get("_compiled_call_impl") is not None
    ]
    for module, _ in compiled:
        vars(module)["_compiled_call_impl"] = None
    try:
        yield
    finally:
        for module, call in compiled:
            vars(module)["_compiled_call_impl"] = call
