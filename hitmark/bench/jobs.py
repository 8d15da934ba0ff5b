"""One job of a benchmark run: one clip, made, written and scored. A pure function of what the job says."""

from __future__ import annotations

import hashlib
import json
import warnings
from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from hitmark.bench.fit import Misfits
from hitmark.bench.job_list import ListedJob
from hitmark.bench.plan import BenchPlan
from hitmark.bench.scoring import observers_for, score, scorer
from hitmark.bench.store import CLIP, COST, FEATURES, FORMAT, RESULT, Store
from hitmark.bench.written import as_json, cost_of, finished, result_of
from hitmark.errors import HitmarkError, HitmarkWarning

if TYPE_CHECKING:
    from PIL import Image

    from hitmark.datasets import Dataset, DatasetItem
    from hitmark.run.plan import Plan
    from hitmark.scene.schema import Scene

SEEDS_APART = 1_000_000
"""Between the noise seeds of one scene."""


@dataclass(frozen=True)
class Job(ListedJob):
    """What to make, and where it comes from.

    Attributes:
        plan: settings of the run.
        observers: what looks at the clip.
        planned: the clip, but for its first picture.
    """

    plan: BenchPlan
    observers: tuple[str, ...]
    planned: Plan


def jobs_of(plan: BenchPlan) -> list[Job]:
    """All jobs of a plan; of each scene and noise all rows in turn, so that drift of the machine hits them alike.

    Raises:
        HitmarkError: a dataset, model, method or knob that does not fit, before anything is computed.
    """
    from hitmark.run.record import picture_sha256

    made, misfits = [], Misfits()
    for name in plan.scenes:
        for item in dataset(name):
            picture = _picture(item)
            digest = None if picture is None else picture_sha256(np.asarray(picture))
            for model in plan.models:
                for noise in range(plan.seeds):
                    made += [_job(plan, name, item, digest, model, noise, row, misfits) for row in plan.methods]
    misfits.refuse()
    seen: dict[str, Job] = {}
    for job in made:
        if job.key in seen:
            other = seen[job.key]
            raise HitmarkError(
                f"scenes: {job.dataset} {job.item} with {job.row!r} is the same job as {other.dataset} {other.item} "
                f"with {other.row!r}; leave one out."
            )
        seen[job.key] = job
    return made


def run_job(job: Job, store: Store) -> None:
    """Makes the clip, looks at it, and puts clip, scores and cost into the store.

    Raises:
        HitmarkError: whatever keeps the clip from being made or scored; OutputError: it cannot be written.
    """
    import torch

    from hitmark.media.images import as_rgb
    from hitmark.media.video import write_video
    from hitmark.run.make import make
    from hitmark.run.prepare import with_picture

    item = dataset(job.dataset)[job.item]
    planned, picture = job.planned, _picture(item) if job.planned.card.takes_picture else None
    if picture is not None:
        planned, picture = with_picture(planned, as_rgb(picture))
    torch.set_num_threads(job.plan.threads)
    pipe = _pipeline(planned.model, job.plan.dtype, job.plan.device, planned.card.takes_picture)
    kind = getattr(pipe, "_execution_device", pipe.device).type
    with torch.autocast(kind, torch.bfloat16) if job.plan.autocast else nullcontext(), warnings.catch_warnings():
        warnings.simplefilter("ignore", HitmarkWarning)  # the same for every clip of the plan
        result = make(planned, picture, pipe)
    scores = score(finished(result), job.observers)
    with store.writing(job.key) as folder:
        write_video(result.frames, folder / CLIP, result.scene.fps)
        features = {name: values for each in scores.values() for name, values in each.features.items()}
        if features:
            np.savez(folder / FEATURES, allow_pickle=False, **features)
        (folder / COST).write_text(as_json(cost_of(result)), encoding="utf-8")
        (folder / RESULT).write_text(as_json(result_of(job, item.kind, result, scores, folder)), encoding="utf-8")


@lru_cache(maxsize=16)
def dataset(name: str) -> Dataset:
    """A dataset by its name, opened once per process."""
    from hitmark.datasets import open_dataset

    return open_dataset(name)


@lru_cache(maxsize=1)
def _pipeline(model: str, dtype: str, device: str, picture: bool) -> Any:
    """The pipeline used last stays loaded: jobs of one model come one after the other."""
    from hitmark.backbones.loading import load_pipeline

    return load_pipeline(model, dtype=dtype, device=device, picture=picture)


@lru_cache(maxsize=64)
def _fingerprint(model: str) -> str:
    """Tells weights of one name apart; the hub's id where they are not on this machine yet."""
    from hitmark.backbones.catalog import model_card
    from hitmark.run.model_choice import model_folder
    from hitmark.run.record import fingerprint

    card = model_card(model)
    folder = model_folder(card)
    return str(card.hub_id) if folder is None else fingerprint(folder)


def _scene(plan: BenchPlan, item: DatasetItem, model: str, seed: int, row: str) -> Scene:
    from hitmark.methods.spec import MethodSpec
    from hitmark.scene.schema import MethodChoice

    spec = MethodSpec.parse(row)
    asked = {"frames": plan.frames, "width": plan.width, "height": plan.height}
    shape = {field: value for field, value in asked.items() if value is not None}
    scene = item.scene.replace(seed=seed, method=MethodChoice(name=spec.name, knobs=dict(spec.knobs)), **shape)
    return scene if model == "auto" else scene.replace(model=model)


def _job(
    plan: BenchPlan, name: str, item: DatasetItem, picture: str | None, model: str, noise: int, row: str, bad: Misfits
) -> Job:
    from hitmark.methods import resolved
    from hitmark.run.plan import plan as planned_clip

    seed = item.scene.seed + noise * SEEDS_APART
    scene = _scene(plan, item, model, seed, row)
    stretched = scene.replace(fit="stretch") if scene.fit == "auto" else scene  # as the published protocols do
    planned = planned_clip(stretched, steps=plan.steps, call=dict(plan.call), picture=picture is not None)
    bad.look(row, name, item.id, planned, picture is not None, plan.autocast)
    method = planned.scene.method
    subjects = [track for track in planned.tracks if track.kind == "subject"]
    observers = list(plan.observers)
    if "auto" in observers:
        phrases = [str(track.phrase or "") for track in subjects]
        found = observers_for(planned.card.takes_picture, phrases, sprite_world=planned.card.world == "sprites")
        observers = [*(each for each in observers if each != "auto"), *found]
    for each in observers:
        scorer(each)  # an unknown one is said before anything runs
    whole = {
        "format": FORMAT,
        "scene": planned.scene.replace(
            model=None, method=type(method)(name="none"), image=None, fit=scene.fit
        ).content_hash(),
        "picture": picture,
        "model": _fingerprint(planned.model),
        "method": [method.name, resolved(method.name, method.knobs)],
        "settings": [planned.steps, plan.dtype, plan.autocast, plan.threads, planned.call],
        "observers": sorted(set(observers)),
    }
    key = hashlib.sha256(json.dumps(whole, sort_keys=True, default=list).encode()).hexdigest()[:24]
    return Job(key, name, item.id, row, planned.model, seed, noise, plan, tuple(dict.fromkeys(observers)), planned)


def _picture(item: DatasetItem) -> Image.Image | None:
    """The first picture, RGB; None for a scene of text alone."""
    from PIL import Image

    values = item.picture()
    return None if values is None else Image.fromarray(values)
