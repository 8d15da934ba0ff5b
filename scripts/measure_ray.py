"""Throughput of a benchmark run on Ray with two workers against one, and whether its bytes are those of `inline`.

    python scripts/measure_ray.py                                 # 24 scenes x 2 methods, two pairs of runs
    python scripts/measure_ray.py --scenes 4 --repeats 1 --warm-up 2

Each run is made anew in a folder of its own: one in this process, then with one worker and with two in turns, the first
of a pair alternating. Every job uses one thread. Throughput is jobs per second from the end of the --warm-up'th job to
the end of the last, so that starting Ray and loading models, which is printed apart, does not count. All files of all
runs but cost.json are compared byte by byte with those of `inline`. Exit status 1 when they differ or the median ratio
is below --least. Nothing else should run on the machine.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from kill_and_resume import differences

from hitmark.bench.plan import BenchPlan
from hitmark.bench.run import Engine, run
from hitmark.cli.progress import silence_libraries
from hitmark.console import readable_errors
from hitmark.errors import HitmarkError


@dataclass(frozen=True)
class Pace:
    """Of one run: jobs per second, and seconds until the jobs that do not count were done."""

    rate: float
    before: float


def main() -> int:
    """Print the table; the exit status."""
    options = _parser().parse_args()
    scenes = [f"sprites-text:tune:0-{options.scenes}"]
    values = {"scenes": scenes, "methods": options.methods, "models": [options.model], "steps": options.steps}
    plan = BenchPlan.from_dict(values | {"threads": 1}, "flags")
    jobs = options.scenes * len(options.methods)
    if options.warm_up > jobs - 2:
        raise HitmarkError(f"--warm-up: expected at most {jobs - 2} of {jobs} jobs, got {options.warm_up}")
    silence_libraries()
    load = os.getloadavg()[0]
    print(f"{jobs} jobs, {plan.steps} steps, {os.cpu_count()} cores, load before the start {load:.2f}", flush=True)
    with tempfile.TemporaryDirectory(dir=options.output) as place:
        reference, wrong = Path(place) / "inline", []
        measured(plan, reference, Engine(), options.warm_up)
        paces: dict[int, list[Pace]] = {1: [], 2: []}
        for repeat in range(options.repeats):
            for workers in (1, 2) if repeat % 2 == 0 else (2, 1):
                folder = Path(place) / f"ray-{workers}-{repeat}"
                paces[workers].append(measured(plan, folder, Engine("ray", workers), options.warm_up))
                wrong += differences(reference, folder)
    ratios = [two.rate / one.rate for one, two in zip(paces[1], paces[2], strict=True)]
    listed = " ".join(f"{ratio:.2f}" for ratio in ratios)
    print(f"two workers / one: {statistics.median(ratios):.2f}, median of {listed}; at least {options.least} wanted")
    print(f"bytes: {'all runs are the same' if not wrong else f'{len(wrong)} files differ, such as {wrong[0]}'}")
    return 0 if not wrong and statistics.median(ratios) >= options.least else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=24, help="of sprites-text:tune")
    parser.add_argument("--methods", nargs="+", default=["none", "peekaboo"])
    parser.add_argument("--model", default="sprites-t2v")
    parser.add_argument("--steps", type=int, default=8, help="denoising steps of a clip")
    parser.add_argument("--repeats", type=int, default=2, help="pairs of runs with one worker and two")
    parser.add_argument("--warm-up", type=int, default=4, help="first jobs of a run, which do not count")
    parser.add_argument("--least", type=float, default=1.5, help="ratio that is wanted")
    parser.add_argument("--output", type=Path, help="where the runs' temporary folder is made; default: the system's")
    return parser


def measured(plan: BenchPlan, folder: Path, engine: Engine, warm_up: int) -> Pace:
    """Runs a plan and prints how fast. Raises HitmarkError when a job failed."""
    start, times = time.perf_counter(), []

    def note(done: int, failed: int, _count: int) -> None:
        if done + failed > len(times):
            times.append(time.perf_counter() - start)

    state = run(plan, folder, engine, note)
    if state.failed:
        raise HitmarkError(f"{len(state.failed)} jobs failed: {next(iter(state.failed.values())).splitlines()[0]}")
    pace = pace_of(times, warm_up)
    name = engine.name if engine.name == "inline" else f"{engine.name}, workers: {engine.workers}"
    print(f"{name:16} {pace.rate:7.3f} jobs/s, {pace.before:6.1f} s until job {max(1, warm_up)} was done", flush=True)
    return pace


def pace_of(times: list[float], warm_up: int) -> Pace:
    """The pace by the seconds at which jobs ended."""
    first = max(1, warm_up)
    return Pace((len(times) - first) / (times[-1] - times[first - 1]), times[first - 1])


if __name__ == "__main__":
    with readable_errors():
        sys.exit(main())
