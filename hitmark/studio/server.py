"""The application and the process that serves it."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from hitmark.errors import HitmarkError
from hitmark.run.record import hitmark_version
from hitmark.scene.schema import Scene
from hitmark.studio import job_routes, routes
from hitmark.studio.answers import Error
from hitmark.studio.bodies import REQUESTS
from hitmark.studio.refusals import NeedsError, sentence_of, status_of
from hitmark.studio.security import Guard
from hitmark.studio.studio import Studio

REFERENCE = "#/components/schemas/{model}"
GRACE = 2  # seconds that open connections get when the server ends


def application(studio: Studio, *, start: bool = True) -> FastAPI:
    """Return the application of a studio; `start`: with its worker, from the first request to the last."""

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        if start:
            studio.start()
        yield
        studio.stop()

    app = FastAPI(
        title="hitmark studio",
        version=hitmark_version(),
        description="Scenes, projects and jobs. Requests that change something need the header `X-Hitmark: 1`.",
        lifespan=life,
        docs_url=None,  # these pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.studio = studio
    for router in (routes.router, job_routes.router):
        app.router.routes.extend(router.routes)  # as they are: `include_router` would make each of them anew
    for kind in (HitmarkError, OSError):
        app.add_exception_handler(kind, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _unknown)
    app.add_middleware(Guard, access=studio.access)
    app.openapi = _described(app)
    return app


def _refused(_request: Request, error: Exception) -> JSONResponse:
    status = status_of(error)
    headers = {"connection": "close"} if status == 413 else None  # what was declared is not read any more
    needs = {"needs": error.needs} if isinstance(error, NeedsError) else {}
    return JSONResponse({"error": sentence_of(error)} | needs, status, headers)


def _invalid(_request: Request, error: Exception) -> JSONResponse:
    """Wrong query parameters or headers; bodies are read by `hitmark.studio.bodies`."""
    problems = error.errors() if isinstance(error, RequestValidationError) else []
    told = [f"{problem['loc'][-1]}: {problem['msg']}, got {problem.get('input')!r:.80}" for problem in problems]
    return JSONResponse({"error": "; ".join(told).encode("utf-8", "replace").decode() or "request: invalid"}, 422)


def _unknown(request: Request, error: Exception) -> JSONResponse:
    """No such address or method."""
    status = error.status_code if isinstance(error, HTTPException) else 404
    what = "no such address" if status == 404 else f"{error.detail if isinstance(error, HTTPException) else error}"
    sentence = f"{request.method} {request.url.path[:200]}: {what}; see /openapi.json".encode("utf-8", "replace")
    headers = error.headers if isinstance(error, HTTPException) else None
    return JSONResponse({"error": sentence.decode()}, status, dict(headers or {}))


def _described(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """The OpenAPI description with the bodies, which the routes read themselves, and the scene's own schema."""
    made: dict[str, Any] = {}

    def describe() -> dict[str, Any]:
        if not made:
            made.update(
                get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            )
            _add_schemas(made)
        return made

    return describe


def _add_schemas(description: dict[str, Any]) -> None:
    schemas = description.setdefault("components", {}).setdefault("schemas", {})
    for model in (Scene, *REQUESTS):
        schema = model.model_json_schema(ref_template=REFERENCE)
        schemas |= schema.pop("$defs", {})
        if "scene" in schema.get("properties", {}):
            schema["properties"]["scene"] = {"$ref": REFERENCE.format(model="Scene")}
        schemas[model.__name__] = schema
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    error = {"$ref": REFERENCE.format(model=Error.__name__)}
    changing = {"name": "X-Hitmark", "in": "header", "required": True, "schema": {"const": "1", "type": "string"}}
    for path in description["paths"].values():
        for method, operation in path.items():
            invalid = operation["responses"].get("422")
            if invalid is not None:
                invalid["content"] = {"application/json": {"schema": error}}
            if method != "get":
                operation.setdefault("parameters", []).append(changing)
                refused = {
                    "description": "foreign, or without X-Hitmark",
                    "content": {"application/json": {"schema": error}},
                }
                operation["responses"]["403"] = refused


class Server(uvicorn.Server):
    """Ends the event streams when it is told to end; a browser would hold them open for ever."""

    def __init__(self, studio: Studio, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._studio = studio

    def handle_exit(self, sig: int, frame: Any) -> None:
        """On Ctrl-C and SIGTERM."""
        self._studio.hub.close()
        super().handle_exit(sig, frame)


def bound(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 = a free one. Raises `HitmarkError` when the address cannot be had."""
    try:
        family, _kind, _protocol, _name, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise HitmarkError(
            f"--host {host} --port {port}: cannot listen there ({reason}); choose another port, or 0 for a free one"
        ) from error
    return listening


def serve(studio: Studio, listening: socket.socket) -> None:
    """Serve until Ctrl-C."""
    config = uvicorn.Config(
        application(studio),
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,  # nothing here is kept by its age
        timeout_graceful_shutdown=GRACE,
        h11_max_incomplete_event_size=64 * 1024,
    )
    with suppress(KeyboardInterrupt):  # uvicorn raises it again after a clean end
        Server(studio, config).run(sockets=[listening])
