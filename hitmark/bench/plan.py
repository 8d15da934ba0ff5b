"""What a benchmark run is asked for: scenes x methods x models x seeds, as a YAML file or as flags."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, field_validator

from hitmark.bench.presets import spelled_row
from hitmark.errors import HitmarkError
from hitmark.files import write_text
from hitmark.scene.problems import FieldError, scene_error

PLAN_FILE = "plan.json"


class BenchPlan(BaseModel):
    """A benchmark run. Every clip of it is one scene, one method with its knobs, one model and one noise."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    version: int = Field(default=1, ge=1, le=1, description="version of this format")
    scenes: list[str] = Field(min_length=1, description='datasets, such as "sprites:test:0-64" or a folder of scenes')
    methods: list[str] = Field(min_length=1, description='with knobs, as "peekaboo masked_steps=6"; or "preset:FILE"')
    models: list[str] = Field(default=["auto"], min_length=1, description="names or paths; auto = the scene's")
    seeds: int = Field(default=1, ge=1, le=1000, description="clips of each scene, each from other noise")
    steps: int | None = Field(default=None, ge=1, le=1000, description="of denoising; absent = the model's own")
    frames: int | None = Field(default=None, ge=2, le=10_000, description="of a clip; absent = the scene's or model's")
    width: int | None = Field(default=None, ge=8, le=16_384, description="in pixels; absent = the scene's or model's")
    height: int | None = Field(default=None, ge=8, le=16_384, description="in pixels; absent = the scene's or model's")
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = Field(default="auto", description="as in generate")
    device: str = Field(default="auto", description="as in generate")
    autocast: bool = Field(default=False, description="compute in bfloat16 inside of the network")
    call: dict[str, JsonValue] = Field(default={}, description="further arguments of the pipeline's call")
    observers: list[str] = Field(default=["auto"], description="what looks at the clips; auto = what the dataset needs")
    threads: int = Field(default=1, ge=1, le=256, description="of a job; the last bits of a clip depend on it")

    @field_validator("methods", "scenes", "models", "observers", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("methods", "scenes", "models", "observers")
    @classmethod
    def _each_once(cls, values: list[str]) -> list[str]:
        for value in values:
            if values.count(value) > 1:
                raise FieldError(f"{value!r} is named twice; leave one out")
            if not value.strip():
                raise FieldError("expected a name, got an empty text")
        return values

    @field_validator("methods")
    @classmethod
    def _known(cls, methods: list[str]) -> list[str]:
        from hitmark.methods.spec import MethodSpec

        rows = []
        for row in methods:
            try:
                rows.append(spelled_row(row))
                MethodSpec.parse(rows[-1]).controls()
            except HitmarkError as error:
                raise FieldError(str(error)) from None
        return rows

    @classmethod
    def from_dict(cls, values: dict[str, Any], source: str = "plan") -> BenchPlan:
        """A checked plan. Raises HitmarkError that names the field, what was expected, and what came."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise scene_error(error, cls, source) from None

    @classmethod
    def load(cls, path: Path | str) -> BenchPlan:
        """A plan in a YAML or JSON file. Raises HitmarkError that names the file and the field."""
        import yaml

        try:
            values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise HitmarkError(f"{path}: the plan cannot be read ({error.strerror or error})") from None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise HitmarkError(f"{path}: not a YAML file: {' '.join(str(error).split())}") from None
        if not isinstance(values, dict):
            raise HitmarkError(f"{path}: expected fields such as `scenes:` and `methods:`, got {type(values).__name__}")
        return cls.from_dict(values, os.fspath(path))

    def save(self, folder: Path) -> None:
        """Write it to a run's folder."""
        write_text(folder / PLAN_FILE, json.dumps(self.model_dump(mode="json"), indent=2) + "\n")
