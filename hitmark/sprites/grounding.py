"""Words and places: which words of the caption a cell shows, and cross-attention that is taught it.

In large text-to-video models the cross-attention of a word lies on the thing that the word names, and published methods
steer through that. A small model may paint the right picture without it. The sprite world knows what every cell shows,
so training can ask half of the heads of every cross-attention to look at those words (cross-entropy). Nothing of this
is used when the model runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hitmark.sprites.clip_plan import ClipPlan
from hitmark.sprites.correspondence import CLEAR, owners, taught_heads

BACKGROUND = 0.2
"""Weight of a cell that shows the background: there are many of them, and one word for all."""


@dataclass(frozen=True)
class Grounding:
    """For each cell of each frame, the tokens of what it shows.

    `words`: float32 (..., frames, cells, tokens), shares that sum to 1; `weights`: float32 (..., frames, cells), 0
    where several things share the cell.
    """

    words: Tensor
    weights: Tensor

    def to(self, device: str) -> Grounding:
        """The same on another device."""
        return Grounding(self.words.to(device), self.weights.to(device))


def grounding(plan: ClipPlan, covers: Sequence[Tensor], rows: int, columns: int, tokens: int) -> Grounding:
    """Of one clip of a named place; `covers` (frames, height, width) as `SpriteWorld.paint` gives them.

    Each word of the caption is one token, the first of them at position 1, of `tokens` positions in all.
    """
    words = plan.caption.split()
    phrases = [thing.phrase.split() for thing in plan.objects] + [[str(plan.place)]]
    table = torch.zeros(len(phrases), tokens)
    at = 0
    for number, phrase in enumerate(phrases):  # the caption names them in this order
        while words[at : at + len(phrase)] != phrase:
            at += 1
        table[number, 1 + at : 1 + at + len(phrase)] = 1 / len(phrase)
        at += len(phrase)
    largest, owner = owners(covers, rows, columns)
    weights = torch.where(owner == len(covers), BACKGROUND, 1.0) * (largest >= CLEAR)
    return Grounding(table[owner.flatten(1)], weights.flatten(1))


def stack(parts: Sequence[Grounding]) -> Grounding:
    """Clips of one length as a batch."""
    return Grounding(torch.stack([part.words for part in parts]), torch.stack([part.weights for part in parts]))


class TaughtWords:
    """The cross-attentions of a text-to-video denoiser, watched during a forward pass."""

    def __init__(self, unet: nn.Module) -> None:
        self.modules: list[Any] = [
            module
            for name, module in unet.named_modules()
            if ".attentions." in name and name.endswith(".transformer_blocks.0.attn2")
        ]
        self.inputs: dict[int, tuple[Tensor, Tensor]] = {}

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Keeps what each attention is given."""

        def keep(number: int) -> Any:
            def hook(_module: nn.Module, arguments: tuple[Tensor, ...], named: dict[str, Any]) -> None:
                self.inputs[number] = arguments[0], named["encoder_hidden_states"]

            return hook

        handles = [
            module.register_forward_pre_hook(keep(number), with_kwargs=True)
            for number, module in enumerate(self.modules)
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def loss(self, truth: dict[int, Grounding], weights: Tensor) -> Tensor:
        """Mean cross-entropy in nats of the taught heads with the true words; then forgets what was kept. Scalar.

        `truth`: the batch's grounding by number of cells; `weights` float32 (clips,).
        """
        terms = []
        for number, module in enumerate(self.modules):
            cells, words = self.inputs.pop(number)
            wanted = truth[cells.shape[1]]
            taught = taught_heads(module)
            width = module.to_q.weight.shape[0] // module.heads
            query, key = (
                F.linear(tokens, layer.weight[: taught * width]).unflatten(-1, (taught, width)).transpose(1, 2)
                for tokens, layer in ((cells, module.to_q), (words, module.to_k))
            )
            looked = (query @ key.transpose(-1, -2) * width**-0.5).float().log_softmax(dim=-1).mean(dim=1)
            entropy = -(looked * wanted.words.flatten(0, 1)).sum(dim=-1)
            importance = (wanted.weights * weights[:, None, None]).flatten(0, 1)
            terms.append((entropy * importance).sum() / importance.sum().clamp(min=1e-6))
        return torch.stack(terms).mean()
