"""One studio: its folder, projects, queue, events and worker, held together."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from hitmark.studio.assets import page_version
from hitmark.studio.events import Hub
from hitmark.studio.folder import Folder
from hitmark.studio.jobs import Queue
from hitmark.studio.projects import Projects
from hitmark.studio.runner import Runner
from hitmark.studio.security import Access


class Studio:
    """Everything that the routes work on. Only one studio can have a folder at a time."""

    def __init__(
        self, folder: Path, access: Access | None = None, *, dtype: str = "auto", device: str = "auto"
    ) -> None:
        """Take the folder and read its jobs back. Raises `HitmarkError` when another studio has it."""
        self.access = access or Access("127.0.0.1")
        self.folder = Folder(folder)
        self.folder.take()
        self.identity = self.folder.identity()
        self.version = page_version()
        self.projects = Projects(self.folder)
        self.queue = Queue(self.folder)
        self.hub = Hub(self.queue.shown)
        self.queue.publish = self.hub.publish
        self.runner = Runner(self.queue, dtype=dtype, device=device)
        self._lock = threading.Lock()
        self._remembered: dict[str, Any] = {}

    def start(self) -> None:
        """Start the worker and work on what waits; load what the first requests need beside it."""
        self.runner.start()
        # not a daemon: Python aborts when it ends while such a thread is inside a library's native code
        threading.Thread(target=self._warm, name="studio-warm").start()

    def stop(self) -> None:
        """End the streams and the worker, and give the folder back."""
        self.hub.close()
        self.runner.stop()
        self.folder.give_back()

    def information(self) -> dict[str, Any]:
        """The answer to `GET /api/info`."""
        from hitmark.studio.cards import information

        with self._lock:  # one import of torch at a time
            return information(self.folder)

    def examples(self) -> list[dict[str, Any]]:
        """The answer to `GET /api/examples`, made once."""
        from hitmark.studio.examples import examples

        with self._lock:
            if "examples" not in self._remembered:
                self._remembered["examples"] = examples(self.folder)
            return self._remembered["examples"]

    def _warm(self) -> None:
        self.information()
        self.examples()
