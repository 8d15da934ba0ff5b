"""What the studio's page costs: bytes over the wire, first paint, and the frames of a drag by the browser's tracing.

    python -m scripts.measure_studio                       # a studio of its own, three loads, ten seconds of dragging
    python -m scripts.measure_studio --events 3600 --trace out/drag.json     # keep the trace, for chrome://tracing
    python -m scripts.measure_studio --loads 1 --events 0  # the bytes alone, which a busy machine does not change
    python -m scripts.measure_studio --examples            # also how long the built-in examples take to generate

The scene of the drag has 10 subjects of 12 keyframes each on curves; the first subject's box is dragged in circles.
Pointer events are sent at --rate, as a mouse sends them, whether or not the page is done with the one before: a sender
that waits for each answer would measure its own round trip. Frame times are the distances between frames that the
compositor drew; "main thread" is the time that the page's main thread was busy for one of them, counted as processor
time, so that other programs do not count. Run it on an idle machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from playwright.async_api import CDPSession, Page, async_playwright
from playwright.sync_api import Browser, ViewportSize, sync_playwright

from tests.studio.browser.acts import IN_WINDOW, TWO_FRAMES, Studio
from tests.studio.browser.chromium import ARGUMENTS, found_chromium, launched
from tests.studio.browser.process import Process
from tests.studio.browser.weight import KEYFRAMES, LOAD, PAINTS, SUBJECTS, Weight, circles, crowded_scene

WINDOW: ViewportSize = {"width": 1280, "height": 720}
CATEGORIES = [
    "devtools.timeline",
    "disabled-by-default-devtools.timeline",
    "disabled-by-default-devtools.timeline.frame",
    "toplevel",
]
LATE = 1.5 / 60  # seconds: a frame that comes later than this was missed


def main() -> None:
    """Measure, print."""
    options = _parser().parse_args()
    trace = b""
    with tempfile.TemporaryDirectory() as folder:
        process = Process(Path(folder) / "studio")
        try:
            with sync_playwright() as playwright, launched(playwright) as browser:
                for load in range(options.loads):
                    print(f"load {load + 1}: {_load(browser, process.address)}", flush=True)
            if options.examples:
                for name, seconds, worked in _examples(process):
                    times = f"{seconds:.1f} s from the order to the finished clip, {worked:.1f} s of processor time"
                    print(f"example {name}: {times}", flush=True)
            if options.events:
                trace = asyncio.run(_drag(process.address, options.events, options.rate))
        finally:
            process.end()
    if not options.events:
        return
    if options.trace:
        options.trace.parent.mkdir(parents=True, exist_ok=True)
        options.trace.write_bytes(trace)
    print(f"drag with {SUBJECTS} subjects x {KEYFRAMES} keyframes:")
    for line in report(json.loads(trace)["traceEvents"]):
        print(f"  {line}")


def _examples(studio: Process) -> Iterator[tuple[str, float, float]]:
    """Generate the built-in examples with the model's own settings, neither model loaded before; times, both kinds."""
    for example in studio.client.get("api/examples").json():
        start, worked = time.perf_counter(), _processor_time(studio)
        [job] = studio.client.post("api/jobs", json={"scene": example["scene"]}).json()["jobs"]
        while job["state"] not in ("done", "failed", "cancelled"):
            time.sleep(0.1)
            job = studio.client.get(f"api/jobs/{job['id']}").json()
        assert job["state"] == "done", job
        yield example["name"], time.perf_counter() - start, _processor_time(studio) - worked


def _processor_time(studio: Process) -> float:
    """Seconds that the studio and its worker have computed, which other programs do not lengthen much."""
    server = psutil.Process(studio.process.pid)
    times = [each.cpu_times() for each in (server, *server.children(recursive=True))]
    return sum(each.user + each.system for each in times)


def _load(browser: Browser, address: str) -> str:
    """Load the page in a browser without a cache; what came and when it was seen."""
    context = browser.new_context(viewport=WINDOW)
    studio = Studio(context.new_page(), address)
    weight = Weight(studio.page)
    studio.open()
    studio.hook("example").first.wait_for()
    paint = studio.page.evaluate(PAINTS)["first-contentful-paint"]
    files = sum(url == address or url.startswith(f"{address}assets/") for url in weight.bytes)
    context.close()
    return f"{weight.of_page(address)} bytes in {files} files, first contentful paint after {paint:.0f} ms"


async def _drag(address: str, events: int, rate: float) -> bytes:
    """Drag in a crowded scene; the trace."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found_chromium(), args=list(ARGUMENTS))
        page = await browser.new_page(viewport=WINDOW)
        await page.goto(address)
        await page.locator('[data-test="model"] option').first.wait_for(state="attached")
        await page.evaluate(LOAD, crowded_scene())
        await page.evaluate(TWO_FRAMES)
        mouse = await page.context.new_cdp_session(page)
        await _circle(page, mouse, round(rate), rate)  # once before, so that the scripts are compiled
        await browser.start_tracing(page=page, categories=CATEGORIES)
        await _circle(page, mouse, events, rate)
        trace = await browser.stop_tracing()
        await browser.close()
        return trace


async def _circle(page: Page, mouse: CDPSession, events: int, rate: float) -> None:
    """Drag the first box around at a steady rate of events and back to where it was."""
    path = [*circles(crowded_scene(), events), circles(crowded_scene(), 1)[0]]
    places = await page.evaluate(IN_WINDOW, [list(place) for place in path])

    async def send(kind: str, place: list[float]) -> None:
        about = {"type": kind, "x": place[0], "y": place[1], "button": "left", "buttons": 1, "clickCount": 1}
        await mouse.send("Input.dispatchMouseEvent", about)

    await send("mousePressed", places[0])
    clock, sent = asyncio.get_running_loop(), []
    start = clock.time()
    for number, place in enumerate(places[1:]):
        await asyncio.sleep(max(0.0, start + number / rate - clock.time()))
        sent.append(asyncio.create_task(send("mouseMoved", place)))
    await asyncio.gather(*sent)
    await send("mouseReleased", places[-1])
    await page.evaluate(TWO_FRAMES)


def report(events: list[dict[str, Any]]) -> list[str]:
    """Lines on the frames of a drag.

    Args:
        events: of a trace in Chromium's format, times in microseconds.
    """
    moves = [event for event in events if _is_move(event)]
    start, stop = moves[0]["ts"], moves[-1]["ts"]
    thread = (moves[0]["pid"], moves[0]["tid"])
    drawn = sorted(event["ts"] for event in events if event["name"] == "DrawFrame" and start <= event["ts"] <= stop)
    times = np.diff(np.unique(drawn)) / 1e6
    busy = [
        event.get("tdur", event.get("dur", 0)) / 1e3
        for event in events
        if event["name"] == "RunTask" and (event["pid"], event["tid"]) == thread and start <= event["ts"] <= stop
    ]
    scripts = [event.get("tdur", event["dur"]) / 1e3 for event in events if _is_script(event) and start <= event["ts"]]
    late = np.mean(times > LATE)
    return [
        f"{len(moves)} pointer events, {len(drawn)} frames in {(stop - start) / 1e6:.1f} s",
        f"{1 / times.mean():.1f} frames/s; frame time median {1e3 * np.median(times):.1f} ms, "
        f"95 % {1e3 * np.quantile(times, 0.95):.1f} ms, worst {1e3 * times.max():.1f} ms; late {late:.1%}",
        f"main thread: {sum(busy) / max(1, len(drawn)):.1f} ms a frame, longest task {max(busy, default=0):.1f} ms",
        f"scripts: {sum(scripts) / max(1, len(drawn)):.1f} ms a frame, longest {max(scripts, default=0):.1f} ms",
    ]


def _is_move(event: dict[str, Any]) -> bool:
    return event["name"] == "EventDispatch" and event.get("args", {}).get("data", {}).get("type") == "pointermove"


def _is_script(event: dict[str, Any]) -> bool:
    return "dur" in event and (event["name"] == "FireAnimationFrame" or _is_move(event))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loads", type=int, default=3, help="how often the page is loaded")
    parser.add_argument("--examples", action="store_true", help="also generate the built-in examples")
    parser.add_argument("--events", type=int, default=1200, help="pointer events of the drag; 0 = no drag")
    parser.add_argument("--rate", type=float, default=120, help="pointer events a second; a usual mouse sends 125")
    parser.add_argument("--trace", type=Path, help="where to keep the trace of the drag")
    return parser


if __name__ == "__main__":
    main()
