"""Named presets: a method with knobs that were tuned for one model, and the evidence that they were chosen by.

A preset is a JSON file, written by `hitmark tune`. It is read by `load_preset`, and by plans as a row "preset:FILE".
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from hitmark.errors import HitmarkError
from hitmark.files import write_text
from hitmark.scene.documents import read_document

if TYPE_CHECKING:
    from hitmark.methods.spec import MethodSpec

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


def load_preset(path: Path | str) -> MethodSpec:
    """Method and knobs of a preset's file, with every knob as it was: a default that changed since is written out.

    Raises:
        HitmarkError: no preset, or of a method or with knobs that this hitmark does not have.
    """
    from hitmark.methods.spec import MethodSpec

    preset = Preset.load(path)
    spec = MethodSpec(preset.method, preset.knobs)
    try:
        today = spec.resolved()
        spec = spec.having(
            {knob: value for knob, value in preset.every_knob.items() if today.get(knob, value) != value}
        )
        spec.controls()
    except HitmarkError as error:
        raise HitmarkError(f"{path}: {error}") from None
    return spec


def spelled_row(row: str) -> str:
    """A plan's row with the method and knobs of a preset where it was "preset:FILE", else as it is.

    Knobs behind the file are on top of the preset's: "preset:fast.json strength=0.5". A path has no spaces.
    Raises HitmarkError as `load_preset`.
    """
    from hitmark.methods.spec import read_pairs

    first, *settings = row.split() or [""]
    if not first.startswith(ROW_PREFIX):
        return row
    return str(load_preset(first.removeprefix(ROW_PREFIX)).having(read_pairs(settings)))
