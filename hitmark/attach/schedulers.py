"""Where a diffusers scheduler stands: z = alpha * x0 + sigma * eps, and what its model output means."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from hitmark.errors import HitmarkError

# what multistep solvers remember of earlier steps; latents edited between steps would contradict it
HISTORY = ("model_outputs", "ets", "derivatives", "last_sample", "prev_derivative", "cur_model_output")
SUGGESTION = "Use e.g. pipe.scheduler = EulerDiscreteScheduler.from_config(pipe.scheduler.config)."


def check_single_step(scheduler: Any) -> None:
    """Raise HitmarkError unless each step of the scheduler depends on the current latents only."""
    name = type(scheduler).__name__
    remembered = any(hasattr(scheduler, attribute) for attribute in HISTORY)
    if remembered or getattr(scheduler, "order", 1) != 1:
        raise HitmarkError(
            f"{name} is a multistep or higher-order scheduler: it remembers earlier steps, which edited latents would "
            f"contradict. Expected a single-step scheduler. {SUGGESTION}"
        )
    has_levels = hasattr(scheduler, "sigmas") or hasattr(scheduler, "alphas_cumprod")
    if not has_levels or not hasattr(scheduler, "scale_model_input"):
        raise HitmarkError(
            f"{name} does not tell its noise levels. Expected a scheduler with scale_model_input and sigmas or "
            f"alphas_cumprod. {SUGGESTION}"
        )


def noise_level(scheduler: Any, timestep: Any) -> tuple[int, float, float]:
    """Loop index, alpha and sigma of the step that the scheduler is at, in its own units.

    Raises:
        HitmarkError: the timestep is none of the scheduler's.
    """
    index = getattr(scheduler, "step_index", None)
    if index is None:
        found = torch.as_tensor(scheduler.timesteps == timestep).nonzero()
        if not len(found):
            raise HitmarkError(f"Timestep {timestep} is none of the scheduler's; call the pipeline in the usual way.")
        index = int(found[0])
    return index, *level_at(scheduler, index)


def level_at(scheduler: Any, index: int) -> tuple[float, float]:
    """Alpha and sigma of a step of the loop, in the scheduler's own units."""
    if hasattr(scheduler, "sigmas"):
        return 1.0, float(scheduler.sigmas[index])
    kept = float(scheduler.alphas_cumprod[int(scheduler.timesteps[index])])
    return kept**0.5, (1 - kept) ** 0.5


def clean_estimate(output: Tensor, sample: Tensor, alpha: float, sigma: float, prediction_type: str) -> Tensor:
    """The clean latents x0 that a model output stands for.

    Args:
        output: of the model, after guidance.
        sample: z, in the scheduler's units.
        alpha: see `noise_level`.
        sigma: see `noise_level`.
        prediction_type: "epsilon", "v_prediction" or "sample", as in the scheduler's config.
    """
    if prediction_type == "epsilon":
        return (sample - sigma * output) / alpha
    if prediction_type == "sample":
        return output
    _check_velocity(prediction_type)
    norm = (alpha**2 + sigma**2) ** 0.5
    return alpha / norm**2 * sample - sigma / norm * output


def output_for(clean: Tensor, sample: Tensor, alpha: float, sigma: float, prediction_type: str) -> Tensor:
    """The model output that stands for clean latents x0: the inverse of `clean_estimate`."""
    if prediction_type == "epsilon":
        return (sample - alpha * clean) / sigma
    if prediction_type == "sample":
        return clean
    _check_velocity(prediction_type)
    norm = (alpha**2 + sigma**2) ** 0.5
    return (alpha / norm**2 * sample - clean) * norm / sigma


def _check_velocity(prediction_type: str) -> None:
    if prediction_type != "v_prediction":
        raise HitmarkError(
            f"A control edits the clean estimate, but the scheduler has prediction_type {prediction_type!r}. "
            "Expected epsilon, v_prediction or sample."
        )
