"""How the commands end: see `hitmark.console`."""

from __future__ import annotations

import signal
from typing import Any

from typer.core import TyperGroup

from hitmark.console import readable_errors


class ReadableGroup(TyperGroup):
    """Commands whose errors are told in one line."""

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen command."""
        with readable_errors():
            return super().invoke(ctx)


def stop_cleanly_when_terminated() -> None:
    """Let a polite kill (SIGTERM) unwind like Ctrl-C, so that temporary files are removed."""

    def interrupt(_number: int, _frame: Any) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
