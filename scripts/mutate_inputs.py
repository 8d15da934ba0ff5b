"""No traceback from any command: valid command lines and files, mutated at random, run in this process.

    python scripts/mutate_inputs.py --count 5000 --seed 0

Every case is drawn from its own seed (SEED + number), so that one can be run again alone: --count 1 --seed NUMBER. What
computes for long is stood in for: a clip is gray frames, a benchmark only lists its jobs. Exits with 1 where a command
ended in anything but a readable message.
"""

from __future__ import annotations

import argparse
import collections
import random
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from mutation_inputs import LINES, invoke, make_inputs, within
from mutations import mutate_file, mutate_line

MOST_PIXELS = 1_000_000  # of a stand-in clip; larger ones are refused
MOST_WORK = 30  # seconds of processor time that a case may take before it counts as one that hangs
MOST_WAIT = 600  # seconds by the clock, for one that waits for what never comes; a busy machine needs far less


@dataclass(frozen=True)
class Failure:
    """A case that did not end in a readable message."""

    seed: int
    line: list[str]
    what: str
    trace: str


@contextmanager
def standing_in() -> Iterator[None]:
    """In place of what computes for long: everything before and after it is the commands' own."""
    import hitmark.cli  # its modules are found by name: each is hidden behind the command of that name
    import hitmark.demo.make
    import hitmark.inspection.run
    import hitmark.sprites.train
    import hitmark.studio.server
    from hitmark.errors import HitmarkError
    from hitmark.run.plan import plan

    def inspected(scene: Any, *_: Any, **options: Any) -> Any:
        plan(scene, steps=options.get("steps"), call=options.get("call"))
        raise HitmarkError("stopped before the model")

    def stopped(*_: Any, **__: Any) -> Any:
        raise HitmarkError("stopped before the long part")

    places: list[tuple[Any, str, Callable[..., Any]]] = [
        (sys.modules["hitmark.cli.generate"], "_make", _gray_clip),
        (hitmark.inspection.run, "inspect_scene", inspected),
        (hitmark.demo.make, "run_demo", stopped),
        (hitmark.sprites.train, "train", stopped),
        (hitmark.studio.server, "serve", lambda *_: None),
    ]
    patches = [mock.patch.object(*place) for place in places]
    for patch in patches:
        patch.start()
    try:
        yield
    finally:
        for patch in patches:
            patch.stop()


def _gray_clip(request: Any, planned: Any, picture: Any, crude: Any) -> Any:
    """What `hitmark.cli.generate` makes, without a model."""
    import torch

    from hitmark.errors import HitmarkError
    from hitmark.methods import resolved
    from hitmark.run.record import Settings
    from hitmark.run.result import Result

    scene = planned.scene
    shape = (scene.frames, scene.height, scene.width, 3)
    if np.prod(shape, dtype=float) > 3 * MOST_PIXELS:
        raise HitmarkError("stopped before a large clip")
    frames = np.full(shape, 128, np.uint8)
    knobs = {
        k: list(v) if isinstance(v, tuple) else v for k, v in resolved(scene.method.name, scene.method.knobs).items()
    }
    settings = Settings(steps=planned.steps, dtype="float32", device="cpu", call=planned.call, knobs=knobs)
    return Result(frames, torch.zeros(1, 1), planned.tracks, scene, picture, settings, 0.1, 1)


def run_case(seed: int, pristine: Path) -> Failure | None:
    """Draw a command line and mutations from a seed, run it in a fresh copy of the inputs."""
    draws = random.Random(seed)
    line = draws.choice(LINES)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "work"
        shutil.copytree(pristine, folder)
        named = [folder / word for word in line if (folder / word).is_file()]
        named += [
            each for word in line if (folder / word).is_dir() for each in (folder / word).rglob("*") if each.is_file()
        ]
        if named and draws.random() < 0.5:
            mutate_file(draws.choice(sorted(named)), draws)
        else:
            for _ in range(draws.choice([1, 1, 2, 3])):
                line = mutate_line(line, draws, LINES)
        if line[:1] in (["bench"], ["tune"]) and "--dry-run" not in line:
            line = [*line, "--dry-run"]
        with within(folder), _impatient():
            done = invoke(line)
    if done.exception is None or isinstance(done.exception, SystemExit):
        return None
    trace = "".join(traceback.format_exception(*done.exc_info)) if done.exc_info else ""
    return Failure(seed, line, repr(done.exception)[:300], trace)


@contextmanager
def _impatient() -> Iterator[None]:
    """A case that works or waits for ever is a failure too."""

    def hung(number: int, _frame: Any) -> None:
        much, kind = (MOST_WORK, "of work") if number == signal.SIGPROF else (MOST_WAIT, "by the clock")
        raise TimeoutError(f"longer than {much} s {kind}")

    before = {each: signal.signal(each, hung) for each in (signal.SIGPROF, signal.SIGALRM)}
    signal.setitimer(signal.ITIMER_PROF, MOST_WORK)
    signal.alarm(MOST_WAIT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
        for each, handler in before.items():
            signal.signal(each, handler)


def failures_of(seeds: range, tell: Callable[[int, Failure | None], None] = lambda *_: None) -> list[Failure]:
    """Run the cases of these seeds."""
    found = []
    with tempfile.TemporaryDirectory() as place, standing_in():
        pristine = Path(place) / "inputs"
        pristine.mkdir()
        make_inputs(pristine)
        for seed in seeds:
            failure = run_case(seed, pristine)
            tell(seed, failure)
            if failure is not None:
                found.append(failure)
    return found


def main() -> int:
    """Run the cases and list what failed, each kind once with its trace."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()

    def tell(seed: int, failure: Failure | None) -> None:
        if failure is not None:
            print(f"seed {seed}: {failure.what}\n  {failure.line}", flush=True)
        elif (seed - asked.seed) % 250 == 249:
            print(f"... {seed - asked.seed + 1} cases", file=sys.stderr, flush=True)

    found = failures_of(range(asked.seed, asked.seed + asked.count), tell)
    kinds = collections.Counter(
        each.trace.strip().splitlines()[-1][:120] if each.trace else each.what for each in found
    )
    for each in {failure.what: failure for failure in found}.values():
        print(f"\nseed {each.seed}: {each.line}\n{each.trace}")
    for kind, times in kinds.most_common():
        print(f"{times} times: {kind}")
    print(
        f"{len(found)} of {asked.count} cases ended in a traceback "
        f"(seeds {asked.seed} to {asked.seed + asked.count - 1})"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
