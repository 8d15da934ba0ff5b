"""The first command of the README installs what it needs and no more."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def planned(goal: str, folder: Path) -> str:
    """What make would do where nothing is installed yet."""
    words = ["make", "-n", goal, f"VENV={folder / 'none'}"]
    return subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout


@pytest.mark.skipif(shutil.which("make") is None, reason="no make on this machine")
def test_the_tables_are_benchmark_runs_and_their_reports(tmp_path: Path) -> None:
    commands = [line.split() for line in planned("table", tmp_path).splitlines() if "/hitmark " in line]
    runs = {words[4]: words[2] for words in commands if words[1] == "bench"}
    assert {(ROOT / plan).name for plan in runs.values()} == {"picture-table.yaml", "text-table.yaml"}
    assert all((ROOT / plan).is_file() for plan in runs.values())
    assert {words[2] for words in commands if words[1] == "report"} == set(runs)


@pytest.mark.skipif(shutil.which("make") is None, reason="no make on this machine")
def test_the_demo_installs_only_what_the_commands_need(tmp_path: Path) -> None:
    demo = planned("demo", tmp_path)
    assert "install --quiet -c constraints.txt -e ." in demo
    assert "[dev]" not in demo
    assert demo.count("[dev]") < planned("unit", tmp_path).count("[dev]")
