"""A file or folder that somebody gives us: read once, bounded, and never trusted."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from hitmark.scene.problems import SceneError
from hitmark.scene.storage import parse_json

LARGEST_FILE = 64 * 1024 * 1024  # bytes
LARGEST_SCENE = 200_000  # boxes; every one becomes a keyframe


class FormatError(SceneError):
    """A foreign file cannot be understood, or a scene cannot be written in a format; the message has the fix."""


@dataclass(frozen=True)
class Source:
    """One input path. `record` is what stood behind `#` in `boxes.json#1100`."""

    path: Path
    record: str | None = None

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Source:
        """Split off `#record`, and check that the path exists.

        Raises:
            FormatError: there is no such file or folder.
        """
        text = os.fspath(path)
        try:
            if os.path.exists(text):
                return cls(Path(text))
            file, mark, record = text.rpartition("#")
            if mark and os.path.exists(file):
                return cls(Path(file), record)
        except ValueError as error:  # a NUL in the path
            raise FormatError(f"{text!r}: not a path ({error})") from None
        raise FormatError(f"{text}: no such file or folder; check the path")

    @property
    def is_folder(self) -> bool:
        """Whether the path is a folder."""
        return self.path.is_dir()

    @property
    def folder(self) -> Path:
        """Where the scene's picture is looked for: the folder itself, or the one that the file lies in."""
        return self.path if self.is_folder else self.path.parent

    @cached_property
    def data(self) -> bytes:
        """The file's bytes, at most 64 MB."""
        return read_bytes(self.path)

    @cached_property
    def text(self) -> str:
        """The file's text."""
        try:
            return self.data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise FormatError(
                f"{self.path}: expected UTF-8 text, got byte 0x{self.data[error.start]:02x} at position {error.start}; "
                "save it as UTF-8 (or this is not a text file)"
            ) from None

    @cached_property
    def start(self) -> str:
        """The first 4 kB as text, whatever the bytes are: for sniffing."""
        return self.data[:4096].decode("utf-8-sig", errors="replace")

    @cached_property
    def json(self) -> Any:
        """The file's JSON value."""
        return parse_json(self.text, str(self.path))

    @cached_property
    def first_json_line(self) -> Any:
        """The value on the first line of a file of JSON lines (an object a line); None where it is no such file."""
        if self.is_folder or self.maybe_json is not None:
            return None
        lines = [line for line in self.text.splitlines()[:2] if line.strip()] if self._is_text else []
        if not lines or not lines[0].lstrip().startswith("{"):
            return None
        try:
            return parse_json(lines[0], str(self.path))
        except SceneError:
            return None

    @cached_property
    def json_lines(self) -> list[Any]:
        """The values of a file of JSON lines."""
        lines = [(number, line) for number, line in enumerate(self.text.splitlines(), start=1) if line.strip()]
        return [parse_json(line, f"{self.path}, line {number}") for number, line in lines]

    @property
    def _is_text(self) -> bool:
        try:
            _ = self.text
        except FormatError:
            return False
        return True

    @cached_property
    def maybe_json(self) -> Any:
        """The file's JSON value, or None where it is not JSON: for sniffing."""
        if self.is_folder or not self.data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")):
            return None
        try:
            return self.json
        except SceneError:
            return None


def read_bytes(path: Path) -> bytes:
    """Return the content of an ordinary file of at most 64 MB.

    Raises:
        FormatError: missing, a folder or device, too large, not readable.
    """
    try:
        if path.is_dir():
            raise FormatError(f"{path}: expected a file, got a folder; name the file in it")
        if not path.exists():
            raise FormatError(f"{path}: no such file; check the path")
        if not path.is_file():
            raise FormatError(f"{path}: expected an ordinary file, got a device or pipe; save it to a file first")
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise FormatError(
                f"{path}: expected at most {LARGEST_FILE >> 20} MB, got {size / 2**20:.0f} MB; it was not read. "
                "Check that this is the right file, or split it"
            )
        with path.open("rb") as stream:
            return stream.read(LARGEST_FILE + 1)
    except OSError as error:
        raise FormatError(f"{path}: cannot be read ({error.strerror or error}); check its permissions") from error


def check_count(path: Path, boxes: int) -> None:
    """Refuse more boxes than a scene can reasonably hold (200,000)."""
    if boxes > LARGEST_SCENE:
        raise FormatError(
            f"{path}: expected at most {LARGEST_SCENE:,} boxes (subjects x frames), got {boxes:,}; take fewer tracks"
        )
