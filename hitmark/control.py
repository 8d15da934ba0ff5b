"""The vocabulary in which a method and a model family meet: Layout, Step, AttentionCall, Control.

A method sees one canonical world: latents are (1, frames, channels, height, width), one clip at a time; the noisy
latent is z = alpha * x0 + sigma * eps; boxes are normalised `xyxy`. It never learns which pipeline it runs in.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

import numpy as np

from hitmark.errors import HitmarkError
from hitmark.scene.grid import latent_cells

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from hitmark.prompt import Prompt
    from hitmark.scene.tracks import Track

Layers = str | Sequence[str] | None


@dataclass(frozen=True)
class Layout:
    """The latent grid of one clip and what is to happen on it."""

    frames: int
    height: int  # rows of latent cells
    width: int  # columns of latent cells
    factor: int  # pixels of the picture per latent cell, each way
    tracks: tuple[Track, ...]
    prompt: Prompt | None = None  # of text-to-video; None where the pipeline was given embeddings, or takes no text

    def cells(self, track: Track) -> np.ndarray:
        """Boxes of a track in latent cells.

        Returns:
            (frames, 4) int64 `x0, y0, x1, y1`, at least one cell a side, reaching outside the grid where the box does.
        """
        return latent_cells(track, self.width * self.factor, self.height * self.factor, self.factor)


@dataclass(frozen=True)
class AttentionSite:
    """Where an attention layer of the denoiser sits.

    Attributes:
        name: path of the module.
        kind: "spatial" (cells of one frame look at each other), "temporal" (frames of one cell look at each other) or
            "cross" (cells look at the words of the prompt).
        stage: "in" (before the first level), "down", "mid" or "up".
        second: the second of two temporal self-attentions of one transformer block.
        frames, height, width: of the grid of tokens at this level.
    """

    name: str
    kind: Literal["spatial", "temporal", "cross"]
    stage: Literal["in", "down", "mid", "up"]
    second: bool
    frames: int
    height: int
    width: int


class Projections(Protocol):
    """What an attention layer does around softmax(q k^T / sqrt(d)) v."""

    def queries(self, tokens: Tensor) -> Tensor:
        """(..., length, channels) to (..., heads, length, head_width)."""
        ...

    def keys(self, context: Tensor) -> Tensor:
        """As `queries`."""
        ...

    def values(self, context: Tensor) -> Tensor:
        """As `queries`."""
        ...

    def output(self, heads: Tensor) -> Tensor:
        """(..., heads, length, head_width) to (..., length, channels)."""
        ...

    def blank(self) -> Tensor:
        """What the layer is given for a token that is zero before its normalisation: (channels,)."""
        ...


Proceed = Callable[["AttentionCall"], "Tensor"]


@dataclass(frozen=True)
class AttentionCall:
    """One run of an attention layer for one clip.

    Attributes:
        site: where.
        tokens: (branches, rows, length, channels), normalised. Rows are frames and length is cells for "spatial" and
            "cross"; rows are cells (row by row) and length is frames for "temporal".
        words: (branches, words, channels) for "cross", else None.
        conditional: for each branch whether it is the prompt's (True) or the negative prompt's (False).
        layer: the layer's own projections.
        untouched: runs the layer as it is, whatever other controls do; for comparison.
    """

    site: AttentionSite
    tokens: Tensor
    words: Tensor | None
    conditional: tuple[bool, ...]
    layer: Projections
    untouched: Proceed

    def projected(self) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values, (branches, rows, heads, length or words, head_width); rows of words: 1."""
        context = self.tokens if self.words is None else self.words[:, None]
        return self.layer.queries(self.tokens), self.layer.keys(context), self.layer.values(context)


@dataclass(frozen=True)
class SelfAttention:
    """What one spatial self-attention layer computed, before its softmax.

    Attributes:
        name: where the layer sits, e.g. "2.1".
        queries: (frames, heads, tokens, head_width); carries the gradient to the latents.
        keys: the same, or only the first frame (1, heads, tokens, head_width) when that was asked for.
        values: as `keys`.
        height: rows of the token grid; tokens = height * width, row by row.
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
        self, latents: Tensor, layers: Layers = None, *, first_frame_keys: bool, memory_budget: float | None
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
    def fraction(self) -> float:
        """Position in the loop, 0 at the first step."""
        return self.index / self.count

    def within(self, start: float, stop: float) -> bool:
        """Whether start * count <= index < stop * count, safe against rounding of the products."""
        slack = 1e-6
        return start * self.count - slack <= self.index < stop * self.count - slack

    def self_attention(
        self, latents: Tensor, layers: Layers = None, *, first_frame_keys: bool, memory_budget: float | None
    ) -> list[SelfAttention]:
        """Queries, keys and values of spatial self-attention layers on `latents`: a differentiable view of the network.

        The conditional branch only; the network's own forward pass is not changed, and it ends at the last layer read.

        Args:
            latents: (1, frames, channels, height, width) in the sampler's units, float32.
            layers: names such as "2.1,2.2"; None = the family's published layers.
            first_frame_keys: keep keys and values of the first frame only (saves memory).
            memory_budget: GiB of activations above which gradient checkpointing is used; None = never.
        """
        if self.reader is None:
            raise HitmarkError("This model family does not show its self-attention to methods that read features.")
        return self.reader(latents, layers, first_frame_keys=first_frame_keys, memory_budget=memory_budget)


@dataclass(frozen=True)
class Control:
    """A method: a frozen dataclass of knobs that implements one or more acting points.

    `initial_noise`, `attention`, `latents` and `prediction` are acting points: a subclass overrides those it needs, and
    only those are called. Tensors given are float32 (in `attention`: the network's dtype) and must not be changed in
    place.
    """

    method: ClassVar[str] = ""
    """Its name in `METHODS`, for messages."""
    refines: ClassVar[bool] = False
    """Whether its `attention` only corrects what controls before it do: it acts on the layers that one of those does.
    """
    watches: ClassVar[bool] = False
    """Whether it only looks, and hands on what it is given: a probe."""
    edits_every_step: ClassVar[bool] = True
    """Whether its `latents` may edit any step; False: only the first, before which no scheduler remembers anything."""

    def check(self, layout: Layout) -> None:
        """Raise HitmarkError before the first step when this method cannot serve these tracks."""

    def initial_noise(self, noise: Tensor, layout: Layout, generator: torch.Generator | None) -> Tensor:
        """Edit the unit-variance start noise (1, frames, channels, height, width)."""
        return noise

    def latents(self, latents: Tensor, step: Step) -> Tensor:
        """Edit the noisy latents z_t (1, frames, channels, height, width) before a step."""
        return latents

    def prediction(self, clean: Tensor, step: Step) -> Tensor:
        """Edit the clean estimate x0 (1, frames, channels, height, width) of a step, after guidance."""
        return clean

    def attention(self, call: AttentionCall, step: Step, proceed: Proceed) -> Tensor:
        """Run one attention layer of the denoiser: (branches, rows, length, channels), what it adds to the residual.

        `proceed(call)` runs the layer as it is, or as the controls before this one run it; given the very same call
        and changing nothing, a layer's output stays bit-identical.
        """
        return proceed(call)

    def attends(self, site: AttentionSite, step: Step) -> bool:
        """Whether `attention` changes this layer at this step; where no control does, the layer is left untouched."""
        return self.implements("attention")

    def implements(self, point: str) -> bool:
        """Whether this method overrides the acting point of that name."""
        return getattr(type(self), point) is not getattr(Control, point)

    def knobs(self) -> dict[str, Any]:
        """Knob name -> value."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}


def number(owner: str, name: str, value: Any, low: float, high: float, *, whole: bool = False) -> None:
    """Raise HitmarkError unless `value` is a (whole) number in low..high."""
    kind = int if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kind) or not low <= value <= high:
        what = "a whole number" if whole else "a number"
        raise HitmarkError(f"{owner}: {name} must be {what} from {low:g} to {high:g}, but got {value!r}.")
