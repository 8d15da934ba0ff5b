"""LPIPS with a small network of three levels, against sums over single positions in float64."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from hitmark.errors import HitmarkError
from hitmark.metrics.perceptual import load_linear_heads, perceptual_distance

CHANNELS = (4, 6, 5)


class _Network(nn.Module):
    """Random convolutions that halve the picture; keeps what it was given."""

    def __init__(self) -> None:
        super().__init__()
        pairs = zip((3, *CHANNELS[:-1]), CHANNELS, strict=True)
        self.levels = nn.ModuleList(nn.Conv2d(one, other, 3, stride=2, padding=1) for one, other in pairs)
        self.seen: list[Tensor] = []

    def forward(self, pictures: Tensor) -> list[Tensor]:
        self.seen.append(pictures)
        outputs = []
        for level in self.levels:
            pictures = level(pictures).relu()
            outputs.append(pictures)
        return outputs


def _network() -> _Network:
    torch.manual_seed(0)
    return _Network()


def _heads() -> list[np.ndarray]:
    return [np.random.default_rng(level).uniform(0, 1, size) for level, size in enumerate(CHANNELS)]


def _clips(count: int = 5) -> tuple[np.ndarray, np.ndarray]:
    clips = np.random.default_rng(0).integers(0, 256, (2, count, 16, 24, 3), dtype=np.uint8)
    return clips[0], clips[1]


def _state(heads: list[np.ndarray]) -> dict[str, Tensor]:
    return {f"lin{n}.model.1.weight": torch.from_numpy(head).reshape(1, -1, 1, 1) for n, head in enumerate(heads)}


def _slow(one: np.ndarray, other: np.ndarray, network: _Network, heads: list[np.ndarray]) -> float:
    """Zhang et al., Eq. 1, of two pictures (H, W, 3)."""
    total = 0.0
    with torch.no_grad():
        maps = [network(torch.tensor(each / 127.5 - 1).permute(2, 0, 1)[None].float()) for each in (one, other)]
    for first, second, head in zip(maps[0], maps[1], heads, strict=True):
        height, width = first.shape[2:]
        for y in range(height):
            for x in range(width):
                a, b = (level[0, :, y, x].double().numpy() for level in (first, second))
                a, b = (vector / (np.sqrt((vector**2).sum()) + 1e-10) for vector in (a, b))
                total += float((head * (a - b) ** 2).sum()) / (height * width)
    return total


def test_equals_the_sum_over_positions() -> None:
    network, heads = _network(), _heads()
    frames, reference = _clips()
    expected = [_slow(one, other, network, heads) for one, other in zip(frames, reference, strict=True)]
    scores = perceptual_distance(frames, reference, network, heads)
    assert scores.per_frame == pytest.approx(expected, rel=1e-6)
    assert scores.mean == pytest.approx(np.mean(expected), rel=1e-6)
    assert scores.per_frame.dtype == np.float64


def test_batches_do_not_matter_and_are_kept_small() -> None:
    network, heads = _network(), _heads()
    whole = perceptual_distance(*_clips(), network, heads)
    network.seen.clear()
    parts = perceptual_distance(*_clips(), network, heads, batch=2)
    assert parts.per_frame == pytest.approx(whole.per_frame, rel=1e-6)
    assert {len(given) for given in network.seen} == {1, 2}
    assert all(not given.requires_grad for given in network.seen)


def test_the_network_sees_minus_one_to_one() -> None:
    network = _network()
    frames = np.zeros((1, 16, 16, 3), dtype=np.uint8)
    frames[..., 1] = 255
    assert perceptual_distance(frames, frames, network, _heads()).mean == 0
    given = network.seen[0]
    assert given.shape == (1, 3, 16, 16)
    assert given.dtype == torch.float32
    assert given.mean(dim=(0, 2, 3)).tolist() == [-1, 1, -1]


def test_symmetric_and_linear_in_the_heads() -> None:
    network, heads = _network(), _heads()
    frames, reference = _clips(2)
    there = perceptual_distance(frames, reference, network, heads).mean
    back = perceptual_distance(reference, frames, network, [2 * head for head in heads]).mean
    assert there > 0
    assert back == pytest.approx(2 * there, rel=1e-9)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_heads_are_read_in_order_and_other_names_passed_over(tmp_path: Path, suffix: str) -> None:
    heads = [np.linspace(0, 1, size) for size in range(1, 13)]  # twelve levels: lin10 comes after lin9
    state = _state(heads) | {"lins.0.model.1.weight": torch.ones(2, 2), "net.slice1.0.weight": torch.ones(3)}
    path = tmp_path / f"alex{suffix}"
    save_file(state, path) if suffix == ".safetensors" else torch.save(state, path)
    read = load_linear_heads(path)
    assert len(read) == len(heads)
    assert all(np.array_equal(one, other) and one.dtype == np.float64 for one, other in zip(read, heads, strict=True))


def test_files_that_are_no_heads(tmp_path: Path) -> None:
    with pytest.raises(HitmarkError, match="there is none"):
        load_linear_heads(tmp_path / "gone.pth")
    for name in ("text.pth", "text.safetensors"):
        (tmp_path / name).write_text("not weights")
        with pytest.raises(HitmarkError, match="cannot be read"):
            load_linear_heads(tmp_path / name)
    cases = {
        "without gaps, but found a": {"a": torch.ones(1)},
        "without gaps, but found lin1": {"lin1.model.1.weight": torch.ones(1, 2, 1, 1)},
        r"\(1, channels, 1, 1\), but got \(2, 2\)": {"lin0.model.1.weight": torch.ones(2, 2)},
        "finite": {"lin0.model.1.weight": torch.full((1, 2, 1, 1), torch.nan)},
        "by name": torch.ones(1),
    }
    for message, state in cases.items():
        torch.save(state, tmp_path / "wrong.pth")
        with pytest.raises(HitmarkError, match=message):
            load_linear_heads(tmp_path / "wrong.pth")


def test_what_does_not_fit() -> None:
    network, heads = _network(), _heads()
    frames, reference = _clips(2)
    with pytest.raises(HitmarkError, match="another network"):
        perceptual_distance(frames, reference, network, heads[:2])
    with pytest.raises(HitmarkError, match="another network"):
        perceptual_distance(frames, reference, network, heads[::-1])
    with pytest.raises(HitmarkError, match="reference"):
        perceptual_distance(frames, reference[:1], network, heads)
    with pytest.raises(HitmarkError, match="batch"):
        perceptual_distance(frames, reference, network, heads, batch=0)
    with pytest.raises(HitmarkError, match="finite"):
        perceptual_distance(frames, reference, lambda x: [level * torch.nan for level in network(x)], heads)
