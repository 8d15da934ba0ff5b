"""The TorchScript networks by stand-in files with the signatures of the real ones."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from hitmark.errors import HitmarkError
from hitmark.observers.scripted import load_i3d, load_inception
from tests.observers.tiny import frames_of


class _StandInI3D(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.linspace(-1, 1, 3 * width).reshape(width, 3))

    def forward(self, x: Tensor, rescale: bool = False, resize: bool = False, return_features: bool = False) -> Tensor:
        if rescale:
            x = x / 255 * 2 - 1
        if resize:
            x = x[..., 0]  # a mark that resizing was asked for: only the first column counts
        steps = torch.arange(1, x.shape[2] + 1, dtype=x.dtype)
        weighted = (x.flatten(3).mean(3) * steps).mean(2) if resize else x.mean(dim=[2, 3, 4])
        features = weighted @ self.weight.t()
        return features if return_features else features.softmax(1)


class _StandInInception(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("weight", torch.linspace(0, 1, 3 * 2048).reshape(2048, 3))

    def forward(self, img: Tensor, return_features: bool = False) -> Tensor:
        if img.dtype != torch.uint8:
            raise ValueError("uint8 wanted")
        features = img.float().mean(dim=[2, 3]) @ self.weight.t()
        return features if return_features else features[:, :1008]


@pytest.fixture(scope="module")
def i3d_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("i3d") / "i3d_torchscript.pt"
    torch.jit.script(_StandInI3D(400)).save(str(path))
    return path


@pytest.fixture(scope="module")
def inception_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("inception") / "inception.pt"
    torch.jit.script(_StandInInception()).save(str(path))
    return path


def test_i3d_gets_values_axes_and_flags(i3d_file):
    clips = [frames_of(10, seed=seed) for seed in range(3)]
    features = load_i3d(i3d_file, batch=2).clip_features(clips)
    weight = np.linspace(-1, 1, 1200).reshape(400, 3)
    for clip, feature in zip(clips, features, strict=True):
        column = (clip[:, :, 0].astype(float) / 127.5 - 1).mean(axis=1)
        expected = (column * np.arange(1, 11)[:, None]).mean(axis=0) @ weight.T
        assert feature == pytest.approx(expected, abs=1e-4)
    assert features.dtype == np.float32


def test_inception_gets_bytes_with_channels_first(inception_file):
    frames = frames_of(5)
    features = load_inception(inception_file, batch=2).picture_features(frames)
    expected = frames.astype(float).mean(axis=(1, 2)) @ np.linspace(0, 1, 3 * 2048).reshape(2048, 3).T
    assert features.shape == (5, 2048)
    assert features == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("clips", "message"),
    [
        ([frames_of(9)], "at least 10 frames"),
        ([frames_of(10), frames_of(11)], "one shape"),
        ([], "at least one"),
        ([frames_of(10).astype(float)], "uint8"),
    ],
)
def test_bad_clips(i3d_file, clips, message):
    with pytest.raises(HitmarkError, match=message):
        load_i3d(i3d_file).clip_features(clips)


def test_files_that_lack_or_are_something_else(tmp_path):
    with pytest.raises(HitmarkError, match="there is none"):
        load_i3d(tmp_path / "i3d.pt")
    (tmp_path / "text.pt").write_text("no network")
    torch.save({"weight": torch.zeros(2)}, tmp_path / "weights.pt")
    for name in ("text.pt", "weights.pt"):
        with pytest.raises(HitmarkError, match="expected a TorchScript file, but it cannot be read"):
            load_inception(tmp_path / name)


def test_another_network(inception_file, i3d_file, tmp_path):
    with pytest.raises(HitmarkError, match="it failed"):
        load_i3d(inception_file).clip_features([frames_of(10)])
    torch.jit.script(_StandInI3D(512)).save(str(tmp_path / "wide.pt"))
    with pytest.raises(HitmarkError, match=r"expected \(1, 400\) features, but got \(1, 512\)"):
        load_i3d(tmp_path / "wide.pt").clip_features([frames_of(10)])
