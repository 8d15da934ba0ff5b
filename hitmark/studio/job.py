"""One job: what is asked, how far it is, what came of it. Kept whole in `FOLDER/jobs/ID/job.json`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from hitmark.files import write_text

State = Literal["queued", "loading", "running", "saving", "done", "failed", "cancelled"]
WAITING: tuple[State, ...] = ("queued",)
AT_WORK: tuple[State, ...] = ("loading", "running", "saving")
FINISHED: tuple[State, ...] = ("done", "failed", "cancelled")

FILES = {
    "clip.mp4": "clip.mp4",
    "clip.gif": "clip.gif",
    "scene.json": "scene.json",
    "clip.json": "clip.json",
    "clip.image.png": "clip.image.png",
    "plan.png": "clip.plan.png",
    "sheet.png": "clip.sheet.png",
    "first.png": "first.png",
    "last.png": "last.png",
}
"""Names in the API -> files in the job's folder. The clip's own are those of `hitmark generate -o clip.mp4`."""
PREVIEW = re.compile(r"preview-\d{1,4}\.webp", re.ASCII)
RESULT = "result.json"  # written last by the worker: its presence means that all other files are whole


class Result(BaseModel):
    """What the worker found out about a finished clip."""

    model_config = ConfigDict(extra="forbid")

    frames: int
    width: int
    height: int
    fps: float
    seconds: float
    peak_memory: int
    frames_sha256: str
    scores: dict[str, dict[str, float | None]] | None = Field(
        default=None,
        description="subject -> path error px, guess px, found share, overlap; of those looked for",
    )
    found: dict[str, list[tuple[float, float] | None]] | None = Field(
        default=None, description="subject -> center of each frame, in pixels of the frames; null = not found"
    )
    observers: dict[str, str] | None = Field(default=None, description="subject -> which observer looked for it")


class Job(BaseModel):
    """What stands in job.json."""

    model_config = ConfigDict(extra="ignore", validate_assignment=False)

    id: str
    number: int  # counts up over the folder's life
    group: str  # id of the first job of those asked together
    role: Literal["controlled", "baseline"]
    state: State = "queued"
    step: int = 0
    steps: int
    eta: float | None = None
    error: str | None = None
    hint: str | None = None
    scene: dict[str, JsonValue]
    seed: int
    method: str
    model: str
    created: str
    project: str | None = None
    asked_steps: int | None = None
    call: dict[str, JsonValue] = {}
    frames: int
    width: int
    height: int
    fps: float
    tracks: list[dict[str, JsonValue]] = []
    preview: str | None = None
    result: Result | None = None
    cancelling: bool = False  # asked to end, and still at work
    title: str | None = None  # what a person calls it
    star: bool = False
    starts: int = 0  # how often a worker has begun it: what was interrupted twice is not tried again

    def save(self, folder: Path) -> None:
        """Write job.json into the job's folder, whole or not at all. Raises `OutputError`."""
        write_text(folder / "job.json", self.model_dump_json(indent=1) + "\n")

    def shown(self, folder: Path, *, brief: bool = False) -> dict[str, Any]:
        """As the API gives it; `brief`, as in events: without scene and tracks."""
        left_out = {"number", "result", "preview", "asked_steps"} | ({"scene", "tracks"} if brief else set())
        fields = self.model_dump(mode="json", exclude=left_out)
        result = self.result
        fields |= {
            "seconds": None if result is None else result.seconds,
            "peak_memory": None if result is None else result.peak_memory,
            "scores": None if result is None else result.scores,
            "found": None if result is None else result.found,
            "observers": None if result is None else result.observers,
            "preview": None if self.preview is None else self.url(self.preview),
            "files": self.files(folder),
        }
        return fields

    def files(self, folder: Path) -> dict[str, str]:
        """Name -> URL of what can be fetched: the scene always, the rest of a finished job."""
        names = FILES if self.state == "done" else {"scene.json": "scene.json"}
        return {name: self.url(name) for name, file in names.items() if (folder / file).is_file()}

    def url(self, name: str) -> str:
        """Where the API serves a file of this job."""
        return f"/api/jobs/{self.id}/files/{name}"
