"""Seconds and memory of scoring clips from disk with boxes, tracks and a Frechet distance of given features.

    python scripts/measure_scoring.py                          # 100 and 1,000 clips of 14 frames at 256 x 256
    python scripts/measure_scoring.py --clips 10 40 --width 64
    python scripts/measure_scoring.py --observe                # boxes and tracks found in the frames, not given

Makes clips of one thing that moves (lossless video, and a file with wanted and found boxes, points and features), then
scores the first of them, each number of clips in a process of its own: every clip is read and decoded, its boxes and
points are scored, its features are added to the moments. Seconds are from the first clip to the summary. Memory is the
resident size of the process less that after its libraries were loaded: what it holds at the end, and the peak, which is
sampled, so that a longer run finds a higher one. With --observe the frames are searched by the template observer. Exit
status 1 when --seconds is exceeded at the first number of clips, or either memory of the last number is more than
--growth above that of the first.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from hitmark.console import readable_errors
from hitmark.errors import HitmarkError
from hitmark.media.video import read_video, write_video
from hitmark.metrics.boxes import BoxAverages, box_scores
from hitmark.metrics.frechet import FeatureMoments, measure_frechet
from hitmark.metrics.point_averages import AccuracyAverages, PointErrorAverages
from hitmark.metrics.points import end_point_errors, tap_vid_accuracy
from hitmark.metrics.tracks import ControlErrorAverages, object_motion_control_error
from hitmark.run.peak_memory import PeakMemory

POINTS = 64
"""Tracked points of a clip."""
SIDE = 0.25
"""Of the thing, in sides of the picture."""


def main() -> int:
    """Make the clips, measure, print the table; the exit status."""
    options = _parser().parse_args()
    if options.score is not None:
        print(json.dumps(scored(options.folder, options.score, options.observe)))
        return 0
    if min(options.clips) < 2:
        raise HitmarkError(f"--clips: expected at least 2, got {min(options.clips)}; a covariance needs two vectors")
    with tempfile.TemporaryDirectory(dir=options.folder) as place:
        folder = Path(place)
        for number in range(max(options.clips)):
            make_clip(folder, number, options)
        size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
        shape = f"{options.frames} frames at {options.side} x {options.side}"
        print(f"{shape}, {options.width} features, {size:.0f} MB on disk, load {os.getloadavg()[0]:.2f}", flush=True)
        print(f"{'clips':>6} {'seconds':>8} {'loaded MB':>10} {'held MB':>8} {'peak MB':>8}", flush=True)
        rows = []
        for count in options.clips:
            rows.append(apart(folder, count, options.observe))
            told = rows[-1]
            sizes = f"{told['loaded'] / 1e6:10.1f} {told['held'] / 1e6:8.1f} {told['above'] / 1e6:8.1f}"
            print(f"{count:6} {told['seconds']:8.2f} {sizes}", flush=True)
    print(json.dumps(rows[-1]["figures"]))
    more = [(rows[-1][name] - rows[0][name]) / 1e6 for name in ("held", "above")]
    counts = f"from {options.clips[0]} to {options.clips[-1]} clips"
    print(f"{more[0]:+.1f} MB held, {more[1]:+.1f} MB at the peak {counts}; at most {options.growth:g} wanted")
    return 0 if rows[0]["seconds"] <= options.seconds and max(more) <= options.growth else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--frames", type=int, default=14)
    parser.add_argument("--side", type=int, default=256, help="of the picture, pixels")
    parser.add_argument("--width", type=int, default=400, help="numbers in a feature vector (400: I3D's, as in FVD)")
    parser.add_argument("--observe", action="store_true", help="look for the thing in the frames")
    parser.add_argument("--seconds", type=float, default=20, help="that the first number of clips may take")
    parser.add_argument("--growth", type=float, default=8, help="MB that the last may take more than the first")
    parser.add_argument("--folder", type=Path, help="where the temporary folder is made; default: the system's")
    parser.add_argument("--score", type=int, help=argparse.SUPPRESS)
    return parser


def make_clip(folder: Path, number: int, options: argparse.Namespace) -> None:
    """NUMBER.mkv and NUMBER.npz: a thing on its way, found nearly where it was wanted, once not at all."""
    random = np.random.default_rng(number)
    start, stop = random.uniform(SIDE / 2, 1 - SIDE / 2, size=(2, 2))
    middles = np.linspace(start, stop, options.frames)
    wanted = np.concatenate([middles - SIDE / 2, middles + SIDE / 2], axis=1)
    grid = np.stack(np.meshgrid(*[np.arange(options.side)] * 2), axis=-1)
    frames = np.repeat((grid.sum(axis=2) // 8 * 4 % 256).astype(np.uint8)[None, :, :, None], 3, axis=3)
    frames = np.repeat(frames, options.frames, axis=0)
    cells = (grid // max(1, options.side // 32) * np.array([37, 91])).sum(axis=2) % 256
    for frame, middle in zip(frames, middles, strict=True):
        inside = (np.abs(grid - middle * options.side) < SIDE / 2 * options.side).all(axis=2)
        frame[inside] = np.stack([cells, 255 - cells, cells // 2], axis=-1)[inside]
    write_video(frames, folder / f"{number}.mkv")
    found = np.ones(options.frames, dtype=bool)
    found[random.integers(1, options.frames)] = False
    points = random.uniform(0, options.side, size=(POINTS, 1, 2)) + np.zeros((1, options.frames, 1))
    np.savez(
        folder / f"{number}.npz",
        wanted=wanted,
        seen=wanted + random.normal(0, 0.01, wanted.shape),
        found=found,
        points=points,
        points_found=points + random.normal(0, 2, points.shape),
        points_visible=random.random(points.shape[:2]) > 0.1,
        features=random.normal(0.1, 1, (1, options.width)),
        true_features=random.normal(0, 1, (1, options.width)),
    )


def apart(folder: Path, count: int, observe: bool) -> dict[str, Any]:
    """`scored` in a process of its own. Raises HitmarkError when that ends badly."""
    words = [sys.executable, __file__, "--folder", str(folder), "--score", str(count), *["--observe"] * observe]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise HitmarkError(f"scoring {count} clips ended with status {done.returncode}: {done.stderr.strip()[-500:]}")
    return json.loads(done.stdout)


def scored(folder: Path, count: int, observe: bool) -> dict[str, Any]:
    """Seconds, bytes and figures of scoring the first clips of a folder, one in memory at a time."""
    import av  # noqa: F401  (loaded before the memory is measured)

    if observe:
        import hitmark.observers.template  # noqa: F401
    loaded = psutil.Process().memory_info().rss
    with PeakMemory() as memory:
        figures = score_all(folder, count, observe)
    held = psutil.Process().memory_info().rss - loaded
    return {
        "seconds": memory.seconds,
        "loaded": loaded,
        "held": held,
        "above": memory.peak - loaded,
        "figures": figures,
    }


def score_all(folder: Path, count: int, observe: bool) -> dict[str, float]:
    """Means over the clips, and the Frechet distance of their features from the true ones."""
    boxes, made, true = BoxAverages(), FeatureMoments(), FeatureMoments()
    control, errors, accuracies = ControlErrorAverages(), PointErrorAverages(), AccuracyAverages()
    for number in range(count):
        frames, _ = read_video(folder / f"{number}.mkv")
        height, width = frames.shape[1:3]
        with np.load(folder / f"{number}.npz") as given:
            about = dict(given)
        seen, found = _observed(frames, about["wanted"]) if observe else (about["seen"], about["found"])
        wanted, everywhere = about["wanted"], np.ones(len(frames), dtype=bool)
        boxes.add(box_scores(wanted, seen, found, everywhere, width / height))
        centers = [(each[:, :2] + each[:, 2:]) / 2 * np.array([width, height]) for each in (wanted, seen)]
        control.add(object_motion_control_error(centers[0], centers[1], (width, height), present=found))
        tracks = about["points"], about["points_found"], (width, height)
        errors.add(end_point_errors(*tracks, visible=about["points_visible"]))
        accuracies.add(tap_vid_accuracy(*tracks, visible=about["points_visible"]))
        made.add(about["features"])
        true.add(about["true_features"])
    return {
        "overlap": boxes.summary().overlap,
        "ObjMC": control.summary().mean,
        "end-point error": errors.summary().pixels,
        "TAP-Vid accuracy": accuracies.summary().mean,
        "Frechet": measure_frechet(made, true).distance,
    }


def _observed(frames: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Boxes (frames, 4), normalized, and where the observer is sure, bool (frames,)."""
    from hitmark.observers.template import track_template

    height, width = frames.shape[1:3]
    seen = track_template(frames, wanted[0].tolist())
    half = np.repeat(np.asarray(seen.sizes)[:, None], 2, axis=1) / 2
    boxes = np.concatenate([seen.centers - half, seen.centers + half], axis=1)
    return boxes / np.array([width, height, width, height]), seen.found


if __name__ == "__main__":
    with readable_errors():
        sys.exit(main())
