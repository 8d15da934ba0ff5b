"""`hitmark train`: make the embedded models again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hitmark.console import command_line

Name = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="Name of an embedded model: sprites-i2v, sprites-t2v, sprites-wan, or sprites-perceptual or "
        "sprites-perceptual-128 (the networks that measure).",
    ),
]
Configuration = Annotated[Path | None, typer.Option("--config", help="TOML file. Default: the one that shipped.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Folder of the run. Default: runs/MODEL.")]
Device = Annotated[str, typer.Option(help="cpu, cuda, or auto: a GPU when there is one.")]
Start = Annotated[
    Path | None,
    typer.Option(
        "--from",
        metavar="FOLDER",
        help="Pipeline that an earlier run wrote: a new run begins with its weights and at its step.",
    ),
]
Processes = Annotated[
    int,
    typer.Option(
        metavar="N",
        help="Processes that share every step's clips; at most one for each processor core, which it uses better than "
        "threads do.",
    ),
]
Only = Annotated[bool, typer.Option("--export", help="Only write the pipeline of the run as it stands.")]

EXAMPLES = """\b
Examples:
  hitmark train sprites-i2v
  hitmark train sprites-t2v --device cuda -o runs/mine
  hitmark train sprites-i2v --config mine.toml -o runs/mine
  hitmark train sprites-wan -o runs/mine --processes 2
  hitmark train sprites-wan -o runs/mine --export
  hitmark train sprites-wan --from runs/mine/pipeline -o runs/next
"""


def train(
    name: Name,
    config: Configuration = None,
    output: Output = None,
    device: Device = "auto",
    start: Start = None,
    export: Only = False,
    processes: Processes = 1,
) -> None:
    """Train an embedded model from nothing; a run that was stopped goes on where it was."""
    from hitmark.sprites.train import PARTS
    from hitmark.sprites.train import train as run

    pipeline = run(name, config, output or Path("runs") / name, device, () if export else PARTS, start, processes)
    typer.echo(f"wrote {pipeline}; use it: {command_line('hitmark', 'generate', 'SCENE', '--model', pipeline)}")
