"""Where the things of the sprite world are, as a second lesson for the video transformer: its hidden tokens must tell.

A clip's plan says of every token which thing covers it and where that thing's middle lies. A small network, which is
thrown away after training, reads both from the hidden states after some of the blocks, at every noise level. At high
noise a transformer of this size hardly finds things by learning to denoise alone, and its tokens then draw parts that
do not fit. That hidden states which agree with known features make a diffusion transformer learn faster is from Yu et
al. (arXiv:2410.06940); there the features are of another network, here they are what the world knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from hitmark.sprites.atlas import load_atlas
from hitmark.sprites.clip_plan import SpriteObject
from hitmark.sprites.video_code import PATCH

TOKEN = 2 * PATCH
"""Pixels of a token's side."""
COVERED, BARE = 0.15, 0.01
"""Share of a token from which on it is a thing's, and up to which it is background; between them nothing is asked."""
COVERED_WEIGHT = 3.0
FINENESS = 4.0
"""Weight of a distance of one token."""


class Recognizer(nn.Module):
    """Hidden tokens (..., width) to scores of the kinds of things (..., kinds) and to places (..., 3)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(width, width)
        self.read_out = nn.Linear(width, kinds() + 3)

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Scores, and middles minus the token's (x, y) and sides of things, in tokens."""
        read = self.read_out(functional.silu(self.hidden(tokens)))
        return read[..., :-3], read[..., -3:]


def kinds() -> int:
    """Background, every drawing of the atlas, photographic things."""
    return len(load_atlas().names) + 2


def marked(things: Sequence[SpriteObject], covers: Sequence[Tensor], sides: Sequence[np.ndarray]) -> Tensor:
    """What a recognizer should say: float32 (frames, rows, columns, 4) of tokens, kind (-1: nothing asked) and place.

    Args:
        things: with centers in fractions of the picture.
        covers: of each thing, (frames, height, width) in 0..1, multiples of TOKEN.
        sides: of each thing, pixels (frames,).
    """
    frames, height, width = covers[0].shape
    grid = np.meshgrid(np.arange(height // TOKEN) + 0.5, np.arange(width // TOKEN) + 0.5, indexing="ij")
    shares = torch.stack([functional.avg_pool2d(cover, TOKEN) for cover in covers])
    most, which = shares.max(0)
    names = list(load_atlas().names)
    result = torch.zeros(frames, height // TOKEN, width // TOKEN, 4)
    for number, (thing, side) in enumerate(zip(things, sides, strict=True)):
        kind = names.index(thing.name) + 1 if thing.name is not None else len(names) + 1
        middle = thing.motion.centers * np.array([width, height]) / TOKEN
        place = [middle[:, None, None, 0] - grid[1], middle[:, None, None, 1] - grid[0]]
        place.append(np.broadcast_to(side[:, None, None] / TOKEN, place[0].shape))
        said = np.stack([np.full_like(place[0], kind), *place], -1)
        chosen = (which == number) & (most > COVERED)
        result[chosen] = torch.from_numpy(said).float()[chosen]
    result[(most > BARE) & (most <= COVERED), 0] = -1
    return result


def recognition_loss(recognizer: Recognizer, tokens: Tensor, wanted: Tensor) -> Tensor:
    """Mean cross-entropy of kinds and distance of places, of hidden tokens (batch, F * h * w, width). Scalar."""
    scores, places = recognizer(tokens)
    wanted = wanted.flatten(1, 3)
    kind = wanted[..., 0].long()
    covered = (kind > 0).float()
    each = functional.cross_entropy(scores.flatten(0, 1).float(), kind.flatten(), ignore_index=-1, reduction="none")
    weight = (kind >= 0).float() * (1 + (COVERED_WEIGHT - 1) * covered)
    apart = FINENESS * (places.float() - wanted[..., 1:]).abs().mean(-1)
    return (each * weight.flatten()).sum() / weight.sum() + (apart * covered).sum() / covered.sum().clamp(min=1)


def keep_input(block: Any) -> list[Tensor]:
    """A list that a block's first argument is put into whenever it runs, compiled or not."""
    kept: list[Tensor] = []
    compiled = block._compiled_call_impl
    if compiled is None:
        block.register_forward_pre_hook(lambda _module, given: kept.append(given[0]))
        return kept

    def noting(*given: Any, **named: Any) -> Any:
        kept.append(given[0])
        return compiled(*given, **named)

    block._compiled_call_impl = noting  # a hook would be compiled into the block
    return kept
