"""Arrays from .npy and .npz files written by others. Nothing is ever unpickled: the header is parsed here.

`numpy.load` trusts the header's shape before it looks at the file's size; here the two must agree first.
Format: numpy.lib.format (magic, version, header length, a Python dict literal, raw data).
"""

from __future__ import annotations

import ast
import io
import re
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np

from hitmark.scene.formats.source import LARGEST_FILE, FormatError

MAGIC = b"\x93NUMPY"
MOST_MEMBERS = 32  # arrays of an .npz that are looked at
_KIND = re.compile(r"[<>|=]?(?:f[248]|[iu][1248]|b1|\?)")
_LENGTH_BYTES = {1: 2, 2: 4, 3: 4}
_LITERAL_ERRORS = (ValueError, SyntaxError, TypeError, MemoryError, RecursionError)
_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, OSError, ValueError, RuntimeError, EOFError, KeyError, OverflowError,
    struct.error, NotImplementedError, AttributeError, IndexError)  # fmt: skip


def parse_npy(data: bytes, name: str) -> np.ndarray:
    """Return the array of numbers or booleans in the bytes of a .npy file; `name` is what errors call it.

    Raises:
        FormatError: not a .npy file, pickled objects, a damaged header, fewer or more bytes than the shape needs.
    """
    if data[:6] != MAGIC or len(data) < 10 or data[6] not in _LENGTH_BYTES:
        raise FormatError(f"{name}: expected a numpy .npy file, got other bytes; save it with numpy.save")
    start = 8 + _LENGTH_BYTES[data[6]]
    end = start + int.from_bytes(data[8:start], "little")
    if end > len(data) or end - start > 65_536:
        raise FormatError(f"{name}: the numpy header is cut off or damaged; save the array again with numpy.save")
    try:
        header = ast.literal_eval(data[start:end].decode("utf-8").strip())
        kind, shape, fortran = header["descr"], header["shape"], bool(header["fortran_order"])
    except (*_LITERAL_ERRORS, KeyError, IndexError):
        raise FormatError(f"{name}: the numpy header is damaged; save the array again with numpy.save") from None
    if not isinstance(kind, str) or not _KIND.fullmatch(kind):
        raise FormatError(
            f"{name}: expected an array of numbers (float, integer or bool), got dtype {str(kind)[:60]!r}; pickled "
            "objects are refused because loading can run code. Save it as numpy.save(path, array.astype('float64'))"
        )
    if not isinstance(shape, tuple) or len(shape) > 8 or any(type(size) is not int or size < 0 for size in shape):
        raise FormatError(f"{name}: the numpy header has no valid shape; save the array again with numpy.save")
    dtype = np.dtype(kind)
    needed = dtype.itemsize
    for size in shape:
        needed *= size
    if needed != len(data) - end:
        raise FormatError(
            f"{name}: expected {needed:,} bytes of data for shape {list(shape)}, got {len(data) - end:,}; "
            "the file is cut off or damaged. Save it again"
        )
    return np.frombuffer(data, dtype, offset=end).reshape(shape, order="F" if fortran else "C")


def parse_npz(data: bytes, name: str) -> dict[str, np.ndarray]:
    """Return the arrays that the bytes of a .npz file hold, by name; at most 32 of them.

    Raises:
        FormatError: not a zip file, damaged, or more than 64 MB when unpacked.
    """
    arrays, left = {}, LARGEST_FILE
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist()[:MOST_MEMBERS]:
                member = entry.filename.removesuffix(".npy")
                with archive.open(entry) as stream:
                    content = stream.read(left + 1)
                left -= len(content)
                if left < 0:
                    raise FormatError(f"{name}: `{member}` unpacks to over {LARGEST_FILE >> 20} MB; take fewer tracks")
                arrays[member] = parse_npy(content, f"{name}: `{member}`")
    except FormatError:
        raise
    except _ZIP_ERRORS as error:
        raise FormatError(f"{name}: expected a numpy .npz file, got a damaged one ({error}); save it again") from None
    return arrays


def check_numbers(array: np.ndarray, name: str, meaning: str) -> np.ndarray:
    """Return float64 values, all finite; `meaning` says what they should be.

    Raises:
        FormatError: booleans, NaN or infinity; names the first wrong place.
    """
    if array.dtype.kind == "b":
        raise FormatError(f"{name}: expected {meaning}, got booleans; is this the visibility file?")
    values = array.astype(np.float64)
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        place = wrong[0].tolist()
        raise FormatError(
            f"{name}{place}: expected {meaning}, finite, got {values[tuple(wrong[0])]} "
            f"(and {len(wrong) - 1} more); mark unseen points in the visibility instead of writing NaN"
        )
    return values


def npy_bytes(array: np.ndarray) -> bytes:
    """Return the bytes of a .npy file."""
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return stream.getvalue()


def npz_bytes(**arrays: np.ndarray) -> bytes:
    """Return the bytes of a compressed .npz file; the same arrays give the same bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), npy_bytes(array), zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def is_npy(path: Path) -> bool:
    """Tell whether a file starts like a .npy file."""
    try:
        with path.open("rb") as stream:
            return stream.read(6) == MAGIC
    except OSError:
        return False
