"""What is being typed when a page is left is taken, or asked about where it cannot be."""

from __future__ import annotations

import json

from playwright.sync_api import expect

from tests.studio.browser.test_work_is_kept import ASKS


def test_a_number_that_is_being_typed_survives_a_reload(studio):
    studio.open()
    studio.press("tab-scene")
    studio.hook("scene-frames").fill("12")
    assert studio.page.evaluate(ASKS) is True
    expect(studio.hook("scene-frames")).to_be_focused()  # who stays goes on typing
    studio.hook("scene-frames").fill("13")
    studio.page.reload()
    studio.ready()
    assert studio.scene()["frames"] == 13
    expect(studio.page.locator("#save-state")).to_have_text("not saved")


def test_a_number_that_cannot_be_taken_is_asked_about(studio):
    studio.open()
    studio.press("tab-scene")
    studio.hook("scene-frames").fill("1")
    assert studio.page.evaluate(ASKS) is True


def test_json_text_that_is_no_scene_yet_is_asked_about(studio):
    studio.open()
    studio.press("json")
    text = studio.hook("json-text")
    whole = json.dumps(studio.scene())
    text.fill('{"seed": ')
    assert studio.page.evaluate(ASKS) is True  # not looked at yet
    expect(text).to_have_attribute("aria-invalid", "true")
    assert studio.page.evaluate(ASKS) is True
    text.fill(whole)
    expect(text).to_have_attribute("aria-invalid", "false")
    assert studio.page.evaluate(ASKS) is False
