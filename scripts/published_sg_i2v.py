"""SG-I2V as published, on a stock pipeline of Stable Video Diffusion: what `measure_guidance.py` compares with.

Written from the paper's description and what is known of its released program, for its cost as much as its result:
weights want gradients, residual blocks and spatial transformer blocks are checkpointed as diffusers does it, the
features of two layers are brought to the size of the latents for all frames at once, and the pass of the prompt's
branch ends after the up block that holds them. Everything is float32. Nothing of the package is used.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

DECAY, SPREAD, CUTOFF = 0.01, 0.4, 0.5


class _Enough(Exception):  # noqa: N818 - not an error
    """Ends a pass."""


class Published:
    """The optimization of latents by one pipeline.

    Args:
        pipe: of Stable Video Diffusion.
        boxes: int64 (tracks, frames, 4) in latent cells, inside of the picture, of one size a track.
        layers: (up block, transformer) of the two maps.
        iterations: optimizer steps in a denoising step.
        rate: of AdamW.
    """

    def __init__(self, pipe: Any, boxes: Tensor, layers: list[tuple[int, int]], iterations: int, rate: float) -> None:
        self.pipe, self.boxes, self.layers = pipe, boxes, layers
        self.iterations, self.rate = iterations, rate
        self.maps: dict[tuple[int, int], Tensor] = {}

    def optimized(self, latents: Tensor, conditions: dict[str, Tensor], timestep: Tensor, sigma: float) -> Tensor:
        """Latents (1, frames, channels, height, width) of one step, after the optimization and the merge."""
        network = self.pipe.unet
        network.requires_grad_(True)
        network.enable_gradient_checkpointing()
        network.train()
        variable = latents.detach().clone().requires_grad_(True)
        optimizer = torch.optim.AdamW([variable], lr=self.rate, weight_decay=DECAY)
        try:
            with self._recorded(), torch.enable_grad():
                for _ in range(self.iterations):
                    sample = torch.cat([variable / (sigma**2 + 1) ** 0.5, conditions["image"]], 2)
                    self._pass(sample, conditions, timestep)
                    loss = self._loss(latents.shape[-2:])
                    self.maps.clear()
                    loss.backward()
                    optimizer.step()
                    optimizer.zero_grad()
                    self.maps.clear()
        finally:
            network.zero_grad(set_to_none=True)
            network.requires_grad_(False)
            network.disable_gradient_checkpointing()
            network.eval()
        return merged(variable.detach(), latents)

    def _pass(self, sample: Tensor, conditions: dict[str, Tensor], timestep: Tensor) -> None:
        network = self.pipe.unet
        last = max(block for block, _ in self.layers)
        stop = network.up_blocks[last + 1].register_forward_pre_hook(_stop)
        try:
            network(sample, timestep, conditions["embedding"], added_time_ids=conditions["ids"])
        except _Enough:
            pass
        finally:
            stop.remove()

    @contextmanager
    def _recorded(self) -> Any:
        """In the two layers queries also look at the first frame; that is only looked at."""
        handles = []
        for place in self.layers:
            attention = self.pipe.unet.up_blocks[place[0]].attentions[place[1]].transformer_blocks[0].attn1

            def hook(module: Any, given: Any, named: Any, _output: Any, place: tuple[int, int] = place) -> None:
                hidden = named.get("hidden_states", given[0] if given else None)
                first = hidden[:1].detach()
                queries, keys, values = (
                    layer(tokens).unflatten(-1, (module.heads, -1)).transpose(1, 2)
                    for layer, tokens in ((module.to_q, hidden), (module.to_k, first), (module.to_v, first))
                )
                keys, values = (each.detach().expand(len(queries), -1, -1, -1) for each in (keys, values))
                seen = functional.scaled_dot_product_attention(queries, keys, values)
                self.maps[place] = seen.transpose(1, 2).flatten(2)

            handles.append(attention.register_forward_hook(hook, with_kwargs=True))
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _loss(self, size: torch.Size) -> Tensor:
        maps = []
        for place in self.layers:
            tokens = self.maps[place]
            rows = next(rows for rows in range(1, size[0] + 1) if -(-size[0] // 2 ** (3 - place[0])) == rows)
            small = tokens.transpose(1, 2).unflatten(2, (rows, -1)).float()
            maps.append(functional.interpolate(small, tuple(size), mode="bilinear"))
        features = torch.cat(maps, 1)
        above, below = features.new_zeros(()), features.new_zeros(())
        for track in self.boxes.tolist():
            x0, y0, x1, y1 = track[0]
            target = features[0, :, y0:y1, x0:x1].detach()
            weights = bump(y1 - y0, x1 - x0)
            for frame, (left, top, right, bottom) in enumerate(track[1:], start=1):
                found = features[frame, :, top:bottom, left:right]
                above = above + (weights * (found - target).square().mean(0)).sum()
                below = below + weights.sum()
        return above / below


def bump(height: int, width: int) -> Tensor:
    """A Gaussian of 0.4 half sides, 1 at its highest cell."""
    y = (torch.arange(height) + 0.5 - height / 2) / (SPREAD * height / 2)
    x = (torch.arange(width) + 0.5 - width / 2) / (SPREAD * width / 2)
    weights = torch.exp(-0.5 * (y[:, None] ** 2 + x[None, :] ** 2))
    return weights / weights.max()


def merged(new: Tensor, old: Tensor) -> Tensor:
    """Low frequencies of the new latents, the others of the old ones."""
    height, width = new.shape[-2:]
    down = 2 * torch.arange(height) / height - 1
    across = 2 * torch.arange(width) / width - 1
    keep = 1 / (1 + ((down[:, None] ** 2 + across[None, :] ** 2) / CUTOFF**2) ** 4)
    both = [torch.fft.fftshift(torch.fft.fft2(each), dim=(-2, -1)) for each in (new, old)]
    mixed = keep * both[0] + (1 - keep) * both[1]
    return torch.fft.ifft2(torch.fft.ifftshift(mixed, dim=(-2, -1))).real


def _stop(_module: Any, _given: Any) -> None:
    raise _Enough
