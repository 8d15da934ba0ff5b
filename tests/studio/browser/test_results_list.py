"""The list of results: in pages, with names and stars; cancelling is said; a result under the editor; the next shot."""

from __future__ import annotations

import json
import shutil

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect

from hitmark.studio.server import application
from hitmark.studio.studio import Studio as Server
from tests.studio.browser.acts import TWO_FRAMES, Studio, center
from tests.studio.browser.process import Process
from tests.studio.conftest import ADDRESS, order, text_scene

MANY = 230
CANCELLING = """(selector) => {
  const card = document.querySelector(selector);
  const heard = new Promise((done) => {
    const look = () => card.textContent.includes("cancelling") && done(true);
    new MutationObserver(look).observe(card, { subtree: true, childList: true, characterData: true });
  });
  return { heard };
}"""


SHOWN_AGAIN = "() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))"


@pytest.fixture(scope="module")
def crowded(tmp_path_factory):
    """A studio with many results: one job, cancelled, copied in the folder while nothing runs."""
    folder = tmp_path_factory.mktemp("crowded") / "studio"
    server = Server(folder)  # in this process
    with TestClient(application(server, start=False), base_url=ADDRESS, headers={"X-Hitmark": "1"}) as client:
        (job,) = order(client, scene=text_scene(frames=2), steps=1)
        assert client.post(f"/api/jobs/{job['id']}/cancel").json()["state"] == "cancelled"
    server.stop()
    place = folder / "jobs" / job["id"]
    fields = json.loads((place / "job.json").read_text())
    for number in range(2, MANY + 1):
        identity = f"{number:06d}-{number:06x}"
        shutil.copytree(place, folder / "jobs" / identity)
        changed = fields | {"id": identity, "number": number, "group": identity, "seed": number, "state": "cancelled"}
        (folder / "jobs" / identity / "job.json").write_text(json.dumps(changed))
    (folder / "jobs" / "000999-ffffff").mkdir()
    made = Process(folder, makes=False)
    yield made
    assert made.end() == 0


def test_many_results_come_in_pages_with_names_and_stars(browser, crowded):
    made = browser.new_context(viewport={"width": 1280, "height": 720})
    studio = Studio(made.new_page(), crowded.address)
    asked = []
    studio.page.on("request", lambda request: "/api/jobs?" in request.url and asked.append(request.url))
    studio.page.goto(crowded.address)
    cards = studio.hook("job")
    expect(cards).to_have_count(100)
    expect(studio.page.locator(".strip-head .facts").first).to_contain_text(f"100 of {MANY} clips")
    expect(studio.page.locator(".strip-head .facts").first).to_contain_text("1 folder of results cannot be read")
    assert all("brief=true" in url and "limit=100" in url for url in asked)
    studio.press("older")
    expect(cards).to_have_count(200)
    studio.press("older")
    expect(cards).to_have_count(MANY)
    expect(studio.hook("older")).to_be_hidden()
    with studio.page.expect_response(lambda answer: "/api/jobs?" in answer.url) as again:
        studio.page.evaluate(SHOWN_AGAIN)  # the line of events was cut: the list is loaded once more
    assert "limit=300" in again.value.url
    studio.page.evaluate(TWO_FRAMES)
    expect(cards).to_have_count(MANY)  # with all that had been loaded

    newest = cards.first
    newest.hover()
    newest.locator('[data-test="star"]').click()
    expect(newest.locator('[data-test="star"]')).to_have_attribute("aria-pressed", "true")
    newest.locator('[data-test="more"]').click()
    studio.press("rename")
    studio.hook("ask-text").fill("映画 one")
    studio.press("ask-accept")
    expect(newest.locator(".card-title")).to_have_text("映画 one")
    studio.page.reload()
    studio.hook("results-filter").select_option("star")
    expect(cards).to_have_count(1)
    expect(cards.first.locator(".card-title")).to_have_text("映画 one")
    made.close()


def test_cancelling_is_said(studio, process):
    studio.open()
    studio.example("text")
    (clip,) = studio.generate(steps=500)
    studio.wait(clip, "running")
    seen = studio.page.evaluate_handle(CANCELLING, f'[data-job="{clip}"]')
    studio.card(clip).hover()
    studio.card(clip).locator('[data-test="cancel"]').click()
    studio.wait(clip, "cancelled")
    assert seen.evaluate("({ heard }) => heard") is True


def test_a_result_lies_under_the_editor_and_the_next_shot_goes_on_from_it(studio, process):
    studio.open()
    studio.example("picture")
    (clip,) = studio.generate(steps=1)
    studio.wait(clip, "done")
    studio.card(clip).hover()
    studio.card(clip).locator('[data-test="more"]').click()
    studio.press("underlay")
    studio.until("canvas/underlay", "page.frameUnder(1)")
    studio.until("scene/store", "page.store.ui.under === argument", clip)

    job = process.client.get(f"/api/jobs/{clip}").json()
    studio.card(clip).hover()
    studio.card(clip).locator('[data-test="more"]').click()
    studio.press("next-shot")
    leave = studio.page.get_by_role("button", name="Replace it")
    if leave.count():
        leave.click()
    expect(studio.hook("toast").last).to_contain_text("The next shot")
    scene = studio.scene()
    assert scene["image"] != job["scene"]["image"]
    for subject, before in zip(scene["subjects"], job["scene"]["subjects"], strict=True):
        (keyframe,) = subject["keyframes"]
        assert keyframe["time"] == 0
        found = (job["found"] or {}).get(subject["name"])
        planned = next(track for track in job["tracks"] if track["name"] == subject["name"])["boxes"][-1]
        wanted = (found[-1][0] / job["width"], found[-1][1] / job["height"]) if found and found[-1] else center(planned)
        assert center(keyframe["box"]) == pytest.approx(wanted, abs=0.01)
        assert before["name"] == subject["name"]
    expect(studio.page.locator("#save-state")).to_have_text("not saved")


UNDER = """async () => {
  const { frameUnder } = (await import("/assets/page.js")).of("canvas/underlay.js");
  const { store } = (await import("/assets/page.js")).of("scene/store.js");
  return [store.ui.under, Boolean(frameUnder(0.5))];
}"""
OTHERS = """async (id) => {
  const { framesOf } = (await import("/assets/page.js")).of("jobs/clip.js");
  const { jobStore } = (await import("/assets/page.js")).of("jobs/jobs.js");
  const job = await jobStore.whole(id);
  for (let other = 0; other < 8; other += 1) await framesOf({ ...job, id: `other ${other}` });
}"""


def test_a_result_under_the_editor_is_seen_plays_and_goes_with_its_scene(studio, process):
    (example, _) = process.client.get("/api/examples").json()
    clip = process.client.post("/api/jobs", json={"scene": example["scene"], "steps": 1}).json()["jobs"][0]["id"]
    studio.open()
    studio.example("picture")
    studio.wait(clip, "done")
    expect(studio.hook("under")).to_be_hidden()
    studio.card(clip).hover()
    studio.card(clip).locator('[data-test="more"]').click()
    studio.press("underlay")
    expect(studio.hook("under")).to_be_visible()
    studio.page.evaluate(OTHERS, clip)  # whose frames take the place of its own
    studio.go_to(0.5)
    studio.until("canvas/underlay", "page.frameUnder(0.5)")
    assert studio.page.evaluate(UNDER) == [clip, True]
    studio.press("under")
    expect(studio.hook("under")).to_be_hidden()
    studio.card(clip).hover()
    studio.card(clip).locator('[data-test="more"]').click()
    studio.press("underlay")
    expect(studio.hook("under")).to_be_visible()
    studio.press("new")
    expect(studio.hook("under")).to_be_hidden()
    assert studio.page.evaluate(UNDER)[0] is None


CARD = """async (scores) => {
  const { jobCard } = (await import("/assets/page.js")).of("results/card.js");
  const card = jobCard("x", {});
  card.update({ id: "x", state: "done", seed: 0, role: "controlled", method: "sg-i2v", scores }, false);
  return card.element.querySelector(".card-state").textContent;
}"""


def test_a_card_says_how_far_and_how_sure(asked):
    def score(error, share):
        return {"path error px": error, "guess px": 3.0, "found share": share, "overlap": 0.1}

    def says(*subjects):
        return asked.page.evaluate(CARD, {str(number): each for number, each in enumerate(subjects)})

    assert says(score(2.0, 1.0)) == "path error 2.0 px"
    assert says(score(8.04, 0.14)) == "path error 8.0 px, found in 14 %"
    assert says(score(None, 0.0)) == "not found"
    assert says(score(2.0, 1.0), score(None, 0.0)) == "path error 2.0 px, found in 50 %"


SILENCE = """async () => {
  const { silenceText } = (await import("/assets/page.js")).of("jobs/words.js");
  const job = { state: "running", step: 1, steps: 5, eta: 8, heardAt: 0 };
  const others = [{ eta: 4000 }, { cancelling: true }, { state: "done" }].map((more) => [{ ...job, ...more }, 1e6]);
  return [[job, 1e3], [job, 1e6], ...others].map(([each, now]) => silenceText(each, now) !== "");
}"""


def test_a_worker_that_says_nothing_for_long_is_told_of(asked):
    """Not of one whose steps take so long, that is being cancelled, or that is done."""
    assert asked.page.evaluate(SILENCE) == [False, True, False, False, False]
