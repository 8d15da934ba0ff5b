"""`hitmark generate --dry-run` and `--memory`: what a clip will take, before anything is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from hitmark.cli.progress import silence_libraries

if TYPE_CHECKING:
    from PIL.Image import Image

    from hitmark.cli.request import Request
    from hitmark.run.plan import Plan
    from hitmark.run.rehearsal import Estimate, Fitted

SAID = {
    "words": "reading the prompt or the picture",
    "picture": "encoding pictures",
    "steps": "denoising",
    "guidance": "passes with gradients",
    "decoding": "decoding",
    "frames": "the finished frames",
}
HELD = 1.9
"""A process may hold this much more than it has in use, see `hitmark.run.allocator`."""


def show_plan(request: Request, memory: float | None) -> None:
    """Print the plan of a request, and what it takes; with `memory`, within so many GiB."""
    from hitmark.backbones.loading import check_placement
    from hitmark.cli.generate import notes, prepared
    from hitmark.run.fit import check_fit
    from hitmark.run.rehearsal import Fitted, rehearse

    silence_libraries()
    planned, picture = prepared(request)
    check_placement(request.dtype, request.device)
    check_fit(planned, request.device)
    if memory is None:
        found = Fitted(planned, rehearse(planned, picture, dtype_of(request, planned)))
    else:
        found = fitted(request, planned, picture, memory)
    for note in notes(found.planned):
        typer.echo(f"note: {note}", err=True)
    typer.echo(
        f"{planned.card.name}: {planned.frames} frames of {planned.width}x{planned.height}, {planned.steps} steps"
    )
    typer.echo(found.planned.method)
    for line in lines_of(found.estimate):
        typer.echo(line)


def fitted(request: Request, planned: Plan, picture: Image | None, memory: float) -> Fitted:
    """The plan within so many GiB; what is done for that is printed."""
    from hitmark.run.allocator import return_at_once
    from hitmark.run.rehearsal import within
    from hitmark.run.rehearsal.fitting import GIB

    silence_libraries()
    found = within(planned, picture, memory, dtype_of(request, planned))
    if found.estimate.peak * HELD > memory * GIB and return_at_once():
        typer.echo(
            f"note: for {memory:g} GiB, memory is given back as soon as it is free (up to half slower)", err=True
        )
    for note in found.notes:
        typer.echo(f"note: for {memory:g} GiB, {note}", err=True)
    return found


def dtype_of(request: Request, planned: Plan) -> Any:
    """The type that the weights would be loaded in."""
    import torch

    from hitmark.backbones.loading import check_placement

    on_gpu = check_placement(request.dtype, request.device).startswith("cuda")
    name = request.dtype if request.dtype != "auto" else planned.card.half if on_gpu else "float32"
    return getattr(torch, name)


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
        "hold nearly twice what it has in use."
    )
    return lines
