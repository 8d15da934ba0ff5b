"""Routes of the page, the information, pictures, scenes and projects."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi import Path as Place
from fastapi.responses import FileResponse, JSONResponse, Response

from hitmark.studio.answers import (
    Check,
    Example,
    ImportedScene,
    Information,
    KeptPicture,
    Project,
    ProjectEntry,
    Revision,
    refusals,
)
from hitmark.studio.assets import sent
from hitmark.studio.bodies import (
    CheckRequest,
    ExportRequest,
    NameRequest,
    ProjectRequest,
    described,
    described_bytes,
    json_body,
    raw_body,
)
from hitmark.studio.exchange import LARGEST_UPLOAD, read_upload, written
from hitmark.studio.folder import LONGEST_NAME
from hitmark.studio.pictures import LARGEST_FILE, keep_picture
from hitmark.studio.refusals import RefusedError
from hitmark.studio.scenes import checked, scene_of, with_picture
from hitmark.studio.studio import Studio

KEEP = {"cache-control": "private, max-age=31536000, immutable"}


async def of_request(request: Request) -> Studio:  # async: else a thread is asked for it at each request
    """The studio that this application serves."""
    return request.app.state.studio


Own = Annotated[Studio, Depends(of_request)]
Identity = Annotated[str, Place(description="24 hexadecimal digits", json_schema_extra={"pattern": "^[0-9a-f]{24}$"})]
Name = Annotated[
    str,
    Place(description="name of a project, in any script", json_schema_extra={"maxLength": LONGEST_NAME}),
]
router = APIRouter()


@router.get("/", include_in_schema=False)
def page(studio: Own, request: Request) -> Response:
    """The page; it is told whose drafts it may show."""
    return sent("index.html", request, {"FOLDER-ID": studio.identity, "PAGE-VERSION": studio.version})


@router.get("/assets/{name:path}", include_in_schema=False)
async def asset(name: str, request: Request) -> Response:
    """A file of the page, by its exact place in the folder; async, as a hundred of them make a page."""
    return sent(name, request)


@router.get("/api/info", responses={200: {"model": Information}}, tags=["about"])
def info(studio: Own) -> JSONResponse:
    """Models with their methods and knobs, formats, easings, limits."""
    return JSONResponse(studio.information())


@router.get("/api/examples", responses={200: {"model": list[Example]}}, tags=["about"])
def examples(studio: Own) -> JSONResponse:
    """Built-in scenes that run on the embedded models in under a minute."""
    return JSONResponse(studio.examples())


@router.post(
    "/api/pictures",
    responses={200: {"model": KeptPicture}, **refusals(413, 415)},
    openapi_extra=described_bytes("image/png", "image/jpeg", "image/webp"),
    tags=["pictures"],
)
def add_picture(studio: Own, data: Annotated[bytes, raw_body(LARGEST_FILE, "picture")]) -> JSONResponse:
    """Keep a picture: the body is the content of a PNG, JPEG, WEBP, GIF, BMP or TIFF file, at most 32 MB."""
    return JSONResponse(keep_picture(studio.folder, data).shown())


@router.get(
    "/api/pictures/{identity}",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}, **refusals(404)},
    tags=["pictures"],
)
def picture(studio: Own, identity: Identity) -> Response:
    """A picture as PNG."""
    path = studio.folder.picture(identity)
    if not path.is_file():
        raise RefusedError(404, f"picture: there is none with the id {identity}; load the picture again")
    return FileResponse(path, media_type="image/png", headers=KEEP)


@router.post(
    "/api/check",
    responses={200: {"model": Check}, **refusals(400, 413, 415, 422)},
    openapi_extra=described(CheckRequest),
    tags=["scenes"],
)
def check(asked: Annotated[CheckRequest, json_body(CheckRequest)]) -> JSONResponse:
    """Check a scene and evaluate its boxes; problems are an answer, not an error."""
    return JSONResponse(checked(asked.scene, asked.frames))


@router.post(
    "/api/import",
    responses={200: {"model": ImportedScene}, **refusals(413, 415, 422)},
    openapi_extra=described_bytes("application/octet-stream"),
    tags=["scenes"],
)
def import_scene(
    studio: Own,
    data: Annotated[bytes, raw_body(LARGEST_UPLOAD, "file")],
    x_name: Annotated[str, Header(description="name of the file; only its extension is used")] = "scene.json",
    width: Annotated[int | None, Query(ge=1, le=16_384, description="of the canvas of pixel coordinates")] = None,
    height: Annotated[int | None, Query(ge=1, le=16_384)] = None,
    record: Annotated[
        str | None, Query(max_length=2000, description="which entry of a list, or scene of a zip")
    ] = None,
    units: Annotated[str | None, Query(max_length=40, description="fraction or pixel, of coordinates")] = None,
    axes: Annotated[str | None, Query(max_length=40, description="order of an array's first axes")] = None,
) -> JSONResponse:
    """Read a scene of any format; the body is the content of the file, at most 64 MB."""
    options = {"width": width, "height": height, "record": record, "units": units, "axes": axes}
    return JSONResponse(read_upload(studio.folder, data, x_name, options).shown())


@router.post(
    "/api/export",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}, **refusals(400, 404, 413, 415, 422)},
    openapi_extra=described(ExportRequest),
    tags=["scenes"],
)
def export_scene(studio: Own, asked: Annotated[ExportRequest, json_body(ExportRequest)]) -> Response:
    """Write a scene in a format; the header X-Notes says what the format could not hold, as a JSON list."""
    scene = with_picture(studio.folder, scene_of(asked.scene))
    file = written(studio.folder, scene, asked.format, asked.frames)
    headers = {
        "content-disposition": f'attachment; filename="{file.name}"',
        "x-notes": json.dumps(file.notes()),
        "cache-control": "no-store",
    }
    return Response(file.data, media_type="application/octet-stream", headers=headers)


@router.get("/api/projects", responses={200: {"model": list[ProjectEntry]}}, tags=["projects"])
def projects(studio: Own) -> JSONResponse:
    """All projects, the last changed first."""
    return JSONResponse(studio.projects.all())


@router.get("/api/projects/{name}", responses={200: {"model": Project}, **refusals(404, 422)}, tags=["projects"])
def project(studio: Own, name: Name) -> JSONResponse:
    """A project with its scene, exactly as it was saved."""
    return JSONResponse(studio.projects.read(name))


@router.put(
    "/api/projects/{name}",
    responses={200: {"model": Revision}, **refusals(400, 404, 409, 413, 415, 422)},
    openapi_extra=described(ProjectRequest),
    tags=["projects"],
)
def save_project(studio: Own, name: Name, asked: Annotated[ProjectRequest, json_body(ProjectRequest)]) -> JSONResponse:
    """Save a scene under a name; 409 when it was changed since `revision` was read."""
    return JSONResponse({"revision": studio.projects.write(name, asked.scene, asked.revision, force=asked.force)})


@router.post(
    "/api/projects/{name}/rename",
    responses={200: {"model": Revision}, **refusals(400, 404, 409, 413, 415, 422)},
    openapi_extra=described(NameRequest),
    tags=["projects"],
)
def rename_project(studio: Own, name: Name, asked: Annotated[NameRequest, json_body(NameRequest)]) -> JSONResponse:
    """Give a project another name; 409 when that is taken."""
    return JSONResponse({"revision": studio.projects.rename(name, asked.to)})


@router.post(
    "/api/projects/{name}/duplicate",
    responses={200: {"model": Revision}, **refusals(400, 404, 409, 413, 415, 422)},
    openapi_extra=described(NameRequest),
    tags=["projects"],
)
def duplicate_project(studio: Own, name: Name, asked: Annotated[NameRequest, json_body(NameRequest)]) -> JSONResponse:
    """Copy a project under another name; 409 when that is taken."""
    return JSONResponse({"revision": studio.projects.duplicate(name, asked.to)})


@router.delete("/api/projects/{name}", responses={200: {}, **refusals(404, 422)}, tags=["projects"])
def remove_project(studio: Own, name: Name) -> JSONResponse:
    """Remove a project with its files."""
    studio.projects.remove(name)
    answer: dict[str, Any] = {}
    return JSONResponse(answer)
