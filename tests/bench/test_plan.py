"""Plans: what is wrong with one is said with the field, what was expected, and what came."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hitmark.bench.plan import PLAN_FILE, BenchPlan
from hitmark.errors import HitmarkError

PLANS = Path(__file__).parents[2] / "benchmarks"
LEAST: dict[str, Any] = {"scenes": ["sprites-text:tune:0-2"], "methods": ["none"]}


def test_a_plan_survives_its_file(tmp_path: Path) -> None:
    plan = BenchPlan.from_dict(LEAST | {"methods": ["none", "peekaboo masked_steps=6"], "seeds": 3, "steps": 4})
    plan.save(tmp_path)
    assert BenchPlan.load(tmp_path / PLAN_FILE) == plan


def test_yaml_is_read(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text("scenes: [sprites:test:0-4]\nmethods:\n  - none\n  - sg-i2v iterations=2\nsteps: 3\n")
    plan = BenchPlan.load(path)
    assert plan.methods == ["none", "sg-i2v iterations=2"]
    assert (plan.steps, plan.seeds) == (3, 1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"methods": ["peekabo"]}, ["methods", "peekaboo"]),
        ({"methods": ["peekaboo masked_step=2"]}, ["methods", "masked_steps"]),
        ({"methods": ["peekaboo masked_steps=-2"]}, ["methods", "masked_steps", "-2"]),
        ({"methods": ["peekaboo masked_steps"]}, ["methods", "NAME=VALUE"]),
        ({"methods": ["none", "none"]}, ["methods", "twice"]),
        ({"methods": []}, ["methods"]),
        ({"scenes": [" "]}, ["scenes", "empty"]),
        ({"seeds": 0}, ["seeds", "0"]),
        ({"step": 3}, ["step"]),
        ({"dtype": "float8"}, ["dtype", "float8"]),
        ({"version": 2}, ["version"]),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(HitmarkError) as raised:
        BenchPlan.from_dict(LEAST | changes, "plan.yaml")
    for word in ["plan.yaml", *words]:
        assert word in str(raised.value)


@pytest.mark.parametrize("path", sorted(PLANS.glob("*.yaml")), ids=lambda path: path.stem)
def test_plans_of_the_repository_can_be_read_and_have_a_row_without_control(path: Path) -> None:
    if path.name != "results.yaml":
        assert BenchPlan.load(path).methods[0] == "none"


def test_the_measured_tables_are_plans_that_make_runs() -> None:
    """Their scenes, rows and settings are those of the tables in the methods' cards."""
    pictures, texts = (BenchPlan.load(PLANS / f"{name}-table.yaml") for name in ("picture", "text"))
    ablations = ("features=self", "merge_cutoff=null", "gaussian_sigma=null")
    assert pictures.methods == ["none", "sg-i2v", *(f"sg-i2v {knob}" for knob in ablations)]
    assert (pictures.scenes, pictures.models, pictures.seeds) == (["sprites:test:0-116"], ["sprites-i2v"], 1)
    assert (pictures.steps, pictures.autocast, pictures.dtype) == (None, False, "float32")
    assert (texts.scenes, texts.models, texts.seeds) == (["sprites-text:test:0-64"], ["sprites-t2v"], 2)
    assert (texts.steps, texts.autocast, texts.dtype) == (None, True, "float32")
    assert len(texts.methods) == 8
    assert {"none", "peekaboo", "peekaboo as_published=paper", "ivg-da"} <= set(texts.methods)


def test_one_name_is_a_list_of_one(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text("scenes: sprites-text:tune:0-2\nmethods: peekaboo\nmodels: sprites-t2v\nobservers: frames\n")
    plan = BenchPlan.load(path)
    assert (plan.scenes, plan.methods) == (["sprites-text:tune:0-2"], ["peekaboo"])
    assert (plan.models, plan.observers) == (["sprites-t2v"], ["frames"])


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "scenes: [", "\x00"])
def test_files_that_are_no_plan(tmp_path: Path, text: str) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(text)
    with pytest.raises(HitmarkError, match=r"plan\.yaml"):
        BenchPlan.load(path)
    with pytest.raises(HitmarkError, match=r"none\.yaml"):
        BenchPlan.load(tmp_path / "none.yaml")
