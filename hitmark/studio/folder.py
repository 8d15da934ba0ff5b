"""The studio's folder on disk, and the only way from a name in a request to a path.

FOLDER/pictures/ID.png          every picture that was loaded, by content
FOLDER/projects/NAME/           scene.json and pictures/ID.png beside it
FOLDER/jobs/ID/                 job.json, scene.json, and what the job made
FOLDER/.studio-id               tells this folder from others, for the drafts that a browser keeps
"""

from __future__ import annotations

import os
import re
import secrets
import unicodedata
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from hitmark.errors import HitmarkError
from hitmark.studio.refusals import RefusedError

PICTURE_ID = re.compile(r"[0-9a-f]{24}", re.ASCII)
PICTURE_PATH = re.compile(r"pictures/([0-9a-f]{24})\.png", re.ASCII)
LONGEST_NAME = 80  # characters of a project's name
LONGEST_NAME_BYTES = 200  # of the same in UTF-8: file systems take 255
FORBIDDEN = frozenset('/\\:*?"<>|')  # what some file system refuses, or reads as a place
JOINERS = "\u200c\u200d"  # invisible, but Persian, Hindi and others are spelled with them
FOLDER_ID = re.compile(r"[0-9a-f]{16}", re.ASCII)
TOKEN = re.compile(r"[A-Za-z0-9_-]{16,200}", re.ASCII)
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE | re.ASCII)  # device names of Windows


class Folder:
    """One studio's files. Nothing outside of `root` is read or written, whatever links lie in it."""

    def __init__(self, root: Path) -> None:
        """Make the folder and its parts. Raises `HitmarkError` where that is refused."""
        self.root = root.absolute()
        try:
            for part in ("pictures", "projects", "jobs"):
                (self.root / part).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise HitmarkError(
                f"--folder: {self.root} cannot be used ({error.strerror}); choose a folder that you may write to"
            ) from error
        self._lock = FileLock(self.root / ".studio.lock")

    def take(self) -> None:
        """Keep other servers out until `give_back`, or until this process ends. Raises `HitmarkError` when taken."""
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise HitmarkError(
                f"--folder: another studio works in {self.root}; use the page of that one, end it, or give another "
                "--folder"
            ) from None

    def give_back(self) -> None:
        """Let the next server in."""
        self._lock.release()

    def inside(self, *parts: str) -> Path:
        """Return the path of checked names below the root. Raises `RefusedError` (404) when links lead outside."""
        path = self.root.joinpath(*parts)
        try:
            within = path.resolve().is_relative_to(self.root.resolve())
        except (OSError, RuntimeError):  # a link that leads to itself
            within = False
        if not within:
            raise RefusedError(404, f"{'/'.join(parts)}: lies outside of the studio's folder; remove the link")
        return path

    def picture(self, identity: str) -> Path:
        """Return where the picture of that id lies, or would lie. Raises `RefusedError` (404) for what is no id."""
        if not PICTURE_ID.fullmatch(identity):
            raise RefusedError(404, f"picture: expected an id of 24 hexadecimal digits, got {identity!r:.80}")
        return self.inside("pictures", f"{identity}.png")

    def project(self, name: str) -> Path:
        """Return the folder of a project. Raises `RefusedError` (422) for what is no name."""
        return self.inside("projects", project_name(name))

    def token(self) -> str:
        """Return the token that is kept in this folder, readable by its owner alone; made when there is none.

        Raises:
            HitmarkError: it cannot be kept.
        """
        path = self.root / ".studio-token"
        try:
            if path.exists():
                known = path.read_text("ascii").strip()
                if TOKEN.fullmatch(known):
                    return known
                path.unlink()
            made = secrets.token_urlsafe(24)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(made + "\n")
        except (OSError, UnicodeDecodeError) as error:
            raise HitmarkError(f"--keep-token: {path} cannot be used ({error}); remove that file") from error
        return made

    def identity(self) -> str:
        """Return 16 hexadecimal digits that stay this folder's, so that a browser keeps drafts of two folders apart."""
        path = self.root / ".studio-id"
        try:
            known = path.read_text("ascii").strip()
            if FOLDER_ID.fullmatch(known):
                return known
        except (OSError, UnicodeDecodeError):
            pass
        made = secrets.token_hex(8)
        with suppress(OSError):  # a full disk: then it lasts as long as this server
            path.write_text(made + "\n", "ascii")
        return made


def project_name(name: str) -> str:
    """Return a project's name as it is written on disk: in any script, composed (NFC).

    Raises:
        RefusedError: 422 for what a file system would refuse, or read as something else.
    """
    name = unicodedata.normalize("NFC", name)
    if len(name) > LONGEST_NAME or not is_plain_name(name):
        raise RefusedError(
            422,
            f'project: expected a name of 1 to {LONGEST_NAME} characters, in any script, without / \\ : * ? " < > | '
            f"not starting with a space, dot or ~, nor ending with a space or dot, got {name!r:.100}; choose another",
        )
    return name


def is_plain_name(name: str) -> bool:
    """Whether every file system takes a name, composed (NFC), and none reads it as something else."""
    if not 0 < len(name.encode("utf-8", "replace")) <= LONGEST_NAME_BYTES:
        return False
    plain = all(each not in FORBIDDEN and _is_written(each) for each in name)
    return plain and name[0] not in " .~" and name[-1] not in " ." and not RESERVED.fullmatch(name)


def _is_written(character: str) -> bool:
    """Whether a character is seen, is a plain space, or joins letters: none that turn the direction or end the line."""
    if character in JOINERS + " ":
        return True
    return unicodedata.category(character)[0] not in "CZ" and character != "\ufffd"  # what was no text at all


def picture_id(image: str | None) -> str | None:
    """Return the id in a scene's `image`, None for none. Raises `RefusedError` for any other path."""
    if image is None:
        return None
    found = PICTURE_PATH.fullmatch(image)
    if found is None:
        raise RefusedError(
            422, f'image: expected "pictures/ID.png" of a picture loaded here, or null, got {image!r:.100}; load it'
        )
    return found[1]
