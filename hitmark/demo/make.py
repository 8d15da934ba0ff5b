"""The demo: scenes of the sprite world, each without control and with methods on the same noise, and one page.

Three scenes start from a picture (SG-I2V), three from a sentence (Peekaboo and IVG-DA); beside these stands the method
that the model's scenes take if none is asked for, where it is another.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from PIL import Image

from hitmark.backbones.catalog import DEFAULT_PICTURE_MODEL, DEFAULT_TEXT_MODEL
from hitmark.demo.finished import Demo, Run
from hitmark.demo.page import page
from hitmark.demo.scenes import (
    DemoScene,
    picture_demo_scenes,
    sprite_world,
    text_demo_scenes,
)
from hitmark.drawing.pictures import annotated, plan_picture, side_by_side
from hitmark.errors import HitmarkError
from hitmark.files import OutputError, claimed, ensure_writable, make_folder, write_text, written_whole
from hitmark.media.video import write_video
from hitmark.run.fit import check_fit
from hitmark.run.illustrate import BLANK, illustrate
from hitmark.run.make import OnStep, make
from hitmark.run.model_choice import configured_frames, model_folder
from hitmark.run.outputs import Outputs
from hitmark.run.plan import Plan
from hitmark.run.prepare import prepare
from hitmark.scene.schema import MethodChoice

if TYPE_CHECKING:
    from hitmark.backbones.catalog import ModelCard

Only = Literal["image", "text"]


Clip = tuple[Plan, Image.Image | None]
"""What is to be made, and the first picture in its shape."""


@dataclass(frozen=True)
class _Part:
    """The scenes that one model makes, each with the clip of every method, planned."""

    card: ModelCard
    model: str  # as given
    scenes: list[tuple[DemoScene, dict[str, Clip]]]

    @property
    def all_steps(self) -> int:
        """Steps of all clips."""
        return sum(planned.steps for _, clips in self.scenes for planned, _ in clips.values())


def run_demo(
    folder: Path,
    *,
    seed: int = 0,
    steps: int | None = None,
    model: str = DEFAULT_PICTURE_MODEL,
    text_model: str = DEFAULT_TEXT_MODEL,
    only: Only | None = None,
    on_step: OnStep | None = None,
    overwrite: bool = False,
) -> Demo:
    """Make the clips, the pictures and the page.

    Args:
        folder: gets index.html and everything it shows; made if it is not there.
        seed: of the noise, the same for every clip.
        steps: of denoising; None = each model's own.
        model: name or path of an image-to-video model of the sprite world.
        text_model: name or path of a text-to-video model of the sprite world.
        only: "image" or "text", for the scenes of that kind alone; the other model is not needed then.
        on_step: called with the steps done and the steps in all, over all clips.
        overwrite: whether the files of an earlier demo are replaced.

    Raises:
        HitmarkError: the folder cannot be written or has an earlier demo, or a model is not there or of the other kind.
    """
    from hitmark.backbones.loading import load_pipeline

    parts = [] if only == "text" else [_picture_part(model, seed, steps)]
    parts += [] if only == "image" else [_text_part(text_model, seed, steps)]
    total, done = sum(part.all_steps for part in parts), 0
    page_file = folder / "index.html"
    finished: list[tuple[DemoScene, list[Run]]] = []
    make_folder(folder)
    ensure_writable(page_file)
    with claimed(page_file):
        _check_folder(page_file, overwrite=overwrite)
        for part in parts:
            pipe = load_pipeline(part.model, picture=part.card.takes_picture)
            for demo_scene, clips in part.scenes:
                runs = []
                for method, (planned, picture) in clips.items():
                    runs.append(_run(method, planned, picture, pipe, _moved_by(on_step, done, total)))
                    done += planned.steps
                _save(folder, demo_scene, runs, model_folder(part.card))
                finished.append((demo_scene, runs))
        demo = Demo(page_file, finished)
        write_text(demo.page, page(demo))
    return demo


def _picture_part(model: str, seed: int, steps: int | None) -> _Part:
    card = _card(model, takes_picture=True)
    world = sprite_world(card.width, card.height, card.frames or configured_frames(card, None))
    return _Part(card, model, [(each, _planned(each, steps)) for each in picture_demo_scenes(world, seed, model)])


def _text_part(model: str, seed: int, steps: int | None) -> _Part:
    card = _card(model, takes_picture=False)
    return _Part(card, model, [(each, _planned(each, steps)) for each in text_demo_scenes(seed, model)])


def _planned(demo_scene: DemoScene, steps: int | None) -> dict[str, Clip]:
    """The clip of every method of a scene. Raises HitmarkError for one that cannot be made."""
    clips = {}
    for method in demo_scene.methods:
        scene = demo_scene.scene.replace(method=MethodChoice(name=method))
        clips[method] = planned, _ = prepare(scene, demo_scene.picture, steps=steps)
        check_fit(planned)
    return clips


def _card(model: str, *, takes_picture: bool) -> ModelCard:
    """The model's card. Raises HitmarkError when it is of the other kind."""
    from hitmark.backbones.catalog import model_card

    card = model_card(model).starting(takes_picture)
    if card.takes_picture != takes_picture:
        wanted = "image-to-video" if takes_picture else "text-to-video"
        raise HitmarkError(f"{model} is a model for {card.task}; these scenes of the demo need one for {wanted}")
    return card


def _moved_by(on_step: OnStep | None, first: int, total: int) -> OnStep | None:
    """The steps of one clip as a part of all steps."""
    return None if on_step is None else lambda done, _of_this_clip: on_step(first + done, total)


def _run(method: str, planned: Plan, picture: Image.Image | None, pipe: Any, on_step: OnStep | None) -> Run:
    """One clip, and where the observer sees its subjects."""
    from hitmark.metrics.followed import followed
    from hitmark.observers.positions import look

    planned.warn()
    result = make(planned, picture, pipe, on_step)
    height, width = result.frames.shape[1:3]
    seen = look(result).sightings
    figures = {
        track.name: followed(
            track.boxes, track.visible, seen[track.name].centers, seen[track.name].found, (width, height)
        )
        for track in result.tracks
        if track.name in seen
    }
    return Run(method, result, {name: each.centers for name, each in seen.items()}, figures)


def _save(folder: Path, demo_scene: DemoScene, runs: list[Run], files: Path | None) -> None:
    """The videos with their records, the plan, and the animation that shows the runs side by side."""
    shown = []
    for run in runs:
        outputs = Outputs(folder / f"{demo_scene.slug}.{run.method}.mp4", from_picture=demo_scene.picture is not None)
        outputs.save(run.result, files)
        illustrate(outputs, run.result, run.guesses)
        shown.append(annotated(run.result.frames, run.result.tracks, run.guesses, side=320))
    fps = demo_scene.scene.fps
    titles = [demo_scene.methods[run.method] for run in runs]
    write_video(side_by_side(shown, titles), folder / f"{demo_scene.slug}.gif", fps)
    for run in runs:
        first = demo_scene.picture or Image.fromarray(run.result.frames[0])
        picture = plan_picture(first, run.result.tracks, run.guesses)
        with written_whole(folder / f"{demo_scene.slug}.{run.method}.found.png") as temporary:
            picture.save(temporary, "PNG")
    height, width = runs[0].result.frames.shape[1:3]
    ground = demo_scene.picture or Image.new("RGB", (width, height), BLANK)
    with written_whole(folder / f"{demo_scene.slug}.plan.png") as temporary:
        plan_picture(ground, runs[0].result.tracks).save(temporary, "PNG")


def _check_folder(page_file: Path, *, overwrite: bool) -> None:
    if page_file.exists() and not overwrite:
        raise OutputError(f"{page_file} exists already; choose another folder, or overwrite it with --force")
