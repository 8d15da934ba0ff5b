"""What each row lacks is told by row, from the list of jobs, without opening a dataset."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hitmark.bench.job_list import JOBS_FILE, read_jobs
from hitmark.bench.plan import PLAN_FILE
from hitmark.bench.store import RESULT
from hitmark.errors import HitmarkError
from hitmark.report.clip_record import Row
from hitmark.report.failures import UNKNOWN, gaps, sentences
from hitmark.report.run_record import read_run
from hitmark.report.tables import markdown
from hitmark.report.write import make_report, write_report
from tests.report.fakes import FakeRun, errors


@pytest.fixture
def fake(tmp_path: Path) -> FakeRun:
    """One clip of none; peekaboo: two errors of three jobs and one torn; freetraj: nothing run, two jobs."""
    made = FakeRun(tmp_path / "run", ["none", "peekaboo", "freetraj"])
    made.add("none", "a", errors(0.5))
    torn = made.add("peekaboo", "a", errors(0.5))
    others = [{"key": f"p{n}", "row": "peekaboo", "item": f"s{n}", "seed": n} for n in range(3)]
    others += [{"key": f"f{n}", "row": "freetraj", "item": f"s{n}"} for n in range(2)]
    made.list_jobs(*others)
    (torn / RESULT).write_bytes(b"")
    made.fail("p0", "no <memory>\nTraceback")
    made.fail("p1", "no <memory>\nanother place")
    made.fail("p2", "no phrase")
    made.fail("old", "of a plan before this one")
    return made


def test_every_row_is_told_with_its_errors(fake: FakeRun) -> None:
    run = read_run(fake.folder)
    ours, free = gaps(run)
    assert (ours.label, ours.failed, ours.others) == ("peekaboo", 3, 1)
    assert [(each.error, list(each.jobs)) for each in ours.failures] == [
        ("no <memory>", ["p0", "p1"]),
        ("no phrase", ["p2"]),
    ]
    assert sentences(ours)[0] == "2 jobs failed: no <memory> (nowhere:test s0 seed 0; nowhere:test s1 seed 1)"
    assert sentences(ours)[2].startswith("1 job not run, or left out")
    assert (free.row, free.failed, free.others) == (Row("freetraj", "toy"), 0, 2)
    assert run.missing == {Row("peekaboo", "toy"): 4, Row("freetraj", "toy"): 2}
    assert "freetraj: without 2 clips that the plan asks for." in run.notes()
    assert "3 jobs failed." in run.notes(), "the error of an earlier plan is not this plan's"


def test_they_are_on_the_page_and_in_markdown(fake: FakeRun) -> None:
    report = make_report(fake.folder, clips=0, draws=100)
    (page, tables, *_) = write_report(report, fake.folder / "report")
    text = page.read_text(encoding="utf-8")
    assert "<b>freetraj</b>" in text
    assert "2 jobs failed: no &lt;memory&gt; (nowhere:test s0 seed 0" in text
    assert "6 jobs of 2 rows" in text
    told = tables.read_text(encoding="utf-8")
    assert "- peekaboo: 1 job failed: no phrase (nowhere:test s2 seed 2)" in told
    assert told.index("## Jobs without a clip") < told.index("## All clips")
    assert "Jobs without a clip" not in markdown(report.tables())


def test_without_a_list_errors_are_told_and_the_row_is_not_known(fake: FakeRun) -> None:
    (fake.folder / JOBS_FILE).unlink()
    (only,) = gaps(read_run(fake.folder))
    assert (only.row, only.label, only.failed, only.others) == (None, UNKNOWN, 4, None)
    report = make_report(fake.folder, clips=0, draws=100)
    assert report.lacking == [only]


def test_a_complete_run_lacks_nothing(tmp_path: Path) -> None:
    fake = FakeRun(tmp_path / "run", ["none"])
    fake.add("none", "a", errors(0.5))
    fake.list_jobs()
    assert gaps(read_run(fake.folder)) == []
    assert make_report(fake.folder, clips=0, draws=100).notes == []


def test_many_jobs_of_one_error_are_counted(tmp_path: Path) -> None:
    fake = FakeRun(tmp_path / "run", ["none"])
    fake.add("none", "a", errors(0.5))
    fake.list_jobs(*({"key": f"k{n}", "item": f"s{n}"} for n in range(9)))
    for n in range(9):
        fake.fail(f"k{n}", "no luck")
    ((only,),) = [[sentences(each)[0] for each in gaps(read_run(fake.folder))]]
    assert only.startswith("9 jobs failed: no luck (")
    assert only.endswith(" and 5 more)")


def test_the_list_says_what_belongs_to_the_plan(tmp_path: Path) -> None:
    """Two results of one clip are no riddle any more: the one in the list counts."""
    fake = FakeRun(tmp_path / "run", ["none"])
    fake.add("none", "a", errors(0.5), settings={"steps": 2})
    fake.list_jobs()
    fake.add("none", "a", errors(0.9), settings={"steps": 4})
    run = read_run(fake.folder)
    assert [clip.settings["steps"] for clip in run.clips] == [2]
    assert [left.reason for left in run.left_out] == ["of an earlier plan of this folder"]


@pytest.mark.parametrize("text", [b"", b"[]", b'{"plan": 1}', b"\xff", b'{"plan": {}, "jobs": [{"key": 1}]}'])
def test_a_list_that_cannot_be_read_or_is_another_plans_is_as_none(tmp_path: Path, text: bytes) -> None:
    fake = FakeRun(tmp_path / "run", ["none"])
    fake.add("none", "a", errors(0.5))
    fake.list_jobs()
    plan = json.loads((fake.folder / PLAN_FILE).read_text())
    assert len(read_jobs(fake.folder, plan) or {}) == 1
    assert read_jobs(fake.folder, plan | {"steps": 9}) is None
    (fake.folder / JOBS_FILE).write_bytes(text)
    assert read_jobs(fake.folder, plan) is None
    assert read_run(fake.folder).listed is None


def test_a_run_in_which_all_failed_says_with_what(tmp_path: Path) -> None:
    fake = FakeRun(tmp_path / "run", ["none"])
    fake.fail("k", "no memory\nTraceback")
    with pytest.raises(HitmarkError, match="1 failed: no memory"):
        read_run(fake.folder)


@pytest.mark.parametrize("name", ["index.html", "tables.csv"])
def test_files_that_no_report_wrote_are_not_replaced(fake: FakeRun, name: str, tmp_path: Path) -> None:
    report, folder = make_report(fake.folder, clips=0, draws=100), tmp_path / "site"
    folder.mkdir()
    (folder / name).write_text("mine")
    with pytest.raises(HitmarkError, match=rf"site: expected a new folder.*with another {name}.*\(-o\)"):
        write_report(report, folder)
    assert [(path.name, path.read_text()) for path in folder.iterdir()] == [(name, "mine")]
    (folder / name).unlink()
    assert write_report(report, folder) == write_report(report, folder), "its own it replaces"
