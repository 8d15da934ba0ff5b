"""`hitmark bench` on a tiny random model: from the first job to the report, and what is said when it does not fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

FEW = ("--scenes", "sprites-text:tune:0-2", "--method", "none", "--method", "peekaboo", "--observer", "frames")


def test_from_a_plan_to_a_report(hitmark: Any, text_checkpoint: str, tmp_path: Path) -> None:
    plan = {
        "scenes": ["sprites-text:tune:0-2"],
        "methods": ["none"],
        "models": [text_checkpoint],
        "observers": ["frames"],
    }
    (tmp_path / "plan.yaml").write_text(json.dumps(plan))
    dry = hitmark("bench", "plan.yaml", "--method", "none", "--method", "peekaboo", "--dry-run")
    assert dry.exit_code == 0, dry.output
    assert "4 jobs: 0 done, 0 failed, 4 to run" in dry.stdout
    assert dry.stdout.count("peekaboo") == 2
    assert not (tmp_path / "out").exists()
    done = hitmark("bench", "plan.yaml", "-o", "run")
    assert done.exit_code == 0, done.output
    assert "2 of 2 jobs done, 0 failed" in done.stdout
    more = hitmark("bench", "plan.yaml", "--method", "none", "--method", "peekaboo", "-o", "run", "--dry-run")
    assert "4 jobs: 2 done, 0 failed, 2 to run, about" in more.stdout
    assert hitmark("bench", "plan.yaml", "--method", "none", "--method", "peekaboo", "-o", "run").exit_code == 0
    told = hitmark("report", "run")
    assert told.exit_code == 0, told.output
    pages = list(tmp_path.rglob("index.html"))
    assert len(pages) == 1
    text = pages[0].read_text()
    assert "peekaboo" in text
    assert "flicker" in text


def test_flags_alone_make_a_run(hitmark: Any, text_checkpoint: str) -> None:
    done = hitmark("bench", *FEW, "--model", text_checkpoint, "-o", "run", "--steps", "2")
    assert done.exit_code == 0, done.output
    assert "4 of 4 jobs done" in done.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "expected a PLAN file, or --scenes and --method"),
        (("--scenes", "sprites:test:0-2", "--method", "peekabo"), "peekaboo"),
        (("--scenes", "sprites:nowhere:0-2", "--method", "none"), "train"),
        (("--scenes", "folder", "--method", "none"), "no such file or folder"),
        ((*FEW, "--observer", "owl"), "there is no 'owl'"),
        ((*FEW, "--engine", "slurm"), "inline or ray"),
        ((*FEW, "--seeds", "0"), "seeds"),
        (("plan.yaml",), "plan.yaml"),
    ],
)
def test_what_does_not_fit_is_said(refused: Any, words: tuple[str, ...], told: str) -> None:
    assert told in refused("bench", *words)
