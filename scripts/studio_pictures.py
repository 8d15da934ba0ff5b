"""The screenshots of docs/studio.md, made from a running studio on its built-in examples.

    python -m scripts.studio_pictures                      # writes docs/pictures/studio-*.png, about two minutes
    python -m scripts.studio_pictures -o out/pictures --steps 2      # quick, for a look

Needs a Chromium (see tests/studio/browser/chromium.py). The pictures have 128 colors to be small.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, ViewportSize, expect, sync_playwright

from tests.studio.browser.acts import Studio, center
from tests.studio.browser.chromium import launched
from tests.studio.browser.process import Process

WINDOW: ViewportSize = {"width": 1280, "height": 720}
COLORS = 128


def main() -> None:
    """Make all pictures."""
    options = _parser().parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        process = Process(Path(folder) / "studio")
        try:
            with sync_playwright() as playwright, launched(playwright) as browser:
                for story in (picture_story, text_story):
                    context = browser.new_context(viewport=WINDOW, reduced_motion="reduce")
                    story(Camera(Studio(context.new_page(), process.address), options.output), options.steps)
                    context.close()
        finally:
            process.end()


class Camera:
    """Takes pictures of a studio's page."""

    def __init__(self, studio: Studio, folder: Path) -> None:
        self.studio = studio
        self._folder = folder

    def take(self, name: str, part: Locator | None = None) -> None:
        """Write studio-NAME.png: the window, or one part of the page."""
        self.studio.page.mouse.move(640, 2)  # nothing is hovered
        data = (part or self.studio.page).screenshot(animations="disabled")
        with Image.open(io.BytesIO(data)) as picture:
            small = picture.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE)
        path = self._folder / f"studio-{name}.png"
        small.save(path, optimize=True)
        print(f"{path}: {path.stat().st_size} bytes", flush=True)


def picture_story(camera: Camera, steps: int) -> None:
    """From a picture: start, draw, time, generate, compare."""
    studio = camera.studio
    studio.open()
    expect(studio.hook("example")).to_have_count(2)
    camera.take("start")
    studio.example("picture")
    example = studio.scene()
    studio.draw("box", (0.08, 0.62), (0.34, 0.88))
    studio.fill("subject-name", "stone")
    studio.draw("path", (0.2, 0.75), (0.45, 0.8), (0.74, 0.78))
    studio.press("tool-select")
    studio.go_to(3 / 7)
    camera.take("draw")
    studio.press("add-keyframe")
    studio.hook("easing", "#timeline").select_option("in-out")
    camera.take("time", studio.page.locator("#timeline"))
    while studio.scene() != example:
        studio.press("undo")
    clip, free = studio.generate(steps=steps, baseline=True)
    expect(studio.hook("preview", '[data-test="queue"]')).to_be_visible()
    camera.take("generate")
    for identity in (clip, free):
        studio.wait(identity, "done")
    studio.play(clip)
    studio.press("compare-baseline")
    expect(studio.page.locator('[data-test="player"]')).to_have_attribute("data-state", "ready")
    studio.press("mode-side")
    studio.hook("scrub").fill("6")
    camera.take("compare")
    studio.press("player-close")


def text_story(camera: Camera, _steps: int) -> None:
    """From words, in the dark theme: several subjects and the words that mean them."""
    studio = camera.studio
    studio.page.emulate_media(color_scheme="dark")
    studio.open()
    studio.example("text")
    studio.press("tab-scene")
    studio.fill("prompt", "a heart and a red star on tiles")
    studio.draw("box", (0.08, 0.1), (0.36, 0.38))
    for word in ("red", "star"):
        studio.page.get_by_role("button", name=word, exact=True).click()
    start = center(studio.scene()["subjects"][-1]["keyframes"][0]["box"])
    studio.draw("freehand", start, (0.4, 0.12), (0.6, 0.3), (0.8, 0.2))
    camera.take("words")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, default=Path("docs/pictures"), help="folder to write to")
    parser.add_argument("--steps", type=int, default=20, help="steps of the clips")
    return parser


if __name__ == "__main__":
    main()
