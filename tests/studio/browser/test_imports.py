"""Every format that is written can be read back in the page; what a file does not say itself is asked for."""

from __future__ import annotations

import json
import zipfile

import pytest
from playwright.sync_api import expect

from hitmark.scene.formats import FORMATS
from tests.studio.conftest import png, text_scene

ASKED = '[data-test="import-needs"]'


def centers(studio, frames=8):
    script = """async (frames) => {
      const { store } = (await import("/assets/page.js")).of("scene/store.js");
      const { tracks } = (await import("/assets/page.js")).of("scene/motion.js");
      const [first] = tracks(store.scene, frames);
      return first.boxes.map(([x0, y0, x1, y1]) => [(x0 + x1) / 2, (y0 + y1) / 2]);
    }"""
    return studio.page.evaluate(script, frames)


def exported(studio, name, folder):
    studio.press("export")
    studio.hook(f"format-{name}").check()
    with studio.page.expect_download() as saved:
        studio.press("export-save", "dialog")
    path = folder / saved.value.suggested_filename
    saved.value.save_as(path)
    studio.page.wait_for_function(
        "() => !document.querySelector('dialog[open]') || document.querySelector('dialog[open] ul.bad li')"
    )
    if studio.page.locator("dialog[open]").count():
        studio.page.keyboard.press("Escape")
    return path


@pytest.fixture(autouse=True)
def _asked(watch):
    watch.refusals.add(422)  # the first answer to a file that does not say enough


WRITTEN = [name for name, each in FORMATS.items() if each.writer is not None]


def emptied(studio):
    studio.press("new")
    studio.page.get_by_role("button", name="Replace it").click()
    expect(studio.hook("subject")).to_have_count(0)


def test_what_the_page_writes_it_reads(studio, tmp_path):
    """Every format in turn, in one page."""
    studio.open()
    for name in (*WRITTEN, "project"):
        print("format:", name)  # shown where it fails
        is_read_back(studio, name, tmp_path)
        emptied(studio)


def is_read_back(studio, name, tmp_path):
    studio.example("picture")
    studio.press("tab-scene")
    studio.fill("prompt", "a heart")
    wanted = centers(studio)
    path = exported(studio, name, tmp_path)
    emptied(studio)
    studio.hook("file").set_input_files(path)
    expect(studio.page.locator(f"{ASKED}, #left [data-test=subject]").first).to_be_visible()
    if studio.page.locator(ASKED).count():  # pixels: of how large a picture?
        studio.hook("canvas-width").fill("64")
        studio.hook("canvas-height").fill("64")
        studio.press("import-go")
    expect(studio.hook("subject")).not_to_have_count(0)
    found = centers(studio)
    for which in (0, -1):  # what lies between is the format's own affair
        assert found[which] == pytest.approx(wanted[which], abs=0.03)
    expect(studio.page.locator("#save-state")).to_have_text("not saved")


def test_a_record_of_a_list_is_chosen(studio, tmp_path):
    box = [0.1, 0.1, 0.3, 0.3]
    records = [
        {"id": number, "caption": f"a {what} runs", "subject": what, "bboxes": [box] * 4, "metadata": {}}
        for number, what in ((7, "cat"), (9, "dog"), (11, "horse"))
    ]
    path = tmp_path / "boxes.json"
    path.write_text(json.dumps(records))
    studio.open()
    studio.hook("file").set_input_files(path)
    expect(studio.hook("records").locator("option")).to_have_text(
        ["7: a cat runs", "9: a dog runs", "11: a horse runs"]
    )
    studio.page.get_by_label("Look for a scene").fill("dog")
    studio.press("import-go")
    expect(studio.hook("subject")).to_have_count(1)
    assert studio.scene()["prompt"] == "a dog runs"


def test_a_question_that_is_closed_leaves_everything_as_it_was(studio, tmp_path):
    path = tmp_path / "tracks.json"
    path.write_text(json.dumps([[{"x": 10, "y": 10}, {"x": 20, "y": 20}]]))
    studio.open()
    studio.example("text")
    before = studio.scene()
    studio.hook("file").set_input_files(path)
    expect(studio.page.locator(ASKED)).to_be_visible()
    studio.page.keyboard.press("Escape")
    expect(studio.page.locator(ASKED)).to_have_count(0)
    assert studio.scene() == before


def test_a_scene_of_a_zipped_folder_of_projects_is_chosen(studio, tmp_path):
    path = tmp_path / "films.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("Müller", "映画"):
            scene = text_scene(prompt=f"a heart by {name}") | {"image": "写真.png"}
            archive.writestr(f"films/{name}/scene.json", json.dumps(scene))
            archive.writestr(f"films/{name}/写真.png", png(64, 48))
    studio.open()
    studio.hook("file").set_input_files(path)
    expect(studio.hook("records").locator("option")).to_have_text(["films/Müller/scene.json", "films/映画/scene.json"])
    studio.page.get_by_label("Look for a scene").fill("映画")
    studio.press("import-go")
    expect(studio.hook("subject")).to_have_count(1)
    assert studio.scene()["prompt"] == "a heart by 映画"
    studio.until("scene/store", "page.store.ui.picture?.width === 64")


def test_a_clip_is_told_what_to_drop_instead_and_its_record_is_taken_beside_it(studio, tmp_path):
    clip, scene = tmp_path / "clip.mp4", tmp_path / "clip.json"
    clip.write_bytes(b"a clip")
    scene.write_text(json.dumps(text_scene()))
    studio.open()
    studio.hook("file").set_input_files(clip)
    expect(studio.hook("toast").last).to_contain_text("drop the file beside it that ends in .json")
    studio.hook("file").set_input_files([clip, scene])
    expect(studio.hook("subject")).to_have_count(1)
