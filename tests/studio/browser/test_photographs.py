"""A photograph of a phone: turned, reduced before it travels, shown to be on its way, cut and padded without loss."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image
from playwright.sync_api import expect

from tests.studio.browser.test_work_is_kept import Held

SIDES = (4032, 3024)  # 12 megapixels
SMALLER = (2880, 2160)  # and yet larger than what travels; six megapixels cost half
MOST_SIDE = 2560


def photograph(path, size=SIDES, turned=False):
    noise = np.random.default_rng(1).integers(0, 255, (size[1] // 16, size[0] // 16, 3), dtype=np.uint8)
    image = Image.fromarray(noise).resize(size)
    exif = Image.Exif()
    exif[0x0112] = 6 if turned else 1
    image.save(path, "JPEG", quality=60, exif=exif)
    return path


PICTURE = "async () => (await import('/assets/scene/store.js')).store.ui.picture"
IS_ANOTHER = "page.store.ui.picture && page.store.ui.picture.url !== argument"


def test_a_large_photograph_is_reduced_before_it_travels(studio, tmp_path):
    """Upright, then turned by its EXIF next, in the same page."""
    studio.open()
    side, before = (MOST_SIDE, round(MOST_SIDE * SIDES[1] / SIDES[0])), None
    for turned in (False, True):
        studio.hook("file").set_input_files(photograph(tmp_path / "photo.jpg", SMALLER if turned else SIDES, turned))
        expect(studio.hook("progress")).to_be_visible()
        studio.until("scene/store", IS_ANOTHER, before)
        expect(studio.hook("progress")).to_have_count(0)
        picture = studio.page.evaluate(PICTURE)
        assert (picture["width"], picture["height"]) == (side[::-1] if turned else side)
        before = picture["url"]


def test_padding_makes_no_picture_that_is_refused(studio, tmp_path):
    studio.open()
    studio.example("picture")
    studio.hook("file").set_input_files(photograph(tmp_path / "photo.jpg", SMALLER))
    expect(studio.page.locator("#fit-note")).to_be_visible()
    studio.press("fit-pad")
    expect(studio.hook("toast").last).to_contain_text("Padded to fit")
    picture = studio.page.evaluate(PICTURE)
    assert max(picture["width"], picture["height"]) <= MOST_SIDE


def test_a_last_frame_is_a_picture_of_its_own(studio, process, tmp_path):
    """Cut, then take a clip's last frame: cutting again cuts that, and no box moves back to the old picture."""
    studio.open()
    studio.example("picture")
    path = tmp_path / "wide.png"
    wide = np.random.default_rng(2).integers(0, 255, (64, 128, 3), dtype=np.uint8)
    Image.fromarray(wide).save(path)
    studio.hook("file").set_input_files(path)
    studio.press("fit-cut")
    expect(studio.hook("toast").last).to_contain_text("Cut to fit")
    (clip,) = studio.generate(steps=1)
    studio.wait(clip, "done")
    studio.card(clip).hover()
    studio.card(clip).locator('[data-test="more"]').click()
    studio.press("use-last")
    expect(studio.hook("toast").last).to_contain_text("last frame")
    scene = studio.scene()
    assert "notes" not in scene or "picture" not in scene["notes"].get("studio", {})
    studio.press("tab-scene")
    expect(studio.hook("original")).to_be_hidden()
    image = scene["image"].removeprefix("pictures/").removesuffix(".png")
    last = process.client.get(f"/api/jobs/{clip}/files/last.png").content
    kept = process.client.get(f"/api/pictures/{image}").content
    assert np.array_equal(*(np.asarray(Image.open(io.BytesIO(data)).convert("RGB")) for data in (last, kept)))


def test_of_two_pictures_the_one_asked_for_last_is_taken(studio, tmp_path):
    sizes = {"first": (64, 48), "second": (50, 40)}
    for name, size in sizes.items():
        Image.new("RGB", size, "red").save(tmp_path / f"{name}.png")
    studio.open()
    held = Held(studio.page, "**/api/pictures")
    for count, name in enumerate(sizes, 1):
        studio.hook("file").set_input_files(tmp_path / f"{name}.png")
        held.wait(count)
    held.go(1)
    studio.until("scene/store", "page.store.ui.picture?.width === 50")
    held.go(0)
    expect(studio.hook("toast").last).to_contain_text("first.png arrived after you chose another picture")
    assert studio.page.evaluate(PICTURE)["width"] == 50


def test_the_question_of_the_picture_s_shape_hides_nothing_of_it(studio, tmp_path):
    Image.new("RGB", (60, 90), "red").save(tmp_path / "tall.png")
    studio.open()
    studio.hook("file").set_input_files(tmp_path / "tall.png")
    note = studio.page.locator("#fit-note")
    expect(note).to_be_visible()
    (_, top), (_, bottom) = studio.places((0, 0), (1, 1))
    box = note.bounding_box()
    assert box["y"] + box["height"] <= top < bottom


def test_what_changes_nothing_is_not_offered(studio, tmp_path):
    """The nearest shape that the model makes is not quite the picture's: then it can be cut, padded or left."""
    Image.new("RGB", (640, 400), "red").save(tmp_path / "wide.png")
    studio.open()
    studio.hook("file").set_input_files(tmp_path / "wide.png")
    expect(studio.hook("fit-shape")).to_be_visible()
    studio.press("fit-shape")
    expect(studio.hook("fit-shape")).to_be_hidden()
    scene = studio.scene()
    assert (scene["width"], scene["height"]) == (80, 48)
    studio.press("fit-cut")
    expect(studio.page.locator("#fit-note")).to_be_hidden()
