"""Means, intervals and differences against hand-made cases and a slow bootstrap with loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitmark.report.statistics import LEAST_SCENES, Draws, difference, estimate, ratio

NAN = math.nan


def entries(*scenes: list[float]) -> dict[tuple[object, ...], float]:
    return {(scene, number): value for scene, some in enumerate(scenes) for number, value in enumerate(some)}


def test_the_mean_is_over_values_not_over_scenes() -> None:
    found = estimate(entries([1.0, 3.0], [8.0], [NAN]), Draws(range(3), 100))
    assert found is not None
    assert (found.mean, found.values, found.scenes, found.absent) == (4.0, 3, 2, 1)
    assert estimate(entries([NAN]), Draws(range(1), 100)) is None
    assert estimate({}, Draws(range(1), 100)) is None


def test_one_scene_has_no_interval() -> None:
    found = estimate(entries([1.0, 3.0]), Draws(range(1), 100))
    assert found is not None
    assert (found.mean, found.low, found.high) == (2.0, None, None)


def test_medians_and_greatest_values_have_no_interval() -> None:
    values = entries([1.0, 3.0], [8.0, 9.0, 10.0])
    for average, expected in (("median", 8.0), ("max", 10.0)):
        found = estimate(values, Draws(range(2), 100), average)
        assert found is not None
        assert (found.mean, found.low) == (expected, None)


def test_the_interval_is_that_of_a_bootstrap_with_loops() -> None:
    generator = np.random.default_rng(5)
    scenes = [generator.normal(size=generator.integers(1, 4)).tolist() for _ in range(7)]
    found = estimate(entries(*scenes), Draws(range(7), 300, seed=3))
    picks = np.random.default_rng(3).integers(7, size=(300, 7))
    means = [np.mean([value for scene in pick for value in scenes[scene]]) for pick in picks]
    assert found is not None
    assert (found.low, found.high) == pytest.approx(np.quantile(means, [0.025, 0.975]))


def test_a_draw_without_any_of_a_rows_scenes_counts_nowhere() -> None:
    """Two scenes of nine: some draws have neither."""
    drawn = Draws(range(9), 500)
    assert np.isnan(drawn.means({0: [1.0], 1: [2.0]})).any()
    found = estimate(entries([1.0], [2.0]), drawn)
    assert found is not None
    assert (found.low, found.high) == (1.0, 2.0)


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    generator, held = np.random.default_rng(0), 0
    drawn = Draws(range(40), 400)
    for _ in range(300):
        found = estimate(entries(*generator.normal(1.0, 2.0, size=(40, 1)).tolist()), drawn)
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 1.0 <= found.high
    assert 0.89 <= held / 300 <= 0.98


def test_differences_are_of_the_pairs_that_both_have() -> None:
    ours, theirs = entries([1.0, 2.0], [5.0], [9.0]), entries([0.5, NAN], [4.0])
    found = difference(ours, theirs, Draws(range(3), 100))
    assert found is not None
    assert (found.mean, found.pairs, found.scenes) == (0.75, 2, 2)
    assert difference(ours, entries([NAN, NAN]), Draws(range(3), 100)) is None


def test_pairing_finds_what_the_spread_of_scenes_hides() -> None:
    scenes = np.random.default_rng(1).uniform(0, 10, size=(12, 1))
    drawn = Draws(range(12))
    found = difference(entries(*(scenes + 0.1).tolist()), entries(*scenes.tolist()), drawn)
    alone = estimate(entries(*scenes.tolist()), drawn)
    assert found is not None
    assert alone is not None
    assert alone.low is not None
    assert alone.high is not None
    assert (found.mean, found.low, found.high) == pytest.approx((0.1, 0.1, 0.1))
    assert found.sure
    assert alone.high - alone.low > 1


@pytest.mark.parametrize("scenes", range(2, 9))
def test_few_scenes_are_never_sure(scenes: int) -> None:
    ours = entries(*[[1.0 + number] for number in range(scenes)])
    found = difference(ours, dict.fromkeys(ours, 0.0), Draws(range(scenes)))
    assert found is not None
    assert found.sure == (scenes >= LEAST_SCENES)
    backwards = difference(dict.fromkeys(ours, 0.0), ours, Draws(range(scenes)))
    assert backwards is not None
    assert backwards.sure == found.sure


def test_what_goes_both_ways_is_not_sure() -> None:
    ours = entries(*[[(-1.0) ** number] for number in range(20)])
    found = difference(ours, dict.fromkeys(ours, 0.0), Draws(range(20)))
    assert found is not None
    assert not found.sure


NUMBERS = st.lists(st.lists(st.floats(-100, 100), min_size=1, max_size=3), min_size=2, max_size=8)


@given(scenes=NUMBERS, shift=st.integers(-8, 8), factor=st.sampled_from([0.5, 2.0, 4.0]))
def test_intervals_move_and_stretch_with_the_values(scenes: list[list[float]], shift: int, factor: float) -> None:
    drawn = Draws(range(len(scenes)), 100)
    plain = estimate(entries(*scenes), drawn)
    moved = estimate(entries(*[[factor * value + shift for value in some] for some in scenes]), drawn)
    assert plain is not None
    assert moved is not None
    for one, other in ((plain.mean, moved.mean), (plain.low, moved.low), (plain.high, moved.high)):
        assert one is not None
        assert other == pytest.approx(factor * one + shift, abs=1e-9)
    same = difference(entries(*scenes), entries(*scenes), drawn)
    assert same is not None
    assert (same.mean, same.low, same.high, same.sure) == (0, 0, 0, False)


def test_the_ratio_is_of_means_of_pairs_and_its_interval_that_of_a_bootstrap_with_loops() -> None:
    generator = np.random.default_rng(5)
    baseline = [generator.uniform(1, 2, generator.integers(1, 4)).tolist() for _ in range(7)]
    ours = [[value * generator.uniform(0.2, 0.8) for value in scene] for scene in baseline]
    found = ratio(entries(*ours, [9.0]), entries(*baseline), Draws(range(8), 300, seed=3))
    picks = np.random.default_rng(3).integers(8, size=(300, 8))
    drawn = [
        sum(sum(ours[scene]) for scene in pick if scene < 7) / sum(sum(baseline[scene]) for scene in pick if scene < 7)
        for pick in picks
    ]
    assert found is not None
    assert found.value == pytest.approx(sum(map(sum, ours)) / sum(map(sum, baseline)))
    assert (found.low, found.high) == pytest.approx(np.quantile(drawn, [0.025, 0.975]))


def test_there_is_no_ratio_to_nothing() -> None:
    drawn = Draws(range(2), 10)
    assert ratio(entries([1.0], [2.0]), entries([0.0], [0.0]), drawn) is None
    assert ratio(entries([1.0], [NAN]), entries([NAN], [2.0]), drawn) is None
    alone = ratio(entries([1.0]), entries([4.0]), drawn)
    assert alone is not None
    assert (alone.value, alone.low, alone.high) == (0.25, None, None)
