"""From a prompt to a clip: words are picked for the subjects; the saved project is made again by the command line."""

from __future__ import annotations

import json

from playwright.sync_api import expect
from typer.testing import CliRunner

from hitmark.cli import app

STEPS = 2


def test_words_generate_save(studio, process, tmp_path):
    studio.open()
    studio.example("text")
    pick_words(studio)
    (clip,) = studio.generate(steps=STEPS)
    studio.wait(clip, "done")
    player = studio.play(clip)
    expect(player.locator('[data-test="scores"]')).to_contain_text("frames found")
    studio.press("player-close")

    studio.fill("project-name", "two hearts")
    studio.press("save")
    expect(studio.page.locator("#save-state")).to_have_text("saved")
    path = process.folder / "projects" / "two hearts" / "scene.json"
    assert json.loads(path.read_text())["subjects"] == studio.scene()["subjects"]
    words = ["generate", path, "-o", tmp_path / "again.mp4", "--steps", STEPS]
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    job = process.client.get(f"/api/jobs/{clip}").json()
    assert process.client.get(job["files"]["clip.mp4"]).content == (tmp_path / "again.mp4").read_bytes()


def pick_words(studio):
    studio.press("tab-scene")
    studio.fill("prompt", "a heart and a red star on tiles")
    studio.draw("box", (0.05, 0.05), (0.3, 0.3))
    new = studio.scene()["subjects"][-1]
    assert new["name"] == "subject 1"
    assert "phrase" not in new
    words = studio.hook("word")
    expect(words).to_have_text(["a", "heart", "and", "a", "red", "star", "on", "tiles"])
    words.nth(4).click()
    assert studio.scene()["subjects"][-1]["phrase"] == "red"
    words.nth(5).click()
    chosen = studio.scene()["subjects"][-1]
    assert (chosen["phrase"], chosen["name"]) == ("red star", "red star")
    for place, pressed in enumerate(["false"] * 4 + ["true"] * 2 + ["false"] * 2):
        expect(words.nth(place)).to_have_attribute("aria-pressed", pressed)
    words.nth(4).click()  # a click on an end takes it away
    assert studio.scene()["subjects"][-1]["phrase"] == "star"
    studio.draw("path", (0.15, 0.15), (0.5, 0.2))
    studio.press("tool-select")
    studio.hook("subject").first.click()
    assert studio.scene()["subjects"][0]["phrase"] == "heart"
    expect(words.nth(1)).to_have_attribute("aria-pressed", "true")
