"""One studio and one browser for all end-to-end tests; each test has a page of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.studio.browser.acts import Studio
from tests.studio.browser.chromium import MISSING, found_chromium, launched
from tests.studio.browser.process import Process
from tests.studio.browser.watch import Watch

HERE = Path(__file__).parent
WINDOW = {"width": 1280, "height": 720}


def pytest_collection_modifyitems(items):
    if found_chromium() is None:
        for item in items:
            if HERE in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=MISSING))


@pytest.fixture(scope="package")
def process(tmp_path_factory):
    made = Process(tmp_path_factory.mktemp("browser") / "studio")
    yield made
    assert made.end() == 0


@pytest.fixture(scope="package")
def playwright_of():
    with sync_playwright() as made:
        yield made


@pytest.fixture(scope="package")
def browser(playwright_of):
    with launched(playwright_of) as made:
        yield made


@pytest.fixture
def watch(browser, process):
    """A browser without a past, in which nothing may go wrong and nothing may leave the machine."""
    made = browser.new_context(viewport=WINDOW, accept_downloads=True, reduced_motion="no-preference")
    watch = Watch(made, process.address)
    yield watch
    made.close()
    assert watch.problems == []
    assert watch.foreign == []


@pytest.fixture
def context(watch):
    return watch.context


@pytest.fixture
def studio(context, process):
    return Studio(context.new_page(), process.address)


@pytest.fixture(scope="module")
def asked(browser, process):
    """A page that is open and is only asked what its modules compute: tests leave it alone, so one serves a file."""
    made = browser.new_context(viewport=WINDOW)
    watch = Watch(made, process.address)
    page = Studio(made.new_page(), process.address)
    page.open()
    yield page
    made.close()
    assert watch.problems == []
    assert watch.foreign == []
