"""`hitmark tune` from the command line, on clips that are only pretended, and presets in `hitmark generate`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hitmark.backbones import catalog
from hitmark.backbones.catalog import model_card
from hitmark.bench import executors
from hitmark.bench.jobs import Job
from hitmark.bench.presets import load_preset
from hitmark.cli.request import Request
from hitmark.cli.tune import _usual_scenes
from hitmark.errors import HitmarkError
from hitmark.methods.spec import MethodSpec
from hitmark.scene import Scene
from tests.bench.test_presets import preset
from tests.tune.test_search import SCENES, far_from, pretend

FEW = ("--model", "sprites-t2v", "--scenes", SCENES, "--knob", "masked_steps=6,8", "-o", "run")


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    jobs: list[Job] = []
    monkeypatch.setattr(executors, "run_job", pretend(far_from(6), tmp_path / "clip.mkv", jobs))
    return jobs


def test_a_preset_is_chosen_and_written(hitmark: Any, made: list[Job], tmp_path: Path) -> None:
    dry = hitmark("tune", "peekaboo", *FEW, "--dry-run")
    assert dry.exit_code == 0, dry.output
    assert "rung 1: 2 settings, none and the default on 8 scenes, 32 new clips" in dry.stdout
    assert not made
    done = hitmark("tune", "peekaboo", *FEW, "--save", "fast")
    assert done.exit_code == 0, done.output
    assert len(made) == 32
    assert "peekaboo masked_steps=6  0.0875  " in done.stdout
    assert "Surely better than the default." in done.stdout
    assert done.stdout.count("first") == 1
    assert "fast: peekaboo masked_steps=6" in done.stdout
    assert "note: The winner was chosen on the scenes" in done.stderr
    assert load_preset(tmp_path / "fast.json") == MethodSpec("peekaboo", {"masked_steps": 6})
    assert (tmp_path / "fast.json").read_text() == (tmp_path / "run" / "preset.json").read_text()
    again = hitmark("tune", "preset:fast.json", *FEW, "--save", "fast")
    assert again.exit_code == 0, again.output
    assert len(made) == 32, "the preset is the default now; all of its clips are there"
    assert "which stays" in again.stdout


def test_a_report_of_the_last_rung(hitmark: Any, made: list[Job]) -> None:
    assert hitmark("tune", "peekaboo", *FEW).exit_code == 0
    told = hitmark("bench", "run/plan.json", "-o", "run", "--dry-run")
    assert "32 jobs: 32 done" in told.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("peekabo",), "peekaboo"),
        (("peekaboo", "--scenes", "sprites-text:test:0-8"), "for testing"),
        (("none",), "no knobs"),
        (("mask-normalization",), "give --knob"),
        (("peekaboo", "--knob", "masked_steps"), "--knob"),
        (("peekaboo", "--keep-quality", "text match"), "--keep-quality"),
        (("peekaboo", "--keep-quality", "=1"), "--keep-quality"),
        (("peekaboo", "--metric", "flicker"), "--metric"),
        (("peekaboo", "--save", "clip.json"), "no preset"),
        (("preset:none.json",), "none.json"),
        (("sg-i2v", "--scenes", "sprites-text:tune:0-8"), "sg-i2v"),
    ],
)
def test_what_does_not_fit_is_said(
    refused: Any, made: list[Job], tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    (tmp_path / "clip.json").write_text("{}")
    assert told in refused("tune", *words, "--model", "sprites-t2v", "-o", "run")


def test_generate_takes_a_preset(tmp_path: Path) -> None:
    preset().save(tmp_path / "mine.json")
    scene = Scene.from_dict({"prompt": "a car", "method": {"name": "peekaboo", "knobs": {"as_published": "paper"}}})
    request = Request(scene, Path())
    chosen = request.with_options(preset=tmp_path / "mine.json").scene.method
    assert (chosen.name, chosen.knobs) == ("peekaboo", {"masked_steps": 6})
    more = request.with_options(preset=tmp_path / "mine.json", knobs={"as_published": "paper"}).scene.method
    assert more.knobs == {"masked_steps": 6, "as_published": "paper"}
    with pytest.raises(HitmarkError, match="leave out --method"):
        request.with_options(preset=tmp_path / "mine.json", method="none")


def test_a_clip_is_made_with_a_preset(hitmark: Any, text_checkpoint: str, tmp_path: Path) -> None:
    preset(knobs={"masked_steps": 1}, every_knob={"masked_steps": 1}).save(tmp_path / "mine.json")
    words = ("--prompt", "a red car", "--subject", "red car", "--box", "0,0.3,0.4,0.7", "--model", text_checkpoint)
    done = hitmark("generate", *words, "--preset", "mine.json", "-o", "clip.mkv")
    assert done.exit_code == 0, done.output
    record = json.loads((tmp_path / "clip.json").read_text())
    assert record["settings"]["knobs"]["masked_steps"] == 1
    assert record["scene"]["method"]["name"] == "peekaboo"


@pytest.mark.parametrize(
    ("model", "method", "scenes"),
    [
        ("sprites-i2v", "sg-i2v", "sprites:tune:0-32"),
        ("sprites-t2v", "peekaboo", "sprites-text:tune:0-32"),
        ("svd", "sg-i2v", "sprites:tune:0-32"),
    ],
)
def test_the_usual_scenes_are_of_the_models_kind(model: str, method: str, scenes: str) -> None:
    assert _usual_scenes(model, method) == scenes


def test_the_usual_scenes_have_the_models_size_and_start_as_the_method_can(monkeypatch: pytest.MonkeyPatch) -> None:
    card = replace(model_card("wan2.2-ti2v-5b"), width=128, height=96, frames=17, world="sprites")
    monkeypatch.setattr(catalog, "model_card", lambda name: card)
    size = "size=[128,96] frames=17"
    assert _usual_scenes("any", "peekaboo+mask-normalization") == f"sprites-text:tune:0-32 {size}"
    assert _usual_scenes("any", "sg-i2v") == f"sprites:tune:0-32 {size}"
