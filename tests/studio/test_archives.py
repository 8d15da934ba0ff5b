"""Zips of people's own folders: names in any script, pictures wherever they lie, a choice of several scenes."""

from __future__ import annotations

import io
import json
import unicodedata
import zipfile

import pytest

from tests.studio.conftest import png, text_scene
from tests.studio.test_exchange import moving, upload


def zipped(members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data if isinstance(data, bytes) else json.dumps(data))
    return stream.getvalue()


def scene(image):
    return {"version": 1, "image": image, "subjects": [moving()]}


@pytest.mark.parametrize(
    ("place", "image"),
    [
        ("映画/Müller 写真.png", "Müller 写真.png"),
        ("映画/" + unicodedata.normalize("NFD", "Müller.png"), "Müller.png"),
        ("映画/images/one.png", "images/one.png"),
        ("映画/images/one.png", "images\\one.png"),
        ("photo (1).PNG", "../photo (1).PNG"),
        ("映画/pictures/one.png", "one.png"),  # moved: the only one of that name
        ("映画/" + "a long name, " * 9 + ".png", "a long name, " * 9 + ".png"),
    ],
)
def test_a_picture_is_found_whatever_it_is_called_and_wherever_it_lies(client, place, image):
    data = zipped({"映画/scene.json": scene(image), place: png(60, 40), "__MACOSX/映画/._scene.json": b"\0\5"})
    told = upload(client, data, "film.zip").json()
    assert told["notes"] == []
    assert (told["picture"]["width"], told["picture"]["height"]) == (60, 40)


def test_of_two_pictures_of_that_name_none_is_guessed(client):
    data = zipped({"scene.json": scene("one.png"), "a/one.png": png(60, 40), "b/one.png": png(8, 8)})
    told = upload(client, data, "film.zip").json()
    assert told["picture"] is None
    assert "did not come with the file" in told["notes"][0]


def test_of_several_scenes_one_is_chosen(client):
    boxes = [
        {"id": number, "caption": what, "subject": what, "bboxes": [[0.1, 0.1, 0.3, 0.3]] * 4}
        for number, what in ((7, "cat"), (9, "dog"))
    ]
    data = zipped({
        "projects/a/scene.json": text_scene(prompt="a heart of a"),
        "projects/映画/scene.json": text_scene(prompt="a heart of b"),
        "list.json": boxes,
    })  # fmt: skip
    told = upload(client, data, "studio.zip")
    assert told.status_code == 422
    names = ["list.json", "projects/a/scene.json", "projects/映画/scene.json"]
    assert [each["id"] for each in told.json()["needs"]["records"]] == names
    assert upload(client, data, "studio.zip", record=names[2]).json()["scene"]["prompt"] == "a heart of b"
    again = upload(client, data, "studio.zip", record="list.json").json()["needs"]["records"]
    assert again == [{"id": "list.json#7", "label": "cat"}, {"id": "list.json#9", "label": "dog"}]
    assert upload(client, data, "studio.zip", record="list.json#9").json()["scene"]["prompt"] == "dog"


@pytest.mark.parametrize(
    "members",
    [
        {"../../evil.json": text_scene()},
        {"/abs.json": text_scene()},
        {"a/../../b.json": text_scene()},
        {"a\\..\\..\\b.json": text_scene()},
        {"C:\\b.json": text_scene()},
        {"nul": text_scene()},
        {"/".join("abcdefghij") + ".json": text_scene()},
        {"a": b"x", "a/b.json": text_scene()},
        {"x" * 300 + ".json": text_scene()},
        {},
    ],
)
def test_what_leads_elsewhere_is_left_out(client, tmp_path, members):
    before = sorted(tmp_path.rglob("*"))
    answer = upload(client, zipped(members), "film.zip")
    assert answer.status_code == 422
    assert "tmp" not in answer.json()["error"]
    assert sorted(tmp_path.rglob("*")) == before


def test_a_file_that_is_no_scene_is_told_without_what_cannot_be_done_here(client):
    error = upload(client, b"<svg/>", "drawing.svg").json()["error"]
    assert "Formats that are read: hitmark" in error
    assert "name the format" not in error
    assert "\n" not in error
