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
ENVIRONMENT = os.environ | {"HF_HUB_OFFLINE": "1"}  # the same for the studio and the command: equal bytes need it


class Process:
    """A server on a free port of 127.0.0.1."""

    def __init__(self, folder: Path, port: str = "0") -> None:
        words = [sys.executable, "-m", "hitmark", "studio", "--folder", str(folder), "--port", port, "--no-open"]
        self.folder = folder
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("studio: http://127.0.0.1:"), line
        self.address = line.split()[1]
        self.client = httpx.Client(base_url=self.address, headers={"X-Hitmark": "1"}, timeout=PATIENCE)

    def end(self) -> int:
        """Stop it as Ctrl-C does; the exit status."""
        self.client.close()
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status


def command(*words: str | Path) -> str:
    """Run `hitmark` with these words in the studio's environment; its output."""
    done = subprocess.run(
        [sys.executable, "-m", "hitmark", *map(str, words)],
        check=False, capture_output=True, text=True, env=ENVIRONMENT, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
