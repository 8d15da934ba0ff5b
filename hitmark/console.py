"""Errors for people: one line on stderr and exit status 2; Ctrl-C is 130. A traceback means a mistake of ours."""

from __future__ import annotations

import io
import os
import shlex
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

from hitmark.errors import HitmarkError, HitmarkWarning

USER_ERROR = 2
INTERRUPTED = 130


@contextmanager
def readable_errors() -> Iterator[None]:
    """Ends the program as above. HITMARK_TRACEBACK=1 shows where errors come from.

    What the terminal's encoding cannot show is replaced: an arrow in a table ends nothing.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="replace")
    try:
        with _warnings_as_notes():
            yield
    except BrokenPipeError:  # who read the output has left, as `head` does; typer ends the program without a word
        raise
    except (HitmarkError, OSError) as error:
        if os.environ.get("HITMARK_TRACEBACK"):
            raise
        typer.echo(f"error: {message(error)}", err=True)
        raise SystemExit(USER_ERROR) from None
    except KeyboardInterrupt:
        typer.echo("\nstopped; nothing half-written was left behind", err=True)
        raise SystemExit(INTERRUPTED) from None


def wait_without_spinning() -> None:
    """Let OpenMP's idle threads sleep, unless the environment says otherwise. Counts only before torch is loaded.

    Threads that spin while they wait keep the others from a core that something else needs too: on a busy machine two
    threads are then several times slower than one.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


@contextmanager
def _warnings_as_notes() -> Iterator[None]:
    """Print each `HitmarkWarning` as a note on stderr, once; other warnings as ever."""
    with warnings.catch_warnings():
        before = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *place: Any, **options: Any) -> None:
            if issubclass(category, HitmarkWarning):
                typer.echo(f"note: {message}", err=True)
            else:
                before(message, category, *place, **options)

        warnings.showwarning = show
        yield


def command_line(*words: object) -> str:
    """Return the words as a command that can be pasted into this system's shell, quoted where they need it."""
    given = [str(word) for word in words]
    return subprocess.list2cmdline(given) if os.name == "nt" else shlex.join(given)


def message(error: Exception) -> str:
    """Return the error as text; the operating system's own with the file they are about."""
    if isinstance(error, OSError) and not isinstance(error, HitmarkError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) or type(error).__name__
