"""Files appear whole or not at all, and an output that cannot be written is noticed before the long computation."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from hitmark.errors import HitmarkError

REASONS = {
    errno.ENOSPC: "the disk is full; free some space or choose another place",
    errno.EDQUOT: "your disk quota is used up; free some space or choose another place",
    errno.EACCES: "permission denied; choose a folder that you may write to",
    errno.EPERM: "permission denied; choose a folder that you may write to",
    errno.EROFS: "the folder is on a read-only disk; choose another place",
    errno.ENOENT: "its folder does not exist; create it first",
    errno.ENOTDIR: "a part of the path is a file, not a folder",
    errno.EEXIST: "a file of that name is in the way; give another name, or a folder",
    errno.EISDIR: "that is a folder; give the name of a file",
    errno.ENAMETOOLONG: "the name is too long",
}


class OutputError(HitmarkError):
    """A file cannot be written; the message names the file, the reason and the fix."""


def output_error(path: Path, error: OSError) -> OutputError:
    """The readable form of the operating system's ``error`` for writing ``path``."""
    reason = REASONS.get(error.errno or 0) or error.strerror or str(error) or type(error).__name__
    return OutputError(f"cannot write {path}: {reason}")


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, unless it is there. Raises: ``OutputError`` with the reason and the fix."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(folder, error) from error


@contextmanager
def written_whole(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` with the same extension; rename it to ``path`` when the block ends well.

    On any exception, Ctrl-C included, the temporary file is removed and an earlier ``path`` stays as it was.
    Raises: ``OutputError`` for everything the operating system refuses (disk full, read-only, missing folder).
    """
    path = Path(path)
    if path.is_dir():
        raise output_error(path, IsADirectoryError(errno.EISDIR, ""))
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.stem[:40]}.", suffix=f".partial{path.suffix}", dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise output_error(path, error) from error
    temporary = Path(name)
    try:
        yield temporary
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        raise output_error(path, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


@contextmanager
def claimed(path: Path | str) -> Iterator[None]:
    """Hold ``path`` for this run alone while the block lasts, through a lock file beside it that is removed again.

    The system gives the lock back, whatever ends the process.
    Raises: ``OutputError`` when another run holds it, or the folder cannot be written.
    """
    path = Path(path)
    place = path.with_name(f".{path.name}.lock")
    lock = FileLock(place, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise OutputError(
            f"cannot write {path}: another run is making it right now; wait for it, or choose another output name"
        ) from None
    except OSError as error:
        raise output_error(path, error) from error
    try:
        yield
    finally:
        with suppress(OSError):
            place.unlink()
        lock.release()


def _umask() -> int:
    """The permissions that new files of this process do not get (reading it needs setting it twice)."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def write_text(path: Path | str, text: str) -> None:
    """Write ``text`` as UTF-8, whole or not at all. Raises ``OutputError``."""
    with written_whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def ensure_writable(path: Path | str, needed_bytes: int = 0) -> None:
    """Find out now whether ``path`` can be written later: a trial file is made in its folder and removed again.

    A missing folder is created when the folder above it exists (``-o out/clip.mp4`` on a fresh checkout). When the
    disk has less room than ``needed_bytes``, a rough size of all that will be written there, that is an error too.
    Raises: ``OutputError``.
    """
    path = Path(path)
    if path.is_dir():
        raise output_error(path, IsADirectoryError(errno.EISDIR, ""))
    try:
        if not path.parent.exists():
            path.parent.mkdir()
        with tempfile.NamedTemporaryFile(prefix=".hitmark.", dir=path.parent):
            pass
        free = shutil.disk_usage(path.parent).free
    except OSError as error:
        raise output_error(path, error) from error
    if free < needed_bytes:
        raise OutputError(
            f"cannot write {path}: about {needed_bytes / 1e6:.0f} MB are needed and the disk has {free / 1e6:.0f} MB "
            "free; free some space or choose another place"
        )
