"""`hitmark demo`: what the methods do, seen in minutes on any machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Output = Annotated[Path, typer.Option("--output", "-o", help="Folder to write; it is made if it is not there.")]
Seed = Annotated[int, typer.Option(help="Seed of the noise, the same with and without control.", min=0)]
Steps = Annotated[int | None, typer.Option(help="Denoising steps. Default: each model's.", min=1)]
Force = Annotated[bool, typer.Option("--force", help="Replace the files of an earlier demo.")]
Only = Annotated[Literal["image", "text"] | None, typer.Option(help="The scenes from pictures or from text alone.")]

EXAMPLES = """\b
Examples:
  hitmark demo
  hitmark demo -o out/demo-7 --seed 7
  hitmark demo --only text
"""


def demo(
    output: Output = Path("out/demo"), seed: Seed = 0, steps: Steps = None, only: Only = None, force: Force = False
) -> None:
    """Make six short scenes with the embedded models, each without control and with methods, and a page to compare.

    From pictures, with SG-I2V: a curved path, two objects at once, a camera pan. From text, with Peekaboo and IVG-DA: a
    straight path, a curved one, two objects that pass each other. The page (index.html) shows the clips side by side
    with wanted and found paths, the error, time and memory; it needs no network and can be moved with its folder.
    """
    from hitmark.cli.progress import silence_libraries, step_bar
    from hitmark.demo.make import run_demo

    silence_libraries()
    with step_bar("demo") as on_step:
        finished = run_demo(output, seed=seed, steps=steps, only=only, on_step=on_step, overwrite=force)
    typer.echo(finished.table())
    typer.echo(f"\nopen {finished.page}")
