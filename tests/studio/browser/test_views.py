"""Light and dark, three sizes of window: nothing overflows, and pictures are kept to be looked at."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

KEPT = Path(__file__).parents[3] / "out" / "studio-screenshots"
SIZES = [(1280, 720), (1920, 1080), (820, 1180)]
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


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_views(studio, clip, theme, width, height):
    page = studio.page
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme=theme)
    KEPT.mkdir(parents=True, exist_ok=True)

    def keep(name):
        assert page.evaluate(OVERFLOWING) == []
        assert page.evaluate(NAMELESS) == []
        page.screenshot(path=KEPT / f"{name}-{theme}-{width}x{height}.png", animations="disabled")

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
    keep("player")
    studio.press("player-close")
    expect(player).to_have_count(0)
    studio.press("help")
    keep("help")
    dark = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    brightness = sum(int(part) for part in dark.strip("rgba()").split(",")[:3]) / 3
    assert brightness < 80 if theme == "dark" else brightness > 200
