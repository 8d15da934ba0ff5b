"""`hitmark train MODEL`: fits the code, trains denoiser and decoder, writes an ordinary pipeline folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from hitmark.errors import HitmarkError
from hitmark.sprites import code as linear_code
from hitmark.sprites.configuration import ModelConfiguration, read_configuration
from hitmark.sprites.perceptual import train_perceptual
from hitmark.sprites.recipes import RECIPES, Recipe
from hitmark.sprites.training import Schedule, Training
from hitmark.sprites.world import SPLITS

CODE_CLIPS = 200
"""Clips whose patches decide the linear code."""
PERCEPTUAL = "sprites-perceptual"
"""The network that measures; see perceptual.py."""
SHEET_EVERY = 600
"""Steps between sheets of samples."""


def train(
    name: str,
    config: Path | None,
    folder: Path,
    device: str = "auto",
    parts: tuple[str, ...] = ("unet", "decoder"),
) -> Path:
    """Runs or resumes the `parts` of the training of an embedded model, then exports it to `folder`/pipeline.

    `config`: a TOML file, None for the one that shipped. Writes `configuration.json`, checkpoints, logs and sample
    sheets to `folder`; a run that was stopped goes on where it was. Returns the exported pipeline's folder.
    Raises HitmarkError for an unknown name, a bad configuration, or a folder that holds a run of other sizes.
    """
    if name == PERCEPTUAL and config is None:
        return train_perceptual(folder)
    if name not in RECIPES:
        known = ", ".join([*RECIPES, f"{PERCEPTUAL} (without --config)"])
        raise HitmarkError(f"there is no training of {name!r} so; what can be trained: {known}")
    recipe, configuration = RECIPES[name], read_configuration(config, name)
    device = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "configuration.json").write_text(json.dumps(asdict(configuration), indent=2) + "\n", encoding="utf-8")
    code = fitted_code(folder, configuration)
    if "unet" in parts:
        training = unet_training(recipe, folder, configuration, device)
        training.run(recipe.loss(code, configuration, device), _sheets(recipe, code, configuration))
    if "decoder" in parts:
        training = decoder_training(recipe, folder, configuration, device)
        training.run(recipe.decoder_loss(code, configuration, device))
    return export(recipe, folder, configuration)


def _sheets(recipe: Recipe, code: linear_code.LinearCode, configuration: Any) -> Callable[[Training], None]:
    """Writes a sheet of sampled clips at the first checkpoint after every SHEET_EVERY steps."""
    written = {"at": 0}

    def report(training: Training) -> None:
        if training.step - written["at"] >= SHEET_EVERY or training.step == training.schedule.steps:
            written["at"] = training.step
            sheet = recipe.sheet(training.averaged, code, configuration)
            sheet.save(training.folder / f"samples-{training.step:06d}.png")

    return report


def fitted_code(folder: Path, configuration: ModelConfiguration) -> linear_code.LinearCode:
    """The linear code of the world's training clips, fitted once and kept in `folder`/code.pt."""
    path = folder / "code.pt"
    if not path.exists():
        world = configuration.world()
        seeds = range(SPLITS["train"][0], SPLITS["train"][0] + CODE_CLIPS)
        pictures = torch.cat([world.render(world.plan(seed, measure=False))[::3] for seed in seeds]) * 2 - 1
        code = linear_code.fit(pictures, configuration.latent_channels)
        torch.save({"matrix": code.matrix, "mean": code.mean}, path)
    return linear_code.LinearCode(**torch.load(path, weights_only=True))


def unet_training(recipe: Recipe, folder: Path, configuration: ModelConfiguration, device: str = "cpu") -> Training:
    """The denoiser's run (denoiser and the encoder of its condition together)."""
    torch.manual_seed(configuration.seed)
    model = recipe.model(configuration)
    schedule = Schedule(configuration.steps, configuration.warmup, configuration.decay, configuration.learning_rate)
    return Training("unet", folder, model.to(device), schedule, configuration.average, configuration.seed)


def decoder_training(recipe: Recipe, folder: Path, configuration: ModelConfiguration, device: str = "cpu") -> Training:
    """The decoder's run."""
    torch.manual_seed(configuration.seed + 1)
    schedule = Schedule(
        configuration.decoder_steps, configuration.warmup, configuration.decay, configuration.decoder_learning_rate
    )
    decoder = recipe.autoencoder(configuration).decoder
    return Training("decoder", folder, decoder.to(device), schedule, configuration.average, configuration.seed + 1)


def export(recipe: Recipe, folder: Path, configuration: ModelConfiguration) -> Path:
    """Writes the averaged weights as a half-precision pipeline to `folder`/pipeline."""
    code = fitted_code(folder, configuration)
    autoencoder = recipe.autoencoder(configuration)
    linear_code.write_encoder(autoencoder, code)
    decoder = decoder_training(recipe, folder, configuration)
    autoencoder.decoder.load_state_dict(decoder.averaged.state_dict())
    unet = unet_training(recipe, folder, configuration)
    if unet.step == 0:
        raise HitmarkError(f"{folder}: no denoiser was trained yet")
    pipeline = recipe.pipeline(configuration, unet.averaged, autoencoder).to(torch.float16)
    target = folder / "pipeline"
    pipeline.save_pretrained(target, safe_serialization=True)
    size = {"frames": configuration.frames, "width": configuration.width, "height": configuration.height}
    card = size | recipe.card | {"world": "sprites"}
    (target / "hitmark.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    return target
