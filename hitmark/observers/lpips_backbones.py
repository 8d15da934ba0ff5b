"""The networks of LPIPS (Zhang et al., 1801.03924): AlexNet and VGG16 as stacks of plain layers, five taps each.

The names in the state dict are those of torchvision's ImageNet files (`features.0.weight` ...), which load as they are;
their classifier is passed over. The learned weights of LPIPS' channels are read by `hitmark.metrics.perceptual`.
"""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from hitmark.errors import HitmarkError

SHIFT = (-0.030, -0.088, -0.188)
SCALE = (0.458, 0.448, 0.450)
"""LPIPS takes pictures in -1..1 and these off, then divides: ImageNet's means and deviations, to three digits."""
SMALLEST = {"alexnet": 31, "vgg16": 16}
"""Side in pixels below which a layer has nothing left to look at."""
TAPS = {"alexnet": (1, 4, 7, 9, 11), "vgg16": (3, 8, 15, 22, 29)}
"""Numbers of the ReLUs in `features` whose outputs are the levels."""
CONVOLUTIONS = {
    "alexnet": ((3, 64, 11, 4, 2), (64, 192, 5, 1, 2), (192, 384, 3, 1, 1), (384, 256, 3, 1, 1), (256, 256, 3, 1, 1)),
    "vgg16": tuple(
        (before, after, 3, 1, 1)
        for before, after in (
            *((3, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 256)),
            *((256, 512), (512, 512), (512, 512), (512, 512), (512, 512), (512, 512)),
        )
    ),
}
"""Channels before and after, kernel, stride, padding of each convolution."""
POOLED_BEFORE = {"alexnet": (1, 2), "vgg16": (2, 4, 7, 10)}
"""The convolutions that a pooling comes before."""

BackboneName = Literal["alexnet", "vgg16"]


class LpipsBackbone(nn.Module):
    """Five levels of feature maps of pictures; a `FeatureNetwork` of `hitmark.metrics.perceptual`."""

    shift: Tensor
    scale: Tensor

    def __init__(self, name: BackboneName) -> None:
        super().__init__()
        if name not in TAPS:
            raise HitmarkError(f"name: expected {' or '.join(TAPS)}, but got {name!r}.")
        self.name = name
        self.features = nn.Sequential(*_layers(name))
        self.register_buffer("shift", torch.tensor(SHIFT).reshape(1, 3, 1, 1), persistent=False)
        self.register_buffer("scale", torch.tensor(SCALE).reshape(1, 3, 1, 1), persistent=False)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """Feature maps (N, channels, h, w) of the five levels, of pictures float32 (N, 3, H, W) in -1..1.

        Raises: HitmarkError for another shape and for pictures too small for the last level (31 and 16 pixels).
        """
        smallest = SMALLEST[self.name]
        if pictures.ndim != 4 or pictures.shape[1] != 3 or min(pictures.shape[2:]) < smallest:
            raise HitmarkError(
                f"pictures: expected (N, 3, H, W), at least {smallest} pixels a side, but got {tuple(pictures.shape)}."
            )
        values, levels = (pictures - self.shift) / self.scale, []
        for number, layer in enumerate(self.features):
            values = layer(values)
            if number in TAPS[self.name]:
                levels.append(values)
        return levels


def load_lpips_backbone(name: BackboneName, path: str | Path, *, device: Any = "cpu") -> LpipsBackbone:
    """The network "alexnet" or "vgg16" with the weights of a local .pth or .safetensors file, for reading only.

    The file is that of torchvision (`alexnet-owt-7be5be79.pth`, `vgg16-397923af.pth`) or another with its names;
    nothing in it is executed. Raises: HitmarkError for a file that lacks, cannot be read, or is of another network.
    """
    network = LpipsBackbone(name)
    given = _read(Path(path))
    for key, value in network.state_dict().items():
        shape = tuple(given[key].shape) if key in given else None
        if shape != tuple(value.shape):
            what = f"has {shape}" if shape else "lacks it"
            raise HitmarkError(f"{path}: expected {key} of {tuple(value.shape)} for {name}, but the file {what}.")
    network.load_state_dict({key: given[key].float() for key in network.state_dict()})
    return network.eval().requires_grad_(False).to(device)


def _layers(name: str) -> list[nn.Module]:
    """Layers up to the last tap."""
    layers: list[nn.Module] = []
    kernel = 3 if name == "alexnet" else 2
    for number, (before, after, size, stride, padding) in enumerate(CONVOLUTIONS[name]):
        if number in POOLED_BEFORE[name]:
            layers.append(nn.MaxPool2d(kernel, 2))
        layers += [nn.Conv2d(before, after, size, stride, padding), nn.ReLU()]
    return layers


def _read(path: Path) -> Mapping[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not path.is_file():
        raise HitmarkError(f"{path}: expected a file of weights (.pth or .safetensors), but there is none.")
    try:
        values = load_file(path) if path.suffix == ".safetensors" else torch.load(path, "cpu", weights_only=True)
    except (OSError, ValueError, RuntimeError, EOFError, pickle.UnpicklingError, zipfile.BadZipFile, SafetensorError):
        raise HitmarkError(f"{path}: expected weights by name, but the file cannot be read; get it again.") from None
    if not isinstance(values, Mapping):
        raise HitmarkError(f"{path}: expected weights by name (a state dict), but got {type(values).__name__}.")
    return {str(name): value for name, value in values.items() if isinstance(value, Tensor)}
