"""The files of the page, sent without the comments and indents that only their readers need, and packed."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
from functools import lru_cache
from pathlib import Path

from fastapi import Request
from fastapi.responses import Response

from hitmark.studio.bundle import BUNDLE, bundled, door, is_module
from hitmark.studio.refusals import RefusedError

PAGE = Path(__file__).parent / "page"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".json": "application/json",
}
BLOCK = re.compile(rb"^[ \t]*/\*.*?\*/", re.DOTALL | re.MULTILINE)
LINE = re.compile(rb"^[ \t]*//[^\n]*", re.MULTILINE)
END = re.compile(rb"^([^\"'`/\n]*?)[ \t]+//[^\n]*", re.MULTILINE)  # after code in which no text and no pattern begins
INDENT = re.compile(rb"^[ \t]+", re.MULTILINE)


def sent(name: str, request: Request, words: dict[str, str] | None = None) -> Response:
    """A file of the page by its exact place in the folder; 304 where the browser has it as it is now.

    Args:
        name: of the file, below the page's folder, as in `canvas/draw.js`.
        request: what the browser has and takes.
        words: what stands in the file in place of these words.

    Raises:
        RefusedError: 404 when there is none of that name.
    """
    path = PAGE / name if name == BUNDLE else found(name)
    if path is None:
        raise RefusedError(404, f"assets: there is no file {name!r:.80} of the page")
    data, packed, tag = content(path, changed(path), tuple((words or {}).items()))
    headers = {"cache-control": "no-cache", "etag": tag, "vary": "accept-encoding"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(packed, media_type=TYPES[path.suffix], headers=headers | {"content-encoding": "gzip"})
    return Response(data, media_type=TYPES[path.suffix], headers=headers)


def found(name: str) -> Path | None:
    """The file of that name among `files()`, without a look at all the others; None when there is none."""
    place = PAGE
    for part in name.split("/"):
        if not place.is_dir() or part not in os.listdir(place):  # as it is spelled: not "..", not another case
            return None
        place /= part
    return place if place.suffix in TYPES else None


def files() -> dict[str, Path]:
    """Every file of the page by its place below the page's folder; the only ones that are ever sent."""
    return {path.relative_to(PAGE).as_posix(): path for path in sorted(PAGE.rglob("*")) if path.suffix in TYPES}


def changed(path: Path) -> int:
    """When a file of the page was changed last, in nanoseconds; of the one with all modules: when any was."""
    parts = files().values() if path == PAGE / BUNDLE else (path,)
    return max(part.stat().st_mtime_ns for part in parts)


@lru_cache(maxsize=256)
def content(path: Path, _changed: int, words: tuple[tuple[str, str], ...] = ()) -> tuple[bytes, bytes, str]:
    """Bytes, packed bytes and entity tag of a file as it was at that change."""
    if path.suffix in (".js", ".css"):
        data = lean(script(path).encode() if path.suffix == ".js" else path.read_bytes())
    else:
        data = path.read_bytes()
    for word, meant in words:
        data = data.replace(word.encode(), meant.encode())
    return data, gzip.compress(data, 9, mtime=0), f'"{hashlib.sha256(data).hexdigest()[:16]}"'


def script(path: Path) -> str:
    """A script of the page as it is sent: modules stand in one file, under their own addresses what fetches them."""
    if path == PAGE / BUNDLE:
        sources = {name: place.read_text() for name, place in files().items() if place.suffix == ".js"}
        return bundled({name: source for name, source in sources.items() if is_module(source)})
    source = path.read_text()
    return door(path.relative_to(PAGE).as_posix(), source) if is_module(source) else source


def lean(source: bytes) -> bytes:
    """A script or style without its comments and indents; every line of the rest keeps its number.

    Sound where no text goes over several lines: then what begins a line like a comment is one. The page's scripts are
    held to that by a test.
    """
    bare = BLOCK.sub(lambda found: b"\n" * found.group().count(b"\n"), source)
    return INDENT.sub(b"", END.sub(rb"\1", LINE.sub(b"", bare)))


def page_version() -> str:
    """12 hexadecimal digits that are others when any file of the page is: tabs of two versions share nothing."""
    digest = hashlib.sha256()
    for name, path in files().items():
        digest.update(name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]
