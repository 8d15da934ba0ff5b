"""SG-I2V by hitmark against the published procedure: time, peak memory and equality of latents, on random weights.

    OMP_NUM_THREADS=1 python scripts/measure_guidance.py                                   # 59 M weights, 14 x 24 x 40
    OMP_NUM_THREADS=1 python scripts/measure_guidance.py --channels 32 64 64 64 --height 16 --width 24 --repeats 3

A network of the layout of Stable Video Diffusion makes clips of three steps, the second of which is guided. Time: one
process and one pipeline, rows in turns; what the process computed, above the clip without control of the same round,
and as a share of the published procedure's. Memory: one process a row, so that none keeps what another's allocator
held; the largest resident size above that of the clip without control. `published_sg_i2v.py` has the procedure.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
import torch
from PIL import Image
from published_sg_i2v import Published
from torch import Tensor

from hitmark.backbones.tiny import tiny_svd
from hitmark.hooks import attach
from hitmark.methods.sg_i2v import SGI2V
from hitmark.run.peak_memory import PeakMemory
from hitmark.scene.grid import latent_cells
from hitmark.scene.schema import Scene
from hitmark.scene.tracks import evaluate

FACTOR, STEPS, RATE = 8, 3, 0.21
LAYERS = [(2, 1), (2, 2)]
PLAIN, PUBLISHED = "no control", "published"
WINDOW: dict[str, Any] = {"start": 0.3, "stop": 0.6, "learning_rate": RATE, "layers": "2.1,2.2"}
ROWS: dict[str, dict[str, Any]] = {
    "paper, no limit of memory": {"memory_budget": None},
    "paper, least memory": {"memory_budget": 0.0},
    "one gradient a step, no limit": {"memory_budget": None, "gradient_every": 1000},
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--channels", type=int, nargs=4, default=[64, 128, 256, 256])
    parser.add_argument("--frames", type=int, default=14)
    parser.add_argument("--height", type=int, default=24, help="rows of the latents")
    parser.add_argument("--width", type=int, default=40, help="columns of the latents")
    parser.add_argument("--iterations", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=1, help="rounds")
    parser.add_argument("--budgets", type=float, nargs="*", default=[], help="MiB, a row each")
    parser.add_argument("--only", choices=["time", "memory"])
    options = parser.parse_args()
    rows = ROWS | {f"paper, {each:g} MiB": {"memory_budget": each / 1024} for each in options.budgets}
    names = [PLAIN, PUBLISHED, *rows]
    options.rows = rows
    times, latents = ({}, {}) if options.only == "memory" else timed(options, names)
    peaks = {} if options.only == "time" else {name: apart(options, name) for name in names}
    print(f"{'':34} {'seconds':>9} {'share':>6} {'peak MiB above':>15} {'share':>6} {'difference of latents':>22}")
    for name in names[1:]:
        cells = ["-"] * 5
        if times:
            guided = [one - plain for one, plain in zip(times[name], times[PLAIN], strict=True)]
            whole = [one - plain for one, plain in zip(times[PUBLISHED], times[PLAIN], strict=True)]
            share = statistics.median(one / other for one, other in zip(guided, whole, strict=True))
            apart_by = (latents[name] - latents[PUBLISHED]).abs().max() / latents[PUBLISHED].std()
            cells[0], cells[1], cells[4] = f"{statistics.median(guided):.2f}", f"{share:.3f}", f"{apart_by:.1e}"
        if peaks:
            above = {each: (peaks[each] - peaks[PLAIN]) / 2**20 for each in names}
            cells[2], cells[3] = f"{above[name]:.0f}", f"{above[name] / above[PUBLISHED]:.3f}"
        print(f"{name:34} {cells[0]:>9} {cells[1]:>6} {cells[2]:>15} {cells[3]:>6} {cells[4]:>22}")


def timed(options: argparse.Namespace, names: list[str]) -> tuple[dict[str, list[float]], dict[str, Tensor]]:
    """Seconds of every round, and the latents of the last."""
    pipe, shuffled = loaded(options), random.Random(0)
    clip(pipe, options, PLAIN)
    times: dict[str, list[float]] = {name: [] for name in names}
    latents: dict[str, Tensor] = {}
    for _ in range(options.repeats):
        for name in shuffled.sample(names, len(names)):
            begun = time.process_time()
            latents[name] = clip(pipe, options, name)
            times[name].append(time.process_time() - begun)
    return times, latents


def apart(options: argparse.Namespace, name: str) -> int:
    """The peak of a clip in a process of its own, in bytes."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(peak, options, name).result()


def peak(options: argparse.Namespace, name: str) -> int:
    """The peak of a clip in this process, in bytes."""
    pipe = loaded(options)
    with PeakMemory() as memory:
        clip(pipe, options, name)
    return memory.peak


def loaded(options: argparse.Namespace) -> Any:
    """The pipeline, its weights without gradients."""
    pipe = tiny_svd(channels=options.channels, frames=options.frames)
    for part in (pipe.unet, pipe.vae, pipe.image_encoder):
        part.requires_grad_(False)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def clip(pipe: Any, options: argparse.Namespace, name: str) -> Tensor:
    """The final latents of one clip."""
    if name == PLAIN:
        return call(pipe, options)
    scene = moving(options)
    if name == PUBLISHED:
        return published(pipe, options, scene)
    controls = [SGI2V(iterations=options.iterations, **(WINDOW | options.rows[name]))]
    with attach(pipe, scene, controls):
        return call(pipe, options)


def published(pipe: Any, options: argparse.Namespace, scene: Scene) -> Tensor:
    """A clip whose second step is guided by the published procedure, in a callback at the end of the first."""
    height, width = options.height * FACTOR, options.width * FACTOR
    tracks = evaluate(scene, options.frames)
    boxes = torch.from_numpy(np.stack([latent_cells(track, width, height, FACTOR) for track in tracks]))
    method = Published(pipe, boxes, LAYERS, options.iterations, RATE)
    conditions: dict[str, Tensor] = {}

    def remember(_module: Any, given: Any, named: Any) -> None:
        if not conditions:
            sample, words, ids = given[0], named["encoder_hidden_states"], named["added_time_ids"]
            conditions.update(image=sample[1:, :, 4:], embedding=words[1:], ids=ids[1:])

    def guide(pipe: Any, index: int, _timestep: Any, values: dict[str, Tensor]) -> dict[str, Tensor]:
        if index > 0:
            return {}
        scheduler = pipe.scheduler
        sigma = float(scheduler.sigmas[1])
        return {"latents": method.optimized(values["latents"], conditions, scheduler.timesteps[1], sigma)}

    hook = pipe.unet.register_forward_pre_hook(remember, with_kwargs=True)
    try:
        return call(pipe, options, callback_on_step_end=guide)
    finally:
        hook.remove()


def moving(options: argparse.Namespace) -> Scene:
    """Two boxes: one moves by a cell a frame, one stays."""

    def box(x: float, y: float, width: float, height: float) -> list[float]:
        x, y = x + 0.25, y + 0.25  # so that rounding leaves them where they are
        return (np.array([x, y, x + width, y + height]) / ([options.width, options.height] * 2)).tolist()

    wide, high = options.width // 4, options.height // 3
    last = options.frames - 1
    paths = {
        "moves": [box(1, 2, wide, high), box(1 + last, 2, wide, high)],
        "stays": [box(2, high + 3, wide, high)] * 2,
    }
    subjects = [
        {"name": name, "keyframes": [{"time": 0, "box": first}, {"time": 1, "box": end}]}
        for name, (first, end) in paths.items()
    ]
    return Scene.from_dict({"subjects": subjects})


def call(pipe: Any, options: argparse.Namespace, **arguments: Any) -> Tensor:
    """One clip of the pipeline, not decoded."""
    height, width = options.height * FACTOR, options.width * FACTOR
    pixels = np.random.default_rng(0).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return pipe(
        Image.fromarray(pixels),
        height=height,
        width=width,
        num_frames=options.frames,
        num_inference_steps=STEPS,
        generator=torch.Generator().manual_seed(0),
        output_type="latent",
        **arguments,
    ).frames


if __name__ == "__main__":
    main()
