"""Projects: kept as given, found by other commands, guarded by their revision, inside their folder."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hitmark.scene.schema import Scene
from tests.studio.conftest import moving, png, text_scene


def put(client, name, scene, revision=None, **more):
    return client.put(f"/api/projects/{name}", json={"scene": scene, "revision": revision, **more})


def test_a_project_comes_back_as_it_was_given(client):
    scene = text_scene(notes={"mine": [1, 2.5, {"a": None}]}, fps=7.0, seed=0, version=1)
    revision = put(client, "my film 1", scene).json()["revision"]
    told = client.get("/api/projects/my film 1").json()
    assert told["scene"] == scene  # with the fields that are as their defaults
    assert (told["name"], told["revision"]) == ("my film 1", revision)
    (listed,) = client.get("/api/projects").json()
    assert listed == {"name": "my film 1", "changed": told["changed"], "subjects": 1, "picture": None, "problem": None}


def test_the_files_are_what_other_commands_take(client, studio):
    identity = client.post("/api/pictures", content=png()).json()["id"]
    scene = {"image": f"pictures/{identity}.png", "subjects": [moving()]}
    assert put(client, "film", scene).status_code == 200
    path = studio.folder.root / "projects" / "film" / "scene.json"
    assert Scene.load(path).image_file(path).is_file()


def test_a_project_that_someone_else_changed_is_not_overwritten(client, studio):
    first = put(client, "film", text_scene()).json()["revision"]
    second = put(client, "film", text_scene(seed=2), first).json()["revision"]
    late = put(client, "film", text_scene(seed=3), first)
    assert late.status_code == 409
    assert "changed by someone else" in late.json()["error"]
    assert client.get("/api/projects/film").json()["scene"]["seed"] == 2
    path = studio.folder.root / "projects" / "film" / "scene.json"
    path.write_text(path.read_text().replace('"seed": 2', '"seed": 7'))  # by an editor of text
    assert put(client, "film", text_scene(seed=3), second).status_code == 409
    assert put(client, "film", text_scene(seed=3), second, force=True).status_code == 200
    assert client.get("/api/projects/film").json()["scene"]["seed"] == 3


def test_a_new_project_does_not_replace_one_of_that_name(client):
    put(client, "film", text_scene())
    assert "already" in put(client, "film", text_scene(seed=2)).json()["error"]


def test_a_project_is_removed(client, studio):
    put(client, "film", text_scene())
    assert client.delete("/api/projects/film").json() == {}
    assert client.get("/api/projects").json() == []
    assert client.delete("/api/projects/film").status_code == 404
    assert not (studio.folder.root / "projects" / "film").exists()


def test_a_copied_project_brings_its_picture(client, studio):
    identity = client.post("/api/pictures", content=png()).json()["id"]
    put(client, "film", {"image": f"pictures/{identity}.png"})
    (studio.folder.root / "pictures" / f"{identity}.png").unlink()
    assert client.get("/api/projects/film").status_code == 200
    assert client.get(f"/api/pictures/{identity}").status_code == 200


@pytest.mark.parametrize(
    ("scene", "word"),
    [({"image": "pictures/" + "0" * 24 + ".png"}, "load"), ({"image": "../a.png"}, "image"), ({"seed": -1}, "seed")],
)
def test_what_is_no_scene_is_not_saved(client, studio, scene, word):
    answer = put(client, "film", scene)
    assert answer.status_code == 422
    assert word in answer.json()["error"]
    assert not (studio.folder.root / "projects" / "film").exists()


BAD_NAMES = [
    ".hidden", "%2e%2e", "..%2fa", "a%2fb", "a%5cb", "a%00b", "%20a", "a%20", "a.", "x" * 81, "a:b", "a*",
    "~", "%e2%80%aea", "%ed%a0%80", "CON", "nul.txt", "a%0ab", "%C0%AE", "..;", "-%2F..%2F..%2Fetc",
]  # fmt: skip


@pytest.mark.parametrize("name", BAD_NAMES)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_names_that_are_no_names(client, studio, name, method):
    before = sorted(os.listdir(studio.folder.root))
    more = {"json": {"scene": text_scene()}} if method == "PUT" else {}
    answer = client.request(method, f"/api/projects/{name}", **more)
    assert answer.status_code in (404, 405, 422)
    assert answer.json()["error"]
    assert sorted(os.listdir(studio.folder.root)) == before
    assert os.listdir(studio.folder.root / "projects") == []


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(name=st.text(max_size=90))
def test_any_name_stays_inside(studio, name):
    try:
        path = studio.folder.project(name)
    except ValueError:
        return
    assert path.parent == studio.folder.root / "projects"
    assert path.name == name


def test_links_do_not_lead_outside(client, studio, tmp_path):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "scene.json").write_text(json.dumps(text_scene(prompt="a heart and a secret")))
    (studio.folder.root / "projects" / "link").symlink_to(secret)
    assert client.get("/api/projects/link").status_code == 404
    assert put(client, "link", text_scene(), force=True).status_code == 404
    assert client.delete("/api/projects/link").status_code == 404
    assert [each["subjects"] for each in client.get("/api/projects").json()] == [0]  # named, not read
    assert "secret" in (secret / "scene.json").read_text()


def test_a_damaged_project_is_told(client, studio):
    place = studio.folder.root / "projects" / "film"
    place.mkdir()
    (place / "scene.json").write_text('{"scene": ')
    assert "JSON" in client.get("/api/projects").json()[0]["problem"]
    answer = client.get("/api/projects/film")
    assert answer.status_code == 422
    assert "JSON" in answer.json()["error"]


def test_a_second_studio_is_kept_out(studio):
    from hitmark.errors import HitmarkError
    from hitmark.studio.studio import Studio

    with pytest.raises(HitmarkError, match="another studio works in"):
        Studio(studio.folder.root)


@pytest.mark.parametrize("name", ["Müller", "映画 第一", "фильм", "فیلم‌ها", "हिन्दी", "a (2), take 3", "🐳"])
def test_names_in_any_script(client, studio, name):
    revision = put(client, name, text_scene()).json()["revision"]
    assert client.get(f"/api/projects/{name}").json()["revision"] == revision
    assert (studio.folder.root / "projects" / name / "scene.json").is_file()
    assert [each["name"] for each in client.get("/api/projects").json()] == [name]


def test_a_name_is_the_same_however_its_letters_are_composed(client):
    apart = "Mu\u0308ller"
    put(client, apart, text_scene())
    assert client.get("/api/projects/M\u00fcller").json()["name"] == "M\u00fcller"
    assert client.get(f"/api/projects/{apart}").json()["name"] == "M\u00fcller"


def test_a_project_is_renamed_and_duplicated(client, refused):
    identity = client.post("/api/pictures", content=png()).json()["id"]
    scene = {"version": 1, "image": f"pictures/{identity}.png", "subjects": [moving()]}
    revision = put(client, "film", scene).json()["revision"]
    assert client.post("/api/projects/film/duplicate", json={"to": "Müller"}).json() == {"revision": revision}
    assert client.post("/api/projects/film/rename", json={"to": "映画"}).json() == {"revision": revision}
    assert {each["name"] for each in client.get("/api/projects").json()} == {"Müller", "映画"}
    for name in ("Müller", "映画"):
        assert client.get(f"/api/projects/{name}").json()["scene"] == scene
    assert "there is one of that name" in refused(409, "POST", "/api/projects/Müller/rename", json={"to": "映画"})
    assert "there is one of that name" in refused(409, "POST", "/api/projects/Müller/duplicate", json={"to": "Müller"})
    assert "there is none" in refused(404, "POST", "/api/projects/film/rename", json={"to": "new"})
    assert "choose another" in refused(422, "POST", "/api/projects/Müller/rename", json={"to": "../film"})


def test_a_copy_that_the_disk_refuses_leaves_nothing(client, refused, studio, monkeypatch):
    put(client, "film", text_scene())

    def full(*_given, **_more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hitmark.studio.projects.shutil.copytree", full)
    assert "No space left" in refused(409, "POST", "/api/projects/film/duplicate", json={"to": "copy"})
    assert os.listdir(studio.folder.root / "projects") == ["film"]


def test_one_that_cannot_be_read_hides_no_other(client, studio, tmp_path):
    put(client, "film", text_scene())
    projects = studio.folder.root / "projects"
    (projects / "notes").mkdir()  # no project at all
    (projects / "linked").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "scene.json").write_text("{}")
    (projects / "damaged").mkdir()
    (projects / "damaged" / "scene.json").write_text("{")
    (projects / "unreadable").mkdir()
    (projects / "unreadable" / "scene.json").mkdir()
    (projects / "round").symlink_to("round")  # leads to itself
    foreign = projects / os.fsdecode(b"no text \xff")  # of another system's alphabet
    for place, text in ((projects / "half", '{"prompt": "\\ud800"}'), (foreign, "{}")):
        place.mkdir()
        (place / "scene.json").write_text(text)
    listed = {each["name"]: each["problem"] for each in client.get("/api/projects").json()}
    assert set(listed) == {"film", "linked", "damaged", "unreadable", "round", "half", "no text ?"}
    assert listed["film"] is None
    assert all("remove the link" in listed[name] for name in ("linked", "round"))
    assert all(listed[name] for name in ("damaged", "unreadable", "half", "no text ?"))
    assert client.get("/api/projects/half").status_code == 422
