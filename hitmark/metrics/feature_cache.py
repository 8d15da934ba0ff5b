"""Feature statistics kept on disk, so that a set of true clips is looked at once per extractor.

An entry is named by the content of the inputs and by everything that tells one extractor from another. A file that is
torn, from another program or of another content is never used: the statistics are computed again, with a note.
A file is a line with the digest of all that follows, a line of JSON (format, kind, key, shapes) and the numbers as
little-endian float64.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np

from hitmark.errors import HitmarkError
from hitmark.files import OutputError, ensure_writable, written_whole
from hitmark.metrics.frechet import FeatureMoments

FORMAT = "hitmark feature statistics 1"
Value = TypeVar("Value")
Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Cached(Generic[Value]):
    """What was asked for, and where it came from."""

    value: Value
    path: Path
    """The file in the cache."""
    reused: bool
    """True: read from `path`; False: computed now."""
    note: str | None
    """What was wrong with the file that was there, or why none was written; None when all went well."""


def content_key(
    inputs: Iterable[np.ndarray | Path | str], extractor: Mapping[str, str | int | float | bool | None]
) -> str:
    """64 hexadecimal digits that change with any byte, the order or the number of the inputs, and with the extractor.

    `inputs`: clips as arrays of numbers (values, shape and dtype count) or paths of files (their bytes count, their
    names and dates do not); an iterator is read once, one clip in memory at a time.
    `extractor`: what its features depend on, such as name, picture size, number of frames and the `file_digest` of its
    weights. Raises: HitmarkError for no inputs, no description, a file that cannot be read, arrays of objects.
    """
    if not extractor:
        raise HitmarkError("extractor: expected its name and the digest of its weights, but got nothing.")
    try:
        about = json.dumps(dict(extractor), sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise HitmarkError(f"extractor: expected names with texts and finite numbers, but {error}.") from None
    digests = [_array_digest(item) if isinstance(item, np.ndarray) else file_digest(item) for item in inputs]
    if not digests:
        raise HitmarkError("inputs: expected at least one clip or file, but got none.")
    return hashlib.sha256("\n".join([about, *digests]).encode()).hexdigest()


def file_digest(path: Path | str) -> str:
    """SHA-256 of a file's bytes as 64 hexadecimal digits. Raises HitmarkError when it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise HitmarkError(f"{path}: expected a file to read, but {error.strerror or error}.") from None


def cached_moments(folder: Path | str, key: str, compute: Callable[[], FeatureMoments]) -> Cached[FeatureMoments]:
    """The moments stored in `folder` under `key` (of `content_key`), or those of `compute`, which are then stored.

    The folder is made when only its last part is missing. That it cannot be written is noticed before the long
    computation (OutputError); when the disk fills up during it, the moments are returned with a note.
    """

    def pack(moments: FeatureMoments) -> Arrays:
        return {"count": np.array(float(moments.count)), "mean": moments.mean, "scatter": moments.scatter}

    def unpack(arrays: Arrays) -> FeatureMoments:
        return FeatureMoments.restored(int(arrays["count"]), arrays["mean"], arrays["scatter"])

    return _cached(folder, "moments", key, compute, pack, unpack)


def cached_features(folder: Path | str, key: str, compute: Callable[[], np.ndarray]) -> Cached[np.ndarray]:
    """As `cached_moments`, for an array of features as such, float64 (vectors, width): `kernel_distance` needs them."""

    def pack(features: np.ndarray) -> Arrays:
        return {"features": features}

    return _cached(folder, "features", key, lambda: np.asarray(compute(), np.float64), pack, lambda a: a["features"])


def _cached(
    folder: Path | str,
    kind: str,
    key: str,
    compute: Callable[[], Value],
    pack: Callable[[Value], Arrays],
    unpack: Callable[[Arrays], Value],
) -> Cached[Value]:
    if len(key) != 64 or not set(key) <= set("0123456789abcdef"):
        raise HitmarkError(f"key: expected 64 hexadecimal digits from `content_key`, but got {key!r}.")
    path = Path(folder) / f"{key}.{kind}"
    note = None
    try:
        return Cached(unpack(_read(path, kind, key)), path, reused=True, note=None)
    except FileNotFoundError:
        pass
    except (OSError, HitmarkError) as error:
        note = f"{path} was not used and is computed again: {error}"
    ensure_writable(path)
    value = compute()
    try:
        _write(path, kind, key, pack(value))
    except OutputError as error:
        note = f"{note}; {error}" if note else str(error)
    return Cached(value, path, reused=False, note=note)


def _write(path: Path, kind: str, key: str, arrays: Arrays) -> None:
    shapes = {name: list(array.shape) for name, array in arrays.items()}
    head = json.dumps({"format": FORMAT, "kind": kind, "key": key, "shapes": shapes})
    numbers = b"".join(np.asarray(array, dtype="<f8").tobytes() for array in arrays.values())
    body = head.encode() + b"\n" + numbers
    with written_whole(path) as temporary:
        temporary.write_bytes(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)


def _read(path: Path, kind: str, key: str) -> dict[str, np.ndarray]:
    """The arrays of a file that is whole and belongs to the key; HitmarkError or OSError else."""
    digest, _, body = path.read_bytes().partition(b"\n")
    if digest != hashlib.sha256(body).hexdigest().encode():
        raise HitmarkError("it is no file of feature statistics, or not as it was written")
    line, _, numbers = body.partition(b"\n")
    head = json.loads(line)
    if (head["format"], head["kind"], head["key"]) != (FORMAT, kind, key):
        raise HitmarkError("it belongs to other clips, another extractor or another version")
    arrays, start = {}, 0
    for name, shape in head["shapes"].items():
        stop = start + 8 * math.prod(shape)
        arrays[name] = np.frombuffer(numbers[start:stop], dtype="<f8").astype(np.float64).reshape(shape)
        start = stop
    return arrays


def _array_digest(array: np.ndarray) -> str:
    if array.dtype.hasobject:
        raise HitmarkError(f"inputs: expected arrays of numbers, but got {array.dtype}.")
    digest = hashlib.sha256(f"{array.dtype.str} {array.shape}\n".encode())
    digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()
