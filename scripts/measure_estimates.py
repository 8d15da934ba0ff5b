"""The estimate of a clip's memory against the peak that the clip then has, on random weights of the real layouts.

    OMP_NUM_THREADS=1 python scripts/measure_estimates.py            # all rows; some minutes
    OMP_NUM_THREADS=1 python scripts/measure_estimates.py svd wan    # rows whose names begin so

Each clip is made in a process of its own: the largest resident size during the clip, above that before the weights were
loaded. The estimate is made before that process begins, from the configuration files alone. The process gives memory
back as soon as it is free, as with `hitmark generate --memory`; with `--held` it does not.

    OMP_NUM_THREADS=1 python scripts/measure_estimates.py --within    # does a clip stay in the memory that it is given?

Each clip is given the least of SHARES of its estimate in which `--memory` would make it, with what that takes (tiles,
parts of the network that run twice); the peak is compared with what was given.
"""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from PIL import Image

from hitmark.backbones import tiny
from hitmark.backbones.memory import GIB
from hitmark.errors import GenerationError
from hitmark.run.allocator import return_at_once
from hitmark.run.make import make
from hitmark.run.peak_memory import PeakMemory
from hitmark.run.plan import Plan
from hitmark.run.prepare import prepare
from hitmark.run.rehearsal import rehearse, within
from hitmark.scene.schema import Scene

MIB = 2**20
SHARES = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Of the estimate, tried in turn as the memory that a clip is given."""
PICTURE = {
    "phrase": "car",
    "keyframes": [{"time": 0, "box": [0.1, 0.3, 0.4, 0.6]}, {"time": 1, "box": [0.5, 0.3, 0.8, 0.6]}],
}


@dataclass(frozen=True)
class Row:
    """A pipeline, and the clip that it is to make: width, height, frames."""

    build: Callable[[], Any]
    size: tuple[int, int, int]
    method: str = "none"
    knobs: dict[str, Any] = field(default_factory=dict)
    picture: bool = False


def svd(**knobs: Any) -> Callable[[], Any]:
    """Of Stable Video Diffusion, with weights of some size."""
    return partial(tiny.tiny_svd, channels=(64, 64, 128, 128), frames=14, **knobs)


SG = {"start": 0.0, "stop": 0.9, "iterations": 1}
ROWS: dict[str, Row] = {
    "svd": Row(svd(), (320, 192, 14), picture=True),
    "svd guided": Row(svd(), (320, 192, 14), "sg-i2v", SG | {"layers": "2.1,2.2", "memory_budget": None}, True),
    "svd guided, budget": Row(svd(), (320, 192, 14), "sg-i2v", SG | {"layers": "2.1,2.2", "memory_budget": 0.1}, True),
    "svd wide vae": Row(svd(vae_channels=(64, 64, 128, 128)), (256, 256, 14), picture=True),
    "text-to-video": Row(partial(tiny.tiny_text_to_video, channels=(64, 64, 128, 128)), (256, 256, 16)),
    "text-to-video masked": Row(
        partial(tiny.tiny_text_to_video, channels=(64, 64, 128, 128)), (256, 256, 16), "ivg-da"
    ),
    "wan 2.1": Row(tiny.tiny_wan, (320, 192, 33)),
    "wan 2.1 masked": Row(tiny.tiny_wan, (320, 192, 33), "peekaboo"),
    "wan 2.2 picture": Row(partial(tiny.tiny_wan, "2.2", image=True), (320, 192, 33), picture=True),
    "wan ti2v": Row(partial(tiny.tiny_wan, "ti2v"), (512, 320, 33)),
    "wan ti2v guided": Row(partial(tiny.tiny_wan, "ti2v", image=True, layers=8), (512, 320, 49), "sg-i2v", SG, True),
    "cogvideox": Row(tiny.tiny_cogvideox, (320, 192, 33)),
    "cogvideox picture": Row(partial(tiny.tiny_cogvideox, image=True), (320, 192, 33), picture=True),
    "ltx": Row(tiny.tiny_ltx, (512, 320, 49)),
    "ltx guided": Row(partial(tiny.tiny_ltx, image=True), (512, 320, 49), "sg-i2v", SG, True),
}


def main() -> None:
    """Print the table."""
    warnings.simplefilter("ignore")
    names = tuple(name for name in sys.argv[1:] if name not in ("--held", "--within"))
    chosen = {name: row for name, row in ROWS.items() if not names or name.startswith(names)}
    show, head = (show_within, WITHIN_HEAD) if "--within" in sys.argv else (show_estimate, ESTIMATE_HEAD)
    print(head)
    for name, row in chosen.items():
        with tempfile.TemporaryDirectory() as folder:
            row.build().save_pretrained(folder)
            print(f"{name:22} {show(row, folder)}", flush=True)


ESTIMATE_HEAD = f"{'':22} {'estimate MiB':>13} {'measured MiB':>13} {'ratio':>6}  {'the most at':12} {'seconds':>7}"
WITHIN_HEAD = f"{'':22} {'estimate MiB':>13} {'given MiB':>10} {'measured MiB':>13} {'ratio':>6}  what it does for that"


def show_estimate(row: Row, folder: str) -> str:
    """The estimate of a row beside what its clip takes."""
    estimate = alone(estimated, row, folder)
    measured, seconds = alone(taken, row, folder, "--held" in sys.argv)
    part = max(estimate.parts, key=lambda each: estimate.parts[each].peak)
    return (
        f"{estimate.peak / MIB:13.0f} {measured / MIB:13.0f} {estimate.peak / measured:6.2f}  {part:12} {seconds:7.1f}"
    )


def show_within(row: Row, folder: str) -> str:
    """What a row's clip takes of the memory that it is given."""
    estimate = alone(estimated, row, folder)
    given, notes, measured = alone(taken_of_given, row, folder, estimate.peak)
    done = ", ".join(note.split(":")[0] for note in notes) or "nothing"
    return f"{estimate.peak / MIB:13.0f} {given / MIB:10.0f} {measured / MIB:13.0f} {measured / given:6.2f}  {done}"


def alone(measure: Callable[..., Any], *arguments: Any) -> Any:
    """What a function gives in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(measure, *arguments).result()


def planned(row: Row, folder: str) -> tuple[Plan, Image.Image | None]:
    """The plan of a row."""
    width, height, frames = row.size
    scene = Scene.from_dict(
        {
            "model": folder,
            "width": width,
            "height": height,
            "frames": frames,
            "prompt": "a red car on grass",
            "subjects": [{"name": "car"} | PICTURE],
            "method": {"name": row.method, "knobs": row.knobs},
        }
    )
    return prepare(scene, Image.new("RGB", (width, height)) if row.picture else None, ".", steps=2)


def estimated(row: Row, folder: str) -> Any:
    """The estimate of a row."""
    warnings.simplefilter("ignore")
    return rehearse(*planned(row, folder))


def taken(row: Row, folder: str, held: bool) -> tuple[int, float]:
    """Bytes that the clip of a row takes above what this process had before, and its seconds."""
    return taken_by(*planned(row, folder), row, folder, held)


def taken_of_given(row: Row, folder: str, estimate: int) -> tuple[float, tuple[str, ...], int]:
    """The least memory of SHARES that a row's clip fits in, what it does for that, and the bytes that it takes."""
    warnings.simplefilter("ignore")
    plan, picture = planned(row, folder)
    for share in SHARES:
        try:
            fitted = within(plan, picture, share * estimate / GIB)
        except GenerationError:
            continue
        return share * estimate, fitted.notes, taken_by(fitted.planned, picture, row, folder, held=False)[0]
    raise AssertionError("a clip fits in its own estimate")


def taken_by(plan: Plan, picture: Image.Image | None, row: Row, folder: str, held: bool) -> tuple[int, float]:
    """Bytes that a clip takes above what this process had before, and its seconds."""
    import psutil
    import torch

    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    if not held:
        return_at_once()
    make(*planned(small(row), folder))
    before = psutil.Process().memory_info().rss
    with PeakMemory() as memory:
        begun = time.process_time()
        make(plan, picture)
        seconds = time.process_time() - begun
    return memory.peak - before, seconds


def small(row: Row) -> Row:
    """A clip that brings in the libraries."""
    return Row(row.build, (64, 64, min(row.size[2], 9)), picture=row.picture)


if __name__ == "__main__":
    main()
