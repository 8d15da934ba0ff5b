"""One call of a denoiser by the pipeline, and the same of one clip or branch of it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from hitmark.control.attention import Branch


@dataclass(frozen=True)
class DenoiserCall:
    """One call of a denoiser by the pipeline.

    Attributes:
        module: the network that was called, uncompiled.
        arguments: by name, as the network's `forward` takes them.
        branches: in the order of the batch. clips: their number; the batch is (branches, clips).
        shared: arguments that every clip has alike, see `Family.shared`.
        by_frame: arguments with a row for each frame of a clip, see `Family.by_frame`.
    """

    module: Any
    arguments: Mapping[str, Any]
    branches: tuple[Branch, ...]
    clips: int
    shared: frozenset[str] = frozenset()
    by_frame: frozenset[str] = frozenset()

    def of_clip(self, clip: int) -> DenoiserCall:
        """The same call for one clip of the batch."""
        return self._with_rows([branch * self.clips + clip for branch in range(len(self.branches))])

    def of_prompt(self, clip: int) -> DenoiserCall:
        """The same call for the prompt's branch of one clip alone."""
        place = next((n for n, branch in enumerate(self.branches) if branch.name == "cond"), 0)
        return replace(self._with_rows([place * self.clips + clip]), branches=(self.branches[place],))

    def _with_rows(self, rows: list[int]) -> DenoiserCall:
        arguments = {name: self._part(name, value, rows) for name, value in self.arguments.items()}
        return replace(self, arguments=arguments, clips=1)

    def _part(self, name: str, value: Any, rows: list[int]) -> Any:
        count = len(self.branches) * self.clips
        if name in self.by_frame:
            return value.unflatten(0, (count, -1))[rows].flatten(0, 1)
        return value if name in self.shared else rows_of(value, rows, count)


def rows_of(value: Any, rows: list[int], count: int) -> Any:
    """Some rows of a tensor with `count` of them, or of those in a tuple, list or dict; anything else as it is."""
    if isinstance(value, dict):
        return {name: rows_of(each, rows, count) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(rows_of(each, rows, count) for each in value)
    batched = hasattr(value, "ndim") and value.ndim > 0 and value.shape[0] == count
    return value[rows] if batched else value


def by_name(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a call of a method by name, without self."""
    parameters = list(inspect.signature(function).parameters)[1:]
    return dict(zip(parameters, args, strict=False)) | kwargs
