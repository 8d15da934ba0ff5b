"""A person's first ten minutes: two tabs, a photograph, an import, a reload and a kill; nothing of it is lost."""

from __future__ import annotations

import json
import signal

from playwright.sync_api import expect

from tests.studio.browser.acts import Studio, center
from tests.studio.browser.test_photographs import photograph


def test_nothing_of_the_first_ten_minutes_is_lost(browser, process, tmp_path):
    server = process  # that of the other tests, which will not see that it was another for a while
    context = browser.new_context(viewport={"width": 1280, "height": 720}, accept_downloads=True)
    first, second = (Studio(context.new_page(), server.address) for _ in range(2))

    # One tab: a photograph of a phone, cut to the clip's shape, a box that is led somewhere.
    first.open()
    first.hook("file").set_input_files(photograph(tmp_path / "IMG_0001.JPG", (2000, 1500), turned=True))
    expect(first.page.locator("#fit-note")).to_be_visible()
    first.press("fit-cut")
    expect(first.hook("toast").last).to_contain_text("Cut to fit")
    first.draw("box", (0.1, 0.5), (0.35, 0.8))
    first.draw("path", (0.22, 0.65), (0.5, 0.6), (0.7, 0.4))
    expect(first.hook("keyframe")).to_have_count(2)

    # The other tab: another tool's file, whose canvas is asked for; named and saved by key while a field is open.
    tracks = tmp_path / "coordinates.json"
    tracks.write_text(json.dumps([[{"x": 100 + 30 * step, "y": 200} for step in range(8)]]))
    second.open()
    second.hook("file").set_input_files(tracks)
    second.hook("canvas-width").fill("640")
    second.hook("canvas-height").fill("400")
    second.press("import-go")
    expect(second.hook("subject")).to_have_count(1)
    second.fill("project-name", "Müllers 映画")
    second.hook("prompt").fill("a red heart on tiles")
    second.page.keyboard.press("Control+s")
    expect(second.page.locator("#save-state")).to_have_text("saved")
    saved = server.client.get("/api/projects/Müllers 映画").json()["scene"]
    assert saved["prompt"] == "a red heart on tiles"
    assert center(saved["subjects"][0]["keyframes"][-1]["box"])[0] == (100 + 30 * 7) / 640

    # A clip is ordered in the first tab; a reload in the middle of everything.
    (clip,) = first.generate(steps=2)
    before = first.scene()
    for tab in (first, second):
        tab.page.reload()
        tab.ready()
    assert first.scene() == before
    assert second.scene()["prompt"] == "a red heart on tiles"
    expect(first.page.locator("#save-state")).to_have_text("not saved")
    expect(second.page.locator("#save-state")).to_have_text("saved")
    first.wait(clip, "done")

    # The server is killed while a clip is made and work is not saved; drawing goes on; it comes back.
    (cut,) = first.generate(steps=400)
    first.wait(cut, "running")
    server.end(signal.SIGKILL)
    try:
        first.draw("box", (0.6, 0.6), (0.9, 0.85))  # below the message
        expect(first.hook("subject")).to_have_count(2)
        first.fill("project-name", "from a photograph")
        first.press("save")
        expect(first.hook("toast").last).to_contain_text("does not answer")
        drawn = first.scene()
    finally:
        server.start_again()
    try:
        expect(first.hook("toast").filter(has_text="Connected again")).to_have_count(1)
        assert first.scene() == drawn
        first.press("save")
        expect(first.page.locator("#save-state")).to_have_text("saved")
        kept = server.client.get("/api/projects/from a photograph").json()["scene"]
        assert {name: kept[name] for name in drawn} == drawn
        assert server.client.get("/api/projects/Müllers 映画").json()["scene"] == saved
        first.wait(clip, "done")  # with its clip
        assert server.client.get(f"/api/jobs/{clip}/files/clip.mp4").status_code == 200
        server.client.post(f"/api/jobs/{cut}/cancel")  # it was begun again
        first.wait(cut, "cancelled")
        second.page.reload()
        second.ready()
        assert second.scene()["prompt"] == "a red heart on tiles"
    finally:
        context.close()
