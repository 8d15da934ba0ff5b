"""A scene that is none opens nothing and breaks nothing: drafts and projects are looked at before they are loaded."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
from playwright.sync_api import expect

from hitmark.errors import HitmarkError
from hitmark.scene import Scene
from tests.studio.browser.acts import TWO_FRAMES, Studio
from tests.studio.browser.test_lossless import WHOLE
from tests.studio.browser.test_motion import valid_scenes

STRANGE = [None, True, 0, -1, 5, 1e9, 0.5, "", "text", [], {}, [1], [1, 2], [0.1, 0.2, 0.3, "x"], {"a": 1}, [[]], [{}]]
MUTATIONS = 1500
FLAWS = """async (scenes) => {
  const { flaw } = (await import("/assets/page.js")).of("scene/shape.js");
  const { tracks } = (await import("/assets/page.js")).of("scene/motion.js");
  return JSON.parse(scenes).map((scene) => {
    const found = flaw(scene);
    if (found) return { found, stumbled: null };
    try {
      tracks(scene, 8);
      return { found, stumbled: null };
    } catch (error) {
      return { found, stumbled: String(error) };
    }
  });
}"""
LOAD = """async (text) => {
  const { store } = (await import("/assets/page.js")).of("scene/store.js");
  const { parseJson } = (await import("/assets/page.js")).of("server/json.js");
  await store.load(parseJson(text), null, { force: true });
}"""


def places(value, path=()):
    """Every place in a JSON value."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from places(each, (*path, key))


def mutated(random, scene):
    """The scene with one value replaced or left out."""
    made = copy.deepcopy(scene)
    *way, last = list(places(made))[1:][int(random.integers(1, len(list(places(made))) - 1))]
    parent = made
    for key in way:
        parent = parent[key]
    if random.random() < 0.2 and isinstance(parent, dict):
        del parent[last]
    else:
        parent[last] = copy.deepcopy(STRANGE[int(random.integers(len(STRANGE)))])
    return made


def is_scene(value) -> bool:
    try:
        Scene.from_dict(value)
    except HitmarkError:
        return False
    return True


def test_what_the_page_refuses_is_no_scene_and_what_it_takes_can_be_drawn(studio):
    random = np.random.default_rng(3)
    given = [scene for scene, _, _ in valid_scenes(random)] + [mutated(random, WHOLE) for _ in range(MUTATIONS)]
    studio.open()
    answers = studio.page.evaluate(FLAWS, json.dumps(given))
    refused = 0
    for scene, answer in zip(given, answers, strict=True):
        assert answer["stumbled"] is None, (answer, scene)
        if answer["found"]:
            refused += 1
            assert not is_scene(scene), (answer["found"], scene)
    assert refused > MUTATIONS / 4

    taken = [scene for scene, answer in zip(given, answers, strict=True) if not answer["found"] and not is_scene(scene)]
    assert len(taken) > 20
    for scene in taken[:20]:  # not valid, but the page shows them and says what is wrong
        studio.page.evaluate(LOAD, json.dumps(scene))
        studio.page.evaluate(TWO_FRAMES)
        expect(studio.hook("trouble")).to_have_count(0)


BROKEN = [
    {"subjects": 5},
    {"subjects": [{"name": "a", "keyframes": []}]},
    {"camera": [1]},
    {"subjects": [None]},
    {"fps": "x"},
]


def test_a_broken_project_is_told_and_the_next_visit_is_whole(studio, process):
    place = process.folder / "projects" / "broken"
    place.mkdir(exist_ok=True)
    studio.open()
    studio.example("text")
    before = studio.scene()
    for scene in BROKEN:
        (place / "scene.json").write_text(json.dumps(scene))
        studio.press("open")
        studio.page.get_by_role("button", name="broken", exact=False).first.click()
        expect(studio.hook("toast")).to_contain_text("expected")
        assert studio.scene() == before, scene
        studio.page.reload()
        studio.ready()
        assert studio.scene() == before, scene
        assert json.loads((place / "scene.json").read_text()) == scene  # untouched


DRAFT = """([scene, dirty]) => {
  const folder = document.querySelector("meta[name=hitmark-folder]").content;
  const key = `hitmark-draft/${folder}/broken`;
  localStorage.setItem(key, typeof scene === "string" ? scene : JSON.stringify({ scene, dirty, at: 1, closed: false }));
  sessionStorage.setItem(`hitmark-tab/${folder}`, key);
}"""
KEPT = "() => Object.entries(localStorage).filter(([key]) => key.startsWith('hitmark-aside/')).map(([, text]) => text)"


@pytest.mark.parametrize("scene", [BROKEN[0], '{"scene": '], ids=json.dumps)
def test_a_damaged_draft_is_put_aside_and_the_page_is_whole(studio, scene):
    studio.open()
    studio.page.evaluate(DRAFT, [scene, True])
    studio.page.reload()
    studio.ready()
    studio.example("text")
    before = studio.scene()
    studio.page.reload()  # and it stays well
    studio.ready()
    assert studio.scene() == before
    expect(studio.hook("trouble")).to_have_count(0)
    (kept,) = studio.page.evaluate(KEPT)
    studio.press("open")
    unsaved = studio.page.locator("dialog[open] [data-test=unsaved]")
    expect(unsaved).to_contain_text("Put aside")
    with studio.page.expect_download() as saved:
        unsaved.get_by_role("button", name="Download").first.click()
    text = saved.value.path().read_text()
    assert text == json.loads(kept)["text"]
    assert text == scene if isinstance(scene, str) else json.loads(text)["scene"] == scene


def test_a_part_that_fails_takes_no_other_with_it(browser, process):
    """What begins one part is replaced by what throws; the others are there and can be used."""
    made = browser.new_context(viewport={"width": 1280, "height": 720})
    try:
        page = made.new_page()
        whole = process.client.get("/assets/page.js").text
        start = "function mountTimeline("
        assert whole.count(start) == 1
        broken = whole.replace(start, "function mountTimeline() { throw new Error('on purpose'); }\nfunction other(")
        answer = {"body": broken, "content_type": "text/javascript"}
        page.route("**/assets/page.js", lambda route: route.fulfill(**answer))
        studio = Studio(page, process.address)
        studio.open()
        expect(studio.hook("trouble")).to_contain_text("The timeline failed: on purpose")
        studio.example("text")
        assert studio.scene()["subjects"]
        studio.draw("box", (0.1, 0.6), (0.4, 0.9))
        expect(studio.hook("subject")).to_have_count(2)
        with page.expect_download() as saved:
            studio.hook("trouble").get_by_role("button", name="Download the scene").click()
        assert json.loads(saved.value.path().read_text()) == studio.scene()
    finally:
        made.close()


DAMAGED = [
    None,
    5,
    [],
    "x",
    {"steps": None, "call": 5, "variants": "x", "baseline": 1},
    {"steps": {"sprites-i2v": [1]}},
]
KEEP = """(text) => {
  const names = ["hitmark.studio.generate", "hitmark.studio.results", "hitmark-studio-theme"];
  for (const name of names) localStorage.setItem(name, text);
  sessionStorage.setItem("hitmark-studio-tab", text);
}"""


def test_damaged_settings_break_no_visit(studio):
    studio.open()
    for text in ["{", *map(json.dumps, DAMAGED)]:
        studio.page.evaluate(KEEP, text)
        studio.page.reload()
        studio.ready()
        studio.press("tab-generate")
        expect(studio.hook("variants")).to_have_value("1")
        expect(studio.hook("steps")).to_have_value("20")
        expect(studio.hook("trouble")).to_have_count(0)


def test_what_nobody_catches_is_told(browser, process):
    made = browser.new_context()
    try:
        studio = Studio(made.new_page(), process.address)
        studio.open()
        studio.page.evaluate("() => void setTimeout(() => { throw new Error('on purpose'); })")
        expect(studio.hook("trouble")).to_contain_text("A part of the page failed: on purpose")
    finally:
        made.close()
