"""Numbers, colors and kinds of files that the page repeats are those of Python: its scripts are read, no browser."""

from __future__ import annotations

import inspect
import json
import re
from typing import Any, get_args

import pytest
from PIL import Image

from hitmark import prompt
from hitmark.drawing import colors as drawing
from hitmark.scene.boxes import FARTHEST
from hitmark.scene.parts import Anchor, Camera, Easing, Subject
from hitmark.scene.schema import Scene
from hitmark.studio import results
from hitmark.studio.assets import PAGE
from hitmark.studio.bodies import JobChange, JobsRequest, NameRequest
from hitmark.studio.folder import FORBIDDEN, LONGEST_NAME
from hitmark.studio.pictures import FORMATS
from hitmark.studio.routes import import_scene


def source(name: str) -> str:
    """A script of the page."""
    return (PAGE / name).read_text(encoding="utf-8")


def constant(name: str, script: str) -> Any:
    """A constant of plain values in a script, read as JSON."""
    found = re.search(rf"^(?:export )?const {name} = (.*?);(?: //[^\n]*)?\n", source(script), re.DOTALL | re.MULTILINE)
    assert found, (name, script)
    plain = re.sub(r"//[^\n]*", "", found[1])
    plain = re.sub(r"\b(\d+)n\b", r"\1", re.sub(r"(\w+):", r'"\1":', plain))
    return json.loads(re.sub(r",(\s*[}\]])", r"\1", plain))


def limits(model: Any, field: str) -> list[float]:
    """The least and the most that a field of a model may be."""
    return bounds(model.model_fields[field].metadata)


def bounds(metadata: list[Any]) -> list[float]:
    """The same of the marks of a field."""
    low = next(getattr(each, name) for each in metadata for name in ("ge", "gt") if hasattr(each, name))
    return [low, next(each.le for each in metadata if hasattr(each, "le"))]


def longest(model: Any, field: str) -> int:
    """How many characters a field of a model may have."""
    schema = model.model_json_schema()["properties"][field]
    found = [each["maxLength"] for each in (schema, *schema.get("anyOf", ())) if "maxLength" in each]
    return found[0]


def test_scripts_without_spaces_are_the_same_on_the_page() -> None:
    assert constant("UNSPACED", "panels/text.js") == prompt.UNSPACED


def test_the_limits_are_those_of_scenes_and_orders() -> None:
    pan = get_args(Camera.model_fields["pan"].annotation)
    assert constant("LIMITS", "scene/limits.js") == {
        "side": limits(Scene, "width"),
        "frames": limits(Scene, "frames"),
        "fps": limits(Scene, "fps"),
        "seed": limits(Scene, "seed"),
        "depth": limits(Subject, "depth"),
        "pan": bounds(list(get_args(pan[0])[1].metadata)),
        "zoom": limits(Camera, "zoom"),
        "reach": FARTHEST,
        "name": longest(Subject, "name"),
        "project": LONGEST_NAME,
        "title": longest(JobChange, "title"),
        "steps": limits(JobsRequest, "steps"),
        "variants": limits(JobsRequest, "variants"),
        "canvas": bounds(canvas()),
    }
    assert limits(Scene, "height") == limits(Scene, "width")
    assert longest(Anchor, "name") == longest(Subject, "name")
    assert longest(NameRequest, "to") == longest(JobChange, "title")  # both are typed into one and the same field
    assert constant("FPS", "scene/limits.js") == Scene().fps


def canvas() -> list[Any]:
    """The marks of the canvas's width in an import."""
    marks = get_args(inspect.signature(import_scene, eval_str=True).parameters["width"].annotation)[1]
    return list(marks.metadata)


def test_lengths_in_the_document_are_those_of_the_limits() -> None:
    known = constant("LIMITS", "scene/limits.js")
    assert re.findall(r'id="project-name"[^>]*maxlength="(\d+)"', source("index.html")) == [str(known["project"])]
    assert re.findall(r'maxlength: "(\d+)"', source("dom/dialogs.js")) == [str(known["title"])]


def test_colors_are_those_of_plan_pictures() -> None:
    hexadecimal = ["#{:02x}{:02x}{:02x}".format(*color) for color in drawing.PALETTE]
    assert constant("SUBJECTS", "scene/palette.js") == hexadecimal
    assert constant("ANCHOR", "scene/palette.js") == "#{:02x}{:02x}{:02x}".format(*drawing.STILL)
    assert constant("CAMERA", "scene/palette.js") == "#{:02x}{:02x}{:02x}".format(*drawing.CAMERA)


def test_easings_are_those_of_scenes() -> None:
    table = re.search(r"const EASE = \{(.*?)\n\};", source("scene/motion.js"), re.DOTALL)
    assert table
    assert re.findall(r'^  "?([a-z-]+)"?: \(u\)', table[1], re.MULTILINE) == list(get_args(Easing))


def test_every_kind_of_picture_that_is_read_can_be_chosen_and_dropped() -> None:
    Image.init()
    script = source("files/files.js")
    chosen = re.search(r'choose\("(image/[^"]+)"\)', script)
    dropped = re.search(r"const PICTURE = /(.+)/i;", script)
    assert chosen
    assert dropped
    phones = {"image/heic", "image/heif"}  # of a package of its own; where it is missing the studio says so
    assert set(chosen[1].split(",")) == {Image.MIME[kind] for kind in FORMATS} | phones
    assert all(re.search(dropped[1], f"a{suffix}") for suffix in (".heic", ".heif"))
    for kind in FORMATS:
        for suffix in (suffix for suffix, each in Image.EXTENSION.items() if each == kind):
            usual = suffix in (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif")
            assert bool(re.search(dropped[1], f"a{suffix}")) is usual, suffix


@pytest.mark.parametrize("character", sorted(FORBIDDEN))
def test_characters_that_no_project_may_have_are_refused_in_the_page(character: str) -> None:
    found = re.search(r"const FORBIDDEN = /\[(.*?)\]\|", source("projects/projects.js"))
    assert found
    assert re.search(f"[{found[1]}]", character)
    assert len(found[1].replace("\\", "")) + found[1].count("\\\\") == len(FORBIDDEN)


def test_scores_are_those_that_results_have_each_once() -> None:
    shown = re.findall(r'^    key: "([^"]+)"', source("jobs/words.js"), re.MULTILINE)
    assert len(shown) == len(set(shown))
    assert set(shown) == set(re.findall(r'^            "([a-z ]+)": ', inspect.getsource(results.scores), re.MULTILINE))
