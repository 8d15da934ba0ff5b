"""A run's report: read, computed and written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hitmark.errors import HitmarkError
from hitmark.files import output_error, write_text
from hitmark.report.contents import Report
from hitmark.report.failures import gaps
from hitmark.report.features import feature_distances, feature_sets, perfect_distances, read_reference
from hitmark.report.filmstrips import choose, planned_tracks, show
from hitmark.report.numbers import counted
from hitmark.report.outside import with_outside
from hitmark.report.over_time import comma_separated as times_as_csv
from hitmark.report.over_time import over_time
from hitmark.report.page import OWN_TITLE, page
from hitmark.report.published import published_rows
from hitmark.report.run_record import BenchRun, read_run
from hitmark.report.statistics import DRAWS
from hitmark.report.summary import Table, baselines, by_kind, headlines, summarize
from hitmark.report.tables import clips_as_csv, comma_separated, latex, markdown, readings_as_csv
from hitmark.report.wanted import with_wanted

PAGE, CLIPS = "index.html", 24
TABLES = ("tables.md", "tables.tex", "tables.csv", "published.csv", "over_time.csv", "clips.csv")
HEAD = 1_000
"""Characters of a page in which its title stands."""


def make_report(
    folder: Path,
    *,
    baseline: str | None = None,
    reference: str | None = None,
    clips: int = CLIPS,
    control: str | None = None,
    quality: str | None = None,
    draws: int = DRAWS,
    perfect: str | None = None,
) -> Report:
    """Everything that the report of the run in `folder` says; nothing is written.

    Args:
        folder: of the run.
        baseline: text of the row that the others are compared with; None = the first "none", else the first.
        reference: of the Frechet distance, see `read_reference`; None = there is none.
        clips: places (scene, noise) that the page shows, with all rows each.
        control: name of the figure for the charts; None = the first of the tables.
        quality: the same of what is held against it.
        draws: of scenes, for the intervals.
        perfect: other true clips, as `reference`: their distance to it stands below those of the rows.

    Raises:
        HitmarkError: there is no run, or no clip, row or figure of that name, or the reference cannot be used.
    """
    run, notes = _with_boxes(read_run(folder))
    compared = baselines(run.rows, baseline)
    table = summarize(run, compared, draws)
    by_control, by_quality = headlines(table, control, quality)
    notes, distances = run.notes() + notes, []
    if reference is not None:
        true = read_reference(reference, feature_sets(run))
        notes += true.notes
        distances = feature_distances(run, true, compared, draws)
        if perfect is not None:
            others = read_reference(perfect, list(true.moments), "--perfect")
            distances += perfect_distances(true, others)
    elif perfect is not None:
        raise HitmarkError("--perfect: expected --reference too, which these clips are compared with; add it")
    uncontrolled = {row for row, other in compared.items() if other is None} if len(run.rows) > 1 else set()
    shown = show(run, choose(run, clips, by_control, uncontrolled), planned_tracks)
    kinds = by_kind(run, compared, draws)
    more = (published_rows(run), over_time(run, draws), gaps(run))
    return Report(run, table, kinds, by_control, by_quality, distances, shown, notes, draws, *more)


def _with_boxes(run: BenchRun) -> tuple[BenchRun, list[str]]:
    """The run with all that follows from wanted boxes, and notes on where these come from."""
    clips, filled = with_wanted(run.clips, planned_tracks)
    notes = []
    if filled:
        notes.append(
            f"{counted(filled, 'record')} without wanted boxes (of an earlier version): those of the dataset as it is "
            "now are used for what is published, over time and outside."
        )
    return with_outside(replace(run, clips=clips)), notes


def check_place(folder: Path) -> None:
    """Raise HitmarkError where a file that no report wrote would be replaced by one."""
    there = [name for name in (PAGE, *TABLES) if (folder / name).exists()]
    if not there:
        return
    try:
        with (folder / PAGE).open(encoding="utf-8", errors="replace") as page_file:
            ours = OWN_TITLE in page_file.read(HEAD)
    except OSError:
        ours = False
    if not ours:
        raise HitmarkError(
            f"{folder}: expected a new folder, or that of an earlier report, got one with another {there[0]}, which "
            "would be replaced; choose another folder (-o)."
        )


def write_report(report: Report, folder: Path) -> list[Path]:
    """Writes the page and the tables, replacing those of an earlier report; returns their paths.

    Raises:
        HitmarkError: files that no report wrote would be replaced, or what the operating system refuses.
    """
    check_place(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(folder, error) from error
    tables: Sequence[Table] = report.tables()
    contents = (
        markdown(tables, report.distances, report.notes, report.readings, report.lacking),
        latex(tables, report.distances, report.notes, report.readings),
        comma_separated(tables),
        readings_as_csv(report.readings),
        times_as_csv(report.times),
        clips_as_csv(report.run),
    )
    texts = {PAGE: page(report), **dict(zip(TABLES, contents, strict=True))}
    for name, text in texts.items():
        write_text(folder / name, text)
    return [folder / name for name in texts]
