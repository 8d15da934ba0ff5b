"""`hitmark demo`: what the method does, seen in a few minutes on any machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Output = Annotated[Path, typer.Option("--output", "-o", help="Folder to write; it is made if it is not there.")]
Seed = Annotated[int, typer.Option(help="Seed of the noise, the same with and without control.", min=0)]
Steps = Annotated[int | None, typer.Option(help="Denoising steps. Default: the model's.", min=1)]

EXAMPLES = """\b
Examples:
  hitmark demo
  hitmark demo -o out/demo-7 --seed 7
"""


def demo(output: Output = Path("out/demo"), seed: Seed = 0, steps: Steps = None) -> None:
    """Make three short scenes with the embedded model, each without control and with SG-I2V, and a page to compare.

    A curved path, two objects at once, and a camera pan. The page (index.html) shows the clips side by side with
    wanted and found paths, the error, time and memory; it needs no network and can be moved with its folder.
    """
    from hitmark.bench.demo import run_demo
    from hitmark.cli.progress import silence_libraries, step_bar

    silence_libraries()
    with step_bar("demo") as on_step:
        finished = run_demo(output, seed=seed, steps=steps, on_step=on_step)
    typer.echo(finished.table())
    typer.echo(f"\nopen {finished.page}")
