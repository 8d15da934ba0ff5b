"""The studio's folder on disk, and the only way from a name in a request to a path.

FOLDER/pictures/ID.png          every picture that was loaded, by content
FOLDER/projects/NAME/           scene.json and pictures/ID.png beside it
FOLDER/jobs/ID/                 job.json, scene.json, and what the job made
"""

from __future__ import annotations

import re
from pathlib import Path

from filelock import FileLock, Timeout

from hitmark.errors import HitmarkError
from hitmark.studio.refusals import RefusedError

PICTURE_ID = re.compile(r"[0-9a-f]{24}", re.ASCII)
PICTURE_PATH = re.compile(r"pictures/([0-9a-f]{24})\.png", re.ASCII)
PROJECT_NAME = re.compile(r"[A-Za-z0-9_-]([A-Za-z0-9 ._-]{0,78}[A-Za-z0-9_-])?", re.ASCII)
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
        if not path.resolve().is_relative_to(self.root.resolve()):
            raise RefusedError(404, f"{'/'.join(parts)}: lies outside of the studio's folder; remove the link")
        return path

    def picture(self, identity: str) -> Path:
        """Return where the picture of that id lies, or would lie. Raises `RefusedError` (404) for what is no id."""
        if not PICTURE_ID.fullmatch(identity):
            raise RefusedError(404, f"picture: expected an id of 24 hexadecimal digits, got {identity!r:.80}")
        return self.inside("pictures", f"{identity}.png")

    def project(self, name: str) -> Path:
        """Return the folder of a project. Raises `RefusedError` (422) for what is no name."""
        if not PROJECT_NAME.fullmatch(name) or RESERVED.fullmatch(name):
            raise RefusedError(
                422,
                "project: expected a name of 1 to 80 letters, digits, spaces, - _ and . that neither starts nor ends "
                f"with a space or dot, got {name!r:.100}; choose another name",
            )
        return self.inside("projects", name)


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
