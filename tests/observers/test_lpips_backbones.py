"""The stacks of LPIPS against a calculation by hand, and files with torchvision's names."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from hitmark.errors import HitmarkError
from hitmark.metrics.perceptual import perceptual_distance
from hitmark.observers.lpips_backbones import load_lpips_backbone
from tests.observers.tiny import frames_of

ALEXNET = {0: (64, 3, 11), 3: (192, 64, 5), 6: (384, 192, 3), 8: (256, 384, 3), 10: (256, 256, 3)}
VGG16 = {0: 3, 2: 64, 5: 64, 7: 128, 10: 128, 12: 256, 14: 256, 17: 256, 19: 512, 21: 512, 24: 512, 26: 512, 28: 512}
VGG16_OUT = (64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512)


def _weights(shapes: dict[int, tuple[int, int, int]]) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    values = {"classifier.1.weight": torch.zeros(2, 2)}
    for number, (after, before, side) in shapes.items():
        scale = (2 / (before * side * side)) ** 0.5
        values[f"features.{number}.weight"] = scale * torch.randn(after, before, side, side, generator=generator)
        values[f"features.{number}.bias"] = 0.1 * torch.randn(after, generator=generator)
    return values


@pytest.fixture(scope="module")
def alexnet_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("alexnet") / "alexnet.pth"
    torch.save(_weights(ALEXNET), path)
    return path


def _scaled(pictures: torch.Tensor) -> torch.Tensor:
    """From -1..1 over 0..1 to ImageNet's normalization, which LPIPS' two constants are a short form of."""
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    return ((pictures + 1) / 2 - mean[:, None, None]) / deviation[:, None, None]


def _pictures(side: int) -> torch.Tensor:
    return torch.from_numpy(frames_of(2, side, side).transpose(0, 3, 1, 2).copy()).float() / 127.5 - 1


def test_alexnet_by_hand(alexnet_file):
    values, pictures = _weights(ALEXNET), _pictures(64)
    x, expected = _scaled(pictures), []
    for number, stride, padding in ((0, 4, 2), (3, 1, 2), (6, 1, 1), (8, 1, 1), (10, 1, 1)):
        if number in (3, 6):
            x = F.max_pool2d(x, 3, 2)
        x = F.relu(F.conv2d(x, values[f"features.{number}.weight"], values[f"features.{number}.bias"], stride, padding))
        expected.append(x)
    levels = load_lpips_backbone("alexnet", alexnet_file)(pictures)
    assert [level.shape[1] for level in levels] == [64, 192, 384, 256, 256]
    for level, right in zip(levels, expected, strict=True):
        assert level.numpy() == pytest.approx(right.numpy(), abs=2e-2)
        assert torch.linalg.norm(level - right) < 2e-3 * torch.linalg.norm(right)


def test_vgg16_by_hand(tmp_path):
    shapes = {number: (after, before, 3) for (number, before), after in zip(VGG16.items(), VGG16_OUT, strict=True)}
    values, pictures = _weights(shapes), _pictures(32)
    save_file(values, tmp_path / "vgg16.safetensors")
    x, expected, conv = _scaled(pictures), [], iter(VGG16)
    for length in (2, 2, 3, 3, 3):
        x = F.max_pool2d(x, 2) if expected else x
        for number in (next(conv) for _ in range(length)):
            x = F.relu(F.conv2d(x, values[f"features.{number}.weight"], values[f"features.{number}.bias"], padding=1))
        expected.append(x)
    levels = load_lpips_backbone("vgg16", tmp_path / "vgg16.safetensors")(pictures)
    assert [level.shape[1:] for level in levels] == [(64, 32, 32), (128, 16, 16), (256, 8, 8), (512, 4, 4), (512, 2, 2)]
    for level, right in zip(levels, expected, strict=True):
        assert torch.linalg.norm(level - right) < 2e-3 * torch.linalg.norm(right)


def test_serves_the_perceptual_distance(alexnet_file):
    network = load_lpips_backbone("alexnet", alexnet_file)
    heads = [np.ones(channels) for channels in (64, 192, 384, 256, 256)]
    frames = frames_of(2, 64, 64)
    assert perceptual_distance(frames, frames, network, heads).mean == 0
    assert perceptual_distance(frames, 255 - frames, network, heads).mean > 0.01


def test_smallest_pictures(alexnet_file):
    network = load_lpips_backbone("alexnet", alexnet_file)
    assert network(torch.zeros(1, 3, 31, 31))[4].shape == (1, 256, 1, 1)
    for shape in ((1, 3, 30, 64), (3, 64, 64), (1, 1, 64, 64)):
        with pytest.raises(HitmarkError, match="at least 31 pixels"):
            network(torch.zeros(shape))


def test_bad_files(alexnet_file, tmp_path):
    with pytest.raises(HitmarkError, match="there is none"):
        load_lpips_backbone("vgg16", tmp_path / "vgg16.pth")
    with pytest.raises(HitmarkError, match=r"features\.0\.weight of \(64, 3, 3, 3\) for vgg16, but the file has"):
        load_lpips_backbone("vgg16", alexnet_file)
    (tmp_path / "text.pth").write_text("no weights")
    (tmp_path / "text.safetensors").write_text("no weights")
    torch.save([1], tmp_path / "list.pth")
    torch.save({"features.0.weight": torch.zeros(64, 3, 11, 11)}, tmp_path / "part.pth")
    for name, message in (
        ("text.pth", "cannot be read"),
        ("text.safetensors", "cannot be read"),
        ("list.pth", "state dict"),
        ("part.pth", r"features\.0\.bias .* lacks it"),
    ):
        with pytest.raises(HitmarkError, match=message):
            load_lpips_backbone("alexnet", tmp_path / name)
    with pytest.raises(HitmarkError, match="alexnet or vgg16"):
        load_lpips_backbone("resnet", alexnet_file)
