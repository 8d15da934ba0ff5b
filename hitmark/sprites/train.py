"""`hitmark train MODEL`: fits the code, trains denoiser and decoder, writes an ordinary pipeline folder."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import torch

from hitmark.errors import HitmarkError
from hitmark.files import claimed, make_folder
from hitmark.sprites.configuration import ModelConfiguration, read_configuration
from hitmark.sprites.going_on import Milestone, read_milestone, write_milestone
from hitmark.sprites.perceptual_training import CONFIGURATIONS as PERCEPTUAL
from hitmark.sprites.perceptual_training import train_perceptual
from hitmark.sprites.recipes import RECIPES, Recipe
from hitmark.sprites.team import ALONE, Team, gathered
from hitmark.sprites.training import Schedule, Training

PARTS = ("denoiser", "decoder")
SHEET_EVERY = 600
"""Steps between sheets of samples."""


def train(
    name: str,
    config: Path | None,
    folder: Path,
    device: str = "auto",
    parts: tuple[str, ...] = PARTS,
    start: Path | None = None,
    processes: int = 1,
) -> Path:
    """Runs or resumes the `parts` of the training of an embedded model, then exports it to `folder`/pipeline.

    `config`: a TOML file, None for the one that shipped. `start`: a pipeline that an earlier run exported: a run that
    has no checkpoint begins with its weights and at its step. `processes`: how many share every step's clips, 1 to
    the number of processor cores. Writes `configuration.json`, checkpoints, logs and sample sheets to `folder`; a run
    that was stopped goes on where it was. Returns the exported pipeline's folder.
    Raises HitmarkError for an unknown name, a bad configuration, a folder that holds a run of other sizes or is being
    written by another run, more processes than there are processor cores.
    """
    if name in PERCEPTUAL and config is None:
        if start is not None or parts != PARTS or processes != 1:
            raise HitmarkError(
                f"{name} is no pipeline and is always trained whole, by one process: leave out --from, --export and "
                "--processes"
            )
        return train_perceptual(folder, PERCEPTUAL[name])
    if name not in RECIPES:
        known = ", ".join([*RECIPES, *(f"{measuring} (without --config)" for measuring in PERCEPTUAL)])
        raise HitmarkError(f"there is no training of {name!r} so; what can be trained: {known}")
    configuration = read_configuration(config, name)
    device = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    _check_processes(processes, device)
    make_folder(folder)
    with claimed(folder / "training") if parts else nullcontext():  # what stands there can be exported meanwhile
        return _train(name, configuration, folder, device, parts, start, processes)


def _check_processes(processes: int, device: str) -> None:
    cores = os.cpu_count() or 1
    if processes != 1 and device != "cpu":
        raise HitmarkError(f"processes: expected 1 on {device}, got {processes}; several share a processor, not a GPU")
    if not 1 <= processes <= cores:
        raise HitmarkError(f"processes: expected 1 to {cores}, the cores of this machine, got {processes}")


def _train(
    name: str,
    configuration: ModelConfiguration,
    folder: Path,
    device: str,
    parts: tuple[str, ...],
    start: Path | None,
    processes: int,
) -> Path:
    recipe = RECIPES[name]
    (folder / "configuration.json").write_text(json.dumps(asdict(configuration), indent=2) + "\n", encoding="utf-8")
    if start is not None:
        _begin(recipe, folder, configuration, read_milestone(start))
    fitted_code(recipe, folder, configuration)
    run = name, configuration, folder, device, parts
    with gathered(processes, _train_parts, *run) as team:
        _train_parts(team, *run)
    return export(recipe, folder, configuration)


def _train_parts(
    team: Team, name: str, configuration: ModelConfiguration, folder: Path, device: str, parts: tuple[str, ...]
) -> None:
    """What each process of a team does."""
    recipe = RECIPES[name]
    code = fitted_code(recipe, folder, configuration)
    if "denoiser" in parts:
        training = denoiser_training(recipe, folder, configuration, device, team)
        report = None if team.number else _sheets(recipe, code, configuration)
        training.run(recipe.loss(code, configuration, device, team), report)
    if "decoder" in parts:
        training = decoder_training(recipe, folder, configuration, device, team)
        training.run(recipe.decoder_loss(code, configuration, device, team))


def _begin(recipe: Recipe, folder: Path, configuration: ModelConfiguration, milestone: Milestone) -> None:
    """Writes the checkpoints of a run that stands where the milestone's stood; those that are there stay."""
    if not (folder / "code.pt").exists():
        _save_code(folder, milestone.code(recipe.code))
    denoiser = denoiser_training(recipe, folder, configuration)
    if not denoiser.checkpoint.exists():
        milestone.load(denoiser.network)
        denoiser.begin(milestone.counts[recipe.network])
    decoder = decoder_training(recipe, folder, configuration)
    if not decoder.checkpoint.exists():
        autoencoder = recipe.autoencoder(configuration)
        milestone.load_autoencoder(autoencoder)
        decoder.network.load_state_dict(autoencoder.decoder.state_dict())
        decoder.begin(milestone.counts["decoder"])


def _sheets(recipe: Recipe, code: Any, configuration: Any) -> Callable[[Training], None]:
    """Writes a sheet of sampled clips at the first checkpoint after every SHEET_EVERY steps."""
    written = {"at": 0}

    def report(training: Training) -> None:
        if training.step - written["at"] >= SHEET_EVERY or training.step == training.schedule.steps:
            written["at"] = training.step
            sheet = recipe.sheet(training.averaged, code, configuration)
            sheet.save(training.folder / f"samples-{training.step:06d}.png")

    return report


def fitted_code(recipe: Recipe, folder: Path, configuration: ModelConfiguration) -> Any:
    """The latent code of the world's training clips, fitted once and kept in `folder`/code.pt."""
    path = folder / "code.pt"
    if not path.exists():
        _save_code(folder, recipe.fit(configuration))
    return recipe.code(**torch.load(path, weights_only=True))


def _save_code(folder: Path, code: Any) -> None:
    torch.save({entry.name: getattr(code, entry.name) for entry in fields(code)}, folder / "code.pt")


def denoiser_training(
    recipe: Recipe, folder: Path, configuration: ModelConfiguration, device: str = "cpu", team: Team = ALONE
) -> Training:
    """The denoiser's run (denoiser and the encoder of its condition together)."""
    torch.manual_seed(configuration.seed)
    model = recipe.model(configuration)
    schedule = Schedule(configuration.steps, configuration.warmup, configuration.decay, configuration.learning_rate)
    return Training(
        recipe.network,
        folder,
        model.to(device),
        schedule,
        configuration.average,
        configuration.seed,
        configuration.matrix_rate,
        team,
    )


def decoder_training(
    recipe: Recipe, folder: Path, configuration: ModelConfiguration, device: str = "cpu", team: Team = ALONE
) -> Training:
    """The decoder's run."""
    torch.manual_seed(configuration.seed + 1)
    schedule = Schedule(
        configuration.decoder_steps, configuration.warmup, configuration.decay, configuration.decoder_learning_rate
    )
    decoder = recipe.autoencoder(configuration).decoder
    seed = configuration.seed + 1
    return Training("decoder", folder, decoder.to(device), schedule, configuration.average, seed, team=team)


def export(recipe: Recipe, folder: Path, configuration: ModelConfiguration) -> Path:
    """Writes the averaged weights as a half-precision pipeline to `folder`/pipeline."""
    code = fitted_code(recipe, folder, configuration)
    autoencoder = recipe.autoencoder(configuration)
    recipe.write_encoder(autoencoder, code)
    decoder = decoder_training(recipe, folder, configuration)
    autoencoder.decoder.load_state_dict(decoder.averaged.state_dict())
    denoiser = denoiser_training(recipe, folder, configuration)
    if denoiser.step == 0:
        raise HitmarkError(f"{folder}: no denoiser was trained yet")
    pipeline = recipe.pipeline(configuration, denoiser.averaged, autoencoder).to(torch.float16)
    target = folder / "pipeline"
    pipeline.save_pretrained(target, safe_serialization=True)
    size = {"frames": configuration.frames, "width": configuration.width, "height": configuration.height}
    card = size | recipe.card | {"world": "sprites"}
    (target / "hitmark.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    write_milestone(target, code, denoiser.averaged, {recipe.network: denoiser.step, "decoder": decoder.step})
    return target
