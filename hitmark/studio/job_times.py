"""When the worker was last heard of each job, and how long a running one will take."""

from __future__ import annotations

import time


class JobTimes:
    """Moments of this process's own clock; nothing of it is on disk."""

    def __init__(self) -> None:
        self._heard: dict[str, float] = {}
        self._began: dict[str, tuple[float, int]] = {}  # when the first step was done, and which

    def heard(self, identity: str) -> None:
        """The worker said something of a job."""
        self._heard[identity] = time.monotonic()

    def silence(self, identity: str) -> float | None:
        """Seconds since the worker was last heard of a job; None when it never was."""
        heard = self._heard.get(identity)
        return None if heard is None else round(time.monotonic() - heard, 1)

    def left(self, identity: str, step: int, steps: int) -> float | None:
        """Seconds that a job will still take, by the pace since its first step; None before the second."""
        now = time.monotonic()
        began, first = self._began.setdefault(identity, (now, step))
        return round((now - began) / (step - first) * (steps - step), 1) if step > first else None

    def stopped(self, identity: str) -> None:
        """A job takes no steps any more: its pace is that of another run."""
        self._began.pop(identity, None)

    def forget(self, identity: str) -> None:
        """A job is not at work any more."""
        self._heard.pop(identity, None)
