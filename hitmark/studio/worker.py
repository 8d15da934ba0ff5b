"""The worker process: keeps a pipeline loaded and makes one clip after the other.

Run as `python -m hitmark.studio.worker`. One JSON object a line: `{"run": {...}}` and `{"cancel": ID}` come in on
stdin, `{"id", "event", ...}` go out on stdout. The calls are those of `hitmark generate`, with as many threads: the
same bytes come out.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hitmark.console import wait_without_spinning
from hitmark.errors import HitmarkError

if TYPE_CHECKING:
    from hitmark.backbones.catalog import ModelCard


class CancelledError(Exception):
    """Raised between two steps of a job that nobody wants any more."""


class Channel:
    """Messages to and from the server."""

    def __init__(self) -> None:
        """Take stdout for messages alone; what libraries print goes to stderr."""
        self._out = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
        os.dup2(2, 1)
        self._lock = threading.Lock()
        self._cancelled: set[str] = set()
        self.orders: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._listen, name="orders", daemon=True).start()

    def tell(self, **message: Any) -> None:
        """Send a message."""
        with self._lock:
            self._out.write(json.dumps(message) + "\n")

    def stop_if_cancelled(self, identity: str) -> None:
        """Raise `CancelledError` when the server has said so."""
        if identity in self._cancelled:
            raise CancelledError

    def _listen(self) -> None:
        for line in sys.stdin:
            message = json.loads(line)
            if "cancel" in message:
                self._cancelled.add(message["cancel"])
            elif "run" in message:
                self._cancelled.discard(message["run"]["id"])  # it may have been cancelled once, and retried
                self.orders.put(message["run"])
        os._exit(0)  # the server is gone, and with it whoever could want the rest


class Maker:
    """Makes clips; keeps the pipeline of the last one."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self._loaded: tuple[tuple[str, str, str, str], Any] | None = None

    def run(self, order: dict[str, Any]) -> None:
        """Make one clip and say how it ended; nothing that goes wrong in it ends the process."""
        identity = order["id"]
        try:
            self._make(order)
            self.channel.tell(id=identity, event="done")
        except CancelledError:
            self.channel.tell(id=identity, event="cancelled")
        except HitmarkError as error:
            self.channel.tell(id=identity, event="failed", error=error.sentence, hint=error.hint)
        except OSError as error:
            self.channel.tell(id=identity, event="failed", error=str(error), hint=None)
        except Exception as error:  # a mistake of ours or of a library: told, and the next job may go well
            import traceback

            traceback.print_exc()
            reason = f"{type(error).__name__}: {error}"[:500]
            hint = "See worker.log in the studio's folder; other settings may work."
            self.channel.tell(id=identity, event="failed", error=f"the model's library failed: {reason}", hint=hint)

    def _make(self, order: dict[str, Any]) -> None:
        from hitmark.run.make import make
        from hitmark.run.memory_fit import check_memory
        from hitmark.run.outputs import Outputs
        from hitmark.run.prepare import prepare
        from hitmark.run.rehearsal import check_room
        from hitmark.scene.schema import Scene
        from hitmark.studio.results import save

        identity, folder = order["id"], Path(order["folder"])
        scene = Scene.load(folder / "scene.json")
        if scene.fit == "auto":  # the page shows a picture of another shape squeezed, says so, and cuts it when asked
            scene = scene.replace(fit="stretch")
        planned, picture = prepare(scene, None, folder, steps=order["steps"], call=order["call"])
        outputs = Outputs(folder / "clip.mp4", from_picture=picture is not None)
        outputs.check([], overwrite=True, shape=planned.shape)
        loaded = self._has(planned.card, order["dtype"], order["device"])
        if not loaded:
            self._loaded = None  # its memory counts as free
        check_memory(planned.card, planned.shape, order["device"])
        check_room(planned, picture, order["dtype"], order["device"], loaded=loaded)
        pipe = self._pipe(planned.card, order["dtype"], order["device"])
        self.channel.stop_if_cancelled(identity)

        def on_step(step: int, steps: int) -> None:
            self.channel.stop_if_cancelled(identity)
            self.channel.tell(id=identity, event="step", step=step, steps=steps)

        watch = [self._preview(pipe, planned, folder, identity)]
        result = make(planned, picture, pipe, on_step, watch=watch)
        self.channel.tell(id=identity, event="saving")
        save(result, outputs, planned.card)

    def _preview(self, pipe: Any, planned: Any, folder: Path, identity: str) -> Any:
        from hitmark.studio.preview import Preview

        def told(step: int, name: str) -> None:
            self.channel.tell(id=identity, event="preview", step=step, name=name)

        def stop() -> None:
            self.channel.stop_if_cancelled(identity)

        return Preview(pipe, folder, planned.scene.fps, told, stop)

    def _pipe(self, card: ModelCard, dtype: str, device: str) -> Any:
        """The pipeline that is kept, else the model's, which is loaded."""
        from hitmark.backbones.loading import load_pipeline

        if self._loaded is None:
            pipe = load_pipeline(card.name, dtype=dtype, device=device, picture=card.takes_picture)
            self._loaded = ((card.name, card.pipeline, dtype, device), pipe)
        return self._loaded[1]

    def _has(self, card: ModelCard, dtype: str, device: str) -> bool:
        """Whether the pipeline of the last job is this one."""
        return self._loaded is not None and self._loaded[0] == (card.name, card.pipeline, dtype, device)


def main() -> None:
    """Load the libraries, then work off the orders until the server goes away."""
    wait_without_spinning()
    channel = Channel()
    import diffusers  # noqa: F401  # seconds of imports, while the user still draws

    import hitmark.run.make  # noqa: F401

    channel.tell(event="ready")
    maker = Maker(channel)
    while True:
        maker.run(channel.orders.get())


if __name__ == "__main__":
    main()
