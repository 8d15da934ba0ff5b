"""From a request for clips to jobs in the queue: everything that can be checked is checked before they wait."""

from __future__ import annotations

import datetime
import math
import secrets
import shutil
from typing import TYPE_CHECKING, Any, Literal

from hitmark.errors import HitmarkError
from hitmark.run.memory_fit import check_frames
from hitmark.studio.bodies import JobsRequest
from hitmark.studio.cards import why_missing
from hitmark.studio.folder import picture_id
from hitmark.studio.job import Job
from hitmark.studio.jobs import Queue
from hitmark.studio.scenes import card_for_scene, evaluate_bounded, frames_of, scene_of, shown, with_picture

if TYPE_CHECKING:
    from hitmark.run.plan import Plan
    from hitmark.scene.schema import Scene

LARGEST_SEED = 2**63 - 1


def order(queue: Queue, asked: JobsRequest) -> list[Job]:
    """Queue the clips of a scene: variants of the seed, each with its baseline right after it when that is wanted.

    Raises:
        HitmarkError: whatever `hitmark generate` would refuse before it loads the model, and what only a server
            refuses: a model that is not installed, too many waiting jobs.
    """
    scene = with_picture(queue.folder, scene_of(asked.scene))
    if asked.project is not None:
        queue.folder.project(asked.project)
    plans: list[tuple[Role, Plan]] = [(role, _plan(variant, asked)) for variant, role in _clips(scene, asked)]
    queue.check_room(len(plans))
    with queue.changed:
        number = queue.next_number()
        jobs = [_job(number + index, role, planned, asked) for index, (role, planned) in enumerate(plans)]
        try:
            for job in jobs:
                job.group = jobs[0].id
                _prepare(queue, job)
            queue.add(jobs)
        except BaseException:  # a full disk, say: of an order that is refused nothing stays
            for job in jobs:
                shutil.rmtree(queue.place(job), ignore_errors=True)
            raise
    return jobs


Role = Literal["controlled", "baseline"]


def _clips(scene: Scene, asked: JobsRequest) -> list[tuple[Scene, Role]]:
    if scene.seed + asked.variants - 1 > LARGEST_SEED:
        raise HitmarkError(f"seed: expected room for {asked.variants} variants above it, got {scene.seed}; lower it")
    clips: list[tuple[Scene, Role]] = []
    for index in range(asked.variants):
        variant = scene.replace(seed=scene.seed + index)
        clips.append((variant, "controlled"))
        if asked.baseline and scene.method.name != "none":
            clips.append((variant.replace(method={"name": "none"}), "baseline"))
    return clips


def _plan(scene: Scene, asked: JobsRequest) -> Plan:
    from hitmark.run.fit import check_fit
    from hitmark.run.plan import plan

    card = card_for_scene(scene)
    missing = why_missing(card.name)
    if missing is not None:
        raise HitmarkError(f"model: {card.name} cannot be used. {missing}")
    if card.takes_picture and scene.image is None:
        raise HitmarkError(f"image: {card.name} starts from a picture, and the scene has none; load one")
    _check_call(card.name, card.call, asked.call)
    frames = scene.frames or frames_of(card)
    check_frames((frames, scene.height or card.height, scene.width or card.width))
    evaluate_bounded(scene, frames)
    planned = plan(scene, steps=asked.steps, call=asked.call)
    check_fit(planned)
    return planned


def _check_call(model: str, known: dict[str, Any], given: dict[str, Any]) -> None:
    """The arguments of the pipeline are numbers, as their defaults are; unknown names are told by `plan`."""
    for name, value in given.items():
        if name not in known:
            continue
        number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        if not number or abs(float(value)) > 1e6 or (isinstance(known[name], int) and not float(value).is_integer()):
            kind = "a whole number" if isinstance(known[name], int) else "a number"
            raise HitmarkError(f"call: {name} of {model} must be {kind}, e.g. {known[name]}, got {value!r:.60}")


def _job(number: int, role: Role, planned: Plan, asked: JobsRequest) -> Job:
    scene = planned.scene
    identity = f"{number:06d}-{secrets.token_hex(3)}"
    fields = scene.to_dict()
    return Job(
        id=identity,
        number=number,
        group=identity,
        role=role,
        steps=planned.steps,
        scene=fields,
        seed=scene.seed,
        method=scene.method.name,
        model=planned.card.name,
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds"),
        project=asked.project,
        asked_steps=asked.steps,
        call=asked.call,
        frames=planned.frames,
        width=planned.width,
        height=planned.height,
        fps=scene.fps,
        tracks=[shown(track) for track in planned.tracks],
    )


def _prepare(queue: Queue, job: Job) -> None:
    """Make the job's folder, a scene on its own: `hitmark generate FOLDER/jobs/ID/scene.json` makes the same clip."""
    from hitmark.scene.schema import Scene

    place = queue.place(job)
    place.mkdir()
    scene = Scene.from_dict(job.scene)
    identity = picture_id(scene.image)
    if identity is not None:
        (place / "pictures").mkdir()
        shutil.copyfile(queue.folder.picture(identity), place / "pictures" / f"{identity}.png")
    scene.save(place / "scene.json")
