"""Small to load, quick to show, light to drag. Exact numbers are measured by scripts/measure_studio.py."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.studio.browser.weight import LOAD, PAINTS, SUBJECTS, Weight, crowded_scene, drag_in_circles

LARGEST_PAGE = 300_000  # bytes over the wire
FIRST_PAINT = 1000  # ms; on a machine that has time
BUSY = 8  # a machine that runs other tests may be so many times slower
DRAGS = 60
SCRIPT = 1000 / 60  # ms of processor time that scripts may take for a drag event: more would miss frames


def test_page_is_small_and_soon_there(studio):
    weight = Weight(studio.page)
    studio.open()
    expect(studio.hook("example")).to_have_count(2)
    assert len(weight.bytes) > 40  # the modules were seen
    assert 30_000 < weight.of_page(studio.address) < LARGEST_PAGE
    paint = studio.page.evaluate(PAINTS)
    assert 0 < paint["first-contentful-paint"] < FIRST_PAINT * BUSY


def test_dragging_a_crowded_scene_is_light(studio):
    studio.open()
    studio.page.evaluate(LOAD, crowded_scene())
    expect(studio.hook("subject")).to_have_count(SUBJECTS)
    session = studio.page.context.new_cdp_session(studio.page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})  # the page's own time
    drag_in_circles(studio, 20)  # compiles the scripts
    studio.press("undo")
    before, start = studio.scene(), script_seconds(session)
    drag_in_circles(studio, DRAGS)
    spent = 1000 * (script_seconds(session) - start) / DRAGS
    assert studio.scene() != before
    assert 0 < spent < SCRIPT
    studio.press("undo")  # all of a drag is one step
    assert studio.scene() == before


def script_seconds(session) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(metric["value"] for metric in metrics if metric["name"] == "ScriptDuration")
