"""A browser gives a host six connections: however many tabs are open, every one of them saves and generates."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.studio.browser.acts import Studio
from tests.studio.conftest import text_scene

TABS = 7


def test_seven_tabs_all_work_with_one_line_of_events(studio, context, process):
    tabs = [studio, *(Studio(context.new_page(), studio.address) for _ in range(TABS - 1))]
    for number, tab in enumerate(tabs):
        tab.open()
        tab.example("text")
        tab.fill("project-name", f"tab {number}")
        tab.press("save")
        expect(tab.page.locator("#save-state")).to_have_text("saved")
    before = len(tabs[0].job_ids())
    (clip,) = tabs[-1].generate(steps=1)
    for tab in tabs:  # and all of them hear of it
        expect(tab.hook("job")).to_have_count(before + 1)
        tab.wait(clip, "done")
    lines = [request for request in context_requests(context) if request.endswith("/api/events")]
    assert lines == []  # no page has a line of its own: the worker that they share has it


def context_requests(context):
    return [
        entry
        for page in context.pages
        for entry in page.evaluate("() => performance.getEntriesByType('resource').map((entry) => entry.name)")
    ]


LINES = """() => {
  const Line = window.EventSource;
  window.lines = [];
  window.EventSource = class extends Line {
    constructor(address) {
      super(address);
      window.lines.push(this);
    }
  };
  delete window.SharedWorker;
}"""
SEEN = """(hidden) => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
  return window.lines.filter((line) => line.readyState !== EventSource.CLOSED).length;
}"""


def test_a_browser_that_cannot_share_has_a_line_only_where_it_is_seen(studio, process):
    studio.page.add_init_script(f"({LINES})()")
    studio.open()
    count = len(studio.job_ids())
    assert studio.page.evaluate(SEEN, True) == 0  # behind other tabs it keeps no connection
    (job,) = process.client.post("/api/jobs", json={"scene": text_scene(), "steps": 500}).json()["jobs"]
    assert studio.page.evaluate(SEEN, False) == 1
    expect(studio.hook("job")).to_have_count(count + 1)  # and what came meanwhile is there
    process.client.post(f"/api/jobs/{job['id']}/cancel")
    studio.wait(job["id"], "cancelled")
