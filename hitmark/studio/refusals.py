"""What the server answers to requests that it cannot serve: a status and one sentence, never a traceback."""

from __future__ import annotations

from typing import Any

from hitmark.errors import HitmarkError
from hitmark.files import OutputError

UNUSABLE = 422  # well-formed, but its content is no scene, setting or picture
CONFLICT = 409  # the state of the folder does not allow it


class RefusedError(HitmarkError):
    """A request that is answered with `status` (4xx) and this sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class NeedsError(RefusedError):
    """A request that would be served with more facts: which, and of what can be chosen, is in `needs`."""

    def __init__(self, sentence: str, needs: dict[str, Any]) -> None:
        super().__init__(UNUSABLE, sentence)
        self.needs = needs


def status_of(error: Exception) -> int:
    """The HTTP status for an error: 409 where the disk refuses, 422 for all that is wrong with the content."""
    if isinstance(error, RefusedError):
        return error.status
    return CONFLICT if isinstance(error, (OSError, OutputError)) else UNUSABLE


def sentence_of(error: Exception) -> str:
    """The error as text that can be sent as UTF-8."""
    text = str(error)
    if isinstance(error, OSError) and error.strerror:
        text = f"the studio's folder cannot be used: {error.strerror}; free some space or correct its permissions"
    return (text or type(error).__name__).encode("utf-8", "replace").decode()
