"""The path through candidates, against all paths."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from hitmark.errors import HitmarkError
from hitmark.observers.detections import Candidates, best_path, check_frames


def test_best_path_equals_trying_all_paths():
    generator = np.random.default_rng(3)
    places = Candidates(generator.uniform(0, 64, (4, 3, 2)), generator.uniform(8, 30, (4, 3)), generator.random((4, 3)))

    def value(path):
        total = sum(places.scores[frame, k] for frame, k in enumerate(path))
        for frame in range(1, 4):
            now, before = (frame, path[frame]), (frame - 1, path[frame - 1])
            away = np.linalg.norm(places.positions[now] - places.positions[before]) / 64
            growth = abs(np.log(places.sizes[now] / places.sizes[before]))
            total -= min(0.6 * away + 0.3 * growth, 0.4)
        return total

    best = max(itertools.product(range(3), repeat=4), key=value)
    assert best_path(places, 64, 0.6, 0.3, 0.4).tolist() == list(best)


def test_one_false_peak_does_not_win():
    positions = np.zeros((5, 2, 2))
    positions[:, 0, 0] = [10, 12, 14, 16, 18]
    positions[:, 1, 0] = 60
    scores = np.tile([0.8, 0.5], (5, 1))
    scores[2] = [0.7, 0.85]
    places = Candidates(positions, np.full((5, 2), 20.0), scores)
    assert best_path(places, 64, 0.6, 0.3, 0.4).tolist() == [0] * 5


@pytest.mark.parametrize("frames", [np.zeros((2, 64, 64, 3)), np.zeros((64, 64, 3), np.uint8), [1], None])
def test_frames_must_be_uint8_pictures(frames):
    with pytest.raises(HitmarkError, match="uint8"):
        check_frames(frames)
