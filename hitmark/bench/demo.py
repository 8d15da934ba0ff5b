"""The demo: three scenes of the sprite world, each without control and with SG-I2V on the same noise, and one page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hitmark.bench.demo_page import page
from hitmark.bench.demo_scenes import MODEL, DemoScene, demo_scenes, sprite_world
from hitmark.draw import annotated, plan_picture, side_by_side
from hitmark.files import ensure_writable, output_error, write_text, written_whole
from hitmark.generate import OnStep, Result, generate
from hitmark.model_choice import configured_frames, model_folder
from hitmark.outputs import Outputs
from hitmark.scene.schema import MethodChoice
from hitmark.video import write_video

if TYPE_CHECKING:
    from hitmark.metrics.tracks import ControlError

METHODS = {"none": "no control", "sg-i2v": "SG-I2V"}


@dataclass(frozen=True)
class Run:
    """One finished clip of the demo."""

    method: str  # key of METHODS
    result: Result
    found: dict[str, np.ndarray]  # subject -> (frames, 2) centres in pixels, the observer's best guess
    errors: dict[str, ControlError]  # subject -> ObjMC


@dataclass(frozen=True)
class Demo:
    """What `run_demo` made."""

    page: Path
    scenes: list[tuple[DemoScene, list[Run]]]

    def rows(self) -> list[list[str]]:
        """The table: scene, method, ObjMC, distance in the last frame, share found, time, memory."""
        lines = [["scene", "method", "ObjMC px", "last frame px", "sure", "time s", "peak memory GB"]]
        for demo_scene, runs in self.scenes:
            for run in runs:
                errors = list(run.errors.values())
                lines.append(
                    [
                        demo_scene.title,
                        METHODS[run.method],
                        f"{np.mean([error.pixels for error in errors]):.1f}",
                        f"{np.mean([error.last for error in errors]):.1f}",
                        f"{np.mean([error.found_share for error in errors]):.0%}",
                        f"{run.result.seconds:.1f}",
                        f"{run.result.peak_memory / 1e9:.2f}",
                    ]
                )
        return lines

    def table(self) -> str:
        """The table as text."""
        rows = self.rows()
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
        )


def run_demo(
    folder: Path,
    *,
    seed: int = 0,
    steps: int | None = None,
    model: str = MODEL,
    on_step: OnStep | None = None,
) -> Demo:
    """Make the clips, the pictures and the page.

    Args:
        folder: gets index.html and everything it shows; made if it is not there, files of an earlier demo are replaced.
        seed: of the noise, the same for every clip.
        steps: of denoising; None = the model's.
        model: name or path of a model of the sprite world.
        on_step: called with the steps done and the steps in all, over all clips.

    Raises:
        HitmarkError: the folder cannot be written, or the model is not there.
    """
    from hitmark.backbones.catalog import load_pipeline, model_card

    _make_folder(folder)
    card = model_card(model)
    frames = card.frames or configured_frames(card, None)
    scenes = list(demo_scenes(sprite_world(card.width, card.height, frames), seed, model))
    pipe = load_pipeline(model)
    steps = card.steps if steps is None else steps
    total = steps * len(scenes) * len(METHODS)
    finished: list[tuple[DemoScene, list[Run]]] = []
    for index, demo_scene in enumerate(scenes):
        runs = []
        for number, method in enumerate(METHODS, start=index * len(METHODS)):
            runs.append(_run(demo_scene, method, pipe, steps, _moved_by(on_step, number * steps, total)))
        _save(folder, demo_scene, runs, model_folder(card))
        finished.append((demo_scene, runs))
    demo = Demo(folder / "index.html", finished)
    write_text(demo.page, page(demo))
    return demo


def _moved_by(on_step: OnStep | None, first: int, total: int) -> OnStep | None:
    """The steps of one clip as a part of all steps."""
    return None if on_step is None else lambda done, _of_this_clip: on_step(first + done, total)


def _run(demo_scene: DemoScene, method: str, pipe: Any, steps: int, on_step: OnStep | None) -> Run:
    """One clip, and where the observer sees the sprites in it."""
    from hitmark.metrics.tracks import object_motion_control_error
    from hitmark.observers.sprites import find_sprite

    scene = demo_scene.scene.replace(method=MethodChoice(name=method))
    result = generate(scene, demo_scene.picture, pipe, on_step, steps=steps)
    height, width = result.frames.shape[1:3]
    found, errors = {}, {}
    for track in result.tracks:
        if track.name not in demo_scene.sprites:
            continue
        seen = find_sprite(result.frames, *demo_scene.sprites[track.name])
        wanted = (track.boxes[:, :2] + track.boxes[:, 2:]) / 2 * np.array([width, height])
        found[track.name] = seen.centres
        errors[track.name] = object_motion_control_error(
            wanted, seen.centres, (width, height), visible=track.visible, present=seen.found, missing="guess"
        )
    return Run(method, result, found, errors)


def _save(folder: Path, demo_scene: DemoScene, runs: list[Run], files: Path | None) -> None:
    """The videos with their records, the plan, and the animation that shows the runs side by side."""
    shown = []
    for run in runs:
        outputs = Outputs(folder / f"{demo_scene.slug}.{run.method}.mp4")
        outputs.save(run.result, run.found, files)
        shown.append(annotated(run.result.frames, run.result.tracks, run.found, side=320))
    fps = demo_scene.scene.fps
    write_video(side_by_side(shown, [METHODS[run.method] for run in runs]), folder / f"{demo_scene.slug}.gif", fps)
    for run in runs:
        picture = plan_picture(demo_scene.picture, run.result.tracks, run.found)
        with written_whole(folder / f"{demo_scene.slug}.{run.method}.found.png") as temporary:
            picture.save(temporary, "PNG")
    with written_whole(folder / f"{demo_scene.slug}.plan.png") as temporary:
        plan_picture(demo_scene.picture, runs[0].result.tracks).save(temporary, "PNG")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(folder, error) from error
    ensure_writable(folder / "index.html")
