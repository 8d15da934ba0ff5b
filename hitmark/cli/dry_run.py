"""`hitmark generate --dry-run`, `--memory` and `--time`: what a clip will take, before anything is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from hitmark.cli.progress import silence_libraries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

    from hitmark.cli.request import Request
    from hitmark.run.plan import Plan
    from hitmark.run.rehearsal import Estimate, Fitted

SAID = {
    "words": "reading the prompt or the picture",
    "picture": "encoding pictures",
    "steps": "denoising",
    "preview": "looking ahead",
    "guidance": "passes with gradients",
    "decoding": "decoding",
    "frames": "the finished frames",
}
HELD = 2.1
"""A process may hold so many times what it has in use, see `hitmark.run.allocator`."""


@dataclass(frozen=True)
class Limits:
    """The most that a clip may take: GiB of memory, minutes of time; None: as much as it needs."""

    memory: float | None = None
    time: float | None = None


NO_LIMITS = Limits()


def show_plan(request: Request, planned: Plan, picture: Image | None, limits: Limits, notes: Sequence[str]) -> None:
    """Print a plan with its notes, and what it takes, within its limits."""
    for note in notes:
        typer.echo(f"note: {note}", err=True)
    found = fitted(request, planned, picture, limits.memory)
    planned, estimate = found.planned, found.estimate
    size = f"{planned.frames} frames of {planned.width}x{planned.height}"
    typer.echo(f"{planned.card.name}: {size}, {planned.steps} steps")
    typer.echo(planned.method)
    for line in lines_of(estimate):
        typer.echo(line)
    tell_time(request, planned, estimate, limits.time)


def fitted(request: Request, planned: Plan, picture: Image | None, memory: float | None) -> Fitted:
    """The plan within so many GiB, None: as it is; what is done for that is printed."""
    from hitmark.backbones.memory import GIB
    from hitmark.run.allocator import return_at_once
    from hitmark.run.rehearsal import Fitted, rehearse, within

    silence_libraries()
    dtype = dtype_of(request, planned)
    if memory is None:
        return Fitted(planned, rehearse(planned, picture, dtype))
    found = within(planned, picture, memory, dtype)
    notes = list(found.notes)
    if found.estimate.peak * HELD > memory * GIB and return_at_once():
        notes.insert(0, "memory is given back as soon as it is free (1.5 to 1.7 times the time, the same clip)")
    for note in notes:
        typer.echo(f"note: for {memory:g} GiB, {note}", err=True)
    return found


def tell_time(request: Request, planned: Plan, estimate: Estimate, minutes: float | None) -> None:
    """Print the least time that a clip takes, and refuse one that takes longer than it may."""
    from hitmark.backbones.loading import check_placement
    from hitmark.run.rehearsal import check_time, duration, multiplications_a_second

    if check_placement(request.dtype, request.device) != "cpu":
        if minutes is not None:
            typer.echo("note: --time: how fast a GPU computes is not known before; the time is not limited", err=True)
        return
    rate = multiplications_a_second(dtype_of(request, planned))
    if minutes is not None:
        check_time(planned, estimate, minutes, rate)
    typer.echo(
        f"time: at least {duration(estimate.products / rate)} here, where {rate / 1e9:.3g} e9 multiplications a second "
        "are the most; small models take several times that",
        err=minutes is not None,
    )


def dtype_of(request: Request, planned: Plan) -> Any:
    """The type that the weights would be loaded in."""
    import torch

    from hitmark.backbones.loading import check_placement, chosen_dtype

    return getattr(torch, chosen_dtype(planned.card, request.dtype, check_placement(request.dtype, request.device)))


def lines_of(estimate: Estimate) -> list[str]:
    """A table of what an estimate says."""
    from hitmark.run.rehearsal.fitting import gib

    lines = [f"{'':36} {'memory':>10} {'passes':>7} {'multiplications':>16}"]
    lines.append(f"{'weights':36} {gib(sum(estimate.weights.values())):>10}")
    for name, words in SAID.items():
        part = estimate.parts.get(name)
        if part is not None:
            times = str(part.times) if part.times else ""
            products = f"{part.products / 1e12:.3g} e12" if part.products else ""
            lines.append(f"{words:36} {gib(part.peak):>10} {times:>7} {products:>16}")
    lines.append(f"{'at the peak (weights and the largest)':36} {gib(estimate.peak):>10}")
    lines.append(
        "Estimated from the configuration. Libraries take about half a GiB more, and without --memory a process may "
        "hold twice what it has in use."
    )
    return lines
