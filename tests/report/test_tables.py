"""Tables of a run made by hand, against figures computed by hand."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from hitmark.errors import HitmarkError
from hitmark.report.clip_record import Row
from hitmark.report.curves import curves
from hitmark.report.figures import CARDS, Figure, labels
from hitmark.report.numbers import interval, number, signed
from hitmark.report.run_record import BenchRun, read_run
from hitmark.report.summary import baselines, by_kind, headlines, summarize
from hitmark.report.tables import clips_as_csv, comma_separated, latex, markdown
from tests.report.fakes import FakeRun, errors

ERROR = Figure("template", "path error")
NONE, OURS = Row("none", "toy"), Row("peekaboo", "toy")


@pytest.fixture
def run(tmp_path: Path) -> BenchRun:
    """Eight scenes; the uncontrolled errors are 0.1 ... 0.8, ours are half as large; two subjects in the first."""
    fake = FakeRun(tmp_path, ["none", "peekaboo"])
    for scene in range(8):
        value, kind = (scene + 1) / 10, "moving" if scene < 6 else "still"
        more = [0.9] if scene == 0 else []
        fake.add("none", f"s{scene}", errors(value, *more), kind=kind, seconds=1.0 + scene)
        fake.add("peekaboo", f"s{scene}", errors(value / 2, *more), kind=kind)
    return read_run(tmp_path)


def test_means_and_differences_are_those_of_the_hand(run: BenchRun) -> None:
    table = summarize(run, baselines(run.rows))
    none, ours = table.lines
    assert (none.row, ours.row) == (NONE, OURS)
    assert (none.clips, none.scenes, none.baseline, ours.baseline) == (8, 8, None, NONE)
    mean, gap = ours.cells[ERROR].estimate, ours.cells[ERROR].difference
    assert mean is not None
    assert gap is not None
    assert mean.mean == pytest.approx((1.8 + 0.9) / 9)
    assert mean.values == 9
    assert gap.mean == pytest.approx(-1.8 / 9)
    assert gap.pairs == 9
    assert ours.cells[ERROR].verdict(ERROR) == "better"
    assert none.cells[ERROR].difference is None
    seconds = none.cells[Figure("cost", "seconds")].estimate
    assert seconds is not None
    assert (seconds.mean, seconds.low) == (4.5, None)
    assert table.comparisons() == 3


def test_the_other_way_round_it_is_worse(run: BenchRun) -> None:
    table = summarize(run, baselines(run.rows, "peekaboo"))
    assert table.lines[0].cells[ERROR].verdict(ERROR) == "worse"
    with pytest.raises(HitmarkError, match="there is no row 'ivg-da' with clips; the rows are none, peekaboo"):
        baselines(run.rows, "ivg-da")


def test_the_baseline_is_the_first_uncontrolled_row_else_the_first() -> None:
    rows = [Row(method, model) for model in ("a", "b") for method in ("peekaboo", "none", "none x=1")]
    found = baselines(rows)
    assert found[Row("peekaboo", "b")] == Row("none", "b")
    assert found[Row("none", "b")] is None
    assert found[Row("none x=1", "a")] == Row("none", "a")
    others = [Row("peekaboo", "a"), Row("freetraj", "a"), Row("freetraj", "b")]
    assert baselines(others) == {others[0]: None, others[1]: others[0], others[2]: others[0]}


def test_kinds_have_tables_of_their_own(run: BenchRun) -> None:
    moving, still = by_kind(run, baselines(run.rows))
    assert (moving.kind, still.kind) == ("moving", "still")
    mean = still.lines[0].cells[ERROR].estimate
    assert mean is not None
    assert mean.mean == pytest.approx(0.75)
    assert still.lines[1].cells[ERROR].verdict(ERROR) == "", "two scenes are too few"
    one = BenchRun(run.folder, run.rows, [clip for clip in run.clips if clip.kind == "still"])
    assert by_kind(one, baselines(run.rows)) == []


def test_clips_of_other_shapes_are_not_paired(tmp_path: Path) -> None:
    fake = FakeRun(tmp_path, ["none", "peekaboo"])
    for scene in range(3):
        fake.add("none", f"s{scene}", errors(0.5))
        fake.add("peekaboo", f"s{scene}", errors(0.4 - scene / 10), shape=(4 + 2 * (scene == 2), 24, 32))
    run = read_run(tmp_path)
    ours = summarize(run, baselines(run.rows)).lines[1]
    gap = ours.cells[ERROR].difference
    assert gap is not None
    assert (gap.mean, gap.pairs) == (pytest.approx(-0.15), 2)
    assert ours.unpaired == 1


def test_markdown_has_means_and_differences(run: BenchRun) -> None:
    text = markdown([summarize(run, baselines(run.rows))])
    lines = text.splitlines()
    heads = next(line for line in lines if line.startswith("| row | clips | path error"))
    assert heads.split(" | ")[2] == "path error \u2193"
    (mean,) = [line for line in lines if line.startswith("| peekaboo | 8 | 0.300 (")]
    assert mean.count("|") == heads.count("|")
    assert any(line.startswith("| peekaboo | \u22120.200 (\u2212") and ")* | " in line for line in lines)
    assert "Difference to none" in text
    assert sum(line.startswith("| peekaboo | 0.600 (") for line in lines) == 1
    assert "Ratio to none" in text


def test_latex_is_escaped_and_balanced(tmp_path: Path) -> None:
    fake = FakeRun(tmp_path, ["none", "peekaboo masked_steps=6"])
    for row in ("none", "peekaboo masked_steps=6"):
        fake.add(row, "a", errors(0.5))
    run = read_run(tmp_path)
    text = latex([summarize(run, baselines(run.rows))])
    assert r"peekaboo masked\_steps=6 & 1 & 0.500" in text
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") > 1
    for block in text.split(r"\begin{tabular}")[1:]:
        columns = len(block[block.index("{") + 1 : block.index("}")])
        for line in block[: block.index(r"\end")].splitlines():
            assert not line.endswith(r"\\") or line.count("&") == columns - 1


def test_the_comma_separated_file_has_every_number(run: BenchRun) -> None:
    rows = list(csv.DictReader(io.StringIO(comma_separated([summarize(run, baselines(run.rows))]))))
    assert len(rows) == 2 * 5
    (ours,) = [row for row in rows if row["method"] == "peekaboo" and row["figure"] == "path error"]
    assert float(ours["value"]) == pytest.approx(0.3)
    assert float(ours["difference"]) == pytest.approx(-0.2)
    assert float(ours["ratio"]) == pytest.approx(0.6)
    assert float(ours["ratio_low"]) < 0.6 < float(ours["ratio_high"])
    assert (ours["kind"], ours["observer"], ours["baseline"], ours["verdict"]) == ("all", "template", "none", "better")
    clips = list(csv.DictReader(io.StringIO(clips_as_csv(run))))
    first = [row for row in clips if row["item"] == "s0" and row["method"] == "none" and row["figure"] == "path error"]
    assert [(row["n"], float(row["value"])) for row in first] == [("0", 0.1), ("1", 0.9)]


def test_charts_show_what_is_asked_for(run: BenchRun) -> None:
    table = summarize(run, baselines(run.rows))
    assert headlines(table) == (ERROR, None)
    found = Figure("template", "found")
    assert headlines(table, "found", "path error") == (found, ERROR)
    with pytest.raises(HitmarkError, match="--control: there is no figure 'speed'; the figures are path error"):
        headlines(table, "speed")


def test_rows_that_differ_in_one_knob_are_a_curve(tmp_path: Path) -> None:
    rows = {
        "peekaboo masked_steps=8": {"masked_steps": 8, "as_published": "code"},
        "peekaboo": {"masked_steps": 4, "as_published": "code"},
        "peekaboo as_published=paper": {"masked_steps": 4, "as_published": "paper"},
        "freetraj": {"masked_steps": 4, "as_published": "code"},
    }
    fake = FakeRun(tmp_path, list(rows))
    for row, knobs in rows.items():
        fake.add(row, "a", errors(0.5), settings={"knobs": knobs})
    run = read_run(tmp_path)
    (curve,) = curves(run, run.rows)
    assert curve.knob == "masked_steps"
    assert [row.method for row in curve.rows] == ["peekaboo", "peekaboo masked_steps=8"]


def test_every_figure_that_is_scored_is_described() -> None:
    import inspect
    import re

    from hitmark.bench import scorers

    named = set(re.findall(r'"([a-zA-Z ]+)":', inspect.getsource(scorers))) - {*scorers.SCORERS, *scorers.NETWORKS}
    assert len(named) > 10
    assert named <= set(CARDS)


def test_names_tell_observers_apart_only_where_needed() -> None:
    found = labels([Figure("template", "found"), Figure("sprites", "found"), Figure("sprites", "overlap")])
    assert list(found.values()) == ["overlap", "found (sprites)", "found (template)"]
    assert Figure("owl", "sharpness").card.better is None


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.123456, "0.123"), (12.3456, "12.3"), (1234.5, "1234"), (0.0, "0.00"), (-0.5, "\u22120.500"), (None, "-")],
)
def test_numbers_have_three_digits_that_count(value: float | None, text: str) -> None:
    assert number(value) == text


def test_signs_and_intervals() -> None:
    assert (signed(0.25), signed(-0.25), signed(0.0)) == ("+0.250", "\u22120.250", "0.00")
    assert (interval(0.1, 0.2), interval(None, None)) == ("0.100 to 0.200", "")
    assert number(1e-7) == "1.00e\u221207"


def test_medians_and_ratios_of_what_has_a_zero_are_shown(tmp_path: Path) -> None:
    fake = FakeRun(tmp_path, ["none", "peekaboo"])
    for scene, value in enumerate((0.1, 0.2, 0.9)):
        for row, factor in (("none", 1.0), ("peekaboo", 0.5)):
            scores = {"sprites": {"guessed path error": [value * factor], "identity": [0.5 + value / 10]}}
            fake.add(row, f"s{scene}", scores)
    none, ours = summarize(read_run(tmp_path), baselines([NONE, OURS])).lines
    median = Figure("sprites", "median path error")
    assert [line.cells[median].estimate.mean for line in (none, ours)] == [0.2, 0.1]
    assert ours.cells[median].ratio.value == pytest.approx(0.5)
    assert ours.cells[Figure("sprites", "guessed path error")].ratio.value == pytest.approx(0.5)
    assert ours.cells[Figure("sprites", "identity")].ratio is None, "a correlation has no zero"
