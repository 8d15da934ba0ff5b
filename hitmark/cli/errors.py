"""Errors for people: one line on stderr and exit status 2; Ctrl-C is 130. A traceback means a mistake of ours."""

from __future__ import annotations

import os
import signal
from typing import Any

import typer
from typer.core import TyperGroup

from hitmark.errors import HitmarkError

USER_ERROR = 2
INTERRUPTED = 130


class ReadableGroup(TyperGroup):
    """Commands whose errors are told in one line. HITMARK_TRACEBACK=1 shows where they come from."""

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen command."""
        try:
            return super().invoke(ctx)
        except (HitmarkError, OSError) as error:
            if os.environ.get("HITMARK_TRACEBACK"):
                raise
            typer.echo(f"error: {message(error)}", err=True)
            raise typer.Exit(USER_ERROR) from None
        except KeyboardInterrupt:
            typer.echo("\nstopped; nothing half-written was left behind", err=True)
            raise typer.Exit(INTERRUPTED) from None


def message(error: Exception) -> str:
    """Return the error as text; the operating system's own with the file they are about."""
    if isinstance(error, OSError) and not isinstance(error, HitmarkError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) or type(error).__name__


def stop_cleanly_when_terminated() -> None:
    """Let a polite kill (SIGTERM) unwind like Ctrl-C, so that temporary files are removed."""

    def interrupt(_number: int, _frame: Any) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
