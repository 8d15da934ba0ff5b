"""Two runs made by hand: only what both have is compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from hitmark.errors import HitmarkError
from hitmark.report.compare import compare_runs
from hitmark.report.figures import Figure
from tests.report.fakes import FakeRun, errors

ERROR = Figure("template", "path error")


def test_pairs_are_of_the_same_item_row_and_seed(tmp_path: Path) -> None:
    one = FakeRun(tmp_path / "one", ["none", "peekaboo"], scenes="set:0-8")
    other = FakeRun(tmp_path / "other", ["peekaboo"], scenes="set:0-7")
    for scene in range(8):
        one.add("peekaboo", f"s{scene}", errors(0.5, 0.7))
        one.add("none", f"s{scene}", errors(0.9))
    for scene in range(7):
        other.add("peekaboo", f"s{scene}", errors(0.25, 0.7), settings={"steps": 8, "knobs": {"masked_steps": 6}})
    found = compare_runs(tmp_path / "one", tmp_path / "other", draws=200)
    assert (found.pairs, found.identical) == (7, 0)
    (error,) = [each for each in found.figures if each.figure == ERROR]
    assert error.first is not None
    assert error.second is not None
    assert error.difference is not None
    assert (error.row, error.first.mean) == ("peekaboo", pytest.approx(0.6))
    assert error.second.mean == pytest.approx(0.475)
    assert (error.difference.mean, error.difference.pairs) == (pytest.approx(-0.125), 14)
    assert error.verdict == "better"
    assert "steps: 4 and 8 (7 of 7 pairs)" in found.settings
    assert "knobs masked_steps: nothing and 6 (7 of 7 pairs)" in found.settings
    assert "dataset: set:0-8 and set:0-7 (7 of 7 pairs)" in found.settings
    assert any("one: 9 clips that the other run does not have" in note for note in found.notes)


def test_a_run_is_the_same_as_itself(tmp_path: Path) -> None:
    fake = FakeRun(tmp_path, ["none"])
    for scene in range(7):
        fake.add("none", f"s{scene}", errors(scene / 10))
    found = compare_runs(tmp_path, tmp_path, draws=200)
    assert (found.pairs, found.identical, found.settings, found.notes) == (7, 7, [], [])
    (error,) = [each for each in found.figures if each.figure == ERROR]
    assert error.difference is not None
    assert (error.difference.mean, error.difference.low, error.difference.high, error.verdict) == (0, 0, 0, "")


def test_models_are_compared_where_each_run_has_one(tmp_path: Path) -> None:
    for name in ("one", "two"):
        FakeRun(tmp_path / name, ["none"]).add("none", "a", errors(0.5), model=name)
    found = compare_runs(tmp_path / "one", tmp_path / "two", draws=200)
    assert found.pairs == 1
    assert "model: one and two (1 of 1 pairs)" in found.settings
    both = FakeRun(tmp_path / "both", ["none"])
    for model in ("one", "three"):
        both.add("none", "a", errors(0.5), model=model)
    assert compare_runs(tmp_path / "both", tmp_path / "one", draws=200).pairs == 1
    with pytest.raises(HitmarkError, match="no clip of the same item, row and seed"):
        compare_runs(tmp_path / "both", tmp_path / "two", draws=200)


def test_pairs_of_other_shapes_are_told_and_not_compared(tmp_path: Path) -> None:
    for name, frames in (("one", 4), ("two", 6)):
        fake = FakeRun(tmp_path / name, ["none"])
        fake.add("none", "a", errors(0.5))
        fake.add("none", "b", errors(0.5), shape=(frames, 24, 32))
    found = compare_runs(tmp_path / "one", tmp_path / "two", draws=200)
    assert found.pairs == 1
    assert any("1 pairs differ in frames or size" in note for note in found.notes)
