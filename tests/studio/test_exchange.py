"""Import and export: every format there and back, nothing read from beside the upload."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hitmark.scene.formats import FORMATS
from hitmark.scene.schema import Scene
from tests.studio.conftest import moving, png, text_scene

SIZED = {"width": 64, "height": 48, "frames": 8}


def export(client, scene, format="hitmark", **more):
    return client.post("/api/export", json={"scene": scene, "format": format, **more})


def upload(client, data, name="scene.json", **query):
    return client.post("/api/import", content=data, headers={"X-Name": name}, params=query)


@pytest.fixture
def picture(client):
    return client.post("/api/pictures", content=png()).json()["id"]


@pytest.mark.parametrize("format", [name for name, each in FORMATS.items() if each.writer is not None])
def test_every_format_is_written_and_read_again(client, picture, format):
    scene = {"image": f"pictures/{picture}.png", "prompt": "a heart", "subjects": [moving()], **SIZED}
    file = export(client, scene, format)
    assert file.status_code == 200, file.text
    name = file.headers["content-disposition"].partition('filename="')[2].rstrip('"')
    assert isinstance(json.loads(file.headers["x-notes"]), list)
    back = upload(client, file.content, name, width=64, height=48)
    assert back.status_code == 200, back.text
    told = back.json()
    assert told["format"] == format
    boxes = client.post("/api/check", json={"scene": told["scene"], "frames": 8}).json()["tracks"][0]["boxes"]
    wanted = client.post("/api/check", json={"scene": scene, "frames": 8}).json()["tracks"][0]["boxes"]
    for box, own in zip(boxes, wanted, strict=True):  # some formats hold centers alone
        assert (box[0] + box[2]) / 2 == pytest.approx((own[0] + own[2]) / 2, abs=0.03)


def test_the_own_format_loses_nothing(client, picture):
    scene = Scene.from_dict(text_scene(image=f"pictures/{picture}.png", notes={"kept": [1, {"a": "b"}]})).to_dict()
    told = upload(client, export(client, scene).content).json()
    assert told["scene"] == scene
    assert told["picture"] == {"id": picture, "width": 64, "height": 48, "url": f"/api/pictures/{picture}"}
    assert told["notes"] == []


def test_losses_are_told_in_a_header(client):
    file = export(
        client, text_scene(**SIZED, subjects=[moving(), moving("star")], prompt="a heart and a star"), "freetraj"
    )
    if file.status_code == 200:
        assert json.loads(file.headers["x-notes"])
    else:
        assert file.status_code == 422


def test_a_folder_goes_as_zip_with_its_picture(client, picture):
    file = export(client, {"image": f"pictures/{picture}.png", "subjects": [moving()], **SIZED}, "sg-i2v")
    with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
        assert "img.png" in archive.namelist()
    told = upload(client, file.content, "folder.zip").json()
    assert told["picture"]["id"] == picture
    assert told["scene"]["image"] == f"pictures/{picture}.png"


def test_a_picture_elsewhere_is_not_read(client, tmp_path):
    secret = tmp_path / "secret.png"
    secret.write_bytes(png(9, 9))
    for image in (str(secret), "../" * 12 + str(secret)[1:], "secret.png", "pictures/" + "0" * 24 + ".png", "."):
        told = upload(client, json.dumps({"image": image, "subjects": [moving()]}).encode()).json()
        assert told["picture"] is None
        assert "image" not in told["scene"]
        assert "did not come with the file" in told["notes"][0]
    assert not list((tmp_path / "studio" / "pictures").iterdir())


@pytest.mark.parametrize(
    "name", ["../../evil.json", "/etc/passwd", "a\\b.json", "..", "", ".", "x" * 500, "a.json%00.png"]
)
def test_only_the_extension_of_a_name_is_used(client, name):
    told = upload(client, json.dumps(text_scene()).encode(), name)
    assert told.status_code in (200, 422)
    assert "etc" not in told.text


def packed(**files: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


def test_a_zip_cannot_write_elsewhere(client, tmp_path):
    data = packed(**{"../../evil.txt": b"x", "/abs.txt": b"x", "a/../../b.txt": b"y", "..": b"z"})
    assert upload(client, data, "folder.zip").status_code == 422
    assert not list(tmp_path.rglob("evil.txt"))


def test_a_zip_bomb_is_refused(client):
    answer = upload(client, packed(**{"img.png": bytes(70 * 2**20)}), "folder.zip")
    assert answer.status_code == 413
    assert "unpacked" in answer.json()["error"]


@pytest.mark.parametrize(
    "data", [b"", b"{", b"PK\x03\x04junk", b"\x93NUMPY\x01\x00", b"not json", b"[1, 2]", b"\xff\xfe"]
)
@pytest.mark.parametrize("name", ["scene.json", "tracks.npy", "boxes.txt", "folder.zip", "config.yaml"])
def test_what_cannot_be_read_gets_a_sentence_without_our_paths(client, data, name):
    answer = upload(client, data, name)
    assert answer.status_code == 422
    assert "tmp" not in answer.json()["error"]


def test_an_unknown_format_is_refused(refused):
    body = {"scene": text_scene(), "format": "../../etc"}
    assert "format: expected one of" in refused(422, "POST", "/api/export", json=body)


def test_pixels_of_an_unknown_canvas_are_refused_with_the_fix(client):
    answer = export(client, text_scene(), "wan-move")
    assert answer.status_code == 422
    assert "width" in answer.json()["error"]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.binary(max_size=200), name=st.sampled_from(["a.json", "a.npy", "a.txt", "a.zip", "a.yaml", "a"]))
def test_any_bytes_are_read_or_refused(client, data, name):
    answer = upload(client, data, name)
    assert answer.status_code in (200, 415, 422), answer.text


PIXELS = ["comfy-coordinates", "comfy-tracks", "wan-move"]


@pytest.mark.parametrize("format", PIXELS)
def test_a_file_of_pixels_says_that_it_needs_their_canvas(client, format):
    file = export(client, {"prompt": "a heart", "subjects": [moving()], **SIZED}, format)
    name = file.headers["content-disposition"].partition('filename="')[2].rstrip('"')
    told = upload(client, file.content, name)
    if told.status_code == 200:  # the file holds its canvas
        return
    assert told.status_code == 422
    assert told.json()["needs"] == {"canvas": True}
    assert upload(client, file.content, name, width=64, height=48).status_code == 200


def test_a_list_of_records_says_which_there_are(client):
    one = {"caption": "a cat runs", "subject": "cat", "bboxes": [[0.1, 0.1, 0.3, 0.3]] * 4, "metadata": {}}
    data = json.dumps([one | {"id": 7}, one | {"id": 9, "caption": "a dog", "subject": "dog"}]).encode()
    told = upload(client, data)
    assert told.status_code == 422
    records = [{"id": "7", "label": "a cat runs"}, {"id": "9", "label": "a dog"}]
    assert told.json()["needs"] == {"records": records}
    chosen = upload(client, data, record="9")
    assert chosen.status_code == 200, chosen.text
    assert chosen.json()["scene"]["prompt"] == "a dog"


def test_what_is_damaged_asks_for_nothing(client, refused):
    refused(422, "POST", "/api/import", content=b"[[{]", headers={"X-Name": "a.json"})


def test_a_project_goes_whole_into_another_studio(client, picture, tmp_path):
    from fastapi.testclient import TestClient

    from hitmark.studio.server import application
    from hitmark.studio.studio import Studio
    from tests.studio.conftest import ADDRESS

    scene = Scene.from_dict({"image": f"pictures/{picture}.png", "subjects": [moving()], **SIZED}).to_dict()
    file = export(client, scene, "project")
    assert 'filename="project.zip"' in file.headers["content-disposition"]
    other = application(Studio(tmp_path / "other"), start=False)
    with TestClient(other, base_url=ADDRESS, headers={"X-Hitmark": "1"}) as there:
        told = upload(there, file.content, "project.zip").json()
        assert told["scene"] == scene
        assert told["picture"]["id"] == picture
        assert told["notes"] == []


def test_a_zip_of_ones_own_project_folder_has_its_picture(client, studio, picture, tmp_path):
    scene = {"image": f"pictures/{picture}.png", "subjects": [moving()], **SIZED}
    assert client.put("/api/projects/film", json={"scene": scene}).status_code == 200
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path in (studio.folder.root / "projects" / "film").rglob("*"):
            archive.write(path, f"film/{path.relative_to(studio.folder.root / 'projects' / 'film')}")
    (studio.folder.root / "pictures" / f"{picture}.png").unlink()
    told = upload(client, stream.getvalue(), "film.zip").json()
    assert told["picture"]["id"] == picture
    assert (studio.folder.root / "pictures" / f"{picture}.png").is_file()


def test_numbers_that_may_be_fractions_or_pixels_are_asked_about(client):
    data = json.dumps([[{"x": 0.1, "y": 0.1}, {"x": 0.5, "y": 0.9}]]).encode()
    told = upload(client, data, "tracks.json")
    assert told.status_code == 422
    needs = told.json()["needs"]
    assert needs["choices"] == {"units": ["fraction", "pixel"]}
    more = {"width": 64, "height": 48} if needs.get("canvas") else {}
    assert upload(client, data, "tracks.json", units="fraction", **more).status_code == 200
