"""Valid command lines and files of every kind that the commands read: what mutate_inputs.py mutates."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from typer.testing import CliRunner

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
    with within(folder):
        for line in (["generate", *PHOTO, "-o", "record.mp4"], ["bench", "plan.yaml", "-o", "run", "--dry-run"]):
            done = invoke(line)
            if done.exit_code:
                raise SystemExit(f"{line}: {done.output}")
    (folder / "run" / "jobs" / "a").mkdir(parents=True, exist_ok=True)
    plan = {"version": 1, "scenes": ["sprites-text:tune:0-2"], "methods": ["none"], "models": ["auto"], "seeds": 1}
    (folder / "run" / "plan.json").write_text(json.dumps(plan))
    (folder / "run" / "jobs" / "a" / "result.json").write_text('{"format": 1, "job": {}, "scores": {}, "files": {}}')
    (folder / "preset.json").write_text('{"kind": "hitmark preset", "version": 1, "name": "a", "method": "sg-i2v"}')


def invoke(line: list[str]) -> Any:
    """Run a command line in this process."""
    from hitmark.cli import app

    return CliRunner().invoke(app, line)


@contextmanager
def within(folder: Path) -> Iterator[None]:
    """With a folder as the working directory."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
