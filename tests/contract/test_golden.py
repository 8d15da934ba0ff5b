"""On the two U-Nets every method gives what it gave before attention and features were read where families agree."""

import json

import pytest

from .golden import CASES, FILE, final, summary

KNOWN = json.loads(FILE.read_text(encoding="utf-8"))
TOLERANCE = 1e-5
"""Of the standard deviation of the final latents."""


@pytest.mark.parametrize("name", CASES)
def test_the_final_latents_are_as_before(name):
    deviation, *values = summary(final(*CASES[name]))
    assert deviation == pytest.approx(KNOWN[name][0], abs=TOLERANCE * deviation)
    assert values == pytest.approx(KNOWN[name][1:], abs=TOLERANCE * deviation)
