"""How time and memory of the methods grow with boxes, frames and size, on random weights of two layouts.

    OMP_NUM_THREADS=1 python scripts/measure_growth.py -o out/growth.png
    OMP_NUM_THREADS=1 python scripts/measure_growth.py --axes boxes --counts 1 4 16

Every number is of a clip of three steps above the clip without control of the same size: seconds that the process
computed (the least of `--repeats` rounds, methods in turns), and the largest resident size, each clip in a process of
its own. Beside them the exponents: how the cost grows between the last two points of a row, 1 where it is doubled by
twice as much, 2 where it is four times as much. A cost that hardly stands out of the plain clip has no exponent ("-").
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import measure_guidance as pictures
import measure_transformer_steps as words
import numpy as np
import torch
from PIL import Image

from hitmark.console import readable_errors
from hitmark.hooks import attach
from hitmark.methods import build
from hitmark.reference import reference_of
from hitmark.run.peak_memory import PeakMemory
from hitmark.scene.schema import Scene

PLAIN = "no control"
NOUNS = ["car", "cat", "dog", "bus", "tree", "bird", "fish", "boat"]
NOUNS += ["ball", "cup", "key", "hat", "bell", "star", "leaf", "kite"]
SIDE = 0.2
"""Of a box, as a share of the picture's."""
METHODS = {
    "SVD": {
        "sg-i2v": {"start": 0.3, "stop": 0.6, "layers": "2.1,2.2", "memory_budget": None},
        "time-to-move": {},
    },
    "Wan": {
        "peekaboo": {"as_published": "paper", "masked_steps": 3},
        "ivg-da": {},
        "freetraj": {},
        "trailblazer": {},
        "query-warp": {},
        "region-prompts": {},
    },
}
AXES = {
    "boxes": {"SVD": (1, 2, 4, 8, 16), "Wan": (1, 2, 4, 8, 16)},
    "frames": {"SVD": (4, 8, 16, 32), "Wan": (2, 4, 8)},
    "size": {"SVD": (16, 24, 32, 48), "Wan": (16, 24, 32)},
}
"""Frames and sides of the latents. Attention over all frames is quadratic in tokens, and so are its masks."""
USUAL = {"boxes": 2, "frames": {"SVD": 8, "Wan": 4}, "size": {"SVD": 16, "Wan": 16}}
LIBRARIES = ["hitmark.methods", "hitmark.backbones.tiny", "diffusers.pipelines.stable_video_diffusion"]
LIBRARIES += ["diffusers.pipelines.wan", "transformers.models.clip", "transformers.models.umt5"]
"""Imported once, by the process from which the others are made."""
NOTABLE = 0.03
"""Share of the plain clip from which a cost has an exponent."""
Row = dict[str, list[tuple[int, float, float]]]


def main() -> None:
    """Print a table an axis and layout; draw the curves."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--axes", nargs="+", choices=list(AXES), default=list(AXES))
    parser.add_argument("--layouts", nargs="+", choices=list(METHODS), default=list(METHODS))
    parser.add_argument("--counts", type=int, nargs="+", help="in place of an axis's own points")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("-o", "--output", type=Path, help="picture of the curves, .png or .svg")
    options = parser.parse_args()
    tables: dict[tuple[str, str], Row] = {}
    for axis in options.axes:
        for layout in options.layouts:
            points = options.counts or AXES[axis][layout]
            tables[axis, layout] = table(axis, layout, points, options.repeats)
    if options.output is not None:
        draw(tables, options.output)
        print(f"curves: {options.output}")


def table(axis: str, layout: str, points: tuple[int, ...], repeats: int) -> Row:
    """Print and give seconds and bytes above the plain clip of every method at every point."""
    print(f"\n{layout}, {axis}: seconds and MiB above the clip without control")
    print(f"{'':16}" + "".join(f"{point:>16}" for point in points) + f"{'exponents':>16}", flush=True)
    rows: Row = {name: [] for name in METHODS[layout]}
    plain = []
    for point in points:
        size = {"boxes": USUAL["boxes"], "frames": USUAL["frames"][layout], "size": USUAL["size"][layout], axis: point}
        seconds = elsewhere(timed, layout, size, repeats)
        peaks = {name: elsewhere(peak, layout, size, name) for name in (PLAIN, *rows)}
        plain.append((point, seconds[PLAIN], peaks[PLAIN]))
        for name, row in rows.items():
            row.append((point, seconds[name] - seconds[PLAIN], peaks[name] - peaks[PLAIN]))
    for name, row in {f"({PLAIN})": plain, **rows}.items():
        cells = "".join(f"{second:>9.2f}{peak / 2**20:>7.0f}" for _, second, peak in row)
        print(f"{name:16}{cells}{exponent(row, plain, 1):>9}{exponent(row, plain, 2):>7}", flush=True)
    return rows


def exponent(row: list[tuple[int, float, float]], plain: list[tuple[int, float, float]], which: int) -> str:
    """Of the growth between a row's last two points."""
    if len(row) < 2 or min(one[which] / all_[which] for one, all_ in zip(row[-2:], plain[-2:], strict=True)) < NOTABLE:
        return "-"
    return f"{math.log(row[-1][which] / row[-2][which]) / math.log(row[-1][0] / row[-2][0]):.2f}"


def timed(layout: str, size: dict[str, int], repeats: int) -> dict[str, float]:
    """Least seconds of this process for a clip of each method: other work on the machine only adds to them."""
    pipe = loaded(layout, size)
    clip(pipe, layout, size, PLAIN)
    seconds: dict[str, list[float]] = {name: [] for name in (PLAIN, *METHODS[layout])}
    for _ in range(repeats):
        for name, each in seconds.items():
            begun = time.process_time()
            clip(pipe, layout, size, name)
            each.append(time.process_time() - begun)
    return {name: min(each) for name, each in seconds.items()}


def elsewhere(measure: Callable[..., Any], *arguments: Any) -> Any:
    """What a function gives in a process of its own, into which no earlier clip's memory comes."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LIBRARIES)
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(measure, *arguments).result()


def peak(layout: str, size: dict[str, int], name: str) -> int:
    """The peak of a clip in this process, bytes."""
    pipe = loaded(layout, size)
    with PeakMemory() as memory:
        clip(pipe, layout, size, name)
    return memory.peak


def loaded(layout: str, size: dict[str, int]) -> Any:
    """A pipeline of random weights."""
    if layout == "SVD":
        return pictures.loaded(argparse.Namespace(channels=[32, 64, 64, 64], frames=size["frames"]))
    return words.loaded(argparse.Namespace(heads=4, head_width=64, hidden=4.0, layers=2))


def clip(pipe: Any, layout: str, size: dict[str, int], name: str) -> None:
    """One clip of three steps, not decoded."""
    scene = scene_of(size["boxes"])
    controls = [] if name == PLAIN else build(name, METHODS[layout][name])
    side = pictures.FACTOR * size["size"]
    crude = None
    if name == "time-to-move":
        crude = reference_of(scene, Image.new("RGB", (side, side), "gray"), (size["frames"], side, side))
    with attach(pipe, scene, controls, reference=crude):
        if layout == "SVD":
            pictures.call(pipe, argparse.Namespace(height=size["size"], width=size["size"], frames=size["frames"]))
            return
        pipe(
            scene.prompt,
            num_frames=4 * size["frames"] - 3,
            height=side,
            width=side,
            num_inference_steps=pictures.STEPS,
            generator=torch.Generator().manual_seed(0),
            output_type="latent",
        )


def scene_of(boxes: int) -> Scene:
    """Boxes of one size on a grid, each of which moves by half of its width."""
    side = math.ceil(boxes**0.5)
    subjects = []
    for number in range(boxes):
        left, top = np.array([number % side, number // side]) / side * (1 - 1.5 * SIDE)
        ends = [[left + move, top, left + move + SIDE, top + SIDE] for move in (0, SIDE / 2)]
        keyframes = [{"time": time, "box": [float(value) for value in box]} for time, box in enumerate(ends)]
        subjects.append({"name": NOUNS[number], "phrase": NOUNS[number], "keyframes": keyframes})
    return Scene.from_dict({"prompt": f"{' and '.join(NOUNS[:boxes])} on a wide road", "subjects": subjects})


def draw(tables: dict[tuple[str, str], Row], path: Path) -> None:
    """Seconds over each axis, a panel for each table."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4 * len(tables), 6.4), layout="constrained")
    axes = figure.subplots(2, len(tables), squeeze=False)
    for column, ((axis, layout), rows) in enumerate(tables.items()):
        for line, (which, scale, unit) in enumerate(((1, 1, "seconds"), (2, 2**20, "MiB"))):
            panel = axes[line][column]
            for name, row in rows.items():
                panel.plot([each[0] for each in row], [each[which] / scale for each in row], marker="o", label=name)
            panel.set_ylim(bottom=min(0, *panel.get_ylim()))
            panel.set_title(f"{layout}: {unit} above no control", fontsize=9)
            panel.set_xlabel({"boxes": "boxes", "frames": "frames of the latents", "size": "side of the latents"}[axis])
        axes[0][column].legend(fontsize=7)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)


if __name__ == "__main__":
    with readable_errors():
        main()
