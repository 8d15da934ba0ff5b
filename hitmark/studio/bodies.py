"""Reading requests: never more than the limit, strict JSON, and one sentence for all that is wrong with it."""

from __future__ import annotations

from typing import Any, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from starlette.requests import ClientDisconnect

from hitmark.scene.problems import scene_error
from hitmark.scene.storage import LARGEST_FILE as LARGEST_SCENE
from hitmark.scene.storage import parse_json
from hitmark.studio.refusals import RefusedError

SceneFields = dict[str, JsonValue]


class Asked(BaseModel):
    """Unknown fields are errors, and numbers are finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class CheckRequest(Asked):
    """A scene to be checked."""

    scene: SceneFields = Field(description="a scene, as in a scene file")
    frames: int | None = Field(default=None, ge=2, le=10_000, description="boxes for how many frames")


class ExportRequest(Asked):
    """A scene to be written in a format."""

    scene: SceneFields = Field(description="a scene, as in a scene file")
    format: str = Field(default="hitmark", max_length=40, description="name of a format, see /api/info")
    frames: int | None = Field(default=None, ge=2, le=10_000, description="boxes for how many frames")


class ProjectRequest(Asked):
    """A scene to be kept under a name."""

    scene: SceneFields = Field(description="a scene, as in a scene file")
    revision: int | None = Field(
        default=None, ge=0, le=2**53 - 1, description="the revision that was read; null for a new project"
    )
    force: bool = Field(default=False, description="replace whatever is there")


class NameRequest(Asked):
    """Another name for a project."""

    to: str = Field(max_length=200, description="the new name")


class JobChange(Asked):
    """What a person notes on a result; what is left out stays as it is."""

    title: str | None = Field(default=None, max_length=200, description='a name of one\'s own; "" = none')
    star: bool | None = Field(default=None, description="whether it is marked as one of the good ones")


class JobsRequest(Asked):
    """Clips to be made of a scene."""

    scene: SceneFields = Field(description="a scene, as in a scene file")
    steps: int | None = Field(default=None, ge=1, le=1000, description="of denoising; null = the model's")
    call: dict[str, JsonValue] = Field(default={}, description="arguments of the model's pipeline")
    variants: int = Field(default=1, ge=1, le=8, description="number of clips, of seeds one after the other")
    baseline: bool = Field(default=False, description="also the clip of each seed without control")
    project: str | None = Field(default=None, max_length=80, description="the project that the scene is of")


Body = TypeVar("Body", bound=Asked)
REQUESTS: tuple[type[Asked], ...] = (CheckRequest, ExportRequest, ProjectRequest, NameRequest, JobsRequest, JobChange)


def json_body(model: type[Body]) -> Any:
    """A dependency that reads the request's body, at most 8 MB of strict JSON, as `model`."""

    async def read(request: Request) -> Body:
        kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise RefusedError(415, f"content-type: expected application/json, got {kind!r:.80}; send JSON")
        return parsed(model, await read_bytes(request, LARGEST_SCENE, "the request"))

    return Depends(read)


def parsed(model: type[Body], data: bytes) -> Body:
    """Check a body against a model. Raises `RefusedError` (400) for what is no JSON, `SceneError` for its fields."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RefusedError(
            400, f"request: expected UTF-8 text, got byte 0x{data[error.start]:02x}; send UTF-8"
        ) from None
    try:
        parse_json(text, "request")
    except ValueError as error:
        raise RefusedError(400, str(error)) from None
    try:
        return model.model_validate_json(text, strict=True)
    except ValidationError as error:
        raise scene_error(error, model, "request") from None


def raw_body(limit: int, what: str) -> Any:
    """A dependency that reads the request's body as bytes, at most `limit`."""

    async def read(request: Request) -> bytes:
        return await read_bytes(request, limit, what)

    return Depends(read)


async def read_bytes(request: Request, limit: int, what: str) -> bytes:
    """Read a body. Raises `RefusedError` (413) from its declared length alone, or when more comes than the limit."""
    declared = request.headers.get("content-length", "0")
    if len(declared) > 18 or not declared.isdecimal() or int(declared) > limit:
        raise RefusedError(
            413, f"{what}: expected at most {limit >> 20} MB, got {declared[:18]} bytes; it was not read"
        )
    parts: list[bytes] = []
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > limit:
                raise RefusedError(413, f"{what}: expected at most {limit >> 20} MB, got more; the rest was not read")
            parts.append(part)
    except ClientDisconnect:
        raise RefusedError(400, f"{what}: the connection ended before all of it had come; send it again") from None
    return b"".join(parts)


def described(model: type[Asked]) -> dict[str, Any]:
    """The body of a route for its OpenAPI entry."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def described_bytes(*kinds: str) -> dict[str, Any]:
    """The same for a body that is the content of a file."""
    schema = {"type": "string", "format": "binary"}
    return {"requestBody": {"required": True, "content": {kind: {"schema": schema} for kind in kinds}}}
