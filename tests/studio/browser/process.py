"""A studio in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx

PATIENCE = float(
    os.environ.get("HITMARK_PATIENCE", "1800")
)  # seconds: under the limit of a test, so that what hangs is told; a busy machine needs far less
MILLISECONDS = 1000 * PATIENCE
FRESH = httpx.Limits(max_keepalive_connections=0)
"""A connection for each request: a server ends one that was idle for five seconds, perhaps just as it is used again."""
ENVIRONMENT = os.environ | {"HF_HUB_OFFLINE": "1"}  # the same for the studio and the command: equal bytes need it


IDLE = """
import sys
from hitmark.cli import main
from hitmark.studio import runner

runner.PROGRAM = [sys.executable, "-S", "-c", "import sys; sys.stdin.read()"]
main()
"""
"""The studio's command with a worker that takes orders and never answers: nothing is loaded where nothing is made."""


class Process:
    """A server on a free port of 127.0.0.1; with `makes=False` no clip is ever made by it."""

    def __init__(self, folder: Path, port: str = "0", *, makes: bool = True) -> None:
        self.folder = folder
        self._command = [sys.executable, *(["-m", "hitmark"] if makes else ["-c", IDLE])]
        self._start(port)

    def _start(self, port: str) -> None:
        words = [*self._command, "studio", "--folder", str(self.folder), "--port", port, "--no-open"]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("studio: http://127.0.0.1:"), line
        self.address = line.split()[1]
        self.client = httpx.Client(base_url=self.address, headers={"X-Hitmark": "1"}, timeout=PATIENCE, limits=FRESH)

    def start_again(self) -> None:
        """Put another server in place of one that was ended: the same folder, the same address."""
        self._start(self.address.rstrip("/").rpartition(":")[2])

    def end(self, how: int = signal.SIGINT) -> int:
        """Stop it as Ctrl-C does, or by another signal; the exit status."""
        self.client.close()
        self.process.send_signal(how)
        status = self.process.wait(PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status
