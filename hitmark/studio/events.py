"""Server-Sent Events: every client has a queue of its own, so that a slow one holds up nobody.

A client whose queue is full is let go; it comes back by itself with `Last-Event-ID` and gets what it missed.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any

from hitmark.studio.refusals import RefusedError

KEPT = 1000  # events that a reconnecting client can be given again
WAITING = 500  # events that may wait for one client
MOST_CLIENTS = 256
PING = 15.0  # seconds between signs of life, so that a dead connection is noticed


class Client:
    """One open page."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.ended = False

    def offer(self, event: bytes | None) -> None:
        """Hand over an event from the loop's own thread; None, or a full queue, ends the stream."""
        if self.ended:
            return
        if self.queue.qsize() >= WAITING or event is None:
            self.ended, event = True, None
            while not self.queue.empty():
                self.queue.get_nowait()
        self.queue.put_nowait(event)


class Hub:
    """Gives every event to every client. `publish` may be called from any thread."""

    def __init__(self, snapshot: Callable[[], list[dict[str, Any]]], ping: float = PING) -> None:
        self._snapshot = snapshot  # all jobs, for a client that has nothing yet
        self._ping = ping
        self._lock = threading.Lock()
        self._start = secrets.token_hex(4)  # ids of an earlier server mean nothing to this one
        self._number = 0
        self._kept: deque[tuple[int, bytes]] = deque(maxlen=KEPT)
        self._clients: set[Client] = set()
        self._closed = False

    def publish(self, kind: str, data: dict[str, Any]) -> None:
        """Send an event to all."""
        with self._lock:
            self._number += 1
            event = self._written(kind, data, self._number)
            self._kept.append((self._number, event))
            self._to_all(event)

    def close(self) -> None:
        """End all streams."""
        with self._lock:
            self._closed = True
            self._to_all(None)

    def _to_all(self, event: bytes | None) -> None:
        for client in self._clients:
            if not client.loop.is_closed():
                client.loop.call_soon_threadsafe(client.offer, event)

    def _written(self, kind: str, data: dict[str, Any], number: int) -> bytes:
        return f"id: {self._start}-{number}\nevent: {kind}\ndata: {json.dumps(data)}\n\n".encode()

    def check_room(self) -> None:
        """Raise `RefusedError` (409) when there are too many clients."""
        if len(self._clients) >= MOST_CLIENTS:
            raise RefusedError(409, f"events: expected at most {MOST_CLIENTS} open pages; close some of them")

    def _enter(self, last: str | None) -> tuple[Client, list[bytes]]:
        """Take in a client; returns it with what it is to be told first."""
        with self._lock:
            client = Client()
            missed = self._missed(last)
            number = self._number
            self._clients.add(client)
            if self._closed:
                client.offer(None)
        if missed is None:
            hello = self._written("hello", {"time": time.time()}, number)
            missed = [hello, *(self._written("job", job, number) for job in self._snapshot())]
        return client, missed

    def _missed(self, last: str | None) -> list[bytes] | None:
        """The events after that id; None where they are not all kept."""
        start, _, number = (last or "").partition("-")
        if start != self._start or not number.isdecimal() or len(number) > 15:
            return None
        first = int(number) + 1
        if first > self._number + 1 or (first <= self._number and self._kept[0][0] > first):
            return None
        return [event for kept, event in self._kept if kept >= first]

    async def stream(self, last: str | None = None) -> AsyncIterator[bytes]:
        """Yield events until the client leaves or is let go; `last` is the id of the last one that it has."""
        client, first = self._enter(last)
        try:
            yield b"retry: 1000\n\n" + b"".join(first)
            while True:
                try:
                    event = await asyncio.wait_for(client.queue.get(), self._ping)
                except TimeoutError:
                    event = b": ping\n\n"
                if event is None:
                    return
                yield event
        finally:
            with self._lock:
                self._clients.discard(client)
