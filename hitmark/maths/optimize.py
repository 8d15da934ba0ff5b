"""A few optimizer steps on a tensor, safe in half precision."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from hitmark.errors import HitmarkError

FIRST_LOSS_SCALE = 2.0**16  # as torch.amp.GradScaler starts
ATTEMPTS = 6


def descend(
    start: Tensor,
    loss_of: Callable[[Tensor], Tensor],
    *,
    iterations: int,
    learning_rate: float,
    weight_decay: float,
    loss_scale: float = 1.0,
    gradient_every: int = 1,
) -> Tensor:
    """Minimize `loss_of` by AdamW from `start`, with a fresh optimizer state.

    Args:
        start: any shape; not changed.
        loss_of: maps the float32 variable to a scalar loss. Called once for each new gradient, with gradients on.
        iterations: number of steps.
        learning_rate: largest change of an element in one step, in the units of `start`.
        weight_decay: AdamW's decoupled decay.
        loss_scale: the loss is multiplied by it before the backward pass and the gradient divided by it, so that
            small gradients survive float16. Lowered by itself when the gradient overflows.
        gradient_every: the first step and every so many after it compute a gradient; those between step once more
            with the last one.

    Returns:
        The optimized tensor, float32, without graph.

    Raises:
        HitmarkError: no gradient reaches the variable, or it is not finite.
    """
    variable = start.detach().float().clone().requires_grad_(True)
    optimizer = torch.optim.AdamW([variable], lr=learning_rate, weight_decay=weight_decay)
    for iteration in range(iterations):
        if iteration % gradient_every == 0:
            variable.grad, loss_scale = _gradient(loss_of, variable, loss_scale)
        optimizer.step()
    return variable.detach()


def _gradient(loss_of: Callable[[Tensor], Tensor], variable: Tensor, loss_scale: float) -> tuple[Tensor, float]:
    for _ in range(ATTEMPTS):
        with torch.enable_grad():
            loss = loss_of(variable) * loss_scale
        if not loss.requires_grad:
            raise HitmarkError(
                "No gradient reaches the latents. The network must pass gradients to its input: load it without "
                "quantization (or with one whose layers have a backward pass), and not under torch.inference_mode()."
            )
        gradient = _backward(loss, variable)
        if torch.isfinite(gradient).all():
            return gradient / loss_scale, loss_scale
        loss_scale = max(1.0, loss_scale / 16)
    raise HitmarkError(
        "The gradient of the loss with respect to the latents is not finite. Expected a network that is stable in "
        f"its own precision ({variable.device.type}); load it in bfloat16 or float32."
    )


def _backward(loss: Tensor, variable: Tensor) -> Tensor:
    try:
        (gradient,) = torch.autograd.grad(loss, variable)
    except RuntimeError as error:
        if "memory" in str(error).lower():
            raise
        raise HitmarkError(
            f"The backward pass through the network failed: {error}. Expected weights that stay as they are between "
            "the forward and the backward pass; undo layerwise casting or quantization of the denoiser."
        ) from error
    return gradient
