"""Center distance frame by frame, against the mean over frames that the scorer gives."""

from __future__ import annotations

import csv
import io
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitmark.metrics.boxes import box_scores
from hitmark.report.boxes import Boxes
from hitmark.report.charts import LETTER, over_frames
from hitmark.report.charts import Path as Line
from hitmark.report.over_time import COLUMNS, comma_separated, frame_distances, over_time
from hitmark.report.run_record import read_run
from hitmark.report.write import make_report, write_report
from tests.report.fakes import FakeRun, errors, looked

BOX = np.array([0.2, 0.2, 0.4, 0.4])
DIAGONAL = np.hypot(24, 32)


def shifted(pixels: list[float]) -> np.ndarray:
    """The box moved to the right at each frame, (1, frames, 4)."""
    return np.stack([BOX + np.array([each / 32, 0, each / 32, 0]) for each in pixels])[None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two scenes; the subject is off by so many pixels; once it is not found for sure, once it is not wanted."""
    fake = FakeRun(tmp_path / "run", ["none"])
    wanted = np.tile(BOX, (1, 4, 1))
    first = looked(wanted, shifted([0, 1, 2, 3]), [[True, True, True, False]])
    fake.add("none", "a", errors(0.5), record=first)
    fake.add("none", "b", errors(0.5), record=looked(wanted, shifted([4, 5, 6, 7]), None, [[True, False, True, True]]))
    return tmp_path / "run"


def test_by_hand(folder: Path) -> None:
    found = over_time(read_run(folder), draws=200)
    assert (found.length, found.others) == (4, 0)
    guess, strict = found.lines
    assert [line.reading for line in found.lines] == ["guess", "strict"]
    assert [at.frame for at in guess.frames] == [1, 2, 3, 4]
    assert [at.mean * DIAGONAL for at in guess.frames] == pytest.approx([2, 1, 4, 5], rel=1e-6)
    assert [at.values for at in guess.frames] == [2, 1, 2, 2]
    assert strict.frames[3].mean == pytest.approx((1 + 7 / DIAGONAL) / 2)
    assert (guess.frames[1].low, guess.frames[1].high) == (None, None), "one scene has no interval"
    low, high = guess.frames[0].low, guess.frames[0].high
    assert low == pytest.approx(0)
    assert high == pytest.approx(4 / DIAGONAL)


@given(st.integers(1, 6), st.integers(0, 1000))
def test_its_mean_is_that_of_the_scorer(frames: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    wanted, seen = (np.sort(generator.random((frames, 2, 2)), axis=1).reshape(frames, 4) for _ in range(2))
    found, visible = generator.random((2, frames)) < 0.6
    visible[0] = True
    aspect = float(generator.uniform(0.5, 2))
    for reading, sure in (("strict", found), ("guess", np.ones(frames, bool))):
        distances = frame_distances(Boxes(wanted, visible), Boxes(seen, found), aspect, reading)
        expected = box_scores(wanted, seen, sure, visible, aspect).center_distance
        assert np.nanmean(distances) == pytest.approx(expected)


def test_clips_of_another_length_are_counted_and_not_mixed_in(folder: Path) -> None:
    fake = FakeRun(folder.parent / "other", ["none"])
    for item in ("a", "b"):
        fake.add("none", item, errors(0.5), record=looked(np.tile(BOX, (1, 4, 1)), shifted([0] * 4)))
    longer = looked(np.tile(BOX, (1, 6, 1)), shifted([9] * 6))
    fake.add("none", "c", errors(0.5), shape=(6, 24, 32), record=longer)
    found = over_time(read_run(folder.parent / "other"), draws=100)
    assert (found.length, found.others) == (4, 1)
    assert max(at.mean for line in found.lines for at in line.frames) < 1e-9
    report = make_report(folder.parent / "other", clips=0, draws=100)
    (page, *_) = write_report(report, folder.parent / "report")
    assert "1 clip of another length not shown" in page.read_text(encoding="utf-8")


def test_the_file_and_the_page_have_the_same_numbers(folder: Path) -> None:
    report = make_report(folder, clips=0, draws=100)
    rows = list(csv.DictReader(io.StringIO(comma_separated(report.times))))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 8
    assert float(rows[0]["mean"]) == report.times.lines[0].frames[0].mean
    assert (rows[1]["low"], rows[1]["values"]) == ("", "1")
    (page, *_) = write_report(report, folder / "report")
    text = page.read_text(encoding="utf-8")
    assert text.count('aria-label="center distance (diagonals), frame by frame"') == 2
    assert "by the observer&#x27;s best guess" in text
    FakeRun(folder.parent / "plain", ["none"]).add("none", "a", errors(0.5))
    assert make_report(folder.parent / "plain", clips=0, draws=100).times.lines == ()


def test_the_chart_has_a_line_a_band_and_letters_apart() -> None:
    def line(mark: str, low: float | None) -> Line:
        return Line(mark, 0, mark, [(n + 1, 0.5, low, None if low is None else 0.6) for n in range(4)])

    root = ElementTree.fromstring(over_frames([line("A", 0.4), line("B", None)], "far <"))
    assert len(list(root.iter("polyline"))) == 2
    (band,) = root.iter("polygon")
    assert len(str(band.get("points")).split()) == 8
    letters = [float(text.get("y", 0)) for text in root.iter("text") if text.get("class") == "mark"]
    assert abs(letters[0] - letters[1]) >= LETTER
