"""Small to load, quick to show, light to drag. Exact numbers are measured by scripts/measure_studio.py."""

from __future__ import annotations

from playwright.sync_api import expect

from hitmark.studio.bundle import BUNDLE
from tests.studio.browser.weight import LOAD, PAINTS, SUBJECTS, Weight, crowded_scene, drag_in_circles

LARGEST_PAGE = 120_000  # bytes over the wire, headers included
SHOWN = 2.0  # seconds of processor time until the page is there; a slow machine needs under half of it
DRAGS = 60
SCRIPT = 1000 / 60  # ms of processor time that scripts may take for a drag event: more would miss frames


def test_page_is_small_and_soon_there(studio):
    weight = Weight(studio.page)
    session = own_time(studio.page)
    studio.open()
    expect(studio.hook("example")).to_have_count(2)
    assert weight.bytes[f"{studio.address}assets/{BUNDLE}"] > 30_000  # the modules were seen
    assert sum(url.endswith(".js") for url in weight.bytes) < 5  # and not one by one
    assert 30_000 < weight.of_page(studio.address) < LARGEST_PAGE
    assert studio.page.evaluate(PAINTS)["first-contentful-paint"] > 0
    spent = seconds(session, "TaskDuration")
    print("processor seconds until the page is there:", spent)
    assert 0 < spent < SHOWN


def test_dragging_a_crowded_scene_is_light(studio):
    studio.open()
    studio.page.evaluate(LOAD, crowded_scene())
    expect(studio.hook("subject")).to_have_count(SUBJECTS)
    session = own_time(studio.page)
    drag_in_circles(studio, 20)  # compiles the scripts
    studio.press("undo")
    before, start = studio.scene(), seconds(session, "ScriptDuration")
    drag_in_circles(studio, DRAGS)
    spent = 1000 * (seconds(session, "ScriptDuration") - start) / DRAGS
    assert studio.scene() != before
    assert 0 < spent < SCRIPT
    studio.press("undo")  # all of a drag is one step
    assert studio.scene() == before


def own_time(page):
    """A session that counts the processor time of the page itself, not time that passes while others work."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    return session


def seconds(session, name) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(metric["value"] for metric in metrics if metric["name"] == name)
