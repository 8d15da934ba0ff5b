"""JSON files that say of themselves what they are: `kind` and `version`, checked before their fields."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from hitmark.errors import HitmarkError
from hitmark.scene.problems import scene_error
from hitmark.scene.storage import parse_json, read_text

Document = TypeVar("Document", bound=BaseModel)


def read_document(
    model: type[Document], path: Path | str, *, kind: str, version: int, called: str, error: type[HitmarkError]
) -> Document:
    """Read a file of this kind.

    Args:
        model: what its fields are checked against.
        path: of the file.
        kind: what its field `kind` must say.
        version: the newest that can be read.
        called: what messages call it, such as "run record".
        error: raised for another kind and for a newer version.

    Raises:
        HitmarkError: `error`, or `SceneError` for a file that cannot be read and for fields that are wrong.
    """
    value = parse_json(read_text(path), os.fspath(path))
    if not isinstance(value, dict) or value.get("kind") != kind:
        raise error(f'{path}: expected a {called} with "kind": "{kind}", got something else')
    found = value.get("version")
    if isinstance(found, int) and found > version:
        raise error(f"{path}: this {called} is version {found}, this hitmark reads up to {version}; update hitmark")
    try:
        return model.model_validate(value)
    except ValidationError as problem:
        raise scene_error(problem, model, os.fspath(path)) from None
