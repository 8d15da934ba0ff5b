"""The sprite world's own perceptual networks: small clip classifiers whose features and layers measure likeness.

They are neither I3D nor AlexNet, and their distances compare with nobody else's: they hold for clips of this world
alone. There is one for each size of clip that the embedded models make; larger and longer clips are reduced to what it
has seen. They were trained to say which sprites are in a clip, on which place, how the camera pans and how fast things
go (`perceptual_training.py`).
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hitmark.errors import HitmarkError
from hitmark.sprites.atlas import load_atlas

WEIGHTS = Path(str(files("hitmark") / "sprites" / "weights"))
USUAL, LARGE = "sprites-perceptual", "sprites-perceptual-128"
"""The embedded networks."""
WIDTH = 64
"""Of a clip's feature vector."""


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
    """Features of clips, and what they are trained to tell.

    Args:
        channels: of the levels.
        names: how many sprites there are, and `places` how many places.
        stem: channels of a convolution before the levels that halves clips in space and time; 0: none.
        seen: frames, and pixels of a side, of the clips that it is trained on.
    """

    def __init__(
        self, channels: tuple[int, ...], names: int, places: int, stem: int = 0, seen: tuple[int, int] = (8, 64)
    ) -> None:
        super().__init__()
        self.seen = seen
        self.stem = nn.Conv3d(3, stem, (3, 4, 4), stride=2, padding=1) if stem else None
        pairs = zip((stem or 3, *channels[:-1]), channels, strict=True)
        self.levels = nn.ModuleList(_Level(incoming, outgoing) for incoming, outgoing in pairs)
        self.features = nn.Linear(2 * channels[-1], WIDTH)
        self.names, self.place = nn.Linear(WIDTH, names), nn.Linear(WIDTH, places)
        self.motion = nn.Linear(WIDTH, 3)

    def activations(self, clips: Tensor) -> list[Tensor]:
        """Outputs of the levels for clips (batch, frames, 3, height, width) in -1..1."""
        values, outputs = clips.transpose(1, 2), []
        values = values if self.stem is None else self.stem(values)
        for level in self.levels:
            values = level(values)
            outputs.append(values)
        return outputs

    def forward(self, clips: Tensor) -> Tensor:
        """Feature vectors (batch, WIDTH) of clips (batch, frames, 3, height, width) in -1..1."""
        values = self.activations(clips)[-1]
        return self.features(torch.cat([values.mean(dim=(2, 3, 4)), values.amax(dim=(2, 3, 4))], dim=1))


@cache
def load_perceptual(folder: Path = WEIGHTS / USUAL) -> PerceptualNetwork:
    """The network in float32, for reading only. Raises HitmarkError where its files are missing."""
    from safetensors.torch import load_file

    try:
        about = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        values = load_file(folder / "model.safetensors")
    except (OSError, ValueError) as error:
        raise HitmarkError(f"{folder}: the perceptual network cannot be read ({error}); reinstall hitmark") from None
    channels, seen = tuple(about["channels"]), (about["frames"], about["side"])
    network = PerceptualNetwork(channels, len(about["names"]), len(about["places"]), about["stem"], seen)
    network.load_state_dict({name: value.float() for name, value in values.items()})
    return network.eval().requires_grad_(False)


def clip_features(frames: np.ndarray, network: PerceptualNetwork) -> np.ndarray:
    """Feature vector, float64 (WIDTH,), of a clip uint8 (frames, height, width, 3)."""
    with torch.no_grad():
        return network(_as_input(reduced(frames, network.seen)))[0].double().numpy()


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
        chances = network.names(network(_as_input(reduced(frames, network.seen)))).sigmoid()[0]
    return dict(zip(load_atlas().names, chances.tolist(), strict=True))


def fitting_perceptual(frames: np.ndarray) -> tuple[str, PerceptualNetwork]:
    """Name of the embedded network for clips of the size of `frames`, (frames, height, width, 3), and the network."""
    large = load_perceptual(WEIGHTS / LARGE)
    if len(frames) >= large.seen[0] and min(frames.shape[1:3]) >= large.seen[1]:
        return LARGE, large
    return USUAL, load_perceptual()


def reduced(frames: np.ndarray, seen: tuple[int, int]) -> np.ndarray:
    """A clip uint8 (frames, height, width, 3) of every n-th frame and means of m x m pixels, not smaller than `seen`.

    A clip that is less than twice as large and long is returned as it is.
    """
    step, side = max(1, len(frames) // seen[0]), max(1, min(frames.shape[1:3]) // seen[1])
    if side == 1:
        return frames[::step]
    pictures = torch.from_numpy(np.ascontiguousarray(frames[::step])).permute(0, 3, 1, 2).float()
    return F.avg_pool2d(pictures, side).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()


def _as_input(frames: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).float()[None] / 127.5 - 1
