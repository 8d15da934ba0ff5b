"""Cost of controlled denoising steps on ZeroScope's layout with random weights: time ratio and peak memory.

    python scripts/measure_overhead.py                                  # the real shapes: 1.4 G weights
    python scripts/measure_overhead.py --channels 64 128 256 256        # the real tokens, narrower
    python scripts/measure_overhead.py --channels 32 64 --head-width 8 --layers 1 --frames 4 --height 8 --width 8

Memory: one process of its own for each of the two, so that neither keeps what the other's allocator held; peak resident
size (CPU, sampled) or peak of torch's allocations (CUDA) over one call of the pipeline, and by how much that is above
what the loaded pipeline takes. Time: one process and one pipeline, calls without and with control in turns, the first
of a pair alternating; wall-clock seconds, or with --processor-time what the process itself computed. A step is timed
from the pipeline's call of the denoiser to its callback after the scheduler's step, so everything that a control does
at a step counts, and what it does before the first does not. With guidance; nothing is decoded. "none" is the pipeline
without `attach`. All steps are controlled, where the method has a knob for it (masked_steps, ...); with --idle none.
"""

from __future__ import annotations

import argparse
import dataclasses
import multiprocessing
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor

from hitmark.backbones.tiny import tiny_text_to_video
from hitmark.console import readable_errors
from hitmark.control import Control
from hitmark.errors import HitmarkError
from hitmark.hooks import attach
from hitmark.methods import build
from hitmark.methods.spec import read_pairs
from hitmark.run.peak_memory import PeakMemory
from hitmark.scene.schema import Scene

PROMPT = "a red car on a road"
SCENE = Scene.from_dict(
    {
        "prompt": PROMPT,
        "subjects": [
            {
                "name": "car",
                "phrase": "red car",
                "keyframes": [{"time": 0, "box": [0.1, 0.3, 0.5, 0.8]}, {"time": 1, "box": [0.5, 0.2, 0.9, 0.7]}],
            }
        ],
    }
)
"""One subject, on a fifth of the picture and moving. What region masks cost depends on that share."""
STEP_KNOBS = ("masked_steps", "guided_steps", "spatial_steps", "temporal_steps")
"""Knobs that say how many of the first steps are controlled."""
FACTOR = 8
"""Pixels per latent cell."""


def main() -> None:
    """Print the table."""
    options = _parser().parse_args()
    controlled_by(options, idle=options.idle)  # a wrong method is said before the long part
    if options.processor_time and not options.device.startswith("cpu"):
        raise HitmarkError("--processor-time: expected --device cpu; the processor only waits for another device")
    if any(each % options.head_width for each in options.channels):
        raise HitmarkError(
            f"--head-width: expected a divisor of {options.channels}, got {options.head_width}; choose a smaller one"
        )
    memory = {} if options.only == "time" else {name: measure_apart(options, name) for name in ("none", options.method)}
    times = {} if options.only == "memory" else measure_times(options)
    print(f"{'':34} {'seconds a step':>24} {'loaded GB':>10} {'peak GB':>9} {'above GB':>9}")
    for name in ("none", options.method):
        seconds = " ".join(f"{each:.3g}" for each in times.get(name, [])) or "-"
        before, peak = memory.get(name, (0, 0))
        cells = [f"{each / 1e9:.3f}" if memory else "-" for each in (before, peak, peak - before)]
        print(f"{name:34} {seconds:>24} {cells[0]:>10} {cells[1]:>9} {cells[2]:>9}")
    if times:
        ratios = [many / one for one, many in zip(times["none"], times[options.method], strict=True)]
        listed = " ".join(f"{each:.3f}" for each in ratios)
        print(f"\ntime of a controlled step / one without control: {statistics.median(ratios):.3f}, median of {listed}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--method", default="peekaboo", help="of hitmark; several joined with +")
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="KNOB=VALUE")
    parser.add_argument("--channels", type=int, nargs="+", default=[320, 640, 1280, 1280], help="of the U-Net's levels")
    parser.add_argument("--layers", type=int, default=2, help="per down block")
    parser.add_argument("--head-width", type=int, default=64, help="channels of an attention head")
    parser.add_argument("--cross-width", type=int, default=1024, help="of the text embedding")
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--height", type=int, default=40, help="rows of the latents")
    parser.add_argument("--width", type=int, default=72, help="columns of the latents")
    parser.add_argument("--steps", type=int, default=2, help="of a call of the pipeline")
    parser.add_argument("--repeats", type=int, default=3, help="pairs of calls that are timed")
    parser.add_argument("--warm-up", type=int, default=1, help="pairs of calls before them that are not")
    parser.add_argument("--dtype", default="float32", choices=["float32", "float16", "bfloat16"])
    parser.add_argument("--device", default="cpu")
    parser.add_argument(
        "--processor-time", action="store_true", help="seconds of the process on the CPU, for a machine that is busy"
    )
    parser.add_argument("--idle", action="store_true", help="no step is controlled")
    parser.add_argument("--only", choices=["time", "memory"], help="measure this alone")
    return parser


def loaded(options: argparse.Namespace) -> Any:
    """The pipeline with random weights."""
    pipe = tiny_text_to_video(
        channels=options.channels,
        layers=options.layers,
        head_width=options.head_width,
        cross_width=options.cross_width,
    )
    for part in (pipe.unet, pipe.vae, pipe.text_encoder):
        part.requires_grad_(False)
    pipe.set_progress_bar_config(disable=True)
    return pipe.to(options.device, getattr(torch, options.dtype))


def controlled_by(options: argparse.Namespace, *, idle: bool = False) -> list[Control]:
    """The method with all steps controlled, unless told otherwise; `idle`: with none.

    Raises:
        HitmarkError: unknown method or knob, or a value out of range.
    """
    knobs = read_pairs(options.settings)
    parts = options.method.split("+")
    for part in parts:
        for control in build(part):
            for field in dataclasses.fields(control):
                spelled = field.name if len(parts) == 1 else f"{part}.{field.name}"
                if field.name in STEP_KNOBS and field.name not in knobs:
                    knobs.setdefault(spelled, 0 if idle else options.steps)
    controls = build(options.method, knobs)
    if not controls:
        raise HitmarkError(f"--method {options.method}: expected a method that controls something")
    return controls


class StepClock:
    """Seconds of each step of a pipeline's calls, from the first call of the denoiser to the callback after the step.

    Its hook on the denoiser comes before those of `attach`; calls within a step, by controls, are part of the step.
    """

    def __init__(self, pipe: Any, read: Callable[[], float] = time.perf_counter) -> None:
        self.device = torch.device(pipe.device)
        self.read = read
        self.seconds: list[float] = []
        self._started: float | None = None
        self._hook = pipe.unet.register_forward_pre_hook(self._begin)

    def _now(self) -> float:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        return self.read()

    def _begin(self, _module: Any, _arguments: Any) -> None:
        if self._started is None:
            self._started = self._now()

    def end(self, _index: int, _timestep: Any, _latents: Tensor) -> None:
        """The pipeline's callback."""
        assert self._started is not None, "the denoiser ran before the callback"
        self.seconds.append(self._now() - self._started)
        self._started = None

    def close(self) -> None:
        """Take the hook off."""
        self._hook.remove()


def call(pipe: Any, options: argparse.Namespace, controls: list[Control] | None, **arguments: Any) -> Tensor:
    """One call of the pipeline with these controls, None: alone; the final latents, float32 on the CPU."""
    with nullcontext() if controls is None else attach(pipe, SCENE, controls):
        latents = pipe(
            PROMPT,
            height=options.height * FACTOR,
            width=options.width * FACTOR,
            num_frames=options.frames,
            num_inference_steps=options.steps,
            generator=torch.Generator("cpu").manual_seed(0),
            output_type="latent",
            **arguments,
        ).frames
    return latents.float().cpu()


def measure_times(options: argparse.Namespace) -> dict[str, list[float]]:
    """Mean seconds a step of every timed call, without control ("none") and with the method.

    Raises:
        HitmarkError: the controls changed nothing, so there is nothing to measure; or changed something with --idle.
    """
    pipe = loaded(options)
    weights = sum(weight.numel() for weight in pipe.unet.parameters()) / 1e6
    grid = f"{options.frames} x {options.height} x {options.width}"
    where = f"{options.dtype} on {options.device}, {torch.get_num_threads()} threads"
    read = time.process_time if options.processor_time else time.perf_counter
    print(f"{weights:.1f} M weights, latents {grid}, {options.steps} steps a call, {where}", flush=True)
    acting = controlled_by(options, idle=options.idle)
    controls = {"none": None, options.method: acting}
    times: dict[str, list[float]] = {name: [] for name in controls}
    for repeat in range(-options.warm_up, options.repeats):
        made = {}
        for name in list(controls)[:: 1 if repeat % 2 == 0 else -1]:
            clock = StepClock(pipe, read)
            made[name] = call(pipe, options, controls[name], callback=clock.end)
            clock.close()
            if repeat >= 0:
                times[name].append(statistics.mean(clock.seconds))
        if torch.equal(*made.values()) != options.idle:
            changed = "something, idle as it is," if options.idle else "nothing"
            raise HitmarkError(f"{options.method} changed {changed} in {options.steps} steps; see its knobs")
    return times


def measure_apart(options: argparse.Namespace, name: str) -> tuple[int, int]:
    """`measure_memory` in a process of its own.

    Raises:
        HitmarkError: that process was ended, most likely for lack of memory.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        try:
            return pool.submit(measure_memory, options, name != "none").result()
        except BrokenProcessPool as error:
            raise HitmarkError(
                f"{name}: the process that measures memory was ended, most likely because there was not enough; use "
                "fewer --channels or --frames, or --dtype bfloat16"
            ) from error


def measure_memory(options: argparse.Namespace, controlled: bool) -> tuple[int, int]:
    """Bytes before a call of the pipeline and at its peak, as `PeakMemory` counts them."""
    pipe = loaded(options)
    with PeakMemory(options.device) as before:
        pass
    with PeakMemory(options.device) as memory:
        call(pipe, options, controlled_by(options, idle=options.idle) if controlled else None)
    return before.peak, memory.peak


if __name__ == "__main__":
    with readable_errors():
        main()
