"""Named presets: a method with knobs that were tuned for one model, and the evidence that they were chosen by.

A preset is a JSON file, written by `hitmark tune`. It is read by `load_preset`, and by plans as a row "preset:FILE".
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from hitmark.errors import HitmarkError
from hitmark.files import write_text
from hitmark.scene.documents import read_document

KIND = "hitmark preset"
PRESET_VERSION = 1
PRESET_FILE = "preset.json"
"""Of a run's folder."""
ROW_PREFIX = "preset:"
"""Of a row of a plan that names a preset's file."""


Chosen = Literal["winner", "default", "forced"]
Role = Literal["none", "default", "candidate"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Mean(_Part):
    """Of one figure over the clips of a rung."""

    mean: float
    low: float | None = Field(description="of the 95 % bootstrap interval over scenes; None with a single scene")
    high: float | None
    values: int = Field(description="that the mean is over: one for each subject of each clip")


class Gap(_Part):
    """Mean difference of two rows over pairs of the same scene, noise and subject."""

    mean: float
    low: float | None
    high: float | None
    pairs: int
    scenes: int
    sure: bool = Field(description="the 95 % bootstrap interval excludes 0, over enough scenes")


class Setting(_Part):
    """One row of a rung."""

    row: str = Field(description="method and knobs as a plan has them")
    role: Role
    metric: Mean | None = Field(description="None for a row of which clips failed")
    quality: dict[str, float] = Field(default={}, description="means of the figures that have a limit")
    beyond: list[str] = Field(default=[], description="figures beyond their limit")
    to_default: Gap | None = Field(default=None, description="of the metric: this row less the default")
    failed: int = Field(default=0, description="clips that failed")
    kept: bool = Field(default=True, description="whether it went on to the next rung, or came out of the last one")


class Cut(_Part):
    """Where a rung was cut: how sure it is that the last one kept is better than the first one dropped."""

    kept: str
    dropped: str
    difference: Gap | None = Field(description="of the metric: dropped less kept; None where one of them failed")


class Rung(_Part):
    """All settings that were left, on so many scenes; candidates in the order of their ranks."""

    scenes: int
    settings: list[Setting]
    cut: Cut | None = Field(default=None, description="None where nothing was dropped")


class TunedModel(_Part):
    """The model that the knobs were tuned for."""

    name: str
    fingerprint: str | None = Field(default=None, description="of its files; None when they are not on this machine")


class Evidence(_Part):
    """What the choice was made by."""

    metric: str
    better: Literal["greater", "smaller"]
    limits: dict[str, float] = Field(default={}, description="figure -> limit that its mean must keep")
    plan: dict[str, JsonValue] = Field(description="scenes, seeds and settings of the clips")
    grid: dict[str, list[JsonValue]]
    rungs: list[Rung]
    cautions: list[str] = Field(description="what the figures do not show")


class Preset(_Part):
    """A method with its knobs, by name."""

    kind: Literal["hitmark preset"] = KIND
    version: int = PRESET_VERSION
    name: str
    model: TunedModel
    method: str
    knobs: dict[str, JsonValue] = Field(description="those tuned, and those that the model's card sets")
    every_knob: dict[str, JsonValue] = Field(description="all knobs, those left at their defaults included")
    chosen: Chosen = Field(
        description="winner: surely better than the default; default: kept; forced: taken without being sure"
    )
    reason: str
    evidence: Evidence
    command: str
    machines: list[str]
    created: str = Field(description="ISO 8601, UTC")
    hitmark: str
    packages: dict[str, str]

    @classmethod
    def load(cls, path: Path | str) -> Preset:
        """Read a preset. Raises HitmarkError that names the file and the field."""
        return read_document(
            cls, path, kind=KIND, version=PRESET_VERSION, called="preset of hitmark tune", error=HitmarkError
        )

    def save(self, path: Path) -> None:
        """Write it, whole or not at all. Raises OutputError."""
        write_text(path, json.dumps(self.model_dump(mode="json"), indent=2, allow_nan=False) + "\n")


def load_preset(path: Path | str) -> tuple[str, dict[str, Any]]:
    """Method and knobs of a preset's file, with every knob as it was: a default that changed since is written out.

    Raises:
        HitmarkError: no preset, or of a method or with knobs that this hitmark does not have.
    """
    from hitmark.methods import resolved

    preset = Preset.load(path)
    try:
        today = resolved(preset.method, preset.knobs)
        changed = {knob: value for knob, value in preset.every_knob.items() if today.get(knob, value) != value}
        knobs = {**preset.knobs, **changed}
        resolved(preset.method, knobs)
    except HitmarkError as error:
        raise HitmarkError(f"{path}: {error}") from None
    return preset.method, knobs


def spelled_row(row: str) -> str:
    """A plan's row with the method and knobs of a preset where it was "preset:FILE", else as it is.

    Knobs behind the file are on top of the preset's: "preset:fast.json strength=0.5". A path has no spaces.
    Raises HitmarkError as `load_preset`.
    """
    from hitmark.bench.plan import knobs_of

    first, *settings = row.split() or [""]
    if not first.startswith(ROW_PREFIX):
        return row
    method, knobs = load_preset(first.removeprefix(ROW_PREFIX))
    return row_of(method, knobs | knobs_of(settings))


def row_of(method: str, knobs: dict[str, Any]) -> str:
    """The row of a plan that `plan.method_of` reads as this method with these knobs.

    Raises HitmarkError for a value that contains a space, which a row cannot have.
    """
    row = " ".join([method, *(f"{knob}={_written(value)}" for knob, value in knobs.items())])
    if len(row.split()) != len(knobs) + 1:
        raise HitmarkError(f"knobs: expected names and values without spaces, got {row!r}")
    return row


def _written(value: Any) -> str:
    """Text stands for itself, unless it would be read as something else."""
    if not isinstance(value, str):
        return json.dumps(value, separators=(",", ":"))
    try:
        json.loads(value)
    except json.JSONDecodeError:
        return value
    return json.dumps(value, ensure_ascii=False)
