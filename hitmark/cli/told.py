"""What `hitmark generate` says of a finished run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from hitmark.console import command_line

if TYPE_CHECKING:
    from hitmark.cli.request import Request
    from hitmark.run.outputs import Outputs
    from hitmark.run.record import RunRecord
    from hitmark.run.result import Result


def tell(request: Request, outputs: Outputs, result: Result, record: RunRecord) -> None:
    """Say what was written, and whether a replay gave the same frames."""
    frames, height, width, _ = result.frames.shape
    typer.echo(
        f"wrote {outputs.video}: {frames} frames of {width}x{height} in {result.seconds:.1f} s, "
        f"peak memory {result.peak_memory / 1e9:.2f} GB"
    )
    others = [path for path in outputs.all() if path not in (outputs.video, outputs.record, outputs.image)]
    typer.echo(f"      {', '.join(str(path) for path in others if path.exists())}")
    if result.picture is not None:
        typer.echo(f"      {outputs.image}{_about_size(request, result)}")
    again = command_line("hitmark", "generate", outputs.record)
    typer.echo(f"      {outputs.record} (make it again: {again})")
    if request.replayed is None:
        return
    differences = "; ".join(request.replayed.differences(record))
    if record.output.frames_sha256 == request.replayed.output.frames_sha256:
        typer.echo("replay: the frames are the same, bit for bit")
    else:
        why = differences or "same versions and machine: was the record edited?"
        typer.echo(f"warning: replay: the frames differ from the recorded ones ({why})", err=True)


def _about_size(request: Request, result: Result) -> str:
    """Where the copy of the first picture is smaller than the picture: that it is, and what of."""
    from hitmark.run.describe import kept_picture

    given, kept = result.picture, kept_picture(result)
    if given is None or kept is None or kept.size == given.size:
        return ""
    source = request.image or request.scene.image_path(request.folder) or "the picture"
    sizes = [f"{each.width}x{each.height}" for each in (kept, given)]
    return f" ({sizes[0]}, the size of the clip; {source}, in its shape, has {sizes[1]})"
