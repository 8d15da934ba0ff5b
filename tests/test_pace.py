"""No test may fail because the machine is slow or does other things at the same time."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings


def property_tests(items):
    """Property tests among the collected ones, with their settings."""
    for item in items:
        function = getattr(item, "obj", None)
        if function is not None and is_hypothesis_test(function):
            yield item.nodeid, getattr(function, "_hypothesis_internal_use_settings", None) or settings()


def test_no_property_test_is_timed(request: pytest.FixtureRequest) -> None:
    timed = [
        name
        for name, chosen in property_tests(request.session.items)
        if chosen.deadline is not None or HealthCheck.too_slow not in chosen.suppress_health_check
    ]
    assert timed == []


def test_the_limit_is_far_and_that_of_efficacy_none(request: pytest.FixtureRequest) -> None:
    assert float(request.config.getini("timeout")) >= 3600
    limits = {item: [float(mark.args[0]) for mark in item.iter_markers("timeout")] for item in request.session.items}
    assert all(item.get_closest_marker("efficacy") is None or 0 in limits[item] for item in limits)
    assert all(limit == 0 or limit >= 3600 for own in limits.values() for limit in own)


def test_threads_that_wait_do_not_take_the_processor() -> None:
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"
