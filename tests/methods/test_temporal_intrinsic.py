"""Riding noise and the moving frame: noise stays white, content moves towards its mean in the box and nowhere else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from hitmark.control import Layout, Step
from hitmark.errors import HitmarkError
from hitmark.maths.frequency import mix_noise
from hitmark.methods.temporal_intrinsic import TemporalIntrinsic, riding_noise
from hitmark.scene.schema import Scene
from hitmark.scene.tracks import evaluate


def _layout(*keyframes: list[float], frames: int = 6, height: int = 16, width: int = 24, **more: Any) -> Layout:
    times = np.linspace(0, 1, len(keyframes))
    keys = [{"time": float(time), "box": box} for time, box in zip(times, keyframes, strict=True)]
    scene = Scene.from_dict({"subjects": [{"name": "a", "phrase": "cat", "keyframes": keys, **more}]})
    return Layout(frames, height, width, 8, tuple(evaluate(scene, frames)))


MOVING = _layout([0, 0, 0.25, 0.5], [0.625, 0.3125, 0.875, 0.8125])


def _noise(layout: Layout, clips: int = 1, seed: int = 0) -> torch.Tensor:
    shape = (clips, layout.frames, 4, layout.height, layout.width)
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_one_patch_rides_with_the_box() -> None:
    generator = torch.Generator().manual_seed(1)
    noise = _noise(MOVING)
    riding = riding_noise(noise, MOVING, MOVING.tracks[0], generator)
    cells = MOVING.cells(MOVING.tracks[0])
    first = riding[0, 0, :, cells[0, 1] : cells[0, 3], cells[0, 0] : cells[0, 2]]
    for frame, (x0, y0, x1, y1) in enumerate(cells.tolist()):
        assert torch.equal(riding[0, frame, :, y0:y1, x0:x1], first)
        outside = torch.ones(MOVING.height, MOVING.width, dtype=torch.bool)
        outside[y0:y1, x0:x1] = False
        assert torch.equal(riding[0, frame][:, outside], noise[0, frame][:, outside])


@pytest.mark.parametrize(("height", "width"), [(16, 24), (15, 9)])
@pytest.mark.parametrize("cutoff", [0.0, 0.25, 0.7])
def test_start_noise_stays_white_with_variance_one(height: int, width: int, cutoff: float) -> None:
    """Over 300 draws: variance one in every cell group and every frequency, no mean, no correlation in a frame."""
    layout = _layout([0, 0, 0.5, 0.5], [0.5, 0.5, 1, 1], frames=3, height=height, width=width)
    control = TemporalIntrinsic(noise_cutoff=cutoff)
    generator = torch.Generator().manual_seed(5)
    drawn = torch.cat([control.initial_noise(_noise(layout, seed=seed), layout, generator) for seed in range(300)])
    assert drawn.mean().abs() < 0.01
    assert drawn.var() == pytest.approx(1, abs=0.01)
    for frame in range(3):
        assert drawn[:, frame].var((0, 1)).mean() == pytest.approx(1, abs=0.015)
        assert drawn[:, frame].var((0, 1)).sub(1).abs().max() < 0.2
        power = torch.fft.fft2(drawn[:, frame]).abs().square().mean((0, 1)) / (height * width)
        assert power.sub(1).abs().max() < 0.25
    assert (drawn[..., 1:] * drawn[..., :-1]).mean().abs() < 0.01


def test_frames_agree_along_the_path_in_low_frequencies_only() -> None:
    layout = MOVING
    control = TemporalIntrinsic(noise_cutoff=0.4)
    generator = torch.Generator().manual_seed(2)
    drawn = torch.cat([control.initial_noise(_noise(layout, seed=seed), layout, generator) for seed in range(60)])
    cells = layout.cells(layout.tracks[0]).tolist()
    boxes = [drawn[:, frame, :, y0:y1, x0:x1] for frame, (x0, y0, x1, y1) in enumerate(cells)]
    along = (boxes[0].mean((-2, -1)) * boxes[-1].mean((-2, -1))).mean() / boxes[0].mean((-2, -1)).var()
    (x0, y0, x1, y1), last = cells[0], drawn[:, -1]
    still = (boxes[0].mean((-2, -1)) * last[:, :, y0:y1, x0:x1].mean((-2, -1))).mean() / boxes[0].mean((-2, -1)).var()
    assert along > 0.7
    assert still.abs() < 0.15
    fine = [box.diff(dim=-1) for box in boxes]
    assert (fine[0] * fine[-1]).mean().abs() / fine[0].var() < 0.25


def test_no_riding_noise_leaves_the_noise_and_the_generator_alone() -> None:
    noise, generator = _noise(MOVING), torch.Generator().manual_seed(1)
    state = generator.get_state()
    assert TemporalIntrinsic(noise_cutoff=0).initial_noise(noise, MOVING, generator) is noise
    assert torch.equal(generator.get_state(), state)


def test_hidden_frames_get_no_patch() -> None:
    layout = _layout([0, 0, 0.25, 0.5], [0.625, 0.3125, 0.875, 0.8125], visible=[0.5, 1.0])
    noise = _noise(layout)
    riding = riding_noise(noise, layout, layout.tracks[0], torch.Generator().manual_seed(1))
    shown = layout.tracks[0].visible
    assert not shown.all()
    changed = [not torch.equal(riding[0, frame], noise[0, frame]) for frame in range(layout.frames)]
    assert changed == shown.tolist()


def test_mixed_noise_is_low_of_one_and_high_of_the_other() -> None:
    low, high = _noise(MOVING, seed=1), _noise(MOVING, seed=2)
    mixed = mix_noise(low, high, 0.3)
    spectra = [torch.fft.fft2(each) for each in (mixed, low, high)]
    assert torch.allclose(spectra[0][..., 0, 0], spectra[1][..., 0, 0], rtol=1e-3)
    assert torch.allclose(spectra[0][..., 8, 12], spectra[2][..., 8, 12], rtol=1e-2, atol=0.1)
    assert torch.allclose(mix_noise(low, high, 0), high, atol=1e-5)


def _step(layout: Layout, index: int = 0, count: int = 10) -> Step:
    return Step(index, count, 0.3, 0.9, layout, half_precision=False)


def test_content_moves_to_its_mean_in_the_box() -> None:
    """A box that holds still, full strength, all frequencies: every frame of the box becomes the mean, exactly."""
    layout = _layout([0.25, 0.25, 0.75, 0.75])
    clean = _noise(layout)
    control = TemporalIntrinsic(strength=1, cutoff=1, noise_cutoff=0)
    after = control.prediction(clean, _step(layout))
    box = after[0, :, :, 4:12, 6:18]
    assert torch.allclose(box, clean[0, :, :, 4:12, 6:18].mean(0, keepdim=True).expand_as(box), atol=1e-5)
    outside = torch.ones(16, 24, dtype=torch.bool)
    outside[4:12, 6:18] = False
    assert torch.equal(after[..., outside], clean[..., outside])


def test_what_moves_with_the_box_is_left_alone() -> None:
    """The same content in every frame's box, which moves by whole cells, is its own mean."""
    layout = MOVING
    content = torch.randn(4, 8, 6, generator=torch.Generator().manual_seed(3))
    clean = torch.zeros(1, layout.frames, 4, layout.height, layout.width)
    for frame, (x0, y0, x1, y1) in enumerate(layout.cells(layout.tracks[0]).tolist()):
        clean[0, frame, :, y0:y1, x0:x1] = content
    after = TemporalIntrinsic(strength=1, cutoff=0.5).prediction(clean, _step(layout))
    assert torch.allclose(after, clean, atol=1e-4)
    moved = TemporalIntrinsic(strength=1, cutoff=0.5).prediction(clean.flip(-1), _step(layout)) - clean.flip(-1)
    assert moved.abs().mean() > 0.005


def test_the_strength_falls_to_zero() -> None:
    layout, clean = MOVING, _noise(MOVING)
    control = TemporalIntrinsic(strength=0.8, stop=0.5)
    sizes = [(control.prediction(clean, _step(layout, index)) - clean).abs().mean().item() for index in range(10)]
    assert sizes[1] == pytest.approx(0.8 * sizes[0], rel=1e-3)
    assert sizes[5:] == [0] * 5
    assert control.prediction(clean, _step(layout, 7)) is clean


def test_a_subject_seen_once_has_nothing_to_agree_with() -> None:
    layout = _layout([0, 0, 0.5, 0.5], visible=[0.0, 0.05])
    assert layout.tracks[0].visible.sum() == 1
    clean = _noise(layout)
    assert torch.equal(TemporalIntrinsic().prediction(clean, _step(layout)), clean)


@pytest.mark.parametrize("name", ["noise_cutoff", "strength", "stop", "cutoff", "preview_cutoff", "preview_steps"])
@pytest.mark.parametrize("value", [-0.1, 1.1, "much", True])
def test_wrong_knobs(name: str, value: Any) -> None:
    with pytest.raises(HitmarkError, match=name):
        TemporalIntrinsic(**{name: value})
