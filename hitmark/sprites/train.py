"""`hitmark train sprites-i2v`: fits the code, trains denoiser and decoder, writes an ordinary pipeline folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, cast

import torch

from hitmark.errors import HitmarkError
from hitmark.sprites import code as linear_code
from hitmark.sprites.configuration import ImageToVideoConfiguration, read_configuration
from hitmark.sprites.correspondence import ShortcutProcessor
from hitmark.sprites.decoder import decoder_loss
from hitmark.sprites.image_to_video import ImageToVideoModel, denoising_loss, make_batch
from hitmark.sprites.networks import assemble, build_autoencoder, build_image_encoder, build_unet
from hitmark.sprites.samples import sample_sheet
from hitmark.sprites.training import Schedule, Training
from hitmark.sprites.world import SPLITS

CODE_CLIPS = 200
"""Clips whose patches decide the linear code."""
CARD = {
    "fps": 7,
    "steps": 20,
    "call": {
        "min_guidance_scale": 1.0,
        "max_guidance_scale": 1.0,
        "fps": 7,
        "motion_bucket_id": 127,
        "noise_aug_strength": 0.02,
        "decode_chunk_size": 8,
    },
    "knobs": {"sg-i2v": {"start": 0.0, "stop": 0.5, "step_size": 0.02, "layers": "0.0,0.1,1.0,1.1"}},
}
"""Defaults of the exported model (`hitmark.json`); the knobs are a first guess, not tuned."""
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
    if name != "sprites-i2v":
        raise HitmarkError(f"there is no training of {name!r}; the embedded model that can be trained is sprites-i2v")
    configuration = read_configuration(config)
    device = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "configuration.json").write_text(json.dumps(asdict(configuration), indent=2) + "\n", encoding="utf-8")
    code = fitted_code(folder, configuration)
    if "unet" in parts:
        training = unet_training(folder, configuration, device)
        training.run(_unet_loss(code, configuration, device), _sheets(code, configuration))
    if "decoder" in parts:
        decoder_training(folder, configuration, device).run(_decoder_loss(code, configuration, device))
    return export(folder, configuration)


def _sheets(code: linear_code.LinearCode, configuration: ImageToVideoConfiguration) -> Callable[[Training], None]:
    """Writes a sheet of sampled clips at the first checkpoint after every SHEET_EVERY steps."""
    written = {"at": 0}

    def report(training: Training) -> None:
        if training.step - written["at"] >= SHEET_EVERY or training.step == training.schedule.steps:
            written["at"] = training.step
            averaged = cast("ImageToVideoModel", training.averaged)
            sheet = sample_sheet(averaged, code, configuration)
            sheet.save(training.folder / f"samples-{training.step:06d}.png")

    return report


def fitted_code(folder: Path, configuration: ImageToVideoConfiguration) -> linear_code.LinearCode:
    """The linear code of the world's training clips, fitted once and kept in `folder`/code.pt."""
    path = folder / "code.pt"
    if not path.exists():
        world = configuration.world()
        seeds = range(SPLITS["train"][0], SPLITS["train"][0] + CODE_CLIPS)
        pictures = torch.cat([world.render(world.plan(seed, measure=False))[::3] for seed in seeds]) * 2 - 1
        code = linear_code.fit(pictures, configuration.latent_channels)
        torch.save({"matrix": code.matrix, "mean": code.mean}, path)
    return linear_code.LinearCode(**torch.load(path, weights_only=True))


def unet_training(folder: Path, configuration: ImageToVideoConfiguration, device: str = "cpu") -> Training:
    """The denoiser's run (denoiser and image encoder together)."""
    torch.manual_seed(configuration.seed)
    unet = build_unet(configuration)
    processor: Any = ShortcutProcessor()
    unet.set_attn_processor(processor)
    model = ImageToVideoModel(unet, build_image_encoder(configuration), configuration.latent_channels)
    schedule = Schedule(configuration.steps, configuration.warmup, configuration.decay, configuration.learning_rate)
    return Training("unet", folder, model.to(device), schedule, configuration.average, configuration.seed)


def decoder_training(folder: Path, configuration: ImageToVideoConfiguration, device: str = "cpu") -> Training:
    """The decoder's run."""
    torch.manual_seed(configuration.seed + 1)
    schedule = Schedule(
        configuration.decoder_steps, configuration.warmup, configuration.decay, configuration.decoder_learning_rate
    )
    decoder = build_autoencoder(configuration).decoder
    return Training("decoder", folder, decoder.to(device), schedule, configuration.average, configuration.seed + 1)


def _unet_loss(
    code: linear_code.LinearCode, configuration: ImageToVideoConfiguration, device: str
) -> Callable[..., torch.Tensor]:
    mean, deviation = configuration.dense_log_sigma
    first = replace(configuration, log_sigma_mean=mean, log_sigma_std=deviation)
    world, dense = configuration.world(), configuration.world(dense=True)

    def loss(network: Any, step: int, generator: torch.Generator) -> torch.Tensor:
        if step < configuration.short_steps:
            batch = make_batch(dense, step, configuration.batch, configuration.frames // 2)
            return denoising_loss(network, code, batch.to(device), first, generator)
        batch = make_batch(world, step, configuration.batch, configuration.frames)
        return denoising_loss(network, code, batch.to(device), configuration, generator)

    return loss


def _decoder_loss(
    code: linear_code.LinearCode, configuration: ImageToVideoConfiguration, device: str
) -> Callable[..., torch.Tensor]:
    world = configuration.world()

    def loss(network: Any, step: int, generator: torch.Generator) -> torch.Tensor:
        batch = make_batch(world, step, configuration.decoder_batch, configuration.frames // 2)
        return decoder_loss(network, code, batch.to(device).frames, generator)

    return loss


def export(folder: Path, configuration: ImageToVideoConfiguration) -> Path:
    """Writes the averaged weights as a half-precision pipeline to `folder`/pipeline."""
    code = fitted_code(folder, configuration)
    autoencoder = build_autoencoder(configuration)
    linear_code.write_encoder(autoencoder, code)
    decoder = decoder_training(folder, configuration)
    autoencoder.decoder.load_state_dict(decoder.averaged.state_dict())
    unet = unet_training(folder, configuration)
    networks = {"unet": unet.averaged.unet, "image_encoder": unet.averaged.image_encoder, "vae": autoencoder}
    if unet.step == 0:
        raise HitmarkError(f"{folder}: no denoiser was trained yet; run `hitmark train sprites-i2v -o {folder}`")
    pipeline = assemble(configuration, **networks).to(torch.float16)
    target = folder / "pipeline"
    pipeline.save_pretrained(target, safe_serialization=True)
    size = {"frames": configuration.frames, "width": configuration.width, "height": configuration.height}
    (target / "hitmark.json").write_text(json.dumps(size | CARD, indent=2) + "\n", encoding="utf-8")
    return target


if __name__ == "__main__":
    import sys

    train("sprites-i2v", None, Path(sys.argv[1]), "cpu", tuple(sys.argv[2].split(",")))
