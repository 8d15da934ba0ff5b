"""The sprite world's own perceptual network: a small clip classifier whose features and layers measure likeness.

It is neither I3D nor AlexNet, and its distances compare with nobody else's: they hold for clips of this world alone.
Larger and longer clips are reduced to what it has seen, 64 pixels and about 8 frames. It was trained to say which
sprites are in a clip, on which place, how the camera pans and how fast things go.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hitmark.errors import HitmarkError
from hitmark.sprites.atlas import load_atlas
from hitmark.sprites.clip_plan import ClipPlan
from hitmark.sprites.fast import half_precision
from hitmark.sprites.image_to_video import one_thread
from hitmark.sprites.places import PLACES
from hitmark.sprites.training import Schedule, Training
from hitmark.sprites.world import SPLITS, text_world

FOLDER = Path(str(files("hitmark") / "sprites" / "weights" / "sprites-perceptual"))
WIDTH = 64
"""Of a clip's feature vector."""
SEEN = (8, 64)
"""Frames, and pixels of a side, of the clips that it was trained on."""


@dataclass(frozen=True)
class PerceptualConfiguration:
    """How the network is trained; times in optimization steps."""

    seed: int = 0
    channels: tuple[int, ...] = (32, 64, 96, 128)
    steps: int = 2000
    batch: int = 16
    learning_rate: float = 1.5e-3
    warmup: int = 50
    decay: float = 0.5
    average: float = 0.995


class _Level(nn.Module):
    """Halves the picture, then looks across time: (batch, channels, frames, height, width)."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        super().__init__()
        self.space = nn.Conv3d(incoming, outgoing, (1, 3, 3), stride=(1, 2, 2), padding=(0, 1, 1))
        self.norm = nn.GroupNorm(8, outgoing)
        self.time = nn.Conv3d(outgoing, outgoing, (3, 1, 1), padding=(1, 0, 0))
        self.mix = nn.Conv3d(outgoing, outgoing, (1, 3, 3), padding=(0, 1, 1))
        self.second = nn.GroupNorm(8, outgoing)

    def forward(self, values: Tensor) -> Tensor:
        """(batch, channels, frames, h, w) to (batch, channels, frames, h / 2, w / 2)."""
        values = F.silu(self.norm(self.space(values)))
        return values + F.silu(self.second(self.mix(values) + self.time(values)))


class PerceptualNetwork(nn.Module):
    """Features of clips, and what they are trained to tell."""

    def __init__(self, channels: tuple[int, ...], names: int, places: int) -> None:
        super().__init__()
        pairs = zip((3, *channels[:-1]), channels, strict=True)
        self.levels = nn.ModuleList(_Level(incoming, outgoing) for incoming, outgoing in pairs)
        self.features = nn.Linear(2 * channels[-1], WIDTH)
        self.names, self.place = nn.Linear(WIDTH, names), nn.Linear(WIDTH, places)
        self.motion = nn.Linear(WIDTH, 3)

    def activations(self, clips: Tensor) -> list[Tensor]:
        """Outputs of the levels for clips (batch, frames, 3, height, width) in -1..1."""
        values, outputs = clips.transpose(1, 2), []
        for level in self.levels:
            values = level(values)
            outputs.append(values)
        return outputs

    def forward(self, clips: Tensor) -> Tensor:
        """Feature vectors (batch, WIDTH) of clips (batch, frames, 3, height, width) in -1..1."""
        values = self.activations(clips)[-1]
        return self.features(torch.cat([values.mean(dim=(2, 3, 4)), values.amax(dim=(2, 3, 4))], dim=1))


def _truth(plan: ClipPlan) -> tuple[Tensor, int, Tensor]:
    """Which sprites there are (names,), the place's number, and pan and speed (3,)."""
    names, places = list(load_atlas().names), list(PLACES)
    present = torch.zeros(len(names))
    for thing in plan.objects:
        present[names.index(str(thing.name))] = 1
    pan = plan.camera[-1] - plan.camera[0]
    speed = max(np.linalg.norm(np.diff(thing.motion.centers, axis=0), axis=1).sum() for thing in plan.objects)
    return present, places.index(str(plan.place)), torch.tensor([*pan, speed], dtype=torch.float32)


def _loss(network: Any, step: int, generator: torch.Generator, batch: int) -> Tensor:
    world = text_world()
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


def train_perceptual(folder: Path, configuration: PerceptualConfiguration | None = None) -> Path:
    """Trains or resumes in `folder`; returns the folder of the exported network."""
    configuration = configuration or PerceptualConfiguration()
    torch.manual_seed(configuration.seed)
    network = PerceptualNetwork(configuration.channels, len(load_atlas().names), len(PLACES))
    schedule = Schedule(configuration.steps, configuration.warmup, configuration.decay, configuration.learning_rate)
    training = Training("perceptual", folder, network, schedule, configuration.average, configuration.seed)
    training.run(lambda net, step, generator: _loss(net, step, generator, configuration.batch))
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


@cache
def load_perceptual(folder: Path = FOLDER) -> PerceptualNetwork:
    """The network in float32, for reading only. Raises HitmarkError where its files are missing."""
    from safetensors.torch import load_file

    try:
        about = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        values = load_file(folder / "model.safetensors")
    except (OSError, ValueError) as error:
        raise HitmarkError(f"{folder}: the perceptual network cannot be read ({error}); reinstall hitmark") from None
    network = PerceptualNetwork(tuple(about["channels"]), len(about["names"]), len(about["places"]))
    network.load_state_dict({name: value.float() for name, value in values.items()})
    return network.eval().requires_grad_(False)


def clip_features(frames: np.ndarray, network: PerceptualNetwork) -> np.ndarray:
    """Feature vector, float64 (WIDTH,), of a clip uint8 (frames, height, width, 3)."""
    with torch.no_grad():
        return network(_as_input(reduced(frames)))[0].double().numpy()


def layer_distance(
    first: np.ndarray, second: np.ndarray, network: PerceptualNetwork, where: np.ndarray | None = None
) -> float:
    """Difference of two clips in the network's layers: 0 for equal ones; smaller is more alike.

    As LPIPS (Zhang et al., arXiv:1801.03924, Eq. 1) without learned weights: channels scaled to unit length, squared
    difference, mean over positions, mean over levels.

    Args:
        first: uint8 (frames, height, width, 3).
        second: the same shape.
        network: as loaded.
        where: bool (frames, height, width), which pixels count; None = all.
    """
    if first.shape != second.shape:
        raise HitmarkError(f"clips: expected the same shape twice, but got {first.shape} and {second.shape}.")
    with torch.no_grad():
        pairs = zip(network.activations(_as_input(first)), network.activations(_as_input(second)), strict=True)
        distances = []
        for one, other in pairs:
            gap = (F.normalize(one, dim=1) - F.normalize(other, dim=1)).square().sum(dim=1)[0]
            if where is None:
                distances.append(gap.mean())
                continue
            size = (gap.shape[-2], gap.shape[-1])
            share = F.adaptive_avg_pool2d(torch.from_numpy(where).float(), size)
            distances.append((gap * share).sum() / share.sum().clamp(min=1e-6))
    return float(torch.stack(distances).mean())


def named_sprites(frames: np.ndarray, network: PerceptualNetwork) -> dict[str, float]:
    """Probability of each sprite to be in the clip, by name: how well a clip shows what its prompt says."""
    with torch.no_grad():
        chances = network.names(network(_as_input(reduced(frames)))).sigmoid()[0]
    return dict(zip(load_atlas().names, chances.tolist(), strict=True))


def reduced(frames: np.ndarray) -> np.ndarray:
    """A clip uint8 (frames, height, width, 3) of every n-th frame and means of m x m pixels, not smaller than SEEN.

    A clip that is less than twice as large and long is returned as it is.
    """
    step, side = max(1, len(frames) // SEEN[0]), max(1, min(frames.shape[1:3]) // SEEN[1])
    if side == 1:
        return frames[::step]
    pictures = torch.from_numpy(np.ascontiguousarray(frames[::step])).permute(0, 3, 1, 2).float()
    return F.avg_pool2d(pictures, side).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()


def _as_input(frames: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).float()[None] / 127.5 - 1
