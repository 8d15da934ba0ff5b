"""What a page costs: bytes that traveled, the first paint, and the processor time of drags."""

from __future__ import annotations

from math import cos, pi, sin
from typing import Any

from playwright.sync_api import CDPSession, Page

from tests.studio.browser.acts import Point, Studio

PAINTS = "() => Object.fromEntries(performance.getEntriesByType('paint').map((entry) => [entry.name, entry.startTime]))"
SUBJECTS, KEYFRAMES = 10, 12
LOAD = """async (scene) => {
  const { store } = (await import("/assets/page.js")).of("scene/store.js");
  await store.load(scene, null, { force: true });
  store.setUi({ selected: 0, tool: "select", time: 0 });
}"""


class Weight:
    """Counts the bytes that a page's requests brought over the wire, by address."""

    def __init__(self, page: Page) -> None:
        self._urls: dict[str, str] = {}
        self.bytes: dict[str, int] = {}
        self.session: CDPSession = page.context.new_cdp_session(page)
        self.session.on("Network.responseReceived", self._begun)
        self.session.on("Network.loadingFinished", self._ended)
        self.session.send("Network.enable")

    def _begun(self, event: dict[str, Any]) -> None:
        self._urls[event["requestId"]] = event["response"]["url"]

    def _ended(self, event: dict[str, Any]) -> None:
        url = self._urls.get(event["requestId"], "?")
        self.bytes[url] = self.bytes.get(url, 0) + int(event["encodedDataLength"])

    def of_page(self, address: str) -> int:
        """Bytes of the page itself: document, styles, scripts, icon; not of what it asks the API for."""
        return sum(size for url, size in self.bytes.items() if url == address or url.startswith(f"{address}assets/"))


def crowded_scene() -> dict[str, Any]:
    """Ten subjects of twelve keyframes, on curves that cross."""
    subjects = []
    for number in range(SUBJECTS):
        keyframes = [{"time": step / (KEYFRAMES - 1), "box": _place(number, step)} for step in range(KEYFRAMES)]
        subjects.append({"name": f"thing {number + 1}", "keyframes": keyframes, "path": "smooth"})
    return {"version": 1, "width": 512, "height": 320, "frames": 49, "prompt": "many things", "subjects": subjects}


def _place(number: int, step: int) -> list[float]:
    left, top = 0.05 + 0.065 * step, (0.02 + 0.08 * number + 0.13 * (step % 3)) % 0.8
    return [left, top, left + 0.14, top + 0.14]


def drag_in_circles(studio: Studio, events: int) -> None:
    """Drag the first subject's first box around, one pointer event after the other."""
    studio.drag(*circles(studio.scene(), events), free=False, steps=1)


def circles(scene: dict[str, Any], events: int) -> list[Point]:
    """Places of the pointer on circles that begin in the first subject's first box, 60 to a round."""
    box = scene["subjects"][0]["keyframes"][0]["box"]
    return [
        (box[0] + 0.05 + 0.2 * (1 - cos(2 * pi * step / 60)), box[1] + 0.05 + 0.15 * sin(2 * pi * step / 60))
        for step in range(events)
    ]
