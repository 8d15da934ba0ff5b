"""One run of an attention layer for one clip, in the form in which every model family is alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from hitmark.control.layout import Grid

if TYPE_CHECKING:
    from torch import Tensor

Scope = Literal["frame", "cell", "video", "words"]
"""What looks at what: the cells of a frame at each other, the frames of a cell, everything at everything, or cells at
the words of the prompt. In "video" the words may stand in the same sequence."""
KINDS: dict[Scope, str] = {"frame": "spatial", "cell": "temporal", "words": "cross", "video": "full"}
"""The field's words for the scopes, as parameters and reports have them."""


def kinds_of(scope: Scope, *, joint: bool = False) -> frozenset[str]:
    """What a layer counts as where kinds are chosen: full attention is spatial and temporal.

    `joint`: with words in the same sequence, so that it is cross-attention too.
    """
    if scope != "video":
        return frozenset({KINDS[scope]})
    return frozenset({"spatial", "temporal", "cross"} if joint else {"spatial", "temporal"})


@dataclass(frozen=True)
class Branch:
    """One of the runs that classifier-free guidance is made of.

    Attributes:
        name: "cond", "uncond", or what the pipeline calls it.
        prompted: whether it reads the prompt; else the negative prompt.
    """

    name: str
    prompted: bool


COND, UNCOND = Branch("cond", True), Branch("uncond", False)


@dataclass(frozen=True)
class AttentionSite:
    """Where an attention layer of the denoiser sits.

    Attributes:
        name: path of the module.
        scope: what looks at what.
        grid: tokens of the video: frames, rows, columns.
        text: tokens of the text before and after the video's, in one sequence.
        depth: 0 = the first layer, 1 = the last.
        tags: the family's own words for it, such as "up" or "second".
    """

    name: str
    scope: Scope
    grid: Grid
    text: tuple[int, int] = (0, 0)
    depth: float = 0.0
    tags: frozenset[str] = frozenset()

    @property
    def kind(self) -> str:
        """The field's word for the scope."""
        return KINDS[self.scope]

    @property
    def joint(self) -> bool:
        """Whether words stand in the same sequence as the video."""
        return self.text != (0, 0)


@dataclass(frozen=True)
class AttentionCall:
    """softmax(q k^T / sqrt(d)) v of one layer, after its norms and rotary embedding and before its output projection.

    Attributes:
        site: where.
        queries: (branches, rows, heads, length, width).
        keys, values: (branches, rows, heads, keys, width).
        branches: in the order of the first axis.
        attend: runs the layer's own attention, or that of the controls before this one, on queries, keys and values.
        mask: the layer's own, (branches, 1 or heads, 1 or length, keys): bool, or added to the logits. None: none.
    """

    site: AttentionSite
    queries: Tensor
    keys: Tensor
    values: Tensor
    branches: tuple[Branch, ...]
    attend: Callable[[Tensor, Tensor, Tensor], Tensor]
    mask: Tensor | None = None

    def run(self) -> Tensor:
        """The attention as it is: (branches, rows, heads, length, width)."""
        return self.attend(self.queries, self.keys, self.values)

    @property
    def by_frame(self) -> bool:
        """Whether each row is one frame."""
        return self.site.scope in ("frame", "words") and self.queries.shape[1] == self.site.grid[0] > 1

    def tokens(self, values: Any, fill: float = 0) -> Tensor:
        """Values on the token grid (frames, rows, columns, ...) in the layer's own order: (rows, length, ...).

        Args:
            values: an array or tensor.
            fill: for the tokens of the text.
        """
        return in_order(values, self.site, self.queries.shape[1], fill).to(self.queries.device)

    def seen(self) -> Tensor | None:
        """Which keys may be looked at at all, bool (branches, keys); None: every one. The others are padding."""
        if self.mask is None:
            return None
        mask = self.mask.unflatten(0, (len(self.branches), -1))[:, 0, 0] if self.mask.shape[0] > 1 else self.mask[:, 0]
        mask = mask.expand(len(self.branches), *mask.shape[1:])
        allowed = mask if mask.dtype.is_floating_point is False else mask > SMALLEST_SEEN
        return allowed[:, 0] if allowed.shape[1] == 1 else allowed.any(dim=1)


SMALLEST_SEEN = -1000.0
"""Values added to logits below this hide a key: libraries write -10000 or the smallest number of the type."""


@dataclass(frozen=True)
class LayerCall:
    """One run of a whole attention layer, with its projections, for one clip.

    Attributes:
        site: where.
        tokens: what the layer is given, normalized: (branches, rows, length, channels); the video's tokens alone.
        branches: in the order of the first axis.
        untouched: runs the layer as it is, whatever controls do, on the video's tokens.
        blank: what the layer is given for a token that is zero before its normalization: () -> (length, channels).
        asking: tokens like `tokens`, whose queries are taken for those of `tokens`; they get the rotary embedding of
            where they are put. None: their own.
        text: what a layer of words looks at instead of the prompt, where branches read it: one of the control's
            `texts`. None: the prompt.
        places: int64 (tokens,), for each token of the video the number of the one whose rotary embedding it gets.
            None: its own.
    """

    site: AttentionSite
    tokens: Tensor
    branches: tuple[Branch, ...]
    untouched: Callable[[LayerCall], Tensor]
    blank: Callable[[], Tensor] | None = None
    asking: Tensor | None = None
    text: str | None = None
    places: Tensor | None = None

    def order(self, values: Any) -> Tensor:
        """Values on the token grid in the layer's own order, without text: (rows, length, ...)."""
        site = AttentionSite(self.site.name, self.site.scope, self.site.grid)
        return in_order(values, site, self.tokens.shape[1], 0).to(self.tokens.device)

    def frames(self, tokens: Tensor) -> Tensor:
        """(branches, rows, length, channels) as (branches, frames, cells, channels)."""
        if self.site.scope == "cell":
            return tokens.transpose(1, 2)
        return tokens.flatten(1, 2).unflatten(1, (self.site.grid[0], -1))

    def rows(self, frames: Tensor) -> Tensor:
        """The inverse of `frames`."""
        if self.site.scope == "cell":
            return frames.transpose(1, 2)
        return frames.flatten(1, 2).unflatten(1, (self.tokens.shape[1], -1))


Proceed = Callable[[LayerCall], "Tensor"]


def in_order(values: Any, site: AttentionSite, rows: int, fill: float) -> Tensor:
    """Values on a token grid (frames, rows, columns, ...) as a layer of so many rows has them: (rows, length, ...)."""
    import torch

    grid = torch.as_tensor(values).flatten(1, 2)
    if site.scope == "cell":
        return grid.transpose(0, 1)
    if rows == site.grid[0]:
        return grid
    whole = grid.flatten(0, 1)[None]
    before, after = site.text
    if before == after == 0:
        return whole
    shape = (1, before + whole.shape[1] + after, *whole.shape[2:])
    filled = whole.new_full(shape, fill)
    filled[:, before : before + whole.shape[1]] = whole
    return filled
