"""A benchmark run that is killed and gone on with ends like one that was not: counted and compared byte by byte.

    python scripts/kill_and_resume.py                            # 200 scenes x 4 methods, three runs of 800 clips
    python scripts/kill_and_resume.py --scenes 3 --kills 2       # to try it
    python scripts/kill_and_resume.py --output out/kill --keep   # keep the runs

First a run without disturbance. Then the same run in another folder, whose process group is killed (SIGKILL) at random
moments, one in each of as many equal parts of the run, and started again. Then with two workers of Ray, one of which
is killed in the middle of the run. Each run must hold exactly one result for each job, every clip must decode to the
frames that its record names, nothing half-written may lie about, and all files but cost.json must be byte-equal to
those of the first run. Random moments come from --seed. Exit status 1 when anything is wrong.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from hitmark.bench.jobs import jobs_of
from hitmark.bench.plan import BenchPlan
from hitmark.bench.store import CLIP, COST, PARTIAL, Store
from hitmark.console import readable_errors
from hitmark.errors import HitmarkError
from hitmark.media.video import VideoError, read_video
from hitmark.run.record import frames_sha256

METHODS = ("none", "peekaboo", "ivg-da", "freetraj")
LOOK_EVERY = 0.01
"""Seconds between looks at how far a run is."""
SHOWN = 5
"""Faults that are printed of each run."""


def main() -> int:
    """Run all, print the report; the exit status."""
    options = _parser().parse_args()
    plan = plan_of(options)
    if options.output.exists():
        raise HitmarkError(f"{options.output} is there already; remove it, or give another --output")
    options.output.mkdir(parents=True)
    path = options.output / "plan.yaml"
    path.write_text(json.dumps(plan.model_dump(mode="json")), encoding="utf-8")
    keys, moments = [job.key for job in jobs_of(plan)], random.Random(options.seed)
    print(f"{len(keys)} jobs: {options.scenes} scenes x {len(options.methods)} methods, {plan.steps} steps", flush=True)
    whole, killed, served = (options.output / name for name in ("whole", "killed", "ray"))
    per_job = timed(lambda: finish(path, whole)) / len(keys)
    right = [report("undisturbed", whole, keys, None)]
    if "inline" in options.engines:
        kill_runs(path, killed, spread(options.kills, len(keys), moments), per_job, moments)
        right.append(report(f"killed {options.kills} times", killed, keys, whole))
    if "ray" in options.engines:
        kill_a_worker(path, served, spread(3, len(keys), moments)[1], per_job, moments)
        right.append(report("Ray, a worker killed", served, keys, whole))
    print("all is well" if all(right) else "SOMETHING IS WRONG")
    return 0 if all(right) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=200, help="of sprites-text:tune")
    parser.add_argument("--methods", nargs="+", default=list(METHODS))
    parser.add_argument("--model", default="sprites-t2v")
    parser.add_argument("--steps", type=int, default=2, help="denoising steps of a clip")
    parser.add_argument("--kills", type=int, default=5, help="of the run in one process")
    parser.add_argument("--seed", type=int, default=0, help="of the random moments")
    parser.add_argument("--engines", nargs="+", choices=["inline", "ray"], default=["inline", "ray"])
    parser.add_argument("-o", "--output", type=Path, default=Path("out/kill"), help="folder of the runs; not there yet")
    return parser


def plan_of(options: argparse.Namespace) -> BenchPlan:
    """What is run. Raises HitmarkError for options that do not fit."""
    values = {"scenes": [f"sprites-text:tune:0-{options.scenes}"], "methods": options.methods}
    return BenchPlan.from_dict(values | {"models": [options.model], "steps": options.steps}, "flags")


def spread(count: int, jobs: int, moments: random.Random) -> list[int]:
    """Numbers of finished jobs at which to kill, one in each of `count` equal parts; 2 jobs are left."""
    return [max(1, min(jobs - 2, int((part + moments.random()) / count * jobs))) for part in range(count)]


def command(plan: Path, folder: Path, *more: str) -> list[str]:
    """The command line of the run."""
    return [sys.executable, "-m", "hitmark", "bench", str(plan), "-o", str(folder), *more]


def started(plan: Path, folder: Path, *more: str) -> subprocess.Popen[bytes]:
    """The run, in a process group of its own; what it prints goes to FOLDER.log."""
    with Path(f"{folder}.log").open("ab") as log:
        return subprocess.Popen(command(plan, folder, *more), start_new_session=True, stdout=log, stderr=log)


def finish(plan: Path, folder: Path, *more: str) -> None:
    """Runs to the end. Raises HitmarkError when the run does not end well."""
    ended(started(plan, folder, *more), folder)


def ended(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Waits for the end of a run. Raises HitmarkError when it does not end well."""
    if process.wait() != 0:
        raise HitmarkError(f"the run ended with status {process.returncode}; see {folder}.log")


def timed(run: Callable[[], None]) -> float:
    """Seconds that it takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def count_of(folder: Path) -> int:
    """Finished jobs."""
    try:
        return len(os.listdir(folder / "jobs"))
    except FileNotFoundError:
        return 0


def reached(process: subprocess.Popen[bytes], folder: Path, jobs: int, delay: float) -> bool:
    """Waits for so many finished jobs and a while more; False where the run ended before."""
    while process.poll() is None and count_of(folder) < jobs:
        time.sleep(LOOK_EVERY)
    time.sleep(delay)
    return process.poll() is None


def kill_runs(plan: Path, folder: Path, at: list[int], per_job: float, moments: random.Random) -> None:
    """Kills the run at these numbers of finished jobs, somewhere within the next job, then lets it end."""
    for jobs in at:
        process = started(plan, folder)
        if not reached(process, folder, jobs, moments.random() * per_job):
            raise HitmarkError(f"the run ended before its {jobs}th job; see {folder}.log")
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        halves = len(list(folder.glob(f"{PARTIAL}*")))
        print(f"  killed with {count_of(folder)} jobs finished, {halves} half-written", flush=True)
    finish(plan, folder)


def kill_a_worker(plan: Path, folder: Path, jobs: int, per_job: float, moments: random.Random) -> None:
    """Kills one of two workers of Ray once so many jobs are finished, and lets the run end."""
    process = started(plan, folder, "--engine", "ray", "--workers", "2")
    if not reached(process, folder, jobs, moments.random() * per_job):
        raise HitmarkError(f"the run ended before its {jobs}th job; see {folder}.log")
    workers = workers_of(process.pid)
    if not workers:
        process.terminate()
        raise HitmarkError("no worker of Ray was found among the run's processes")
    os.kill(workers[0].pid, signal.SIGKILL)
    print(f"  killed one of {len(workers)} workers with {count_of(folder)} jobs finished", flush=True)
    ended(process, folder)


def workers_of(pid: int) -> list[psutil.Process]:
    """Actors of Ray below a process that run, not those kept in reserve."""
    found = []
    for process in psutil.Process(pid).children(recursive=True):
        try:
            title = " ".join([process.name(), *process.cmdline()])
        except psutil.Error:
            continue
        if "ray::Worker" in title:
            found.append(process)
    return found


def report(title: str, folder: Path, keys: list[str], whole: Path | None) -> bool:
    """Prints what is wrong with a run; whether nothing is."""
    faults = faults_of(folder, keys) + (differences(whole, folder) if whole is not None else [])
    print(
        f"{title}: {count_of(folder)} results, {f'{len(faults)} faults' if faults else 'nothing is wrong'}", flush=True
    )
    for fault in faults[:SHOWN]:
        print(f"  {fault}")
    return not faults


def faults_of(folder: Path, keys: list[str]) -> list[str]:
    """What is wrong with a run of these jobs, as sentences: missing, twice, too much, torn, failed, half-written."""
    store = Store(folder)
    there = {path.name for path in store.jobs.iterdir()}
    faults = [f"missing: {key}" for key in keys if key not in there]
    faults += [f"not asked for: {key}" for key in sorted(there - set(keys))]
    faults += [f"torn: {key}: {why}" for key in sorted(there) if (why := _torn(store, key))]
    places: dict[str, str] = {}
    for key in sorted(there):
        job = (store.result(key) or {}).get("job", {})
        place = json.dumps([job.get(name) for name in ("dataset", "item", "row", "model", "seed", "noise")])
        if place in places:
            faults.append(f"twice: {places[place]} and {key}")
        places[place] = key
    faults += [f"failed: {path.name}" for path in store.failures.iterdir()]
    return faults + [f"half-written: {path.name}" for path in folder.rglob("*") if "partial" in path.name]


def _torn(store: Store, key: str) -> str | None:
    """Why a finished job is not whole: its files, or a clip that is not what its record says."""
    if not store.is_done(key):
        return "files are missing or of another size"
    try:
        frames, _ = read_video(store.place(key) / CLIP)
    except VideoError as error:
        return str(error)
    named = (store.result(key) or {}).get("frames_sha256")
    return None if frames_sha256(frames) == named else "the clip is not the one that the record names"


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of the finished jobs but cost.json, by its path in the run."""
    files = [path for path in sorted((folder / "jobs").rglob("*")) if path.is_file() and path.name != COST]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def differences(first: Path, second: Path) -> list[str]:
    """Files of finished jobs that only one of two runs has, or that differ, as sentences."""
    one, other = digests(first), digests(second)
    said = [f"only in {first.name}: {name}" for name in one if name not in other]
    said += [f"only in {second.name}: {name}" for name in other if name not in one]
    return said + [f"differs: {name}" for name, digest in one.items() if other.get(name, digest) != digest]


if __name__ == "__main__":
    with readable_errors():
        sys.exit(main())
