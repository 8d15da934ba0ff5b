"""What a person does on the page: draws, drags, presses, reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.studio.browser.process import MILLISECONDS

READ_SCENE = """async () => {
  const { store } = (await import("/assets/page.js")).of("scene/store.js");
  const { stringifyJson } = (await import("/assets/page.js")).of("server/json.js");
  return stringifyJson(store.scene);
}"""
IN_WINDOW = """async (points) => {
  const { viewer } = (await import("/assets/page.js")).of("canvas/canvas.js");
  return points.map((point) => viewer.inWindow(point));
}"""
TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"

COUNT_JOBS = "async () => (await (await fetch('/api/jobs')).json()).jobs.length"

Point = tuple[float, float]

expect.set_options(timeout=MILLISECONDS)


class Studio:
    """The page of a studio. Points are fractions of the picture's width and height."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        page.set_default_timeout(MILLISECONDS)

    def open(self) -> None:
        """Open the page; wait until it knows the models and the jobs."""
        self.page.goto(self.address)
        self.ready()

    def ready(self) -> None:
        """Wait until the page knows the models, shows every job, and has brought back its work."""
        expect(self.page.locator("html")).to_have_attribute("data-state", "ready")
        self.page.locator('[data-test="model"] option').first.wait_for(state="attached")
        expect(self.hook("job")).to_have_count(self.page.evaluate(COUNT_JOBS))

    def hook(self, name: str, within: str = "") -> Locator:
        """The elements with this `data-test`, below a selector."""
        return self.page.locator(f'{within} [data-test="{name}"]')

    def press(self, name: str, within: str = "") -> None:
        """Click the one element with this `data-test`."""
        self.hook(name, within).click()

    def scene(self) -> dict[str, Any]:
        """The scene that the editor holds."""
        return json.loads(self.page.evaluate(READ_SCENE))

    def example(self, name: str) -> None:
        """Open a built-in example."""
        self.page.locator(f'[data-test="example"][data-name="{name}"]').click()
        expect(self.hook("subject")).not_to_have_count(0)

    def places(self, *points: Point) -> list[Point]:
        """Where points of the picture lie in the window, CSS pixels."""
        self.page.evaluate(TWO_FRAMES)
        return [tuple(place) for place in self.page.evaluate(IN_WINDOW, [list(point) for point in points])]

    def until(self, module: str, condition: str, argument: Any = None) -> None:
        """Wait until `condition` holds, an expression of `page` (a module's exports) and `argument`.

        Playwright takes the promise of an async function for "yes", so the module is imported before it is asked.
        """
        self.page.evaluate("async (address) => { window.testedPage = await import(address); }", f"/assets/{module}.js")
        self.page.wait_for_function(f"(argument) => ((page) => {condition})(window.testedPage)", arg=argument)

    def drag(self, *points: Point, free: bool = True, steps: int = 6) -> None:
        """Drag the mouse over the canvas along points; `free`: with Control held, so that nothing snaps."""
        first, *others = self.places(*points)
        mouse = self.page.mouse
        mouse.move(*first)
        mouse.down()
        if free:
            self.page.keyboard.down("Control")
        for place in others:
            mouse.move(*place, steps=steps)
        mouse.up()
        if free:
            self.page.keyboard.up("Control")

    def click(self, point: Point) -> None:
        """Click a point of the picture."""
        self.page.mouse.click(*self.places(point)[0])

    def draw(self, tool: str, *points: Point) -> None:
        """Drag with a tool."""
        self.press(f"tool-{tool}")
        self.drag(*points)

    def fill(self, name: str, value: str | float, within: str = "") -> None:
        """Type a value into a field and leave it."""
        field = self.hook(name, within)
        field.fill(str(value))
        field.blur()

    def go_to(self, share: float) -> None:
        """Click the timeline's ruler at a share of the clip."""
        box = self.page.locator(".ruler").bounding_box()
        assert box
        self.page.mouse.click(box["x"] + share * box["width"], box["y"] + box["height"] / 2)

    def generate(self, *, steps: int, variants: int = 1, baseline: bool = False) -> list[str]:
        """Order clips in the Generate tab; the ids of their jobs, the controlled ones and their twins."""
        known = set(self.job_ids())
        self.press("tab-generate")
        self.fill("steps", steps)
        self.fill("variants", variants)
        self.hook("baseline").set_checked(baseline)
        self.press("generate")
        expect(self.hook("job")).to_have_count(len(known) + variants * (2 if baseline else 1))
        return [each for each in self.job_ids() if each not in known]

    def job_ids(self) -> list[str]:
        """The ids of the cards on the strip, in their order."""
        return [str(card.get_attribute("data-job")) for card in self.hook("job").all()]

    def card(self, identity: str) -> Locator:
        """A job's card."""
        return self.page.locator(f'[data-test="job"][data-job="{identity}"]')

    def wait(self, identity: str, state: str) -> None:
        """Wait until a card shows a state."""
        expect(self.card(identity)).to_have_attribute("data-state", state)

    def play(self, identity: str) -> Locator:
        """Open a clip in the player and wait for its frames; the player."""
        self.card(identity).locator(".card-picture").click()
        player = self.page.locator('[data-test="player"]')
        expect(player).to_have_attribute("data-state", "ready")
        return player

    def export(self, folder: Path) -> Path:
        """Export scene and picture as a person does; the scene's file with the picture where it names it."""
        self.press("export")
        with self.page.expect_download() as saved:
            self.press("export-save", "dialog")
        path = folder / "scene.json"
        saved.value.save_as(path)
        expect(self.page.locator("dialog[open]")).to_have_count(0)
        image = json.loads(path.read_text()).get("image")
        if image:
            self.press("export")
            with self.page.expect_download() as picture:
                self.page.get_by_role("button", name="Save the picture").click()
            picture.value.save_as(folder / image)
            self.page.keyboard.press("Escape")
        return path


def center(box: Sequence[float]) -> Point:
    """The middle of a box [x0, y0, x1, y1]."""
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
