"""Read queries, keys and values of chosen attention layers from one forward pass, and end the pass there.

The projections' outputs are read by hooks, so any attention processor, LoRA or offloading stays in place, and the
network computes exactly what it always does. The hooks are gone before the backward pass: gradient checkpointing runs
parts of the forward again, which must not be read twice. Nothing is computed inside a hook, because what autograd saves
within a checkpointed region has to be the same in the second run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, cast

from torch import Tensor, nn

from hitmark.control import SelfAttention
from hitmark.errors import HitmarkError

PROJECTIONS = ("to_q", "to_k", "to_v")


class _EverythingRead(Exception):  # noqa: N818 - not an error
    """Ends a forward pass."""


@dataclass(frozen=True)
class Site:
    """A self-attention layer to read.

    Attributes:
        name: as the user writes it.
        attention: a diffusers `Attention`.
        picture: the module around it whose first argument is (frames, channels, height, width).
    """

    name: str
    attention: nn.Module
    picture: nn.Module


@dataclass
class _Reading:
    site: Site
    first_frame_keys: bool
    height: int = 0
    width: int = 0
    found: dict[str, Tensor] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        return len(self.found) == len(PROJECTIONS)

    def store_size(self, _module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        picture = args[0] if args else kwargs["hidden_states"]
        self.height, self.width = picture.shape[-2:]

    def store(self, projection: str, output: Tensor) -> None:
        only_first = self.first_frame_keys and projection != "to_q"
        self.found[projection] = output[:1].clone() if only_first else output  # a clone frees the other frames

    def result(self) -> SelfAttention:
        heads = int(cast("int", self.site.attention.heads))

        def split(projection: str, norm: str | None) -> Tensor:
            output = self.found[projection]
            split_heads = output.unflatten(-1, (heads, -1)).transpose(1, 2)
            normalise = getattr(self.site.attention, norm, None) if norm else None
            return split_heads if normalise is None else normalise(split_heads)

        queries, keys, values = split("to_q", "norm_q"), split("to_k", "norm_k"), split("to_v", None)
        return SelfAttention(self.site.name, queries, keys, values, self.height, self.width)


def read_self_attention(
    run: Callable[[], Any], sites: Sequence[Site], *, first_frame_keys: bool
) -> list[SelfAttention]:
    """Call `run` and return what the sites computed, in the order of `sites`.

    Args:
        run: the forward pass; left by an exception as soon as every site was read.
        sites: at least one.
        first_frame_keys: keep keys and values of the first frame only.

    Raises:
        HitmarkError: the pass ended without having reached every site.
    """
    readings = [_Reading(site, first_frame_keys) for site in sites]
    with _hooks(readings), suppress(_EverythingRead):
        run()
    missing = [reading.site.name for reading in readings if not reading.complete]
    if missing:
        raise HitmarkError(
            f"The projections to_q, to_k, to_v of layer(s) {', '.join(missing)} were not called. Expected separate "
            "projections in an uncompiled network; undo fused projections, caches or compilation of parts of it."
        )
    return [reading.result() for reading in readings]


@contextmanager
def _hooks(readings: list[_Reading]) -> Iterator[None]:
    def on_output(reading: _Reading, projection: str) -> Callable[..., None]:
        def hook(_module: nn.Module, _args: Any, output: Tensor) -> None:
            reading.store(projection, output)
            if all(each.complete for each in readings):
                raise _EverythingRead

        return hook

    with ExitStack() as stack:
        for reading in readings:
            handle = reading.site.picture.register_forward_pre_hook(reading.store_size, with_kwargs=True)
            stack.callback(handle.remove)
            for projection in PROJECTIONS:
                module = getattr(reading.site.attention, projection)
                stack.callback(module.register_forward_hook(on_output(reading, projection)).remove)
        yield
