"""What was found out about one model on one machine, and how it is kept."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

State = Literal["passed", "failed", "cannot act", "stopped"]
VERSION = 1
"""Of the form of the JSON."""


@dataclass
class Entry:
    """One check, or one method.

    Attributes:
        name: of the check or method.
        state: "passed": it did what is wanted of it; for a method, it made a clip, however good that is.
        what: a sentence: what was found, or what went wrong.
        seconds: of wall-clock time.
        peak_memory: bytes, see `hitmark.run.peak_memory`.
        figures: of a clip, by subject: `guess` and `pixels` (mean distances from the wanted center, in pixels),
            `found_share` and `last`, see `hitmark.metrics.followed`.
        knobs: of a method, those that are not its defaults.
        files: of the clip, beside the page.
        clip: the clip as a data address, for the page alone.
    """

    name: str
    state: State
    what: str
    seconds: float | None = None
    peak_memory: int | None = None
    figures: dict[str, dict[str, float | None]] = field(default_factory=dict)
    knobs: dict[str, Any] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    clip: str = ""

    @property
    def guess(self) -> float | None:
        """Mean of the best guesses' distances over the subjects, in pixels."""
        known = [each["guess"] for each in self.figures.values() if each["guess"] is not None]
        return sum(known) / len(known) if known else None


@dataclass
class Evidence:
    """Everything that is sent in.

    Attributes:
        model: its name or path; `pipeline`: its class; `fingerprint`: of its files, where they are on this machine.
        settings: of the clips: size, frames, steps, seed, dtype, device, scene.
        machine: what it was run on; `packages`: versions.
        checks: of the model, in their order; methods: likewise, "none" first.
        finished: whether it came to the end.
    """

    model: str
    pipeline: str
    settings: dict[str, Any]
    machine: dict[str, Any]
    packages: dict[str, str]
    fingerprint: str | None = None
    checks: list[Entry] = field(default_factory=list)
    methods: list[Entry] = field(default_factory=list)
    finished: bool = False

    @property
    def failed(self) -> list[Entry]:
        """Checks and methods that failed."""
        return [entry for entry in (*self.checks, *self.methods) if entry.state in ("failed", "stopped")]

    def as_json(self) -> str:
        """For programs."""
        table = {"hitmark verify": VERSION, **asdict(self)}
        for entry in (*table["checks"], *table["methods"]):
            del entry["clip"]
        return json.dumps(table, indent=2, ensure_ascii=False) + "\n"
