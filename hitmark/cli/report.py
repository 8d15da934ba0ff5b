"""`hitmark report`: the tables and the page of a benchmark run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

EXAMPLES = """\b
Examples:
  hitmark report out/bench
  hitmark report out/bench --baseline peekaboo --clips 60
  hitmark report out/bench --reference sprites-text:test:3000-3512 -o out/bench-report
"""


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a benchmark run.")],
    *,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder to write. Default: report, in the run's folder.")
    ] = None,
    baseline: Annotated[
        str | None, typer.Option(help='Row that the others are compared with. Default: the first "none".')
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option(help="True clips for a Frechet distance: a dataset, a folder of videos, or a .npz of features."),
    ] = None,
    perfect: Annotated[
        str | None,
        typer.Option(help="Other true clips, as many as a row has: what a perfect model would have of the distance."),
    ] = None,
    clips: Annotated[int, typer.Option(min=0, help="Scenes that the page shows, with all rows each.")] = 24,
    control: Annotated[str | None, typer.Option(help="Figure of control in the charts.")] = None,
    quality: Annotated[str | None, typer.Option(help="Figure of quality in the charts.")] = None,
    draws: Annotated[int, typer.Option(min=100, max=100_000, help="Of the bootstrap.")] = 2000,
) -> None:
    """Make the tables of a benchmark run, and one page with charts and clips that needs no network.

    Every mean has a 95 % interval over scenes, every row a paired difference to the baseline. What cannot be counted
    (torn files, other versions, failed jobs) is listed with the reason. Files of an earlier report are replaced,
    others are not.
    """
    from hitmark.report.tables import markdown
    from hitmark.report.write import check_place, make_report, write_report

    check_place(output or run / "report")
    made = make_report(
        run,
        baseline=baseline,
        reference=reference,
        perfect=perfect,
        clips=clips,
        control=control,
        quality=quality,
        draws=draws,
    )
    written = write_report(made, output or run / "report")
    typer.echo(markdown([made.table], made.distances, readings=made.readings, lacking=made.lacking))
    for note in made.notes:
        typer.echo(f"note: {note}", err=True)
    for path in written:
        typer.echo(f"wrote {path}")
