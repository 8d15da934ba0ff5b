"""The scene: what moves where and when, as one JSON file. See docs/scene-format.md for examples.

Times run from 0 (first frame) to 1 (last frame), boxes are fractions of the picture, so one scene serves any number of
frames and any picture size. Scenes do not change once made; `Scene.replace` gives a changed, checked copy.
Nothing is corrected in silence: what does not fit the schema is an error that names the field.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticSerializationError, to_json

from hitmark.scene.parts import Anchor, Camera, Easing, Keyframe, MethodChoice, Part, PlainDict, Subject
from hitmark.scene.problems import FieldError, SceneError, scene_error, shorten
from hitmark.scene.storage import parse_json, pretty_json, read_text, write_text

__all__ = ["SCHEMA_VERSION", "Anchor", "Camera", "Easing", "Keyframe", "MethodChoice", "Scene", "Subject"]

SCHEMA_VERSION = 1
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://|data:", re.IGNORECASE)


class Scene(Part):
    """What is generated: picture, prompt, subjects and their paths, camera, model, method, seed."""

    version: int = Field(default=SCHEMA_VERSION, ge=1, le=SCHEMA_VERSION, description="version of this format")
    width: int | None = Field(default=None, ge=1, le=8192, description="pixels; absent = the model's own")
    height: int | None = Field(default=None, ge=1, le=8192, description="pixels; absent = the model's own")
    frames: int | None = Field(default=None, ge=2, le=10_000, description="number of frames; absent = the model's own")
    fps: float = Field(default=7.0, gt=0, le=1000, description="frames a second of the video, above 0")
    seed: int = Field(default=0, ge=0, le=2**63 - 1, description="seed of the noise, 0 to 2**63 - 1")
    prompt: str = Field(default="", description="what the video shows, for models that read text")
    negative_prompt: str = Field(default="", description="what the video should not show")
    image: str | None = Field(
        default=None, min_length=1, description="first frame: path relative to the scene file's folder"
    )
    fit: Literal["auto", "crop", "pad", "stretch"] = Field(
        default="auto",
        description="how a picture of another shape than the clip's is brought to it; auto = crop where that loses no "
        "part of a box, else pad",
    )
    subjects: list[Subject] = Field(default=[], description="what moves")
    anchors: list[Anchor] = Field(default=[], description="boxes that hold still")
    pin_camera: bool = Field(default=False, description="hold the camera still by an anchor in each free corner")
    camera: Camera | None = Field(default=None, description="camera move, made by background boxes that move together")
    model: str | None = Field(default=None, min_length=1, description="name or path of the model; absent = the default")
    method: MethodChoice = Field(default=MethodChoice(), description="method and its settings")
    notes: PlainDict = Field(default={}, description="anything else; kept, never interpreted")

    @field_validator("image")
    @classmethod
    def _writable_path(cls, image: str | None) -> str | None:
        if image is not None and not image.isprintable():
            raise FieldError(f"expected a path of printable characters, got {shorten(image)}; rename the picture")
        if image is not None and _ADDRESS.match(image):
            raise FieldError(
                f"expected the path of a file, got the address {shorten(image)}; download the picture and name its file"
            )
        return image

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        taken: dict[str, str] = {}
        for field in ("subjects", "anchors"):
            for index, part in enumerate(getattr(self, field)):
                place = f"{field}[{index}]"
                if part.name in taken:
                    message = f"expected a unique name, got {part.name!r}, the name of {taken[part.name]}; rename one"
                    raise FieldError(message, field, index, "name")
                taken[part.name] = place
        return self

    @model_validator(mode="after")
    def _one_camera(self) -> Self:
        if self.camera is not None and self.pin_camera:
            raise FieldError("expected `camera` or `pin_camera`, got both; a pinned camera cannot move, remove one")
        return self

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Scene:
        """Read a scene file (UTF-8 JSON, at most 8 MB). Raises `SceneError` for anything wrong with it."""
        return cls.from_json(read_text(path), source=os.fspath(path))

    @classmethod
    def from_json(cls, text: str, source: str = "scene") -> Scene:
        """Read a scene from JSON text; `source` stands for the file in messages. Raises `SceneError`."""
        text = text.removeprefix("\ufeff")
        value = parse_json(text, source)
        if not isinstance(value, dict):
            raise SceneError(
                f"{source}: expected a scene, one JSON object {{...}}, got {shorten(value)}; correct the file"
            )
        _refuse_newer(value, source)
        try:
            return cls.model_validate_json(text, strict=True)
        except ValidationError as error:
            raise scene_error(error, cls, source) from None

    @classmethod
    def from_dict(cls, fields: dict[str, Any], source: str = "scene") -> Scene:
        """Check a dictionary of fields; values may be parts, lists, tuples, numpy numbers. Raises `SceneError`."""
        try:
            text = to_json(fields, inf_nan_mode="constants", fallback=_plain_number).decode()
        except (PydanticSerializationError, UnicodeError) as error:
            raise SceneError(f"{source}: expected values that JSON can hold; {error}") from None
        return cls.from_json(text, source)

    def replace(self, **changes: Any) -> Scene:
        """Return a checked copy with some fields changed: `scene.replace(seed=3, frames=25)`. Raises `SceneError`."""
        return self.from_dict({name: getattr(self, name) for name in type(self).model_fields} | changes)

    def to_dict(self) -> dict[str, Any]:
        """Return the scene as plain JSON values: the version, and every field that differs from its default."""
        return {"version": self.version} | self.model_dump(mode="json", exclude_defaults=True)

    def to_json(self) -> str:
        """Return the text of a scene file. Raises `SceneError` where `from_json` could not read it again."""
        text = pretty_json(self.to_dict()) + "\n"
        self.from_json(text, source="this scene")
        return text

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the scene file: all of it or nothing, whatever interrupts. Raises `SceneError`."""
        write_text(path, self.to_json())

    def image_path(self, folder: str | os.PathLike[str]) -> Path | None:
        """Return the first image's path, `image` being relative to `folder`; None: no image.

        Where no such file exists, `~` stands for the home folder, and backslashes may part folders (as on Windows).
        """
        if self.image is None:
            return None
        path = Path(folder) / self.image
        others = [Path(folder) / self.image.replace("\\", "/")] if "\\" in self.image else []
        if self.image.startswith("~"):
            with suppress(RuntimeError):  # no home folder is known
                others.append(Path(self.image).expanduser())
        return path if _is_file(path) else next(filter(_is_file, others), path)

    def image_file(self, scene_path: str | os.PathLike[str]) -> Path:
        """Return the first image's path for the scene stored at `scene_path`. Raises `SceneError` if there is none."""
        path = self.image_path(Path(scene_path).parent)
        if path is None:
            raise SceneError(f"{scene_path}: image: the scene names no first image; add `image`, or give a picture")
        if not _is_file(path):
            raise SceneError(
                f"{scene_path}: image: expected a picture at {path}, found none; "
                "put it there or correct `image` (it is relative to the scene file's folder)"
            )
        return path

    def content_hash(self) -> str:
        """Return the SHA-256 (64 hex digits) of the scene's content: the same for any spelling or place of its file."""
        canonical = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(canonical.encode("ascii")).hexdigest()

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """Return the JSON Schema (draft 2020-12) of scene files, for editors and other programs."""
        return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | cls.model_json_schema()


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _refuse_newer(fields: dict[str, Any], source: str) -> None:
    version = fields.get("version")
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise SceneError(
            f"{source}: this scene is version {shorten(version)}, this hitmark reads up to {SCHEMA_VERSION}; "
            "update hitmark"
        )


def _plain_number(value: Any) -> Any:
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    raise TypeError(f"got {shorten(value)}; give numbers, text, lists or dictionaries")
