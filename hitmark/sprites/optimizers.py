"""Muon: momentum, orthogonalized, for the weight matrices and kernels; AdamW for everything else.

Source: K. Jordan et al., "Muon: an optimizer for hidden layers in neural networks" (2024), with the update scaled to
AdamW's typical size (J. Liu et al., arXiv:2502.16982, Sec. 2.2), so that one learning rate serves both groups.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from hitmark.sprites.fast import half_is_fast
from hitmark.sprites.team import ALONE, Team

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic Newton-Schulz iteration."""


class Muon(torch.optim.Optimizer):
    """For parameters of two or more dimensions; kernels are flattened to (out, in x window)."""

    def __init__(self, parameters: Iterable[Tensor], lr: float, momentum: float = 0.95, team: Team = ALONE) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum})
        self.team = team

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """One update; matrices of one shape together. `closure` is not supported."""
        for group in self.param_groups:
            shapes: dict[torch.Size, list[Tensor]] = {}
            for parameter in group["params"]:
                if parameter.grad is not None:
                    shapes.setdefault(parameter.flatten(1).shape, []).append(parameter)
            for shape, parameters in shapes.items():
                directions = torch.stack([self._direction(parameter, group["momentum"]) for parameter in parameters])
                rate = group["lr"] * 0.2 * max(shape) ** 0.5
                for parameter, update in zip(parameters, self.team.in_parts(orthogonalize, directions), strict=True):
                    parameter.add_(update.view_as(parameter), alpha=-rate)

    def _direction(self, parameter: Tensor, momentum: float) -> Tensor:
        """The gradient with momentum, as a matrix."""
        assert parameter.grad is not None
        state = self.state[parameter]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(parameter)
        buffer = state["momentum"].lerp_(parameter.grad, 1 - momentum)
        return parameter.grad.lerp(buffer, momentum).flatten(1)


def orthogonalize(matrix: Tensor, iterations: int = 5) -> Tensor:
    """About U V^T of the singular values of matrices (count, rows, columns), by Newton-Schulz iteration."""
    first, second, third = COEFFICIENTS
    tall = matrix.shape[-2] > matrix.shape[-1]
    value = matrix.mT if tall else matrix
    if half_is_fast(matrix.device.type):
        value = value.bfloat16()
    value = value / (value.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(iterations):
        square = value @ value.mT
        value = torch.baddbmm(value, torch.baddbmm(square, square, square, beta=second, alpha=third), value, beta=first)
    return (value.mT if tall else value).to(matrix.dtype)


EDGES = ("conv_in", "conv_out", "embedding", "time_mixer", "transformer.proj_out", "shared", "embed_tokens", "read_out")
"""Parts of the names of first and last layers and of tables."""


def build_optimizers(network: nn.Module, learning_rate: float, team: Team = ALONE) -> list[torch.optim.Optimizer]:
    """Muon for hidden matrices and kernels, AdamW for vectors, the first and last layer and the embeddings."""
    hidden, rest = [], []
    for name, parameter in network.named_parameters():
        edge = any(part in name for part in EDGES)
        (rest if edge or parameter.ndim < 2 or min(parameter.shape[:2]) < 8 else hidden).append(parameter)
    return [
        Muon(hidden, lr=learning_rate, team=team),
        torch.optim.AdamW(rest, lr=learning_rate, betas=(0.9, 0.99), weight_decay=0.0, fused=True),
    ]
