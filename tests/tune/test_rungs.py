"""Which figure decides, and what its limits mean."""

from __future__ import annotations

import pytest

from hitmark.errors import HitmarkError
from hitmark.report.figures import Figure
from hitmark.tune.rungs import aim_for

OVERLAP, ERROR, FLICKER = Figure("sprites", "overlap"), Figure("template", "guessed path error"), Figure("f", "flicker")


def test_without_the_usual_metric_it_is_the_first_of_control() -> None:
    assert aim_for([FLICKER, OVERLAP, ERROR], None, {}).metric == "guessed path error"
    assert aim_for([OVERLAP, ERROR, Figure("sprites", "guessed distance")], None, {}).metric == "guessed distance"
    twice = aim_for([OVERLAP, Figure("boxes:x", "overlap")], "overlap (sprites)", {})
    assert (twice.figure, twice.better) == (OVERLAP, "greater")
    with pytest.raises(HitmarkError, match="no figure of control"):
        aim_for([FLICKER], None, {})


def test_a_figure_may_be_asked_for_by_its_earlier_name() -> None:
    shift = Figure("frames", "color shift")
    aim = aim_for([OVERLAP, shift], "overlap", {"colour shift": 0.1})
    assert aim.limits == {"color shift": (shift, 0.1)}
    assert aim.beyond("color shift", 0.2)


@pytest.mark.parametrize(("metric", "limits"), [("flicker", {}), ("overlap", {"flicker": 3.0})])
def test_a_figure_without_a_better_side_decides_nothing(metric: str, limits: dict[str, float]) -> None:
    with pytest.raises(HitmarkError, match="flicker has no better side"):
        aim_for([OVERLAP, FLICKER], metric, limits)


def test_limits_are_read_by_the_better_side() -> None:
    aim = aim_for([OVERLAP, ERROR], None, {"overlap": 0.5, "guessed path error": 0.2})
    assert [aim.beyond("overlap", mean) for mean in (0.4, 0.5, 0.6)] == [True, False, False]
    assert [aim.beyond("guessed path error", mean) for mean in (0.1, 0.2, 0.3)] == [False, False, True]
