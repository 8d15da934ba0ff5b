"""Methods that cannot act on a model or a scene are refused before anything runs, by one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hitmark.bench.fit import SHOWN, misfit
from hitmark.bench.jobs import jobs_of
from hitmark.bench.plan import BenchPlan
from hitmark.bench.run import run
from hitmark.errors import HitmarkError
from hitmark.run.plan import plan as plan_clip
from hitmark.scene.schema import Scene

BOX = [{"time": 0, "box": [0.1, 0.1, 0.4, 0.4]}]


def scenes(folder: Path, **values: object) -> str:
    """A folder with four scenes, all with a box but the third; `values` are fields of all."""
    folder.mkdir()
    Image.fromarray(np.full((48, 64, 3), 99, np.uint8)).save(folder / "photo.png")
    for number in range(4):
        subjects = [] if number == 2 else [{"name": "car", "phrase": "car", "keyframes": BOX}]
        Scene.from_dict({"prompt": "a car", "subjects": subjects, "seed": number} | values).save(
            folder / f"s{number}.json"
        )
    return str(folder)


def plan(where: str, model: str, *methods: str) -> BenchPlan:
    values = {"scenes": [where], "methods": list(methods), "models": [model], "observers": ["frames"]}
    return BenchPlan.from_dict(values)


def test_a_method_of_the_other_family_is_refused(tmp_path: Path) -> None:
    where = scenes(tmp_path / "scenes", image="photo.png")
    with pytest.raises(HitmarkError) as told:
        run(plan(where, "sprites-t2v", "peekaboo", "sg-i2v iterations=2"), tmp_path / "run")
    text = str(told.value)
    assert f"'sg-i2v iterations=2' does not fit sprites-t2v on the scenes {where} (s0, s1, s2 and 1 more)" in text
    assert "reads what things look like from a given picture, and sprites-t2v takes none" in text
    assert "\n" not in text
    assert not (tmp_path / "run").exists(), "nothing is made"
    with pytest.raises(HitmarkError, match=r"'trailblazer' does not fit sprites-i2v .* does not read"):
        jobs_of(plan(where, "sprites-i2v", "none", "trailblazer"))
    assert SHOWN == 3


def test_a_scene_without_subjects_is_named(tmp_path: Path) -> None:
    where = scenes(tmp_path / "scenes", image="photo.png")
    for model, method in (("sprites-t2v", "peekaboo"), ("sprites-i2v", "sg-i2v")):
        with pytest.raises(HitmarkError, match=rf"'{method}' does not fit {model} on .* \(s2\): .*the scene has none"):
            jobs_of(plan(where, model, "none", method))
        assert len(jobs_of(plan(where, model, "none"))) == 4, "without control every scene fits"


def test_several_reasons_are_all_told(tmp_path: Path) -> None:
    where = scenes(tmp_path / "scenes", image="photo.png")
    with pytest.raises(HitmarkError) as told:
        jobs_of(plan(where, "sprites-t2v", "sg-i2v", "peekaboo", "mask-normalization"))
    text = str(told.value)
    assert text.count("does not fit") == 3
    assert "corrects what another method does" in text


def test_phrases_and_pictures_that_are_not_there(tmp_path: Path) -> None:
    unnamed = [{"name": "car", "phrase": "", "keyframes": BOX}]
    with pytest.raises(HitmarkError, match=r"'trailblazer' does not fit .*no phrase"):
        jobs_of(plan(scenes(tmp_path / "unnamed", subjects=unnamed), "sprites-t2v", "trailblazer"))
    with pytest.raises(HitmarkError, match="starts from a picture, and the scene has none"):
        jobs_of(plan(scenes(tmp_path / "words"), "sprites-i2v", "none"))


def test_autocast_is_refused_for_models_that_start_from_a_picture(tmp_path: Path) -> None:
    folder = tmp_path / "scenes"
    folder.mkdir()
    Image.fromarray(np.full((48, 64, 3), 99, np.uint8)).save(folder / "photo.png")
    subject = {"name": "car", "phrase": "car", "keyframes": BOX}
    Scene.from_dict({"image": "photo.png", "subjects": [subject]}).save(folder / "s.json")
    values = {"scenes": [str(folder)], "methods": ["none"], "models": ["sprites-i2v"], "observers": ["frames"]}
    assert len(jobs_of(BenchPlan.from_dict(values))) == 1
    with pytest.raises(HitmarkError, match="under autocast"):
        jobs_of(BenchPlan.from_dict(values | {"autocast": True}))


def test_autocast_is_for_the_families_that_can_be_called_under_it() -> None:
    """Wan, CogVideoX and LTX from a picture can; the pipeline of SVD cannot encode the picture."""
    scene = Scene.from_dict({"prompt": "a car", "frames": 9, "width": 64, "height": 64})
    for model in ("wan2.1-i2v-14b", "cogvideox-5b-i2v"):
        planned = plan_clip(scene.replace(model=model, method={"name": "none"}), picture=True)
        assert misfit(planned, picture=True, autocast=True) is None
    planned = plan_clip(scene.replace(model="svd", method={"name": "none"}), picture=True)
    assert "under autocast" in str(misfit(planned, picture=True, autocast=True))


def test_a_size_that_the_model_cannot_make_is_named_before_the_run(tmp_path: Path) -> None:
    where = scenes(tmp_path / "scenes", image="photo.png", width=64, height=48)
    with pytest.raises(HitmarkError) as told:
        jobs_of(plan(where, "sprites-i2v", "none").model_copy(update={"height": 50}))
    assert "'none' does not fit sprites-i2v on the scenes" in str(told.value)
    assert "height: sprites-i2v makes multiples of 8 px, got 50; use 48 or 56" in str(told.value)
    assert len(jobs_of(plan(where, "sprites-i2v", "none"))) == 4
