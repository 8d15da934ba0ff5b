"""The run record: everything that is needed to make the same clip again, as one JSON file beside it.

It is written as `OUT.json` with the first picture as `OUT.image.png`; the two can be moved together.
"""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field, JsonValue

from hitmark.errors import HitmarkError
from hitmark.files import write_text
from hitmark.run.recorded_reference import CrudeVideo, Cutouts, Part
from hitmark.scene.documents import read_document
from hitmark.scene.formats import run_record
from hitmark.scene.formats.source import Source
from hitmark.scene.schema import Scene
from hitmark.scene.storage import pretty_json

RECORD_VERSION = 1
KIND = run_record.KIND
PACKAGES = ("torch", "diffusers", "transformers", "numpy", "pillow", "av")
SAMPLED = 256 * 1024  # bytes at both ends of a weight file that enter its fingerprint


class RecordError(HitmarkError):
    """A run record cannot be read or replayed; the message names the file and the fix."""


class Machine(Part):
    """The kind of machine; on the same kind a replay gives the same bytes."""

    system: str
    architecture: str
    processor: str
    threads: int = Field(description="that torch computes with")
    device: str = Field(description="cpu, or the name of the GPU")


class Picture(Part):
    """The first picture, by content."""

    path: str = Field(description="relative to the record's folder")
    sha256: str = Field(description="of width, height and RGB bytes, see `picture_sha256`")


class Model(Part):
    """Which weights made the clip."""

    name: str = Field(description="the catalog's name, a hub id, or a folder relative to that of the record")
    fingerprint: str | None = Field(None, description="see `fingerprint`; None when the files are not at hand")


class Settings(Part):
    """What the pipeline was called with, all defaults filled in."""

    steps: int
    dtype: str
    device: str
    call: dict[str, JsonValue] = Field(description="the remaining arguments of the pipeline's call")
    preset: str = Field("tuned", description="of the method: tuned, paper or fast; see hitmark.run.presets")
    knobs: dict[str, JsonValue] = Field(description="every knob of the method")
    vae_tiling: bool = Field(False, description="whether the autoencoder worked in tiles")


class Output(Part):
    """What came out."""

    video: str = Field(description="file name, in the record's folder")
    frames_sha256: str = Field(description="of frame count, height, width and RGB bytes, before encoding")
    seconds: float = Field(description="wall-clock time of generation, without loading the model")
    peak_memory: int = Field(description="bytes; see hitmark.run.peak_memory")


class RunRecord(Part):
    """One run, complete enough to be replayed by `hitmark generate RECORD.json`."""

    kind: Literal["hitmark run"] = "hitmark run"
    version: int = RECORD_VERSION
    hitmark: str
    python: str
    packages: dict[str, str]
    machine: Machine
    created: str = Field(description="ISO 8601, UTC")
    model: Model
    image: Picture | None = Field(None, description="None for a model that reads text")
    reference: CrudeVideo | None = Field(default=None, description="a crude reference that was given; None: none was")
    cutouts: Cutouts | None = Field(default=None, description="what it was cut with, where that was given")
    settings: Settings
    output: Output
    notes: list[str] = Field([], description="what was decided, such as how the picture was fitted")
    scene: dict[str, JsonValue] = Field(description="the scene with its size, frames, model and method filled in")

    @classmethod
    def load(cls, path: Path | str) -> RunRecord:
        """Read a record. Raises `RecordError` or `SceneError` that names the file and the field."""
        return read_document(cls, path, kind=KIND, version=RECORD_VERSION, called="run record", error=RecordError)

    def save(self, path: Path | str) -> None:
        """Write the record, whole or not at all. Raises `OutputError`."""
        write_text(path, pretty_json(self.model_dump(mode="json")) + "\n")

    def to_scene(self, path: Path | str) -> Scene:
        """Return the scene of the record at `path`. Raises `SceneError`."""
        return Scene.from_dict(self.scene, source=f"{path}: scene")

    def differences(self, now: RunRecord) -> list[str]:
        """What another run of the same scene had otherwise, one line for each; empty on the same machine kind."""
        pairs = {"hitmark": (self.hitmark, now.hitmark), "python": (self.python, now.python)}
        pairs |= {name: (self.packages.get(name), now.packages.get(name)) for name in PACKAGES}
        for field in Machine.model_fields:
            pairs[field] = (getattr(self.machine, field), getattr(now.machine, field))
        pairs["model files"] = (self.model.fingerprint, now.model.fingerprint)
        before, after = (run.image.sha256 if run.image else None for run in (self, now))
        pairs["first picture"] = (before, after)
        crude = (run.reference or run.cutouts for run in (self, now))
        before, after = (None if each is None else each.sha256 for each in crude)
        pairs["reference"] = (before, after)
        lines = []
        for name, (before, after) in pairs.items():
            if before != after:
                lines.append(f"{name}: {_short(before)} then, {_short(after)} now")
        return lines


def is_record(path: Path | str) -> bool:
    """Whether the file says of itself that it is a run record, however its JSON is written."""
    try:
        return run_record.sniff(Source(Path(path)))
    except (HitmarkError, OSError):
        return False


def package_versions() -> dict[str, str]:
    """Return the versions of the packages that shape the result; "missing" for those not installed."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "missing"
    return found


def hitmark_version() -> str:
    """Return the version of this package, "0+source" when it runs from a checkout that is not installed."""
    try:
        return version("hitmark")
    except PackageNotFoundError:
        return "0+source"


def this_machine(threads: int, device: str) -> Machine:
    """Return the kind of machine we run on, with torch's thread count and the device's name."""
    return Machine(
        system=platform.system(),
        architecture=platform.machine(),
        processor=_processor(),
        threads=threads,
        device=device,
    )


def python_version() -> str:
    """Return for example "3.12.4"."""
    return ".".join(str(part) for part in sys.version_info[:3])


def picture_sha256(rgb: np.ndarray) -> str:
    """Return the SHA-256 of uint8 (height, width, 3): the sides as text and the bytes. The file format is no part."""
    return _array_sha256(rgb)


def signal_sha256(frames: np.ndarray, mask: np.ndarray) -> str:
    """Return the SHA-256 of a crude reference: of the texts `_array_sha256` of its frames and of its mask."""
    return hashlib.sha256((_array_sha256(frames) + _array_sha256(mask.astype(np.uint8))).encode()).hexdigest()


def frames_sha256(frames: np.ndarray) -> str:
    """Return the SHA-256 of uint8 (frames, height, width, 3): the shape as text and the bytes."""
    return _array_sha256(frames)


def fingerprint(folder: Path | str) -> str:
    """Return a SHA-256 that tells two checkpoints apart without reading gigabytes.

    Of every file of a pipeline folder: its relative path and size; JSON files whole, others 256 KiB at both ends.

    Raises:
        RecordError: the folder is missing or not readable.
    """
    folder = Path(folder)
    digest = hashlib.sha256()
    try:
        files = sorted(path for path in folder.rglob("*") if path.is_file() and not _hidden(path, folder))
        for path in files:
            size = path.stat().st_size
            digest.update(json.dumps([path.relative_to(folder).as_posix(), size]).encode())
            with path.open("rb") as stream:
                if path.suffix == ".json" or size <= 2 * SAMPLED:
                    digest.update(stream.read())
                    continue
                digest.update(stream.read(SAMPLED))
                stream.seek(size - SAMPLED)
                digest.update(stream.read(SAMPLED))
    except OSError as error:
        raise RecordError(f"{folder}: the model's files cannot be read ({error.strerror or error})") from error
    return digest.hexdigest()


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith((".", "__")) for part in path.relative_to(folder).parts)


def _array_sha256(values: np.ndarray) -> str:
    digest = hashlib.sha256("x".join(str(side) for side in values.shape).encode())
    digest.update(np.ascontiguousarray(values, dtype=np.uint8).data)
    return digest.hexdigest()


def _processor() -> str:
    """The CPU's model name, where the system tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _short(value: Any) -> str:
    text = str(value)
    return text[:12] + "…" if len(text) == 64 else text
