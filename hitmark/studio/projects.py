"""Named projects: `FOLDER/projects/NAME/scene.json` with its picture beside it, as every other command takes them.

The revision is a number made from the file's bytes, so a change by another program is noticed as well.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import secrets
import shutil
import threading
from pathlib import Path
from typing import Any

from hitmark.errors import HitmarkError
from hitmark.files import write_text
from hitmark.scene.storage import parse_json, pretty_json, read_text
from hitmark.studio.folder import Folder, picture_id, project_name
from hitmark.studio.pictures import keep_picture
from hitmark.studio.refusals import CONFLICT, RefusedError, sentence_of
from hitmark.studio.scenes import scene_of, with_picture

SCENE = "scene.json"


class Projects:
    """All projects of a folder."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self._lock = threading.Lock()

    def all(self) -> list[dict[str, Any]]:
        """Name, change, number of subjects and picture of each, the last changed first.

        One that cannot be read is listed with its `problem`, and hides no other.
        """
        places = [place for place in self.folder.inside("projects").iterdir() if not place.name.startswith(".")]
        found = [entry for place in places if (entry := self._entry(place)) is not None]
        return sorted(found, key=lambda each: each["changed"], reverse=True)

    def _entry(self, place: Path) -> dict[str, Any] | None:
        """One project of the list; None for a folder or file that is no project."""
        name = place.name.encode(
            "utf-8", "replace"
        ).decode()  # of a folder whose name is no text, as much as can be sent
        entry = {"name": name, "changed": "", "subjects": 0, "picture": None, "problem": None}
        try:
            if not (place.is_symlink() or (place / SCENE).exists()):
                return None
            project = self.read(place.name)
        except (HitmarkError, OSError) as error:
            return entry | {"problem": sentence_of(error)[:300]}
        scene = project["scene"]
        subjects = scene.get("subjects")
        count = len(subjects) if isinstance(subjects, list) else 0
        return entry | {"changed": project["changed"], "subjects": count, "picture": _picture(scene)}

    def read(self, name: str) -> dict[str, Any]:
        """A project with its scene as it was saved. Raises `RefusedError` (404), `SceneError` for a damaged file."""
        path = self._scene(name)
        if not path.is_file():
            raise RefusedError(404, f"project {name!r}: there is none of that name; see the list of projects")
        text = read_text(path)
        scene = parse_json(text, f"projects/{name}/{SCENE}")
        if not isinstance(scene, dict) or not _can_be_sent(scene):
            raise RefusedError(422, f"project {name!r}: its scene.json holds no scene; correct the file")
        self._give_picture(path.parent, _picture(scene))
        changed = datetime.datetime.fromtimestamp(path.stat().st_mtime, datetime.UTC)
        return {
            "name": path.parent.name,
            "scene": scene,
            "changed": changed.isoformat(timespec="milliseconds"),
            "revision": _revision(text),
        }

    def write(self, name: str, fields: dict[str, Any], revision: int | None, *, force: bool) -> int:
        """Save a scene, with every field as given, and its picture; return the new revision.

        Raises:
            RefusedError: 409 when what is on disk is not what `revision` says; nothing is changed then.
            HitmarkError: the scene is none, its picture is not there, or the disk refuses.
        """
        scene = with_picture(self.folder, scene_of(fields))
        path = self._scene(name)
        text = pretty_json({"version": scene.version} | fields) + "\n"
        with self._lock:
            if path.parent.exists() and not path.parent.is_dir():
                raise RefusedError(CONFLICT, f"project {name!r}: a file of that name lies in the folder; remove it")
            self._check_revision(name, path, revision, force=force)
            path.parent.mkdir(exist_ok=True)
            self._keep_picture(path.parent, picture_id(scene.image))
            write_text(path, text)
        return _revision(text)

    def remove(self, name: str) -> None:
        """Remove a project with its files. Raises `RefusedError` (404) when there is none."""
        path = self._scene(name)
        with self._lock:
            if not path.is_file():
                raise RefusedError(404, f"project {name!r}: there is none of that name; see the list of projects")
            path.unlink()  # without it the rest is no project any more
            shutil.rmtree(path.parent, ignore_errors=True)

    def rename(self, name: str, to: str) -> int:
        """Give a project another name; return its revision. Raises `RefusedError`: 404, or 409 where `to` is taken."""
        old, new = self._pair(name, to)
        with self._lock:
            self._check_pair(name, old, to, new)
            old.rename(new)
        return _revision(read_text(new / SCENE))

    def duplicate(self, name: str, to: str) -> int:
        """Copy a project under another name; return its revision. Raises as `rename`."""
        old, new = self._pair(name, to)
        with self._lock:
            self._check_pair(name, old, to, new)
            half = new.with_name(f".half-{secrets.token_hex(4)}")  # never seen as a project, whatever happens
            try:
                shutil.copytree(old, half, symlinks=True)
                half.rename(new)
            except OSError:
                shutil.rmtree(half, ignore_errors=True)
                raise
        return _revision(read_text(new / SCENE))

    def _pair(self, name: str, to: str) -> tuple[Path, Path]:
        return self._scene(name).parent, self._scene(to).parent

    def _check_pair(self, name: str, old: Path, to: str, new: Path) -> None:
        if not (old / SCENE).is_file():
            raise RefusedError(404, f"project {name!r}: there is none of that name; see the list of projects")
        if new.exists() and not (new.samefile(old) and new.name != old.name):  # "film" may become "Film" anywhere
            raise RefusedError(CONFLICT, f"project {to!r}: there is one of that name already; choose another name")

    def _scene(self, name: str) -> Path:
        return self.folder.inside("projects", project_name(name), SCENE)

    def _check_revision(self, name: str, path: Path, revision: int | None, *, force: bool) -> None:
        if force or not path.exists():
            return
        now = _revision(read_text(path))
        if revision != now:
            what = "there is one of that name already" if revision is None else "it was changed by someone else"
            raise RefusedError(CONFLICT, f"project {name!r}: {what}; load it, save under another name, or overwrite it")

    def _keep_picture(self, place: Path, identity: str | None) -> None:
        if identity is None:
            return
        kept = self.folder.inside("projects", place.name, "pictures", f"{identity}.png")
        kept.parent.mkdir(exist_ok=True)
        if not kept.exists():
            shutil.copyfile(self.folder.picture(identity), kept)

    def _give_picture(self, place: Path, identity: str | None) -> None:
        """Take a project's picture back among the loaded ones, for a project folder that was copied here."""
        if identity is None or self.folder.picture(identity).exists():
            return
        kept = self.folder.inside("projects", place.name, "pictures", f"{identity}.png")
        if kept.is_file():
            keep_picture(self.folder, kept.read_bytes())


def _can_be_sent(scene: dict[str, Any]) -> bool:
    """Whether a scene is JSON in UTF-8: escapes in a file may spell halves of characters."""
    try:
        json.dumps(scene, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:
        return False
    return True


def _picture(scene: dict[str, Any]) -> str | None:
    try:
        return picture_id(scene.get("image") or None)
    except (RefusedError, TypeError):
        return None


def _revision(text: str) -> int:
    """48 bits of the text's SHA-256: a number that JavaScript holds exactly."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:12], 16)
