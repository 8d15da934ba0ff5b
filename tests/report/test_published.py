"""Peekaboo's published reading beside the strict one, from the boxes that records keep."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitmark.metrics.boxes import box_scores
from hitmark.report.boxes import DIGITS, in_pixels
from hitmark.report.published import DEFINITIONS, HEADS, TITLE, published_rows, values
from hitmark.report.run_record import read_run
from hitmark.report.tables import latex, markdown, readings_as_csv
from hitmark.report.write import make_report, write_report
from tests.report.fakes import FakeRun, errors, looked

FRAMES, HEIGHT, WIDTH = 12, 24, 32
BOX = np.array([0.25, 0.25, 0.75, 0.75])
"""8, 6, 24, 18 pixels."""
HALF = np.array([0.25, 0.25, 0.5, 0.75])
"""Its left half."""


def add(fake: FakeRun, row: str, item: str, seen: np.ndarray, found: int, visible: int = FRAMES) -> None:
    """One clip whose subject is found in the first `found` frames and wanted in the first `visible`."""
    frames = np.arange(FRAMES)
    record = looked([[BOX] * FRAMES], [[seen] * FRAMES], [frames < found], [frames < visible])
    fake.add(row, item, errors(0.5), shape=(FRAMES, HEIGHT, WIDTH), record=record)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Found everywhere; found in 10 frames by half; in 3 frames."""
    fake = FakeRun(tmp_path / "run", ["none", "peekaboo"])
    add(fake, "none", "a", BOX, FRAMES)
    add(fake, "none", "b", HALF, 10)
    add(fake, "none", "c", BOX, 3)
    fake.add("peekaboo", "a", errors(0.5))
    return tmp_path / "run"


def test_both_readings_by_hand(folder: Path) -> None:
    """Areas in pixels: wanted 16 x 12 = 192, its half 96; the corner is (15.5, 11.5) from the middle of the box."""
    (row,) = published_rows(read_run(folder))
    assert (row.row.method, row.observer, row.without) == ("none", "owl", 0)
    overlap = [1.0, 10 * 96 / (12 * 192), 3 / 12]
    assert row.filtered.overlap == pytest.approx((overlap[0] + overlap[1]) / 2, rel=1e-6), "over covered clips"
    assert row.unfiltered.overlap == pytest.approx(sum(overlap) / 3, rel=1e-6)
    assert row.filtered.coverage == pytest.approx(2 / 3)
    assert row.filtered.precise == pytest.approx((12 * 1 + 10 * 0 + 3 * 1) / 25), "by detections; 96 / 192.00001 < half"
    assert row.unfiltered.precise == pytest.approx(2 / 3)
    missed = math.hypot(15.5, 11.5)
    distances = [0.0, (10 * 4 + 2 * missed) / 12, 9 * missed / 12]
    assert row.filtered.center_distance == pytest.approx(sum(distances) / 3 / math.hypot(320, 576))
    assert row.strict.overlap == pytest.approx((1 + 0.5 * 10 / 12 + 3 / 12) / 3)
    assert row.strict.precise == pytest.approx((1 + 10 / 12 + 3 / 12) / 3)
    assert row.strict.coverage == pytest.approx(2 / 3)
    step = 0.125 * WIDTH / math.hypot(WIDTH, HEIGHT)
    assert row.strict.center_distance == pytest.approx((0 + (10 * step + 2) / 12 + 9 / 12) / 3)


def test_frames_in_which_it_is_not_wanted_have_an_empty_mask(tmp_path: Path) -> None:
    fake = FakeRun(tmp_path, ["none"])
    add(fake, "none", "a", BOX, FRAMES, visible=6)
    (row,) = published_rows(read_run(tmp_path))
    assert row.filtered.overlap == pytest.approx(6 * 192 / (12 * 192))
    assert row.strict.overlap == 1


def test_clips_without_boxes_are_counted_and_runs_without_any_have_no_table(tmp_path: Path, folder: Path) -> None:
    fake = FakeRun(tmp_path / "old", ["none"])
    fake.add("none", "a", errors(0.5))
    assert published_rows(read_run(tmp_path / "old")) == []
    add(fake, "none", "b", BOX, FRAMES)
    (row,) = published_rows(read_run(tmp_path / "old"))
    assert (row.filtered.clips, row.without) == (1, 1)
    report = make_report(folder, clips=0, draws=100)
    assert [each.row.method for each in report.readings] == ["none"]


def test_the_reading_is_labeled_and_defined_wherever_it_stands(folder: Path) -> None:
    report = make_report(folder, clips=0, draws=100)
    write_report(report, folder / "report")
    page = (folder / "report" / "index.html").read_text(encoding="utf-8")
    assert TITLE.replace("'", "&#x27;") in page
    assert "strict 0.556" in page
    assert page.index("<summary>What each reading is") > page.index("Two readings of the same boxes")
    text = markdown([report.table], readings=report.readings)
    for name in DEFINITIONS:
        assert f"- {name}: " in text
    assert TITLE in latex([report.table], readings=report.readings)
    assert TITLE not in markdown([report.table])
    (row,) = csv.DictReader(io.StringIO(readings_as_csv(report.readings)))
    assert float(row["mIoU, published"]) == pytest.approx((1 + 10 * 96 / (12 * 192)) / 2)
    assert float(row["mIoU, strict"]) == pytest.approx((1 + 0.5 * 10 / 12 + 3 / 12) / 3)
    assert (row["method"], row["model"], row["clips"]) == ("none", "toy", "3")


def test_every_column_has_its_value(folder: Path) -> None:
    (row,) = published_rows(read_run(folder))
    told = dict(zip(HEADS, values(row), strict=True))
    for name, field in (("mIoU", "overlap"), ("coverage", "coverage"), ("AP50", "precise")):
        assert told[f"{name}, published"] == getattr(row.filtered, field)
        assert told[f"{name}, strict"] == getattr(row.strict, field)
    assert told["AP50, unfiltered"] == row.unfiltered.precise


@given(
    st.lists(st.tuples(*[st.integers(-20, 700)] * 4), min_size=1, max_size=5),
    st.integers(16, 1024),
    st.integers(16, 1024),
)
def test_whole_pixels_survive_the_rounding_of_records(boxes: list[tuple[int, ...]], width: int, height: int) -> None:
    pixels = np.array(boxes, dtype=float)
    kept = (pixels / np.array([width, height, width, height])).round(DIGITS)
    assert np.array_equal(in_pixels(kept, width, height), pixels)
    between = in_pixels((pixels + 0.5) / np.array([width, height, width, height]), width, height)
    assert np.allclose(between, pixels + 0.5), "what is no whole pixel stays"


def test_strict_means_are_those_of_the_scorer(folder: Path) -> None:
    """The same boxes, scored one by one."""
    clips = [clip for clip in read_run(folder).clips if clip.wanted]
    found = []
    for clip in clips:
        assert clip.wanted is not None
        (wanted,), (seen,) = clip.wanted, clip.seen["owl"]
        found.append(box_scores(wanted.boxes, seen.boxes, seen.flags, wanted.flags, WIDTH / HEIGHT).overlap)
    assert published_rows(read_run(folder))[0].strict.overlap == pytest.approx(np.mean(found))
