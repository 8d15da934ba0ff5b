"""`hitmark report`, `compare` and `score`, from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from hitmark.bench.store import RESULT
from hitmark.cli import compare, report, score
from hitmark.cli.errors import ReadableGroup
from hitmark.media.video import write_video
from hitmark.scene.schema import Scene
from tests.report.fakes import FakeRun, errors


@pytest.fixture
def command() -> Any:
    app = typer.Typer(cls=ReadableGroup)
    app.command("report")(report.report)
    app.command("compare")(compare.compare)
    app.command("score")(score.score)
    runner = CliRunner()
    return lambda *words: runner.invoke(app, [str(word) for word in words])


@pytest.fixture
def run(tmp_path: Path) -> Path:
    fake = FakeRun(tmp_path / "run", ["none", "peekaboo"])
    for scene in range(7):
        fake.add("none", f"s{scene}", errors(0.4))
        fake.add("peekaboo", f"s{scene}", errors(0.3 - scene / 100))
    (fake.add("none", "torn", errors(0.4)) / RESULT).write_bytes(b"")
    return tmp_path / "run"


def test_a_report_is_printed_and_written(command: Any, run: Path, tmp_path: Path) -> None:
    done = command("report", run, "--draws", 200, "--clips", 2)
    assert done.exit_code == 0, done.output
    assert "| peekaboo | 7 | 0.270 (" in done.stdout
    assert "note: 1 job left out: result.json is missing, empty or torn." in done.stderr
    assert (run / "report" / "index.html").stat().st_size > 10_000
    assert "wrote" in done.stdout
    for name, mark in (("tables.md", "- "), ("tables.tex", "% ")):
        text = (run / "report" / name).read_text(encoding="utf-8")
        assert text.startswith(f"{mark}1 job left out: result.json is missing"), name
    other = command("report", run, "-o", tmp_path / "other", "--draws", 200, "--clips", 0, "--baseline", "peekaboo")
    assert other.exit_code == 0, other.output
    assert "Difference to peekaboo" in other.stdout
    assert (tmp_path / "other" / "tables.tex").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--baseline", "owl"], "there is no row 'owl'"),
        (["--control", "owl"], "there is no figure 'owl'"),
        (["--reference", "nowhere"], "none of the run's features"),
    ],
)
def test_a_report_that_cannot_be_made_says_why(command: Any, run: Path, words: list[str], told: str) -> None:
    done = command("report", run, "--draws", 200, *words)
    assert done.exit_code == 2
    assert told in done.stderr
    assert not (run / "report").exists()


def test_a_folder_that_is_no_run_is_refused(command: Any, tmp_path: Path) -> None:
    done = command("report", tmp_path)
    assert done.exit_code == 2
    assert "holds no benchmark run" in done.stderr


def test_two_runs_are_compared(command: Any, run: Path, tmp_path: Path) -> None:
    after = FakeRun(tmp_path / "after", ["peekaboo"])
    for scene in range(6):
        after.add("peekaboo", f"s{scene}", errors(0.1 - scene / 100), settings={"steps": 9})
    done = command("compare", run, tmp_path / "after", "--draws", 200)
    assert done.exit_code == 0, done.output
    (line,) = [line for line in done.stdout.splitlines() if "path error" in line]
    assert line.split()[:2] == ["peekaboo", "path"]
    assert "\u22120.200*" in line
    assert "steps: 4 and 9 (6 of 6 pairs)" in done.stdout
    assert "run: 8 clips that the other run does not have" in done.stderr
    told = json.loads(command("compare", run, tmp_path / "after", "--json", "--draws", 200).stdout)
    (error,) = [each for each in told["figures"] if each["figure"] == "path error"]
    assert error["difference"]["mean"] == pytest.approx(-0.2)
    assert (error["verdict"], told["pairs"]) == ("better", 6)


def test_a_clip_is_scored(command: Any, tmp_path: Path) -> None:
    keyframes = [{"time": 0, "box": [0.1, 0.1, 0.3, 0.3]}]
    scene = {"frames": 4, "subjects": [{"name": name, "keyframes": keyframes} for name in ("cat", "dog")]}
    Scene.from_dict(scene).save(tmp_path / "scene.json")
    clip = write_video(np.zeros((4, 24, 32, 3), np.uint8), tmp_path / "clip.mkv")
    done = command("score", clip, tmp_path / "scene.json", "--observer", "frames")
    assert done.exit_code == 0, done.output
    assert "4 frames of 32x24" in done.stdout
    heads, flicker = done.stdout.splitlines()[2:4]
    assert heads.split() == ["observer", "figure", "mean", "cat", "dog", "better", "unit"]
    assert flicker.split()[:3] == ["frames", "flicker", "0.00"]
    told = json.loads(command("score", clip, tmp_path / "scene.json", "--observer", "frames", "--json").stdout)
    assert told["figures"] == {"frames": {"flicker": 0.0}}
    assert told["subjects"] == ["cat", "dog"]
    longer = write_video(np.zeros((6, 24, 32, 3), np.uint8), tmp_path / "longer.mkv")
    refused = command("score", longer, tmp_path / "scene.json")
    assert refused.exit_code == 2
    assert "expected 4 frames as the scene says, got 6" in refused.stderr
    assert command("score", longer, tmp_path / "scene.json", "--frames", "first").exit_code == 0
