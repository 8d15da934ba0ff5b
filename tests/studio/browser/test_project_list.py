"""The sheet of projects: names in any script are saved, copied, renamed and deleted; what is open follows."""

from __future__ import annotations

from playwright.sync_api import expect


def names(process):
    return {each["name"] for each in process.client.get("/api/projects").json()}


def test_a_project_of_any_script_is_copied_renamed_and_deleted(studio, process):
    page = studio.page
    studio.open()
    studio.example("text")
    studio.fill("project-name", "Müller 映画")
    studio.press("save")
    expect(page.locator("#save-state")).to_have_text("saved")
    studio.press("open")
    page.get_by_role("button", name="Duplicate Müller 映画", exact=True).click()
    expect(studio.hook("ask-text")).to_have_value("Müller 映画 copy")
    studio.press("ask-accept")
    expect(page.get_by_role("button", name="Delete Müller 映画 copy")).to_be_visible()
    page.get_by_role("button", name="Rename Müller 映画", exact=True).click()
    studio.hook("ask-text").fill("हिन्दी фильм")
    studio.press("ask-accept")
    expect(page.get_by_role("button", name="Delete हिन्दी фильм")).to_be_visible()
    expect(studio.hook("project-name")).to_have_value("हिन्दी фильм")  # the open one has the new name
    assert names(process) >= {"Müller 映画 copy", "हिन्दी фильм"}
    assert "Müller 映画" not in names(process)
    page.get_by_role("button", name="Delete हिन्दी фильм").click()
    page.get_by_role("button", name="Delete it").click()
    expect(page.get_by_role("button", name="Delete हिन्दी фильм")).to_have_count(0)
    expect(page.locator("#save-state")).to_have_text("not saved")  # and is unsaved work once it is gone
    page.keyboard.press("Escape")
    studio.fill("project-name", "again")
    studio.press("save")
    expect(page.locator("#save-state")).to_have_text("saved")
    assert "again" in names(process)
