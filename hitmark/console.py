"""Errors for people: one line on stderr and exit status 2; Ctrl-C is 130. A traceback means a mistake of ours."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from hitmark.errors import HitmarkError

USER_ERROR = 2
INTERRUPTED = 130


@contextmanager
def readable_errors() -> Iterator[None]:
    """Ends the program as above. HITMARK_TRACEBACK=1 shows where errors come from."""
    try:
        yield
    except (HitmarkError, OSError) as error:
        if os.environ.get("HITMARK_TRACEBACK"):
            raise
        typer.echo(f"error: {message(error)}", err=True)
        raise SystemExit(USER_ERROR) from None
    except KeyboardInterrupt:
        typer.echo("\nstopped; nothing half-written was left behind", err=True)
        raise SystemExit(INTERRUPTED) from None


def command_line(*words: object) -> str:
    """Return the words as a command that can be pasted into this system's shell, quoted where they need it."""
    given = [str(word) for word in words]
    return subprocess.list2cmdline(given) if os.name == "nt" else shlex.join(given)


def message(error: Exception) -> str:
    """Return the error as text; the operating system's own with the file they are about."""
    if isinstance(error, OSError) and not isinstance(error, HitmarkError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) or type(error).__name__
