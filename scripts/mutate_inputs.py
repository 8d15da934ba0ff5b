"""No traceback from any command: valid command lines and files, mutated at random, run in this process.

    python scripts/mutate_inputs.py --count 5000 --seed 0

Every case is drawn from its own seed (SEED + number), so that one can be run again alone: --count 1 --seed NUMBER. What
computes for long is stood in for: a clip is gray frames, a benchmark only lists its jobs. Exits with 1 where a command
ended in anything but a readable message.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
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
from mutations import mutate_file, mutate_line
from PIL import Image
from typer.testing import CliRunner

MOST_PIXELS = 1_000_000  # of a stand-in clip; larger ones are refused
MOST_WORK = 30  # seconds of processor time that a case may take before it counts as one that hangs
MOST_WAIT = 600  # seconds by the clock, for one that waits for what never comes; a busy machine needs far less

PHOTO = ["--image", "photo.png", "--box", "0.1,0.2,0.5,0.6", "--path", "0.6,0.5 0.7,0.6"]
WORDS = ["--prompt", "a red car on grass", "--subject", "red car", "--box", "0.1,0.2,0.5,0.6"]
LINES: list[list[str]] = [
    ["generate", *PHOTO, "-o", "out.mp4"],
    ["generate", *PHOTO, "--set", "iterations=2", "--call", "fps=6", "--steps", "3", "--frames", "4", "-o", "o.gif"],
    ["generate", *WORDS, "--path", "0.6,0.5", "--method", "ivg-da", "--smooth", "--seed", "3"],
    ["generate", "scene.json", "--method", "sg-i2v", "--width", "64", "--height", "64", "--force", "-o", "s/o.webp"],
    ["generate", "scene.json", "--preset", "preset.json", "--save-latents", "z.safetensors"],
    ["generate", "text.json", "--method", "peekaboo+mask-normalization", "--negative-prompt", "blurred"],
    ["generate", "record.json", "-o", "again.mkv"],
    ["generate", "example"],
    *(["generate", name, "--prompt", "a cat", "--subject", "cat"] for name in ("traj.txt", "cat_tracks.npy")),
    *(["generate", name] for name in ("coordinates.json", "tracks.json", "boxes.json", "trail.yaml")),
    *(["convert", "scene.json", name, "--width", "64", "--height", "64"] for name in ("o.npy", "o.txt", "o", "o.json")),
    ["convert", "scene.json", "o.json", "--to", "comfy-coordinates", "--width", "64", "--height", "64", "--strict"],
    ["convert", "scene.json", "o.json", "--to", "peekaboo", "--force"],
    ["convert", "text.json", "o.yaml", "--to", "trailblazer"],
    *(["convert", name, "o.json", "--frames", "5"] for name in ("example", "traj.txt", "trail.yaml", "boxes.json")),
    *(["convert", name, "o.json", "--point-size", "0.2"] for name in ("cat_tracks.npy", "tracks.json")),
    ["convert", "coordinates.json", "o.json", "--width", "64", "--height", "64"],
    ["score", "clip.mkv", "scene.json"],
    ["score", "clip.mkv", "text.json", "--observer", "frames", "--frames", "stretch", "--image", "photo.png", "--json"],
    ["bench", "plan.yaml", "--dry-run"],
    ["bench", "--scenes", "sprites-text:tune:0-2", "--method", "peekaboo masked_steps=2", "--seeds", "2"],
    ["bench", "--scenes", "scenes", "--method", "none", "--observer", "frames", "--call", "guidance_scale=3"],
    ["tune", "peekaboo", "--model", "sprites-t2v", "--knob", "masked_steps=2,4", "--keep-quality", "found=0.5"],
    ["report", "run"],
    ["compare", "run", "run", "--draws", "100", "--json"],
    ["datasets"],
    ["datasets", "sprites:tune:0-2", "--json"],
    ["datasets", "scenes"],
    ["datasets", "peekaboo:boxes.json", "--choice", "broken=drop"],
    ["inspect", "text.json", "--method", "ivg-da", "-o", "figures"],
    ["models", "--json"],
    ["observers", "--json"],
    ["studio", "--folder", "films", "--port", "0", "--no-open"],
    ["demo", "--seed", "1", "--only", "text", "-o", "demo"],
    ["train", "sprites-i2v", "--device", "cpu", "-o", "runs/a"],
]  # fmt: skip


@dataclass(frozen=True)
class Failure:
    """A case that did not end in a readable message."""

    seed: int
    line: list[str]
    what: str
    trace: str


def make_inputs(folder: Path) -> None:
    """Valid files of every kind that the commands read."""
    from hitmark.media.video import write_video
    from hitmark.scene import Scene
    from hitmark.scene.formats import write

    pixels = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "photo.png")
    path = [{"time": 0, "box": [0.1, 0.2, 0.5, 0.6]}, {"time": 1, "box": [0.4, 0.3, 0.8, 0.7], "easing": "in"}]
    car = {"name": "car", "phrase": "red car", "keyframes": path, "path": "smooth", "visible": [0, 1], "depth": 1}
    base = {"width": 64, "height": 64, "frames": 8, "fps": 7, "seed": 3, "subjects": [car]}
    anchors = {"anchors": [{"name": "house", "box": [0.8, 0.8, 0.9, 0.9]}], "camera": {"pan": [0.1, 0], "zoom": 1.1}}
    scene = Scene.from_dict({"image": "photo.png"} | anchors | base)
    text = Scene.from_dict(
        {"prompt": "a red car on grass", "method": {"name": "peekaboo"}, "model": "sprites-t2v"} | base
    )
    scene.save(folder / "scene.json")
    text.save(folder / "text.json")
    for name, kind in {"traj.txt": "freetraj", "cat_tracks.npy": "wan-move", "coordinates.json": "comfy-coordinates",
                       "tracks.json": "comfy-tracks", "trail.yaml": "trailblazer"}.items():  # fmt: skip
        write(text, folder / name, kind)
    write(text, folder / "boxes.json", "peekaboo")
    write(scene, folder / "example", "sg-i2v", base=str(folder))
    shutil.copytree(folder / "example", folder / "scenes" / "example")
    shutil.copy(folder / "text.json", folder / "scenes" / "text.json")
    (folder / "plan.yaml").write_text(
        "scenes: [sprites-text:tune:0-2]\nmethods: [none, peekaboo masked_steps=2]\nsteps: 2\n"
    )
    write_video(np.repeat(pixels[None], 8, axis=0), folder / "clip.mkv")
    with _in(folder):
        for line in (["generate", *PHOTO, "-o", "record.mp4"], ["bench", "plan.yaml", "-o", "run", "--dry-run"]):
            done = _invoke(line)
            if done.exit_code:
                raise SystemExit(f"{line}: {done.output}")
    (folder / "run" / "jobs" / "a").mkdir(parents=True, exist_ok=True)
    plan = {"version": 1, "scenes": ["sprites-text:tune:0-2"], "methods": ["none"], "models": ["auto"], "seeds": 1}
    (folder / "run" / "plan.json").write_text(json.dumps(plan))
    (folder / "run" / "jobs" / "a" / "result.json").write_text('{"format": 1, "job": {}, "scores": {}, "files": {}}')
    (folder / "preset.json").write_text('{"kind": "hitmark preset", "version": 1, "name": "a", "method": "sg-i2v"}')


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
        with _in(folder), _impatient():
            done = _invoke(line)
    if done.exception is None or isinstance(done.exception, SystemExit):
        return None
    trace = "".join(traceback.format_exception(*done.exc_info)) if done.exc_info else ""
    return Failure(seed, line, repr(done.exception)[:300], trace)


def _invoke(line: list[str]) -> Any:
    from hitmark.cli import app

    return CliRunner().invoke(app, line)


@contextmanager
def _in(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


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
