"""The demo: three scenes of the sprite world, each without control and with SG-I2V on the same noise, and one page.

The scenes are not chosen by their results: each takes the first clip of the test seeds whose first frame has room for
what is asked (objects well inside the picture, wholly visible, none alike). Only that first frame is given to the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from hitmark.bench.demo_page import page
from hitmark.draw import annotated, plan_picture, side_by_side
from hitmark.errors import HitmarkError
from hitmark.files import ensure_writable, output_error, write_text, written_whole
from hitmark.generate import Result, generate
from hitmark.outputs import Outputs
from hitmark.scene.schema import Camera, Keyframe, MethodChoice, Scene, Subject
from hitmark.video import write_video

if TYPE_CHECKING:
    from hitmark.metrics.tracks import ControlError
    from hitmark.sprites.world import ClipPlan, SpriteObject, SpriteWorld

MODEL = "sprites-i2v"
METHODS = {"none": "no control", "sg-i2v": "SG-I2V"}
SEEN = 0.97  # least visible share of an object in the first frame
ROOM = 0.06  # least distance of its box from the picture's edge
WAY = 0.42  # how far objects are sent, in sides of the picture
PAN = (0.28, 0.0)
SEARCHED = 5000  # test seeds that are looked at


@dataclass(frozen=True)
class DemoScene:
    """One scene of the demo and the picture it starts from."""

    title: str
    slug: str
    scene: Scene
    picture: Image.Image
    sprites: dict[str, tuple[str, str | None]]  # subject name -> sprite name and colour, for the observer
    clip_seed: int  # of the sprite world


@dataclass(frozen=True)
class Run:
    """One finished clip of the demo."""

    method: str  # key of METHODS
    result: Result
    found: dict[str, np.ndarray]  # subject -> (frames, 2) centres in pixels, NaN where not found
    errors: dict[str, ControlError]  # subject -> ObjMC


@dataclass(frozen=True)
class Demo:
    """What `run_demo` made."""

    page: Path
    scenes: list[tuple[DemoScene, list[Run]]]

    def rows(self) -> list[list[str]]:
        """The table: scene, method, ObjMC, distance in the last frame, share found, time, memory."""
        lines = [["scene", "method", "ObjMC px", "last frame px", "found", "time s", "peak memory GB"]]
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
    on_step: Callable[[int, int], None] | None = None,
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
    scenes = list(demo_scenes(_world(card.width, card.height, card.frames), seed, model))
    pipe = load_pipeline(model)
    total = (steps or card.steps) * len(scenes) * len(METHODS)
    done = 0
    finished: list[tuple[DemoScene, list[Run]]] = []
    for demo_scene in scenes:
        runs = []
        for method in METHODS:
            first = done

            def report(step: int, _steps: int, first: int = first) -> None:
                if on_step is not None:
                    on_step(first + step, total)

            runs.append(_run(demo_scene, method, pipe, steps, report))
            done += steps or card.steps
        _save(folder, demo_scene, runs)
        finished.append((demo_scene, runs))
    demo = Demo(folder / "index.html", finished)
    write_text(demo.page, page(demo))
    return demo


def demo_scenes(world: SpriteWorld, seed: int, model: str = MODEL) -> Iterator[DemoScene]:
    """The three scenes, for the size and number of frames of `world`; `seed` is the noise's.

    Raises:
        HitmarkError: no test clip has room for a scene.
    """
    plan = _first_clip(world, lambda plan: _well_placed(plan, 1))
    yield _demo_scene("a curved path", "1-curve", world, plan, [_curve(plan.objects[0])], {}, seed=seed, model=model)
    plan = _first_clip(world, lambda plan: _well_placed(plan, 2) and _apart(plan))
    subjects = [_straight(thing, number) for number, thing in enumerate(plan.objects)]
    yield _demo_scene("two objects at once", "2-two", world, plan, subjects, {}, seed=seed, model=model)
    plan = _first_clip(world, lambda plan: _well_placed(plan, 1) and plan.objects[0].boxes[0, 2] + PAN[0] < 1.0)
    moved = {"camera": Camera(pan=PAN)}
    subject = _subject(plan.objects[0], 0, [(0.0, 0.0), PAN])
    yield _demo_scene("a camera pan", "3-camera", world, plan, [subject], moved, seed=seed, model=model)


def _demo_scene(
    title: str,
    slug: str,
    world: SpriteWorld,
    plan: ClipPlan,
    subjects: list[Subject],
    more: dict[str, Any],
    *,
    seed: int,
    model: str,
) -> DemoScene:
    scene = Scene.from_dict(
        {"width": world.width, "height": world.height, "frames": world.frames, "prompt": plan.caption, "seed": seed}
        | {"subjects": subjects, "model": model}
        | more
    )
    picture = Image.fromarray(world.clip(plan.seed).frames[0])
    sprites = {
        subject.name: (str(thing.name), thing.color) for subject, thing in zip(subjects, plan.objects, strict=True)
    }
    return DemoScene(title, slug, scene, picture, sprites, plan.seed)


def _first_clip(world: SpriteWorld, fits: Callable[[ClipPlan], bool]) -> ClipPlan:
    from hitmark.sprites.world import SPLITS

    first = SPLITS["test"][0]
    for seed in range(first, first + SEARCHED):
        plan = world.plan(seed)
        if fits(plan):
            return plan
    raise HitmarkError(f"none of {SEARCHED} clips of the sprite world has room for a scene of the demo")


def _well_placed(plan: ClipPlan, count: int) -> bool:
    """So many sprites, all different, well inside the first frame and wholly visible in it."""
    things = plan.objects
    return (
        len(things) == count
        and all(thing.name is not None and thing.visible[0] >= SEEN for thing in things)
        and all(thing.boxes[0].min() >= ROOM and thing.boxes[0].max() <= 1 - ROOM for thing in things)
        and len({thing.name for thing in things}) == count
    )


def _apart(plan: ClipPlan) -> bool:
    """Two things beside each other with room between, so that they can pass in opposite directions."""
    first, second = (_centre(thing) for thing in plan.objects)
    return bool(abs(first[0] - second[0]) > 0.4)


def _centre(thing: SpriteObject) -> np.ndarray:
    box = thing.boxes[0]
    return (box[:2] + box[2:]) / 2


def _curve(thing: SpriteObject) -> Subject:
    """Across the picture on an arc over the side where there is more room."""
    x, y = _centre(thing)
    across = WAY if x < 0.5 else -WAY
    up = -0.3 if y > 0.5 else 0.3
    return _subject(thing, 0, [(0.0, 0.0), (across / 2, up), (across, 0.0)], path="smooth")


def _straight(thing: SpriteObject, number: int) -> Subject:
    """Up for what lies low, down for what lies high."""
    return _subject(thing, number, [(0.0, 0.0), (0.0, -WAY if _centre(thing)[1] > 0.5 else WAY)])


def _subject(thing: SpriteObject, number: int, stops: list[tuple[float, float]], path: str = "straight") -> Subject:
    """The thing's box of the first frame, displaced by each stop in turn."""
    x0, y0, x1, y1 = (float(side) for side in thing.boxes[0])
    keyframes = [
        Keyframe(time=index / (len(stops) - 1), box=(x0 + dx, y0 + dy, x1 + dx, y1 + dy))
        for index, (dx, dy) in enumerate(stops)
    ]
    return Subject(name=thing.phrase, phrase=thing.phrase, keyframes=keyframes, path=path, depth=number)


def _run(demo_scene: DemoScene, method: str, pipe: Any, steps: int | None, on_step: Callable[[int, int], None]) -> Run:
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
        found[track.name] = np.where(seen.found[:, None], seen.centres, np.nan)
        errors[track.name] = object_motion_control_error(
            wanted, seen.centres, (width, height), visible=track.visible, present=seen.found
        )
    return Run(method, result, found, errors)


def _save(folder: Path, demo_scene: DemoScene, runs: list[Run]) -> None:
    """The videos with their records, the plan, and the animation that shows the runs side by side."""
    shown = []
    for run in runs:
        outputs = Outputs(folder / f"{demo_scene.slug}.{run.method}.mp4")
        outputs.save(run.result, run.found)
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


def _world(width: int, height: int, frames: int) -> SpriteWorld:
    from hitmark.sprites.world import SpriteWorld

    return SpriteWorld(width=width, height=height, frames=frames)
