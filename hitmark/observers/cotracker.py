"""CoTracker3 (Karaev et al., 2410.11831): follows points through a clip; from the user's own checkout of its code.

Code and weights are CC-BY-NC-4.0: for non-commercial use only, and so neither is part of hitmark. Get them with
`git clone https://github.com/facebookresearch/co-tracker` and the checkpoint `scaled_offline.pth`.
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np

from hitmark.errors import HitmarkError
from hitmark.observers.detections import check_frames

WINDOW = 60
"""Frames that the offline model was trained to take at once."""


@dataclass(frozen=True, eq=False)
class TrackedPoints:
    """Where points are in every frame; also where they are not visible there is a guess."""

    points: np.ndarray
    """float64 (points, frames, 2): x, y in pixels; the middle of the first pixel is (0.5, 0.5)."""
    visible: np.ndarray
    """bool (points, frames), by CoTracker's own threshold."""


@dataclass(frozen=True, eq=False)
class CoTracker:
    """The offline predictor of CoTracker3; made by `load_cotracker`."""

    predictor: Any
    device: Any = "cpu"

    def track(self, frames: np.ndarray, points: np.ndarray, start: int = 0) -> TrackedPoints:
        """Follows points (N, 2), x, y in pixels of frame `start`, through frames uint8 (F, H, W, 3).

        Before frame `start` they are followed backwards. Pixels count from 0.5, 0.5 for the middle of the first one;
        CoTracker's own count from 0, 0, half a pixel is taken off and added again. The whole clip is tracked at once.
        Raises: HitmarkError for other frames, points outside of the picture or none, a frame that is not there.
        """
        import torch

        check_frames(frames)
        places = _checked_points(points, frames, start)
        video = torch.from_numpy(np.ascontiguousarray(frames.transpose(0, 3, 1, 2))).float()[None].to(self.device)
        queries = torch.zeros(1, len(places), 3)
        queries[..., 0] = start
        queries[0, :, 1:] = torch.from_numpy(places - 0.5)
        with torch.no_grad():
            tracks, visible = self.predictor(video, queries=queries.to(self.device), backward_tracking=start > 0)
        wanted = (1, len(frames), len(places))
        if tuple(tracks.shape) != (*wanted, 2) or tuple(visible.shape) != wanted:
            raise HitmarkError(
                f"predictor: expected tracks {(*wanted, 2)} and visibility {wanted}, but got {tuple(tracks.shape)} and "
                f"{tuple(visible.shape)}; use a checkout of CoTracker3."
            )
        found = tracks[0].double().cpu().numpy().transpose(1, 0, 2) + 0.5
        return TrackedPoints(found, visible[0].bool().cpu().numpy().T)


def load_cotracker(folder: str | Path, checkpoint: str | Path, *, device: Any = "cpu") -> CoTracker:
    """CoTracker3 (offline) from a checkout of facebookresearch/co-tracker and its checkpoint file.

    The package is found by its path; `sys.path` stays as it is. Raises: HitmarkError where folder or checkpoint lack,
    where another `cotracker` was imported already, and for code or weights of another version.
    """
    if not Path(checkpoint).is_file():
        raise HitmarkError(
            f"{checkpoint}: expected CoTracker3's checkpoint, such as scaled_offline.pth; there is none."
        )
    build = _predictor_class(Path(folder))
    try:
        predictor = build(checkpoint=str(checkpoint), offline=True, window_len=WINDOW)
    except Exception as error:  # code of the user's checkout: anything may come
        raise HitmarkError(
            f"{folder}: expected CoTracker3 and a checkpoint of its offline model, but building it failed "
            f"({type(error).__name__}: {error}); an older checkout is of CoTracker2."
        ) from error
    return CoTracker(predictor.eval().requires_grad_(False).to(device), device)


def _predictor_class(folder: Path) -> Any:
    """`cotracker.predictor.CoTrackerPredictor` of the checkout."""
    home = folder.resolve() / "cotracker"
    if not (home / "predictor.py").is_file():
        raise HitmarkError(
            f"{folder}: expected a checkout of facebookresearch/co-tracker (with cotracker/predictor.py in it), but it "
            "is not there; its license, CC-BY-NC-4.0, allows non-commercial use only."
        )
    before = sys.modules.get("cotracker")
    if before is not None and str(home) not in list(getattr(before, "__path__", [])):
        raise HitmarkError(f"{folder}: another cotracker was imported before; start Python again to use this one.")
    if before is None:
        _register(home)
    try:
        return importlib.import_module("cotracker.predictor").CoTrackerPredictor
    except Exception as error:
        for name in [name for name in sys.modules if name.split(".")[0] == "cotracker"]:
            del sys.modules[name]
        raise HitmarkError(
            f"{folder}: the checkout cannot be imported ({type(error).__name__}: {error}); install what it asks for."
        ) from error


def _register(home: Path) -> None:
    """Makes `import cotracker` mean this folder, for as long as the program runs, without touching `sys.path`."""
    start = home / "__init__.py"
    where = str(start) if start.is_file() else None
    if where is None:
        raise HitmarkError(f"{home}: expected __init__.py in it, but it lacks; get the checkout again.")
    spec = spec_from_file_location("cotracker", where, submodule_search_locations=[str(home)])
    assert spec is not None
    assert spec.loader is not None
    package = module_from_spec(spec)
    sys.modules["cotracker"] = package
    try:
        spec.loader.exec_module(package)
    except Exception as error:
        del sys.modules["cotracker"]
        raise HitmarkError(f"{home}: the checkout cannot be imported ({type(error).__name__}: {error}).") from error


def _checked_points(points: np.ndarray, frames: np.ndarray, start: int) -> np.ndarray:
    places = np.asarray(points, dtype=np.float64)
    height, width = frames.shape[1:3]
    if places.ndim != 2 or places.shape[1] != 2 or not len(places) or not np.isfinite(places).all():
        raise HitmarkError(f"points: expected finite (points, 2), x, y in pixels, but got shape {places.shape}.")
    if (places < 0).any() or (places > [width, height]).any():
        raise HitmarkError(f"points: expected all of them in the picture of {width}x{height} pixels, but some are not.")
    if not 0 <= start < len(frames):
        raise HitmarkError(f"start: expected a frame of 0..{len(frames) - 1}, but got {start}.")
    return places
