"""Steps in which a method acts: the first so many, of those the noisy ones.

Numbers of steps are of runs as long as the paper's; a run of four steps would be edited from end to end. A window by
noise (as SDEdit's strength, arXiv:2108.01073, and ComfyUI's sigmas have it) fits runs of any length.
"""

from __future__ import annotations

from typing import Any

from hitmark.control import Step, knob


def lowest_noise_knob() -> Any:
    """The knob of methods that count the steps that they edit."""
    return knob(
        0.0,
        low=0,
        high=1,
        help="Of these steps only the first, and those in which noise is at least this share of the latents.",
        more="0: all of them. For runs of few steps: 0.85 leaves 2 of 4 steps, 3 of 8 and 6 of 20 at shift 2.",
    )


def noisy(step: Step, lowest_noise: float) -> bool:
    """Whether a step is the first, or noise is at least that share of its latents."""
    return step.index == 0 or step.noise_share >= lowest_noise


def acts(step: Step, count: int, lowest_noise: float) -> bool:
    """Whether a step is among the first `count` and noisy enough."""
    return step.index < count and noisy(step, lowest_noise)


def progress(step: Step, count: int, lowest_noise: float) -> float:
    """How far a step is within such a window, 0 at its first to 1 at its last (by noise: at its lowest)."""
    by_number = step.index / max(count - 1, 1)
    if lowest_noise in (0, 1):
        return by_number
    return max(by_number, min(1.0, (1 - step.noise_share) / (1 - lowest_noise)))
