"""All that the report of a run says, before it is laid out as a page and as tables."""

from __future__ import annotations

from dataclasses import dataclass, field

from hitmark.report.failures import Gaps
from hitmark.report.features import Distance
from hitmark.report.figures import Figure
from hitmark.report.filmstrips import Shown
from hitmark.report.over_time import OverTimes
from hitmark.report.published import PublishedRow
from hitmark.report.run_record import BenchRun
from hitmark.report.summary import Table


@dataclass(frozen=True)
class Report:
    """All that the report of a run says.

    Attributes:
        run, table, kinds: the clips; the table of all; one for each kind of scene.
        control, quality: the figures that the charts show; None where the run has none.
        distances: Frechet, empty without a reference.
        shown: the clips on the page.
        notes: whatever may mislead.
        draws: of the bootstrap.
        readings: Peekaboo's published reading beside the strict one; empty where no boxes are known.
        times: distance frame by frame.
        lacking: failed and missing jobs by row.
    """

    run: BenchRun
    table: Table
    kinds: list[Table]
    control: Figure | None
    quality: Figure | None
    distances: list[Distance]
    shown: list[Shown]
    notes: list[str]
    draws: int
    readings: list[PublishedRow] = field(default_factory=list)
    times: OverTimes = field(default_factory=OverTimes)
    lacking: list[Gaps] = field(default_factory=list)

    def tables(self) -> list[Table]:
        """The table of all clips, then those by kind."""
        return [self.table, *self.kinds]
