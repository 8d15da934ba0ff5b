"""The training of the sprite world's perceptual networks."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hitmark.sprites.atlas import load_atlas
from hitmark.sprites.clip_plan import ClipPlan
from hitmark.sprites.fast import half_precision
from hitmark.sprites.image_to_video import one_thread
from hitmark.sprites.perceptual import LARGE, USUAL, PerceptualNetwork, load_perceptual
from hitmark.sprites.places import PLACES
from hitmark.sprites.training import Schedule, Training
from hitmark.sprites.world import SPLITS, text_world


@dataclass(frozen=True)
class PerceptualConfiguration:
    """How the network is trained; times in optimization steps."""

    seed: int = 0
    frames: int = 8
    side: int = 64
    """Pixels of a side of the clips that it learns from."""
    channels: tuple[int, ...] = (32, 64, 96, 128)
    stem: int = 0
    """Channels of a convolution that halves clips in space and time before the levels; 0: none. A network with one
    begins as the embedded one without, on every second frame and means of 2 x 2 pixels."""
    steps: int = 2000
    batch: int = 16
    learning_rate: float = 1.5e-3
    warmup: int = 50
    decay: float = 0.5
    average: float = 0.995


CONFIGURATIONS = {
    USUAL: PerceptualConfiguration(),
    LARGE: PerceptualConfiguration(frames=17, side=128, stem=24, steps=250, learning_rate=6e-4),
}
"""Of the embedded networks: one for each size of clip that the embedded models make."""


def _truth(plan: ClipPlan) -> tuple[Tensor, int, Tensor]:
    """Which sprites there are (names,), the place's number, and pan and speed (3,)."""
    names, places = list(load_atlas().names), list(PLACES)
    present = torch.zeros(len(names))
    for thing in plan.objects:
        present[names.index(str(thing.name))] = 1
    pan = plan.camera[-1] - plan.camera[0]
    speed = max(np.linalg.norm(np.diff(thing.motion.centers, axis=0), axis=1).sum() for thing in plan.objects)
    return present, places.index(str(plan.place)), torch.tensor([*pan, speed], dtype=torch.float32)


def _loss(network: Any, step: int, generator: torch.Generator, configuration: PerceptualConfiguration) -> Tensor:
    batch = configuration.batch
    world = text_world(configuration.side, configuration.side, configuration.frames)
    clips, truths = [], []
    with one_thread():
        for seed in range(SPLITS["train"][0] + step * batch, SPLITS["train"][0] + (step + 1) * batch):
            plan = world.plan(seed, measure=False)
            clips.append(world.render(plan))
            truths.append(_truth(plan))
    pictures = torch.stack(clips) * 2 - 1
    pictures = pictures + 0.05 * torch.rand(batch, 1, 1, 1, 1, generator=generator) * torch.randn(
        pictures.shape, generator=generator
    )
    present, places, motion = zip(*truths, strict=True)
    with half_precision("cpu"):
        features = network(pictures)
        names, place, moves = network.names(features), network.place(features), network.motion(features)
    return (
        20 * F.binary_cross_entropy_with_logits(names.float(), torch.stack(present))
        + 0.3 * F.cross_entropy(place.float(), torch.tensor(places))
        + F.smooth_l1_loss(moves.float(), torch.stack(motion), beta=0.05)
    )


def build_perceptual(configuration: PerceptualConfiguration) -> PerceptualNetwork:
    """As it is before training: untrained without a stem, else as the embedded network without one."""
    seen = (configuration.frames, configuration.side)
    network = PerceptualNetwork(configuration.channels, len(load_atlas().names), len(PLACES), configuration.stem, seen)
    if network.stem is None or network.stem.bias is None:
        return network
    values, first = load_perceptual().state_dict(), "levels.0.space.weight"
    more = torch.zeros_like(network.state_dict()[first][:, 3:])
    values[first] = torch.cat([values[first], more], dim=1)
    with torch.no_grad():
        network.stem.weight[:3] = 0
        network.stem.bias[:3] = 0
        for color in range(3):
            network.stem.weight[color, color, 1, 1:3, 1:3] = 1 / 4
    network.load_state_dict(network.state_dict() | values)
    return network


def train_perceptual(folder: Path, configuration: PerceptualConfiguration | None = None) -> Path:
    """Trains or resumes in `folder`; returns the folder of the exported network."""
    configuration = configuration or PerceptualConfiguration()
    torch.manual_seed(configuration.seed)
    network = build_perceptual(configuration)
    schedule = Schedule(configuration.steps, configuration.warmup, configuration.decay, configuration.learning_rate)
    training = Training("perceptual", folder, network, schedule, configuration.average, configuration.seed)
    training.run(lambda net, step, generator: _loss(net, step, generator, configuration))
    target = folder / "network"
    save(training.averaged, configuration, target)
    return target


def save(network: nn.Module, configuration: PerceptualConfiguration, folder: Path) -> None:
    """Writes the network in half precision, and its sizes."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    values = {name: value.half().contiguous() for name, value in network.state_dict().items()}
    save_file(values, folder / "model.safetensors")
    about = asdict(configuration) | {"names": list(load_atlas().names), "places": list(PLACES)}
    (folder / "config.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
