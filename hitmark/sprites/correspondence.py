"""Where things come from: the place in the first frame of what is seen in a cell, and attention that is taught it.

To keep a moving thing whole, a video model that is given the first frame must find, for a noisy cell, the place of the
picture that it shows. Large models discover that by themselves; a small one needs far longer for it than for all the
rest. The sprite world knows every cell's place exactly, so training can say it: half of the heads of every spatial
self-attention are asked to look there (cross-entropy). Nothing of this is used when the model runs.
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

CLEAR = 0.6
"""Least share of a cell that one thing (or the background) must fill for the cell to count as showing it."""
UNMOVED = 0.1
"""Weight of a cell whose content is where it was in the first frame: that attention is soon learned."""


@dataclass(frozen=True)
class Correspondence:
    """For each cell of each frame, where its content is in the first frame.

    `places`: float32 (..., frames, rows, columns, 2), x and y in 0..1. `known`: bool (..., frames, rows, columns),
    false where the content is not seen in the first frame or where several things share the cell.
    """

    places: Tensor
    known: Tensor

    def to(self, device: str) -> Correspondence:
        """The same on another device."""
        return Correspondence(self.places.to(device), self.known.to(device))

    def moved(self) -> Tensor:
        """Bool (..., frames, rows, columns): content that is more than half a cell from where it was, or new."""
        rows, columns = self.known.shape[-2:]
        cells = self.places.new_tensor([columns, rows])
        away = ((self.places - _cell_centers(rows, columns).to(self.places)) * cells).norm(dim=-1) > 0.5
        return away | ~self.known


def correspondence(plan: ClipPlan, covers: Sequence[Tensor], rows: int, columns: int) -> Correspondence:
    """Of one clip; `covers` (frames, height, width) as `SpriteWorld.paint` gives them, one per object."""
    largest, owner = owners([cover[: len(plan.camera)] for cover in covers], rows, columns)
    centers = _cell_centers(rows, columns)
    sources = []
    for thing in plan.objects:
        middle = torch.from_numpy(thing.motion.centers).float()[:, None, None]
        ratio = torch.from_numpy(thing.motion.scale[0] / thing.motion.scale).float()[:, None, None, None]
        sources.append(middle[:1] + (centers - middle) * ratio)
    sources.append(centers - torch.from_numpy(plan.camera - plan.camera[:1]).float()[:, None, None])
    places = torch.stack(sources).gather(0, owner[None, ..., None].expand(1, -1, -1, -1, 2))[0]
    inside = ((places >= 0) & (places < 1)).all(dim=-1)
    column = (places[..., 0] * columns).long().clamp(0, columns - 1)
    row = (places[..., 1] * rows).long().clamp(0, rows - 1)
    known = inside & (largest >= CLEAR) & (owner[0][row, column] == owner)
    return Correspondence(places, known)


def owners(covers: Sequence[Tensor], rows: int, columns: int) -> tuple[Tensor, Tensor]:
    """Share of each cell that its largest owner fills, and the number of that owner: float32 and int64 (frames,
    rows, columns). `covers`: (frames, height, width) per object, from the farthest to the nearest; the background is
    the last number.
    """
    left = torch.ones(len(covers[0]), rows, columns)
    shares = []
    for cover in reversed(covers):
        pooled = F.adaptive_avg_pool2d(cover[:, None], (rows, columns))[:, 0]
        shares.append(left * pooled)
        left = left * (1 - pooled)
    largest, owner = torch.stack([*reversed(shares), left]).max(dim=0)
    return largest, owner


def stack(parts: Sequence[Correspondence]) -> Correspondence:
    """Clips of one length as a batch."""
    return Correspondence(torch.stack([part.places for part in parts]), torch.stack([part.known for part in parts]))


def _cell_centers(rows: int, columns: int) -> Tensor:
    y, x = torch.meshgrid((torch.arange(rows) + 0.5) / rows, (torch.arange(columns) + 0.5) / columns, indexing="ij")
    return torch.stack([x, y], dim=-1)


class TaughtAttention:
    """The spatial self-attentions of a denoiser, watched during a forward pass for what their heads look at."""

    def __init__(self, unet: nn.Module) -> None:
        self.modules: list[Any] = [
            module
            for name, module in unet.named_modules()
            if name.endswith(".transformer_blocks.0.attn1") and ".temporal_" not in name
        ]
        self.inputs: dict[int, Tensor] = {}

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Keeps what each attention is given."""

        def keep(number: int) -> Any:
            def hook(_module: nn.Module, arguments: tuple[Tensor, ...]) -> None:
                self.inputs[number] = arguments[0]

            return hook

        handles = [module.register_forward_pre_hook(keep(number)) for number, module in enumerate(self.modules)]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def loss(self, truth: dict[int, Correspondence], content: Tensor, weights: Tensor, probes: nn.ModuleList) -> Tensor:
        """Mean over the attentions of two terms; then forgets what was kept. Scalar.

        The cross-entropy in nats of the taught heads with the true places, and the squared error with which `probes`,
        one linear layer per attention, read the clean latents `content` (clips, frames, channels, rows, columns) from
        what the taught heads give. `truth`: the batch's correspondence by number of cells; `weights` float32 (clips,).
        """
        terms = []
        for number, (module, probe) in enumerate(zip(self.modules, probes, strict=True)):
            tokens = self.inputs.pop(number)
            places = truth[tokens.shape[1]]
            importance = torch.where(places.moved(), 1.0, UNMOVED) * places.known * weights[:, None, None, None]
            importance = importance.flatten(0, 1).flatten(1)
            rows, columns = places.known.shape[-2:]
            seen = F.adaptive_avg_pool2d(content.flatten(0, 1), (rows, columns)).flatten(2).transpose(1, 2)
            entropy, read = self._taught(module, tokens, places, probe)
            error = entropy + (read.float() - seen).square().mean(dim=-1)
            terms.append((error * importance).sum() / importance.sum().clamp(min=1e-6))
        return torch.stack(terms).mean()

    def _taught(self, module: Any, tokens: Tensor, truth: Correspondence, probe: nn.Module) -> tuple[Tensor, Tensor]:
        """Cross-entropy (pictures, cells) of the taught heads, and what the probe reads (pictures, cells, channels)."""
        taught = taught_heads(module)
        width = module.to_q.weight.shape[0] // module.heads
        query, key, value = (
            F.linear(tokens, layer.weight[: taught * width]).unflatten(-1, (taught, width)).transpose(1, 2)
            for layer in (module.to_q, module.to_k, module.to_v)
        )
        looked = (query @ key.transpose(-1, -2) * width**-0.5).float().log_softmax(dim=-1)
        rows, columns = truth.known.shape[-2:]
        indices, parts = _taps(truth.places.flatten(0, 1).flatten(1, 2), rows, columns)
        picked = looked.gather(-1, indices[:, None].expand(-1, taught, -1, -1))
        entropy = -(picked * parts[:, None]).sum(dim=-1).mean(dim=1)
        return entropy, probe((looked.exp().to(value) @ value).transpose(1, 2).flatten(2))


def taught_heads(module: Any) -> int:
    """How many of an attention's heads are taught: the first half."""
    return max(1, module.heads // 2)


def build_probes(unet: nn.Module, channels: int) -> nn.ModuleList:
    """The linear layers that `TaughtAttention.loss` reads latents of `channels` channels with; of no use after it."""
    probes = [
        nn.Linear(module.to_q.weight.shape[0] // module.heads * taught_heads(module), channels)
        for module in TaughtAttention(unet).modules
    ]
    return nn.ModuleList(probes)


def _taps(places: Tensor, rows: int, columns: int) -> tuple[Tensor, Tensor]:
    """Four nearest cells, int64 (..., 4), and their bilinear weights, of places (..., 2) in 0..1."""
    indices, parts = [], []
    x, y = places[..., 0] * columns - 0.5, places[..., 1] * rows - 0.5
    for right in (0, 1):
        for down in (0, 1):
            column, row = x.floor() + right, y.floor() + down
            parts.append((1 - (x - column).abs()) * (1 - (y - row).abs()))
            indices.append(row.clamp(0, rows - 1).long() * columns + column.clamp(0, columns - 1).long())
    return torch.stack(indices, dim=-1), torch.stack(parts, dim=-1)


class ShortcutProcessor:
    """Attention as diffusers' own, less the work for a single key: its weight is 1 whatever the query."""

    def __init__(self) -> None:
        from diffusers.models.attention_processor import AttnProcessor2_0

        self.whole = AttnProcessor2_0()

    def __call__(
        self, attn: Any, hidden_states: Tensor, encoder_hidden_states: Tensor | None = None, **others: Any
    ) -> Tensor:
        """As `AttnProcessor2_0`."""
        single = encoder_hidden_states is not None and encoder_hidden_states.shape[1] == 1
        if not single or others.get("attention_mask") is not None or attn.residual_connection:
            return self.whole(attn, hidden_states, encoder_hidden_states, **others)
        value = attn.to_out[0](attn.to_v(encoder_hidden_states)) / attn.rescale_output_factor
        return value.expand(-1, hidden_states.shape[1], -1)
