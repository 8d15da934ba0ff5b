"""Packs a training run that is to go on elsewhere: averaged weights in half precision, its code and where it stands.

    python -m scripts.pack_run sprites-wan runs/sprites-wan milestones/sprites-wan
    cp -r milestones/sprites-wan runs/sprites-wan && hitmark train sprites-wan

A run that goes on from a packed one has the weights and the step, not the optimizers' momentum: it warms up again.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from hitmark.console import readable_errors
from hitmark.errors import HitmarkError
from hitmark.sprites.configuration import read_configuration
from hitmark.sprites.recipes import RECIPES
from hitmark.sprites.train import decoder_training, denoiser_training


def main(
    name: Annotated[str, typer.Argument(help="Name of the embedded model.")],
    run: Annotated[Path, typer.Argument(help="Folder of the run.")],
    target: Annotated[Path, typer.Argument(help="Folder to write.")],
) -> None:
    """Writes the files and says how far the run was."""
    recipe, configuration = RECIPES[name], read_configuration(None, name)
    if not (run / "code.pt").is_file():
        raise HitmarkError(f"{run}: expected the folder of a training run, with code.pt in it")
    for training in (denoiser_training(recipe, run, configuration), decoder_training(recipe, run, configuration)):
        if training.step:
            training.pack(target)
            typer.echo(f"{training.name}: step {training.step}, {training.checkpoint.name}")
    shutil.copyfile(run / "code.pt", target / "code.pt")


if __name__ == "__main__":
    with readable_errors():
        typer.run(main)
