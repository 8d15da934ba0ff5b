"""The least time that a clip can take: its multiplications, at the pace at which this processor multiplies matrices."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from hitmark.errors import GenerationError
from hitmark.methods.sg_i2v import SGI2V
from hitmark.run.rehearsal.rehearse import passes_of

if TYPE_CHECKING:
    from hitmark.run.plan import Plan
    from hitmark.run.rehearsal.estimate import Estimate

SIDE, SECONDS = 1024, 0.3
"""Of the matrices that are multiplied, and how long."""
FEWEST_STEPS = 4
"""Fewer are not suggested."""
OF_STEPS = ("steps", "guidance")
"""Parts of the work that steps are made of."""


def multiplications_a_second(dtype: torch.dtype = torch.float32, seconds: float = SECONDS) -> float:
    """Return how many multiplications with additions this processor makes in products of square matrices.

    Networks reach a part of that: other operations, small matrices and memory take time too.

    Args:
        dtype: of the matrices.
        seconds: how long to measure; the fastest product counts.
    """
    first, second = (torch.ones(SIDE, SIDE, dtype=dtype) for _ in range(2))
    best, end = float("inf"), time.perf_counter() + seconds
    while best == float("inf") or time.perf_counter() < end:
        begun = time.perf_counter()
        torch.mm(first, second)
        best = min(best, time.perf_counter() - begun)
    return SIDE**3 / best


def check_time(planned: Plan, estimate: Estimate, minutes: float, rate: float) -> None:
    """Raise GenerationError for a clip that cannot be made in so many minutes, with what would shorten it enough.

    Args:
        planned: of the clip.
        estimate: of the plan.
        minutes: that it may take.
        rate: multiplications with additions in a second.
    """
    needed = estimate.products / rate
    if needed <= 60 * minutes:
        return
    raise GenerationError(
        f"time: this clip takes at least {duration(needed)} here ({estimate.products / 1e12:.3g} e12 multiplications, "
        f"at most {rate / 1e9:.3g} e9 in a second), and {minutes:g} min were given; nothing was started.",
        hint=_what_shortens(planned, estimate, 60 * minutes * rate),
    )


def duration(seconds: float) -> str:
    """A time in seconds, minutes or hours, whichever reads best."""
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.1f} s"


def _what_shortens(planned: Plan, estimate: Estimate, products: float) -> str:
    """Fewer gradients where that is enough, else fewer steps, else a smaller clip."""
    parts = estimate.parts
    for control in planned.controls:
        if isinstance(control, SGI2V) and control.gradient_every < control.iterations:
            fewer = replace(control, gradient_every=control.iterations)
            share = 1 - passes_of(fewer, planned.steps) / passes_of(control, planned.steps)
            if estimate.products - share * parts["guidance"].products <= products:
                return f"--set gradient_every={control.iterations} (one gradient a step) would bring it below that"
    of_steps = sum(parts[name].products for name in OF_STEPS if name in parts)
    left = products - (estimate.products - of_steps)
    steps = int(planned.steps * left / of_steps) if of_steps else 0
    if steps >= FEWEST_STEPS:
        return f"--steps {steps} would bring it below that; so would fewer frames or a smaller size"
    return "Fewer frames, a smaller size or a smaller model take less; --dry-run says how much"
