"""Presets: what was chosen is what is used, and a file that is none is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hitmark.bench.plan import BenchPlan
from hitmark.bench.presets import Evidence, Preset, TunedModel, load_preset, spelled_row
from hitmark.errors import HitmarkError
from hitmark.methods.spec import MethodSpec


def preset(**changes: Any) -> Preset:
    evidence = Evidence(metric="overlap", better="greater", plan={}, grid={}, rungs=[], cautions=[])
    return Preset.model_validate(
        {
            "name": "mine",
            "model": TunedModel(name="sprites-t2v"),
            "method": "peekaboo",
            "knobs": {"masked_steps": 6},
            "every_knob": {"masked_steps": 6, "as_published": "code"},
            "chosen": "winner",
            "reason": "",
            "evidence": evidence,
            "command": "",
            "machines": [],
            "created": "",
            "hitmark": "",
            "packages": {},
        }
        | changes
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    preset().save(tmp_path / "mine.json")
    return tmp_path / "mine.json"


def test_what_was_saved_is_loaded(path: Path) -> None:
    assert Preset.load(path) == preset()
    assert load_preset(path) == MethodSpec("peekaboo", {"masked_steps": 6})


def test_a_default_that_changed_since_is_written_out(path: Path) -> None:
    preset(every_knob={"masked_steps": 6, "as_published": "paper"}).save(path)
    assert load_preset(path) == MethodSpec("peekaboo", {"masked_steps": 6, "as_published": "paper"})


def test_rows_of_plans_take_presets(path: Path) -> None:
    plan = BenchPlan.from_dict(
        {"scenes": ["sprites-text:tune:0-1"], "methods": [f"preset:{path}", f"preset:{path} as_published=paper"]}
    )
    assert plan.methods == ["peekaboo masked_steps=6", "peekaboo masked_steps=6 as_published=paper"]
    with pytest.raises(HitmarkError, match=r"methods.*other\.json"):
        BenchPlan.from_dict({"scenes": ["sprites-text:tune:0-1"], "methods": ["preset:other.json"]})
    assert spelled_row("peekaboo  masked_steps=2") == "peekaboo  masked_steps=2"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{}", "expected a preset"),
        ("[", "mine.json"),
        (json.dumps({"kind": "hitmark preset", "version": 2}), "version 2.*update hitmark"),
        (json.dumps({"kind": "hitmark preset"}), "name"),
        (preset(method="peekabo").model_dump_json(), "mine.json.*peekaboo"),
        (preset(knobs={"masked_stepz": 1}).model_dump_json(), "mine.json.*masked_steps"),
    ],
)
def test_other_files_are_said(path: Path, text: str, told: str) -> None:
    path.write_text(text)
    with pytest.raises(HitmarkError, match=told):
        load_preset(path)
