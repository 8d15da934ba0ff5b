"""CoTracker by a stand-in checkout with the interface of the real one: its coordinates, its queries, its errors."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from hitmark.errors import HitmarkError
from hitmark.observers.cotracker import load_cotracker
from tests.observers.tiny import frames_of

PREDICTOR = """
import torch
from cotracker.models.speed import SPEED


class CoTrackerPredictor(torch.nn.Module):
    def __init__(self, checkpoint="", offline=True, v2=False, window_len=60):
        super().__init__()
        self.step = torch.nn.Parameter(torch.load(checkpoint, weights_only=True))
        self.asked = []

    def forward(self, video, queries=None, backward_tracking=False):
        self.asked.append((video, queries, backward_tracking))
        time = torch.arange(video.shape[1])[None, :, None] - queries[:, None, :, 0]
        tracks = queries[:, None, :, 1:] + SPEED * self.step * time[..., None]
        return tracks, tracks[..., 0] < video.shape[4]
"""


@pytest.fixture
def forget(monkeypatch):
    """The modules of a checkout stay in memory for good; a test gives them back."""
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "cotracker"]:
        del sys.modules[name]


@pytest.fixture
def checkout(tmp_path, forget):
    import torch

    home = tmp_path / "co-tracker" / "cotracker"
    (home / "models").mkdir(parents=True)
    for name in ("__init__.py", "models/__init__.py"):
        (home / name).write_text("")
    (home / "models" / "speed.py").write_text("SPEED = 2.0\n")
    (home / "predictor.py").write_text(PREDICTOR)
    torch.save(torch.tensor([3.0, 1.0]), tmp_path / "scaled_offline.pth")
    return home.parent, tmp_path / "scaled_offline.pth"


def test_tracks_in_pixels_from_the_middle_of_the_first(checkout):
    before = list(sys.path)
    tracker = load_cotracker(*checkout)
    frames = frames_of(4)
    points = np.array([[0.5, 0.5], [40.25, 9.0], [50.0, 20.0]])
    tracked = tracker.track(frames, points)
    moved = np.arange(4)[:, None] * np.array([6.0, 2.0])
    assert tracked.points.shape == (3, 4, 2)
    assert tracked.points == pytest.approx(points[:, None] + moved, abs=1e-4)
    assert tracked.visible.tolist() == [[True] * 4, [True, True, True, False], [True, True, False, False]]
    video, queries, backwards = tracker.predictor.asked[0]
    assert video.shape == (1, 4, 3, 40, 56)
    assert video[0, 2, :, 7, 9].tolist() == frames[2, 7, 9].tolist()
    assert queries[0].tolist() == [[0, 0, 0], [0, 39.75, 8.5], [0, 49.5, 19.5]]
    assert backwards is False
    assert sys.path == before


def test_points_of_a_later_frame_are_followed_backwards_too(checkout):
    tracker = load_cotracker(*checkout)
    tracked = tracker.track(frames_of(4), np.array([[30.0, 20.0]]), start=2)
    assert tracked.points[0] == pytest.approx(np.array([[18, 16], [24, 18], [30, 20], [36, 22]]), abs=1e-4)
    assert tracker.predictor.asked[0][2] is True


def test_loading_twice_gives_the_same_code(checkout):
    first, second = load_cotracker(*checkout), load_cotracker(*checkout)
    assert type(first.predictor) is type(second.predictor)


def test_another_checkout_is_not_mixed_in(checkout, tmp_path):
    import shutil

    load_cotracker(*checkout)
    other = shutil.copytree(checkout[0], tmp_path / "other")
    with pytest.raises(HitmarkError, match="another cotracker was imported before"):
        load_cotracker(other, checkout[1])


@pytest.mark.parametrize(
    ("points", "start", "message"),
    [
        (np.zeros((0, 2)), 0, "points: expected finite"),
        (np.zeros((2, 3)), 0, "points: expected finite"),
        (np.array([[np.nan, 1.0]]), 0, "points: expected finite"),
        (np.array([[57.0, 1.0]]), 0, "56x40"),
        (np.array([[5.0, 1.0]]), 3, r"start: expected a frame of 0\.\.2"),
    ],
)
def test_bad_points(checkout, points, start, message):
    with pytest.raises(HitmarkError, match=message):
        load_cotracker(*checkout).track(frames_of(3), points, start)


def test_folder_or_checkpoint_lacks(checkout, tmp_path):
    with pytest.raises(HitmarkError, match="non-commercial use only"):
        load_cotracker(tmp_path, checkout[1])
    with pytest.raises(HitmarkError, match=r"scaled_offline\.pth; there is none"):
        load_cotracker(checkout[0], tmp_path / "none.pth")
    assert "cotracker" not in sys.modules


def test_code_of_another_version(checkout):
    predictor = checkout[0] / "cotracker" / "predictor.py"
    predictor.write_text(PREDICTOR.replace("offline=True, v2=False, window_len=60", "window_len=8"))
    with pytest.raises(HitmarkError, match=r"an older checkout is of CoTracker2"):
        load_cotracker(*checkout)


def test_code_that_cannot_be_imported_leaves_nothing_behind(checkout):
    (checkout[0] / "cotracker" / "predictor.py").write_text("import a_module_that_is_not_there\n")
    with pytest.raises(HitmarkError, match="a_module_that_is_not_there"):
        load_cotracker(*checkout)
    assert "cotracker" not in sys.modules
