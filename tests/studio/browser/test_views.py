"""Light and dark, three sizes of window: nothing overflows, and pictures are kept to be looked at."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.studio.browser.acts import TWO_FRAMES

KEPT = Path(__file__).parents[3] / "out" / "studio-screenshots"
SIZES = [(1920, 1080), (820, 1180), (1280, 720)]
FRAME = re.compile(r"\d+")
THEMES = ["light", "dark"]
SHADE = """() => {
  const parts = getComputedStyle(document.body).backgroundColor.match(/[0-9.]+/g).slice(0, 3).map(Number);
  return (parts[0] + parts[1] + parts[2]) / 3;
}"""
OVERFLOWING = """() => {
  const bad = [];
  if (document.documentElement.scrollWidth > innerWidth) bad.push("page wider than window");
  if (document.documentElement.scrollHeight > innerHeight) bad.push("page taller than window");
  const parts = "header *, #tools *, #timeline button, #right [role=tab], [data-test=generate]";
  for (const part of document.querySelectorAll(parts)) {
    const box = part.getBoundingClientRect();
    if (box.width === 0 || part.closest("[hidden], .unseen, svg")) continue;
    if (box.left < -1 || box.right > innerWidth + 1 || box.top < -1 || box.bottom > innerHeight + 1) {
      const where = [box.left, box.top, box.right, box.bottom].map(Math.round);
      bad.push(`${part.tagName} ${part.id || part.className}: ${where}`);
    }
  }
  return bad;
}"""
NAMELESS = """() => [...document.querySelectorAll("button, input, select, textarea, [role=slider], canvas")]
  .filter((part) => part.checkVisibility() && !part.closest("[aria-hidden=true]"))
  .filter((part) => !(part.getAttribute("aria-label") || part.labels?.length || part.textContent.trim() || part.title))
  .map((part) => part.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="package")
def clip(process):
    """A finished clip with its twin, for the strip and the player."""
    (example, _) = process.client.get("/api/examples").json()
    order = {"scene": example["scene"], "steps": 2, "baseline": True}
    jobs = process.client.post("/api/jobs", json=order).json()["jobs"]
    return jobs[0]["id"]


def test_every_view_in_every_window(studio, clip):
    """Every view in every size, the themes in turn: all pairs of theme and size are seen, not all in every view."""
    page = studio.page
    themes = itertools.cycle(THEMES)
    KEPT.mkdir(parents=True, exist_ok=True)

    def keep(name):
        for (width, height), theme in zip(SIZES, themes, strict=False):  # in this order no theme is skipped
            page.emulate_media(color_scheme=theme)
            page.set_viewport_size({"width": width, "height": height})
            page.evaluate(TWO_FRAMES)
            assert page.evaluate(OVERFLOWING) == [], f"{name} {width}x{height}"
            nameless = page.evaluate(NAMELESS)
            assert nameless == [], f"{name}: {nameless}"
            shade = page.evaluate(SHADE)
            assert shade < 80 if theme == "dark" else shade > 200, f"{name} {theme}"
            page.screenshot(path=KEPT / f"{name}-{theme}-{width}x{height}.jpg", quality=85, animations="disabled")

    studio.open()
    expect(studio.hook("example")).to_have_count(2)
    keep("empty")
    studio.example("picture")
    studio.go_to(3 / 7)
    keep("editor")
    studio.wait(clip, "done")
    studio.press("tab-generate")
    studio.press("knobs")
    keep("generate")
    studio.press("json")
    keep("json")
    player = studio.play(clip)
    studio.hook("scrub").fill("5")
    keep("player")
    studio.press("compare-baseline")
    expect(studio.hook("screen").nth(1)).to_have_attribute("data-frame", FRAME)  # its frames are there
    studio.hook("scrub").fill("5")
    keep("compare")
    studio.press("player-close")
    expect(player).to_have_count(0)
    studio.press("help")
    keep("help")


SCROLLED = """() => {
  const bad = [];
  const least = { "#canvas": 200, "#timeline": 80, "#left": 120, "#right": 120, "[data-test=generate]": 20 };
  if (document.documentElement.scrollWidth > innerWidth) bad.push("page wider than window");
  for (const label of document.querySelectorAll("#left .field > span, #right .field > span, .generate-cell label")) {
    if (!label.checkVisibility() || label.scrollWidth <= label.clientWidth + 1) continue;
    bad.push(`${label.textContent} is cut or lies over others`);
  }
  for (const [selector, height] of Object.entries(least)) {
    const part = document.querySelector(selector);
    if (part.closest("[hidden]")) continue;
    part.scrollIntoView({ block: "center" });
    const box = part.getBoundingClientRect();
    if (box.height < height || box.width < 120) bad.push(`${selector}: ${box.width} x ${box.height}`);
    if (box.bottom < 0 || box.top > innerHeight) bad.push(`${selector} cannot be scrolled to`);
  }
  return bad;
}"""
COVERED = """() => {
  const canvas = document.querySelector("#canvas").getBoundingClientRect();
  const shelf = document.querySelector("#toasts").getBoundingClientRect();
  return Math.max(0, shelf.bottom - canvas.top) * Math.max(0, Math.min(shelf.right, canvas.right) - shelf.left);
}"""
SMALL = [(640, 360), (960, 540), (390, 800)]  # 1280 x 720 and 1920 x 1080 at a zoom of 200 %, and a phone


def test_a_zoomed_or_small_window_scrolls_and_has_all_parts(studio):
    studio.open()
    studio.example("picture")
    for width, height in SMALL:
        studio.page.set_viewport_size({"width": width, "height": height})
        studio.page.evaluate(TWO_FRAMES)
        for tab in ("tab-scene", "tab-generate"):
            studio.press(tab)
            assert studio.page.evaluate(SCROLLED) == [], (width, height, tab)
    studio.page.locator("#canvas").scroll_into_view_if_needed()
    studio.draw("box", (0.1, 0.6), (0.4, 0.9))
    expect(studio.hook("subject")).to_have_count(2)


def test_messages_leave_the_canvas_free(studio):
    studio.open()
    studio.example("picture")
    say = "async (text) => (await import('/assets/dom/dialogs.js')).toast(text)"
    for text in ("One.", "Two of them: the first gives way.", "A third."):
        studio.page.evaluate(say, text)
    expect(studio.hook("toast")).to_have_count(3)
    expect(studio.hook("toast").last).to_be_visible()
    expect(studio.hook("toast").first).to_be_hidden()
    assert studio.page.evaluate(COVERED) == 0
    studio.hook("toast").last.hover()
    expect(studio.hook("toast").first).to_be_visible()
