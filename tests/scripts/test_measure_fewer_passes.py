"""The script is a benchmark run with the computed seconds beside it; here on clips that are only pretended."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hitmark.bench import executors
from hitmark.bench.jobs import Job
from hitmark.bench.plan import BenchPlan
from hitmark.bench.run import run
from hitmark.bench.store import RESULT, Store
from hitmark.run import make as making
from scripts.measure_fewer_passes import COMPUTED, MODEL, ROWS, computed, passes, table, timed
from tests.tune.test_search import pretend

FIGURES = ("guessed path error", "identity", "first frame PSNR", "color shift")


def test_passes_follow_the_knobs() -> None:
    by_row = {row: passes(row) for row in ROWS}
    assert by_row["none"] == 0
    whole = by_row["sg-i2v gradient_every=1"]
    assert whole % 5 == 0
    assert by_row["sg-i2v gradient_every=5"] == by_row["sg-i2v iterations=1"] == whole // 5
    assert by_row["sg-i2v gradient_every=2"] == by_row["sg-i2v gradient_every=3"] * 3 // 2 == whole * 3 // 5
    assert by_row["sg-i2v stop=0.25"] < whole


def test_every_row_is_beside_five_gradients(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = ["none", "sg-i2v gradient_every=1", "sg-i2v gradient_every=5"]
    times = {"none": 1.0, "sg-i2v gradient_every=1": 11.0, "sg-i2v gradient_every=5": 3.0}
    clock = [0.0]
    monkeypatch.setattr("scripts.measure_fewer_passes.time.process_time", lambda: clock[0])
    made: list[Job] = []
    figures = {"none": 0.4, "sg-i2v gradient_every=1": 0.1, "sg-i2v gradient_every=5": 0.05}
    plain = pretend(lambda *_: {}, tmp_path / "clip.mkv", made)

    def make(seconds: float) -> None:
        clock[0] += seconds

    def run_job(job: Job, store: Store) -> None:
        making.make(times[job.row])  # pyright: ignore[reportArgumentType, reportCallIssue]
        plain(job, store)
        place = store.place(job.key) / RESULT
        result = json.loads(place.read_text())
        error = figures[job.row] * (1 + int(job.item[-1]))
        result["scores"] = {
            "sprites": {"guessed path error": [error], "identity": [0.9]},
            "template": {"guessed path error": [error]},
            "frames": {"first frame PSNR": 30.0, "color shift": 0.1},
        }
        place.write_text(json.dumps(result))

    monkeypatch.setattr(executors, "run_job", run_job)
    monkeypatch.setattr(making, "make", make)
    asked = BenchPlan.from_dict({"scenes": ["sprites:tune:0-4"], "methods": rows, "models": [MODEL]})
    with timed(tmp_path / COMPUTED):
        state = run(asked, tmp_path)
    assert executors.run_job is run_job
    assert making.make is make
    seconds = computed(tmp_path)
    assert {job.key: times[job.row] for job in state.jobs} == seconds
    told: dict[str, Any] = {
        line.split(" | ")[0].strip("| "): line.strip("| ").split(" | ") for line in table(tmp_path).splitlines()[2:]
    }
    heads = table(tmp_path).splitlines()[0].strip("| ").split(" | ")
    share, ratio = heads.index("guidance / that of sg-i2v gradient_every=1"), len(heads) - 1
    assert told["sg-i2v gradient_every=5"][share] == "0.20"
    assert told["sg-i2v gradient_every=5"][ratio].startswith("0.500")
    assert told["none"][ratio].startswith("4.00")
    assert told["none"][1] == "0"
