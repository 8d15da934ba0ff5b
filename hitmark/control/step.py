"""One denoising step of one clip, as a method sees it, and what it can look at there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from hitmark.control.layout import Layout
from hitmark.errors import HitmarkError

if TYPE_CHECKING:
    from torch import Tensor

Layers = str | Sequence[str] | None
Positions = Literal["same-place", "same-time", "own"]
"""Where tokens stand while features are read, for networks whose rotary embeddings tell that: all of them at one place,
so that what they hold decides alone, as in attention without positions; each at its place in the first frame, so that
the frames of a still video have the same features; or where they are."""


@dataclass(frozen=True)
class SelfAttention:
    """What one self-attention layer computed, before its softmax, frame by frame.

    Attributes:
        name: where the layer sits, e.g. "2.1".
        queries: (frames, heads, cells, head_width), of token frames; carries the gradient to the latents.
        keys: the same, or only the first frame (1, heads, cells, head_width) when that was asked for.
        values: as `keys`.
        height: rows of the token grid; cells = height * width, row by row.
        width: columns of the token grid.
    """

    name: str
    queries: Tensor
    keys: Tensor
    values: Tensor
    height: int
    width: int


class SelfAttentionReader(Protocol):
    """Runs the denoiser on given latents as far as the layers asked for, with gradients."""

    def __call__(
        self,
        latents: Tensor,
        layers: Layers = None,
        *,
        first_frame_keys: bool,
        memory_budget: float | None,
        positions: Positions = "same-time",
    ) -> list[SelfAttention]:
        """See `Step.self_attention`."""
        ...


class CleanEstimator(Protocol):
    """Runs the denoiser of one clip at any step of the loop, with the controls of attention that act there."""

    @property
    def levels(self) -> Sequence[tuple[float, float]]:
        """Alpha and sigma of every step of the loop."""
        ...

    def __call__(self, latents: Tensor, index: int, guidance: float) -> Tensor:
        """The clean estimate x0 (1, frames, channels, height, width), float32, of latents of that shape.

        Args:
            latents: noisy, in the sampler's units at step `index`.
            index: 0-based step of the loop.
            guidance: of the classifier-free kind; 1 = the conditional branch alone. Without effect where the pipeline
                runs without guidance.
        """
        ...


@dataclass(frozen=True)
class Step:
    """One denoising step of one clip, as a method sees it.

    Attributes:
        index: 0-based position in the loop; count: number of steps.
        alpha, sigma: z = alpha * x0 + sigma * eps in the sampler's own units (Euler: alpha = 1).
        layout: latent grid and tracks.
        half_precision: the network computes in float16, so gradients want a loss scale.
    """

    index: int
    count: int
    alpha: float
    sigma: float
    layout: Layout
    half_precision: bool
    reader: SelfAttentionReader | None = None
    estimator: CleanEstimator | None = None
    """For methods that look ahead; None where nothing may be run, inside of the denoiser itself."""

    @property
    def noise_share(self) -> float:
        """Sigma / (alpha + sigma), 0..1: how noisy the latents are, comparable between families and schedulers."""
        return self.sigma / (self.alpha + self.sigma)

    @property
    def fraction(self) -> float:
        """Position in the loop, 0 at the first step."""
        return self.index / self.count

    def within(self, start: float, stop: float) -> bool:
        """Whether start * count <= index < stop * count, safe against rounding of the products."""
        return is_within(self.index, self.count, start, stop)

    def self_attention(
        self,
        latents: Tensor,
        layers: Layers = None,
        *,
        first_frame_keys: bool,
        memory_budget: float | None,
        positions: Positions = "same-time",
    ) -> list[SelfAttention]:
        """Queries, keys and values of self-attention layers on `latents`: a differentiable view of the network.

        The conditional branch only; the network's own forward pass is not changed, and it ends at the last layer read.
        Frames that are a given picture are read as given, whatever `latents` has there.

        Args:
            latents: (1, frames, channels, height, width) in the sampler's units, float32.
            layers: names such as "2.1,2.2"; None = the family's published layers.
            first_frame_keys: keep keys and values of the first frame only (saves memory).
            memory_budget: GiB of activations above which parts of the network run again; None = none do.
            positions: where rotary embeddings tell tokens apart, how they stand while they are read; see `Positions`.
        """
        if self.reader is None:
            raise HitmarkError("This model family does not show its self-attention to methods that read features.")
        options = {"first_frame_keys": first_frame_keys, "memory_budget": memory_budget, "positions": positions}
        return self.reader(latents, layers, **options)


def is_within(index: int, count: int, start: float, stop: float) -> bool:
    """Whether step `index` of `count` is in the window; see `Step.within`."""
    slack = 1e-6
    return start * count - slack <= index < stop * count - slack
