"""What the demo has made: its clips, and the table of how they followed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from hitmark.demo.scenes import DemoScene
    from hitmark.metrics.followed import Followed
    from hitmark.run.result import Result


@dataclass(frozen=True)
class Run:
    """One finished clip of the demo."""

    method: str  # key of its scene's methods
    result: Result
    guesses: dict[str, np.ndarray]  # subject -> (frames, 2) centers in pixels, the observer's best guess
    figures: dict[str, Followed]  # subject -> how it followed its path


@dataclass(frozen=True)
class Demo:
    """What `hitmark.demo.make.run_demo` made."""

    page: Path
    scenes: list[tuple[DemoScene, list[Run]]]

    def rows(self) -> list[list[str]]:
        """The table: scene, method, the best guess's distance, in the last frame too, where found and how often, cost.

        Means over the subjects; the figures are those that `hitmark generate` prints.
        """
        lines = [["scene", "method", "best guess px", "in last frame", "where found", "found", "time s", "peak GB"]]
        for demo_scene, runs in self.scenes:
            for run in runs:
                every = list(run.figures.values())
                lines.append(
                    [
                        demo_scene.title,
                        demo_scene.methods[run.method],
                        _mean([each.guess for each in every]),
                        _mean([each.last for each in every]),
                        _mean([each.pixels for each in every]),
                        _mean([each.found_share for each in every], "{:.0%}"),
                        f"{run.result.seconds:.1f}",
                        f"{run.result.peak_memory / 1e9:.2f}",
                    ]
                )
        return lines

    def table(self) -> str:
        """The table as text."""
        rows = self.rows()
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
        )


def _mean(values: Sequence[float | None], form: str = "{:.1f}") -> str:
    known = [value for value in values if value is not None]
    return form.format(np.mean(known)) if known else "-"
