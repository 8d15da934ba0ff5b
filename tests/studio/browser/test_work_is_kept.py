"""Nothing that a person did is lost or put into another scene: tabs, folders, kills, late answers, keys in a field."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Error, expect

from tests.studio.browser.acts import TWO_FRAMES, Studio
from tests.studio.browser.chromium import ARGUMENTS, found_chromium
from tests.studio.browser.process import Process
from tests.studio.conftest import png, text_scene

ASKS = "() => !dispatchEvent(new Event('beforeunload', { cancelable: true }))"
DRAFTS = "() => Object.keys(localStorage).filter((key) => key.startsWith('hitmark-draft/')).length"


def prompt(studio, text):
    studio.press("tab-scene")
    studio.fill("prompt", text)


def kept(studio):
    """Wait until the draft is written: it comes to rest first."""
    has = "(text) => Object.values(localStorage).some((each) => each.includes(text))"
    studio.page.wait_for_function(has, arg=json.dumps(studio.scene()["prompt"])[1:-1])


def test_two_tabs_keep_work_of_their_own_through_reloads(studio, context):
    other = Studio(context.new_page(), studio.address)
    for page, text in ((studio, "a red heart"), (other, "a blue star")):
        page.open()
        prompt(page, text)
    for page, text in ((studio, "a red heart"), (other, "a blue star"), (studio, "a red heart")):
        page.page.reload()
        page.ready()
        assert page.scene()["prompt"] == text
        expect(page.page.locator("#save-state")).to_have_text("not saved")
    assert studio.page.evaluate(DRAFTS) == 2


def test_leaving_unsaved_work_is_asked_about_and_saved_work_is_not(studio):
    studio.open()
    assert studio.page.evaluate(ASKS) is False
    prompt(studio, "a red heart")
    assert studio.page.evaluate(ASKS) is True
    studio.fill("project-name", "asked")
    studio.press("save")
    expect(studio.page.locator("#save-state")).to_have_text("saved")
    assert studio.page.evaluate(ASKS) is False


def test_work_of_a_closed_tab_is_offered(studio, context):
    closed = Studio(context.new_page(), studio.address)
    closed.open()
    prompt(closed, "a closed tab")
    closed.page.close()
    studio.open()
    assert "prompt" not in studio.scene()  # not taken without a word: somebody closed it
    studio.hook("unsaved").get_by_role("button", name="Bring back").first.click()
    expect(studio.hook("prompt")).to_have_value("a closed tab")
    expect(studio.hook("unsaved")).to_have_count(0)
    expect(studio.page.locator("#save-state")).to_have_text("not saved")


def written(profile, text, studio):
    """Wait until the browser has its storage on the disk, which it does some seconds after it is asked to."""
    place = profile / "Default" / "Local Storage" / "leveldb"
    while not any(
        form in path.read_bytes() for path in place.glob("*.log") for form in (text.encode(), text.encode("utf-16-le"))
    ):
        studio.page.evaluate(TWO_FRAMES)


def test_a_browser_that_is_killed_loses_nothing(playwright_of, process, tmp_path):
    """The whole browser ends at once; the next one brings the work back by itself."""

    def browser():
        return playwright_of.chromium.launch_persistent_context(
            tmp_path / "profile", executable_path=found_chromium(), args=list(ARGUMENTS)
        )

    first = browser()
    studio = Studio(first.new_page(), process.address)
    studio.open()
    prompt(studio, "killed in the middle")
    written(tmp_path / "profile", "killed in the middle", studio)
    session = (
        first.browser.new_browser_cdp_session() if first.browser else studio.page.context.new_cdp_session(studio.page)
    )
    with pytest.raises(Error, match=r"closed|crash"):  # the line breaks with the browser
        session.send("Browser.crash")
    second = browser()
    try:
        again = Studio(second.new_page(), process.address)
        again.open()
        assert again.scene()["prompt"] == "killed in the middle"
        expect(again.page.locator("#save-state")).to_have_text("not saved")
    finally:
        second.close()


def test_another_folder_on_the_same_port_shows_nothing_of_the_first(browser, tmp_path):
    made = browser.new_context()
    first = Process(tmp_path / "one", makes=False)
    port = first.address.rstrip("/").rpartition(":")[2]
    studio = Studio(made.new_page(), first.address)
    studio.open()
    prompt(studio, "of the first folder")
    studio.fill("project-name", "film")
    studio.press("save")
    expect(studio.page.locator("#save-state")).to_have_text("saved")
    assert first.end() == 0
    second = Process(tmp_path / "two", port, makes=False)
    try:
        studio.page.reload()
        studio.ready()
        assert "prompt" not in studio.scene()
        expect(studio.hook("project-name")).to_have_value("")
        expect(studio.page.locator("#save-state")).to_have_text("")
    finally:
        assert second.end() == 0
        made.close()


@pytest.mark.parametrize("gone", [True, False], ids=["removed", "changed"])
def test_a_project_that_is_another_on_disk_is_not_said_to_be_saved(studio, process, watch, gone):
    studio.open()
    prompt(studio, "as it was saved")
    studio.fill("project-name", f"other {gone}")
    studio.press("save")
    expect(studio.page.locator("#save-state")).to_have_text("saved")
    kept(studio)
    name = f"/api/projects/other {gone}"
    if gone:
        process.client.delete(name)
    else:
        process.client.put(name, json={"scene": text_scene(), "force": True})
    watch.refusals |= {404} if gone else set()
    studio.page.reload()
    studio.ready()
    expect(studio.page.locator("#save-state")).to_have_text("not saved")
    assert studio.scene()["prompt"] == "as it was saved"


# --- answers that come late


class Held:
    """Answers to requests that come when they are let go, with what the server says then."""

    def __init__(self, page, pattern: str) -> None:
        self.routes: list = []
        self.page = page
        page.route(pattern, lambda route: self.routes.append(route))  # noqa: PLW0108  # a bound method is refused

    def wait(self, count: int = 1) -> None:
        while len(self.routes) < count:
            self.page.evaluate(TWO_FRAMES)

    def go(self, index: int = 0) -> None:
        self.routes[index].continue_()


def test_a_picture_that_arrives_late_is_not_put_into_another_scene(studio, tmp_path):
    path = tmp_path / "late.png"
    path.write_bytes(png(64, 48))
    studio.open()
    prompt(studio, "the first scene")
    held = Held(studio.page, "**/api/pictures")
    studio.hook("file").set_input_files(path)
    held.wait()
    expect(studio.hook("progress")).to_be_visible()  # a sign that something happens
    studio.press("new")
    studio.page.get_by_role("button", name="Replace it").click()
    held.go()
    expect(studio.hook("toast").last).to_contain_text("another scene")
    assert "image" not in studio.scene()


def test_a_save_that_is_answered_late_says_nothing_of_another_scene(studio, process):
    studio.open()
    prompt(studio, "saved late")
    studio.fill("project-name", "late")
    held = Held(studio.page, "**/api/projects/late")
    studio.press("save")
    held.wait()
    studio.press("new")
    studio.page.get_by_role("button", name="Replace it").click()
    prompt(studio, "the second scene")
    held.go()
    expect(studio.hook("toast").last).to_contain_text("the scene that was open before")
    expect(studio.page.locator("#save-state")).to_have_text("not saved")
    expect(studio.hook("project-name")).to_have_value("")
    assert process.client.get("/api/projects/late").json()["scene"]["prompt"] == "saved late"


def test_saving_twice_at_once_is_no_quarrel_with_oneself(studio, process):
    studio.open()
    prompt(studio, "first")
    studio.fill("project-name", "twice")
    held = Held(studio.page, "**/api/projects/twice")
    studio.press("save")
    held.wait()
    prompt(studio, "second")
    studio.press("save")
    held.go()
    held.wait(2)
    held.go(1)
    expect(studio.page.locator("#save-state")).to_have_text("saved")
    expect(studio.page.locator("dialog[open]")).to_have_count(0)
    assert process.client.get("/api/projects/twice").json()["scene"]["prompt"] == "second"


def test_of_two_projects_the_one_asked_for_last_is_opened(studio, process):
    for name in ("slow", "quick"):
        process.client.put(f"/api/projects/{name}", json={"scene": text_scene(prompt=f"a {name} heart"), "force": True})
    studio.open()
    held = Held(studio.page, "**/api/projects/slow")
    open_by_name = "async (name) => void (await import('/assets/projects/projects.js')).openProject(name)"
    studio.page.evaluate(open_by_name, "slow")
    held.wait()
    studio.page.evaluate(open_by_name, "quick")
    expect(studio.hook("prompt")).to_have_value("a quick heart")
    held.go()
    studio.page.evaluate(TWO_FRAMES)
    expect(studio.hook("project-name")).to_have_value("quick")
    assert studio.scene()["prompt"] == "a quick heart"


# --- what is being typed


def test_saving_by_key_takes_what_is_being_typed(studio, process):
    studio.open()
    studio.example("text")
    studio.fill("project-name", "typed")
    studio.hook("scene-frames").fill("12")
    studio.page.keyboard.press("Control+s")
    expect(studio.page.locator("#save-state")).to_have_text("saved")
    assert process.client.get("/api/projects/typed").json()["scene"]["frames"] == 12
    expect(studio.hook("scene-frames")).to_be_focused()


def test_saving_by_key_takes_what_is_typed_in_the_json_tab_or_says_why_not(studio, process):
    studio.open()
    studio.example("text")
    studio.fill("project-name", "json")
    studio.press("json")
    text = studio.hook("json-text")
    text.fill(json.dumps(studio.scene() | {"seed": 77}))
    studio.page.keyboard.press("Control+s")
    expect(studio.page.locator("#save-state")).to_have_text("saved")
    assert process.client.get("/api/projects/json").json()["scene"]["seed"] == 77
    text.fill('{"seed": ')
    studio.page.keyboard.press("Control+s")
    expect(studio.hook("toast").last).to_contain_text("Not saved. The JSON tab holds text that is no scene yet")
    assert process.client.get("/api/projects/json").json()["scene"]["seed"] == 77


def test_a_number_that_cannot_be_taken_is_not_said_to_be_saved(studio, process):
    studio.open()
    studio.example("text")
    studio.fill("project-name", "number")
    studio.hook("scene-frames").fill("1")  # a clip has two at least
    studio.page.keyboard.press("Control+s")
    expect(studio.hook("toast").last).to_contain_text("Not saved. Frames:")
    assert all(each["name"] != "number" for each in process.client.get("/api/projects").json())
