"""From a picture to a clip, as a person does it, and the same bytes from the command line."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect
from typer.testing import CliRunner

from hitmark.cli import app
from tests.studio.browser.acts import TWO_FRAMES, center

STEPS = 2
WATCHING = """() => {
  const seen = (window.seenPreviews = new Set());
  const look = () => {
    for (const place of ["job", "queue"]) {
      for (const image of document.querySelectorAll(`[data-test=${place}] [data-test=preview]`)) {
        if (image.checkVisibility()) seen.add(`${place} ${image.getAttribute("src")}`);
      }
    }
  };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
}"""
"""Notes every preview that is shown on a card or in the queue: a quick machine shows it for a moment only."""


def test_draw_generate_compare_export(studio, process, tmp_path):
    studio.open()
    studio.example("picture")
    draw_two_subjects(studio)
    studio.page.evaluate(WATCHING)
    clip, free = studio.generate(steps=STEPS, baseline=True)
    studio.wait(clip, "done")
    studio.wait(free, "done")
    previews_were_shown(studio, clip)
    play_with_overlay(studio, clip)
    wipe(studio, clip, free)
    made_again(studio, process, clip, tmp_path)


def draw_two_subjects(studio):
    example = studio.scene()
    studio.draw("box", (0.1, 0.6), (0.4, 0.9))
    drawn = studio.scene()["subjects"][-1]
    assert len(drawn["keyframes"]) == 1
    assert drawn["keyframes"][0]["box"] == pytest.approx([0.1, 0.6, 0.4, 0.9], abs=0.01)

    studio.draw("path", (0.25, 0.75), (0.5, 0.7), (0.7, 0.65))
    first, last = studio.scene()["subjects"][-1]["keyframes"]
    assert first == drawn["keyframes"][0]
    assert last["time"] == 1
    assert center(last["box"]) == pytest.approx((0.7, 0.65), abs=0.01)

    middle = enlarge_in_the_middle(studio)
    studio.hook("easing", "#timeline").select_option("in-out")
    eased = studio.scene()
    assert eased["subjects"][-1]["keyframes"][1] == {**middle, "easing": "in-out"}

    labels = []
    while studio.scene() != example:
        studio.page.evaluate(TWO_FRAMES)  # the button's label follows the scene in the next frame
        labels.append(studio.hook("undo").get_attribute("aria-label"))
        studio.press("undo")
    assert labels[0] == "Undo: set easing"
    assert labels[-1] == "Undo: add subject"
    expect(studio.hook("undo")).to_be_disabled()
    for _ in labels:
        studio.press("redo")
    assert studio.scene() == eased
    expect(studio.hook("redo")).to_be_disabled()
    add_third_subject(studio, eased)


def enlarge_in_the_middle(studio):
    """A keyframe between, larger than the others: by the button, then by a corner of the box."""
    studio.press("tool-select")
    studio.go_to(4 / 7)
    studio.press("add-keyframe")
    before = studio.scene()["subjects"][-1]["keyframes"][1]
    assert before["time"] == pytest.approx(4 / 7)
    x, y = before["box"][2:]
    studio.drag((x, y), (x + 0.1, y + 0.05))
    after = studio.scene()["subjects"][-1]["keyframes"][1]
    assert after["box"] == pytest.approx([*before["box"][:2], x + 0.1, y + 0.05], abs=0.01)
    return after


def add_third_subject(studio, before):
    studio.press("add-subject")
    box = studio.scene()["subjects"][-1]["keyframes"][0]["box"]
    x, y = center(box)
    studio.draw("path", (x, y), (x + 0.05, y + 0.2))
    studio.press("tool-select")
    scene = studio.scene()
    assert scene["subjects"][:2] == before["subjects"]
    assert len(scene["subjects"]) == 3
    expect(studio.hook("subject")).to_have_count(3)


def previews_were_shown(studio, identity):
    seen = studio.page.evaluate("() => [...window.seenPreviews]")
    of_the_job = re.compile(rf"(job|queue) /api/jobs/{identity}/files/preview-\d+\.webp")
    assert {found[1] for each in seen if (found := of_the_job.fullmatch(each))} == {"job", "queue"}, seen


def play_with_overlay(studio, clip):
    player = studio.play(clip)
    shown = int(player.get_attribute("data-frame"))
    expect(player).not_to_have_attribute("data-frame", str(shown))  # it plays
    studio.hook("scrub").fill("3")
    expect(studio.hook("screen")).to_have_attribute("data-frame", "3")
    pixels = "canvas => canvas.toDataURL()"
    studio.hook("layer-boxes").click()
    without = studio.hook("screen").evaluate(pixels)
    studio.hook("layer-boxes").click()
    assert studio.hook("screen").evaluate(pixels) != without
    assert studio.hook("scores").inner_text().count("path error") >= 1
    studio.press("player-close")
    expect(player).to_have_count(0)


def wipe(studio, clip, free):
    for identity in (clip, free):
        studio.card(identity).hover()
        studio.card(identity).locator('[data-test="pick"]').check()
    studio.press("compare")
    player = studio.page.locator('[data-test="player"]')
    expect(player).to_have_attribute("data-state", "ready")
    expect(studio.hook("screen")).to_have_count(2)
    studio.press("mode-wipe")
    studio.hook("wipe").fill("30")
    left, right = studio.page.locator(".screen-frame").all()
    assert left.evaluate("frame => frame.style.clipPath") == "inset(0px 70% 0px 0px)"
    assert right.evaluate("frame => frame.style.clipPath") == "inset(0px 0px 0px 30%)"
    studio.press("player-close")


def made_again(studio, process, clip, folder):
    path = studio.export(folder)
    assert json.loads(path.read_text())["subjects"] == studio.scene()["subjects"]
    done = CliRunner().invoke(app, ["generate", str(path), "-o", str(folder / "again.mp4"), "--steps", str(STEPS)])
    assert done.exit_code == 0, done.output
    record = json.loads((folder / "again.json").read_text())
    job = process.client.get(f"/api/jobs/{clip}").json()
    studios = process.client.get(job["files"]["clip.json"]).json()
    assert record["output"]["frames_sha256"] == studios["output"]["frames_sha256"]
    assert process.client.get(job["files"]["clip.mp4"]).content == (folder / "again.mp4").read_bytes()


def test_cancel_and_reload(studio, process):
    studio.open()
    studio.example("picture")
    studio.draw("box", (0.1, 0.6), (0.4, 0.9))
    studio.press("tab-generate")
    (cancelled,) = studio.generate(steps=500)
    studio.wait(cancelled, "running")
    studio.card(cancelled).hover()
    studio.card(cancelled).locator('[data-test="cancel"]').click()
    studio.wait(cancelled, "cancelled")
    assert process.client.get(f"/api/jobs/{cancelled}").json()["step"] < 500

    (identity,) = studio.generate(steps=STEPS)
    begun = re.compile("running|saving|done")  # a quick machine is at its end before anybody looks
    expect(studio.card(identity)).to_have_attribute("data-state", begun)
    before = studio.scene()
    cards = studio.job_ids()
    studio.page.reload()
    studio.ready()
    assert studio.scene() == before
    expect(studio.hook("job")).to_have_count(len(cards))
    assert studio.job_ids() == cards
    assert studio.card(identity).get_attribute("data-state") in ("running", "saving", "done")
    studio.wait(identity, "done")
    studio.wait(cancelled, "cancelled")
    player = studio.play(identity)
    assert "seed" in player.locator("h2").first.inner_text()
