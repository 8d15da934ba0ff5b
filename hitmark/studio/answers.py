"""What the API answers, for its OpenAPI description: models that document; the answers themselves are plain JSON."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field, JsonValue

from hitmark.studio.job import State

REASONS = {
    400: "no JSON, or not all of it",
    404: "there is no such thing",
    409: "the state of the studio does not allow it",
    413: "larger than the limit",
    415: "another kind of content than expected",
    422: "well-formed, but something in it is wrong",
}


class Error(BaseModel):
    """Every refusal."""

    error: str = Field(description="one sentence: the field, what was expected, what came, the fix")
    needs: dict[str, JsonValue] | None = Field(
        default=None,
        description="only of an import that needs more: `canvas` (width and height of pixel coordinates), "
        "`records` (a list of {id, label}: choose one), `choices` (option -> its values: choose one)",
    )


class Knob(BaseModel):
    """A setting of a method."""

    name: str
    help: str
    more: str
    type: Literal["int", "float", "bool", "choice", "text"]
    low: float | None
    high: float | None
    choices: list[JsonValue] | None
    default: JsonValue
    optional: bool = Field(description="whether null is a value")


class Method(BaseModel):
    """A published method that fits the model."""

    name: str
    help: str
    needs_subjects: bool
    needs: Literal["box", "subject", "words"] | None = Field(
        description="the least that a scene must have: a box of any kind, a subject, a subject with words of the prompt"
    )
    knobs: list[Knob]


class Model(BaseModel):
    """A model and what it is called with unless told otherwise."""

    name: str
    task: Literal["image-to-video", "text-to-video"]
    installed: bool
    why: str | None
    license: str
    about: str | None = Field(description="what to know before it is used; null for nothing")
    width: int
    height: int
    fps: float
    frames: int
    steps: int
    size_unit: int = Field(description="pixels that both sides must be multiples of")
    frame_unit: int = Field(description="the frames of a clip are a multiple of it and one more; 1 = any number")
    least_frames: int = Field(description="fewest frames of a clip")
    cell: int = Field(description="pixels of a latent cell")
    call: dict[str, JsonValue]
    takes_picture: bool
    reads_prompt: bool = Field(description="whether a clip is made from words, with or without a picture")
    best_method: str
    most_speed: float | None
    methods: list[Method]
    pictured: Model | None = Field(None, description="the same weights for a scene with a picture; null: as here")


class SceneFormat(BaseModel):
    """A format of scene files."""

    name: str
    label: str
    suffix: str
    reads: bool
    writes: bool


class Information(BaseModel):
    """GET /api/info."""

    version: str
    folder: str
    models: list[Model]
    easings: list[str]
    formats: list[SceneFormat]
    limits: dict[str, int]


class Example(BaseModel):
    """A built-in scene."""

    name: str
    label: str
    scene: dict[str, JsonValue]
    picture: str | None
    seconds: float


class KeptPicture(BaseModel):
    """A picture that is kept."""

    id: str
    width: int
    height: int
    url: str


class TrackAnswer(BaseModel):
    """A box over time."""

    name: str
    kind: Literal["subject", "anchor", "camera"]
    boxes: list[list[float]]
    visible: list[bool]


class Check(BaseModel):
    """POST /api/check: `scene`, `tracks` and `warnings` when `ok`, else `problems`."""

    ok: bool
    problems: list[str] | None = None
    scene: dict[str, JsonValue] | None = None
    tracks: list[TrackAnswer] | None = None
    warnings: list[dict[str, str | None]] | None = None


class ImportedScene(BaseModel):
    """POST /api/import."""

    scene: dict[str, JsonValue]
    picture: KeptPicture | None
    notes: list[str]
    format: str


class ProjectEntry(BaseModel):
    """A project in the list."""

    name: str
    changed: str
    subjects: int
    picture: str | None
    problem: str | None = Field(description="why it cannot be opened; null when it can")


class Project(BaseModel):
    """A project."""

    name: str
    scene: dict[str, JsonValue]
    changed: str
    revision: int


class Revision(BaseModel):
    """What was saved."""

    revision: int


class JobAnswer(BaseModel):
    """A job."""

    id: str
    group: str
    role: Literal["controlled", "baseline"]
    state: State
    step: int
    steps: int
    eta: float | None
    error: str | None
    hint: str | None
    scene: dict[str, JsonValue]
    seed: int
    method: str
    model: str
    created: str
    project: str | None
    call: dict[str, JsonValue]
    cancelling: bool = Field(description="asked to end, and still at work")
    silent: float | None = Field(description="seconds since the worker was last heard, while the job is at work")
    title: str | None = Field(description="what a person calls it")
    star: bool
    starts: int
    seconds: float | None
    peak_memory: int | None
    preview: str | None
    files: dict[str, str]
    frames: int
    fps: float
    width: int
    height: int
    tracks: list[TrackAnswer]
    scores: dict[str, dict[str, float | None]] | None
    found: dict[str, list[list[float] | None]] | None
    observers: dict[str, str] | None = Field(description="subject -> which observer looked for it")


class JobsAnswer(BaseModel):
    """Jobs, newest last."""

    jobs: list[JobAnswer]
    total: int = Field(description="how many there are of what was asked for, on this page and on others")
    unreadable: list[str] = Field(default=[], description="folders among the jobs that cannot be read, and why")


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The refusals of a route, for its description."""
    return {status: {"model": Error, "description": REASONS[status]} for status in statuses}
