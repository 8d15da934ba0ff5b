"""Routes of the jobs, their files and the stream of events."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from fastapi import Path as Place
from fastapi.responses import FileResponse, JSONResponse, Response, StreamingResponse

from hitmark.errors import HitmarkError
from hitmark.studio.answers import JobAnswer, JobsAnswer, refusals
from hitmark.studio.bodies import JobChange, JobsRequest, described, json_body
from hitmark.studio.job import FILES, PREVIEW, Job
from hitmark.studio.orders import order
from hitmark.studio.refusals import RefusedError
from hitmark.studio.routes import Own
from hitmark.studio.studio import Studio

TYPES = {
    ".mp4": "video/mp4",
    ".gif": "image/gif",
    ".png": "image/png",
    ".webp": "image/webp",
    ".json": "application/json",
}
Identity = Annotated[str, Place(description="of a job", json_schema_extra={"pattern": "^[0-9]{6}-[0-9a-f]{6}$"})]
router = APIRouter(tags=["jobs"])


def shown(studio: Studio, job: Job) -> dict[str, Any]:
    """A job as the API gives it."""
    return studio.queue.show(job)


@router.post(
    "/api/jobs",
    responses={200: {"model": JobsAnswer}, **refusals(400, 404, 409, 413, 415, 422)},
    openapi_extra=described(JobsRequest),
)
def add_jobs(studio: Own, asked: Annotated[JobsRequest, json_body(JobsRequest)]) -> JSONResponse:
    """Queue the clips of a scene; all that can be checked before the model runs is checked here."""
    return JSONResponse({"jobs": [shown(studio, job) for job in order(studio.queue, asked)]})


@router.get("/api/jobs", responses={200: {"model": JobsAnswer}, **refusals(422)})
def jobs(
    studio: Own,
    limit: Annotated[int | None, Query(ge=1, le=10_000, description="only the newest so many; all without it")] = None,
    before: Annotated[str | None, Query(max_length=40, description="only older ones than this id")] = None,
    project: Annotated[str | None, Query(max_length=80, description='only of this project; "" = of none')] = None,
    star: Annotated[bool, Query(description="only those with a star")] = False,
    brief: Annotated[bool, Query(description="without scene and tracks")] = False,
) -> JSONResponse:
    """The jobs, newest last."""

    def chosen(job: Job) -> bool:
        return (project is None or (job.project or "") == project) and (job.star or not star)

    found, total = studio.queue.page(chosen, before, limit)
    listed = []
    for job in found:
        with suppress(HitmarkError):  # its folder became a link while the server ran
            listed.append(studio.queue.show(job, brief=brief))
    return JSONResponse({"jobs": listed, "total": total, "unreadable": studio.queue.unreadable})


@router.get("/api/jobs/{identity}", responses={200: {"model": JobAnswer}, **refusals(404)})
def job(studio: Own, identity: Identity) -> JSONResponse:
    """One job."""
    return JSONResponse(shown(studio, studio.queue.get(identity)))


@router.post("/api/jobs/{identity}/cancel", responses={200: {"model": JobAnswer}, **refusals(404)})
def cancel_job(studio: Own, identity: Identity) -> JSONResponse:
    """Cancel a job: a waiting one now, one at work within a step; a finished one stays as it is."""
    return JSONResponse(shown(studio, studio.runner.cancel(identity)))


@router.post("/api/jobs/{identity}/retry", responses={200: {"model": JobAnswer}, **refusals(404, 409)})
def retry_job(studio: Own, identity: Identity) -> JSONResponse:
    """Queue a failed or cancelled job again."""
    return JSONResponse(shown(studio, studio.queue.retry(identity)))


@router.patch(
    "/api/jobs/{identity}",
    responses={200: {"model": JobAnswer}, **refusals(400, 404, 409, 413, 415, 422)},
    openapi_extra=described(JobChange),
)
def change_job(studio: Own, identity: Identity, asked: Annotated[JobChange, json_body(JobChange)]) -> JSONResponse:
    """Give a job a name of one's own, or a star."""
    return JSONResponse(shown(studio, studio.queue.change(identity, title=asked.title, star=asked.star)))


@router.delete("/api/jobs/{identity}", responses={200: {}, **refusals(404, 409)})
def remove_job(studio: Own, identity: Identity) -> JSONResponse:
    """Remove a finished job with its files."""
    studio.queue.remove(identity)
    answer: dict[str, Any] = {}
    return JSONResponse(answer)


@router.get(
    "/api/jobs/{identity}/files/{name}",
    response_class=Response,
    responses={
        200: {"content": {kind: {} for kind in TYPES.values()}},
        206: {"description": "the part that was asked for by Range", "content": {kind: {} for kind in TYPES.values()}},
        **refusals(404),
        416: {"description": "the Range lies outside of the file", "content": {"text/plain": {}}},
    },
)
def job_file(
    studio: Own, identity: Identity, name: str, download: Annotated[str, Query(description="1 = as an attachment")] = ""
) -> Response:
    """A file of a job."""
    found = studio.queue.get(identity)
    file = FILES.get(name) or (name if PREVIEW.fullmatch(name) else None)
    path = None if file is None else studio.folder.inside("jobs", found.id, file)
    if path is None or not path.is_file():
        raise RefusedError(404, f"files: job {found.id} has no file {name!r:.60}; see its `files`")
    shown_as = f"{found.id}-{name}" if download == "1" else None
    headers = {"cache-control": "no-cache"}
    return FileResponse(path, media_type=TYPES[path.suffix], headers=headers, filename=shown_as)


@router.get(
    "/api/events",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {}}}, **refusals(409)},
)
async def events(studio: Own, last_event_id: Annotated[str | None, Header()] = None) -> StreamingResponse:
    """Server-Sent Events `hello`, `job`, `preview`, `removed`; with Last-Event-ID what was missed since."""
    studio.hub.check_room()
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(studio.hub.stream(last_event_id), media_type="text/event-stream", headers=headers)
