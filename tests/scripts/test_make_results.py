"""The page of results: one section made anew, the others kept; curves."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from PIL import Image

from hitmark.errors import HitmarkError
from hitmark.report.clip_record import Row
from hitmark.report.figures import Figure
from hitmark.report.statistics import Estimate
from hitmark.report.summary import Cell, Line, Table
from scripts import make_results
from scripts.make_results import page, sections_of
from scripts.results_curves import draw_curves

SHOWN = {
    "introduction": ["What this shows."],
    "runs": [{"title": "One", "plan": "one.yaml"}, {"title": "Two", "plan": "two.yaml"}],
    "about reported": "Copied.",
    "reported": [],
}
DISTANCE, KEPT = Figure("sprites", "guessed distance"), Figure("sprites", "identity")


def test_one_section_is_made_and_the_others_are_kept(tmp_path: Path) -> None:
    def made(about: dict, _output: Path) -> list[str]:
        return [f"## {about['title']}", "### Rows", f"made from {about['plan']}"]

    with mock.patch.object(make_results, "section", made):
        first = page(SHOWN, tmp_path)
    later = first.replace("made from", "before, made from")
    with mock.patch.object(make_results, "section", made):
        second = page(SHOWN, tmp_path, "two.yaml", sections_of(later))
    assert "before, made from one.yaml" in second
    assert "\nmade from two.yaml" in second
    assert second.replace("before, ", "") == first


def test_a_section_that_was_never_made_is_left_out(tmp_path: Path) -> None:
    with mock.patch.object(make_results, "section", lambda about, _: [f"## {about['title']}"]):
        text = page(SHOWN, tmp_path, "two.yaml", {})
    assert "## Two" in text
    assert "## One" not in text


def line(method: str, distance: float, kept: float | None) -> Line:
    cells = {
        DISTANCE: Cell(Estimate(distance, distance - 0.1, distance + 0.1, 4, 4, 0)),
        KEPT: Cell(None if kept is None else Estimate(kept, None, None, 1, 1, 0)),
    }
    row = Row(method, "sprites-wan")
    return Line(row, method, 4, 4, None, 0, cells)


def test_curves_are_drawn_of_rows_that_the_run_has(tmp_path: Path) -> None:
    rows = [line("none", 0.5, 0.9), line("a steps=2", 0.4, 0.8), line("a steps=4", 0.2, 0.6), line("b", 0.3, None)]
    table = Table(None, {DISTANCE: "", KEPT: ""}, rows)
    drawn = []
    for name, lines in (("all", {"a": ["none", "a steps=2", "a steps=4"], "b": ["b"]}), ("one", {"a": ["none"]})):
        draw_curves(table, [DISTANCE, KEPT], lines, tmp_path / f"{name}.png")
        drawn.append(np.asarray(Image.open(tmp_path / f"{name}.png").convert("L")))
    assert [np.count_nonzero(each < 250) > 0 for each in drawn] == [True, True]
    assert drawn[0].shape != drawn[1].shape or (drawn[0] != drawn[1]).any()
    with pytest.raises(HitmarkError, match="no row 'c'; there are: none, a steps=2"):
        draw_curves(table, [DISTANCE, KEPT], {"c": ["c"]}, tmp_path / "c.png")
    assert not (tmp_path / "c.png").exists()


def test_a_plan_that_the_page_does_not_show_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["make_results", "--only", "nothing.yaml"])
    with pytest.raises(HitmarkError, match=r"--only: expected one of sg-i2v\.yaml, .*, got 'nothing\.yaml'"):
        make_results.main()
