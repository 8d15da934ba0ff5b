"""Scene files on disk: bounded reading, strict JSON, readable writing, atomic replacement."""

from __future__ import annotations

import json
import math
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

from hitmark.scene.problems import SceneError, shorten

LARGEST_FILE = 8 * 1024 * 1024  # bytes; a scene of 10,000 keyframes has about one megabyte
DEEPEST_NESTING = 64
LINE_WIDTH = 110


def read_text(path: str | os.PathLike[str], largest: int = LARGEST_FILE) -> str:
    """Return the UTF-8 text of a regular file of at most `largest` bytes; `SceneError` names what is wrong otherwise.

    The size is asked before anything is read. A byte order mark at the start is allowed.
    """
    path = Path(path)
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise SceneError(f"{path}: expected a scene file, got a folder; name the file in it")
        if not stat.S_ISREG(status.st_mode):
            raise SceneError(f"{path}: expected an ordinary file, got a device or pipe; save the scene to a file first")
        if status.st_size > largest:
            raise SceneError(
                f"{path}: expected a scene of at most {largest / 2**20:.0f} MB, got {status.st_size / 2**20:.1f} MB; "
                "it was not read. Check that this is a scene file, or use fewer keyframes"
            )
        with path.open("rb") as stream:
            data = stream.read(largest + 1)
    except FileNotFoundError:
        raise SceneError(f"{path}: no such file; check the path") from None
    except (OSError, ValueError) as error:
        if isinstance(error, SceneError):
            raise
        raise SceneError(f"{path}: cannot be read ({_reason(error)}); check the path and its permissions") from error
    return _decode(path, data, largest)


def _decode(path: Path, data: bytes, largest: int) -> str:
    if len(data) > largest:  # it grew after its size was asked
        raise SceneError(f"{path}: larger than {largest / 2**20:.0f} MB; check that this is a scene file")
    if not data.strip():
        raise SceneError(f"{path}: expected a scene, got an empty file; write one or copy an example")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SceneError(
            f"{path}: expected UTF-8 text, got byte 0x{data[error.start]:02x} at position {error.start}; "
            "save the file as UTF-8 (or this is not a text file)"
        ) from None


def parse_json(text: str, source: str) -> Any:
    """Parse strict JSON: no NaN or Infinity, no repeated keys, at most `DEEPEST_NESTING` levels.

    Python's own parser lets these pass; each is a mistake that would otherwise surface much later.

    Raises:
        SceneError: names `source`, the place, and the fix.
    """
    try:
        value = json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_float=_finite_float,
            object_pairs_hook=_unique_keys,
            parse_int=_bounded_integer,
        )
    except json.JSONDecodeError as error:
        raise SceneError(
            f"{source}: not valid JSON at line {error.lineno}, column {error.colno}: {error.msg}; correct it there"
        ) from None
    except RecursionError:
        raise SceneError(f"{source}: {_TOO_DEEP}") from None
    except ValueError as error:
        raise SceneError(f"{source}: {error}") from None
    if nesting(value) > DEEPEST_NESTING:
        raise SceneError(f"{source}: {_TOO_DEEP}")
    return value


_TOO_DEEP = f"expected at most {DEEPEST_NESTING} levels of nested lists and objects; flatten the file"


def _refuse_constant(word: str) -> Any:
    raise ValueError(f"expected finite numbers, got {word}, which JSON does not have; write a number or leave it out")


def _bounded_integer(digits: str) -> int:
    if len(digits) > 1000:
        raise ValueError(f"expected numbers of at most 1000 digits, got {len(digits)}; write a smaller number")
    return int(digits)


def _finite_float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"expected finite numbers, got {shorten(digits)}, which is too large; write a smaller number")
    return number


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))
        raise ValueError(f"expected each key once in an object, got {shorten(twice)} twice; remove one of them")
    return unique


def nesting(value: Any) -> int:
    """Return how many levels of lists and objects a JSON value has (a plain number has 0)."""
    depth, level = 0, [value]
    while True:
        level = [item for item in level if isinstance(item, (dict, list, tuple))]
        if not level or depth > DEEPEST_NESTING:
            return depth
        level = [inner for item in level for inner in (item.values() if isinstance(item, dict) else item)]
        depth += 1


def pretty_json(value: Any, indent: int = 0) -> str:
    """Write JSON for people: what fits on a line of 110 columns stays on one line, so a keyframe is one line."""
    line = json.dumps(value, ensure_ascii=False, allow_nan=False)
    if len(line) + indent <= LINE_WIDTH or not isinstance(value, (dict, list)) or not value:
        return line
    inner = " " * (indent + 2)
    if isinstance(value, dict):
        parts = [
            f"{json.dumps(key, ensure_ascii=False)}: {pretty_json(item, indent + 2)}" for key, item in value.items()
        ]
        opening, closing = "{}"
    else:
        parts = [pretty_json(item, indent + 2) for item in value]
        opening, closing = "[]"
    return opening + "\n" + ",\n".join(inner + part for part in parts) + "\n" + " " * indent + closing


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write UTF-8 text so that `path` holds either the old content or all of the new one, whatever interrupts.

    The text goes to a temporary file in the same folder first, which then takes the place of `path`.

    Raises:
        SceneError: the folder is missing or read-only, the disk is full, the text cannot be written as UTF-8.
    """
    target = Path(os.path.realpath(path))  # a link stays a link: the file it points to is replaced
    temporary = target.with_name(f".{target.name[:100]}.{os.getpid()}.tmp")
    try:
        data = text.encode("utf-8")
        if len(data) > LARGEST_FILE:
            raise SceneError(
                f"{path}: expected at most {LARGEST_FILE / 2**20:.0f} MB, got {len(data) / 2**20:.1f} MB, which could "
                "not be read again; use fewer keyframes or shorter notes"
            )
        with temporary.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, target)
    except UnicodeEncodeError as error:
        raise SceneError(f"{path}: cannot be written as UTF-8 text ({error.reason}); remove the character") from None
    except SceneError:
        raise
    except (OSError, ValueError) as error:
        raise SceneError(
            f"{path}: cannot be written ({_reason(error)}); choose a folder that exists, is writable and has space"
        ) from error
    finally:
        with suppress(OSError, ValueError):
            temporary.unlink(missing_ok=True)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
