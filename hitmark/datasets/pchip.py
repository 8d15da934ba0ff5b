"""Curves through clicks that do not overshoot: PCHIP, monotone cubic interpolation at equal distances. Pure numpy.

Fritsch and Butland, "A method for constructing local monotone piecewise cubic interpolants", SIAM J. Sci. Stat.
Comput. 5 (1984): slopes inside are harmonic means; at the ends the three-point formula, limited so that it keeps the
shape (Moler, "Numerical Computing with MATLAB", 3.6). The same curve as scipy.interpolate.PchipInterpolator.
"""

from __future__ import annotations

import numpy as np


def pchip(values: np.ndarray, count: int) -> np.ndarray:
    """The curve through values at equal distances of 0..1, taken at `count` equal distances of 0..1.

    Args:
        values: float64 (knots, ...), at least 1; every column has its own curve. One knot: constant.
        count: of places, at least 2, the first and the last knot among them.

    Returns:
        float64 (count, ...).
    """
    knots = np.asarray(values, dtype=np.float64)
    if len(knots) == 1:
        return np.repeat(knots, count, axis=0)
    segments = len(knots) - 1
    places = np.linspace(0, 1, count) * segments
    segment = np.minimum(places.astype(int), segments - 1)
    slopes = _slopes(knots)
    u = (places - segment).reshape(-1, *[1] * (knots.ndim - 1))
    start, stop = knots[segment], knots[segment + 1]
    leave, arrive = slopes[segment], slopes[segment + 1]
    rise = stop - start
    return start + u * (leave + u * (3 * rise - 2 * leave - arrive + u * (leave + arrive - 2 * rise)))


def _slopes(knots: np.ndarray) -> np.ndarray:
    """Derivative at every knot, in units of a segment."""
    steps = np.diff(knots, axis=0)
    if len(steps) == 1:
        return np.repeat(steps, 2, axis=0)
    slopes = np.zeros_like(knots)
    before, after = steps[:-1], steps[1:]
    same = (np.sign(before) == np.sign(after)) & (before != 0)  # else a turning point, or level: it stays level there
    total = np.where(same, before + after, 1.0)
    slopes[1:-1] = np.where(same, 2 * before * (after / total), 0.0)
    slopes[0] = _end(steps[0], steps[1])
    slopes[-1] = _end(steps[-1], steps[-2])
    return slopes


def _end(near: np.ndarray, next_one: np.ndarray) -> np.ndarray:
    """Slope at an end from its own segment's step and the one beside it."""
    slope = (3 * near - next_one) / 2
    slope = np.where(np.sign(slope) == np.sign(near), slope, 0.0)
    turns = (np.sign(near) != np.sign(next_one)) & (np.abs(slope) > 3 * np.abs(near))
    return np.where(turns, 3 * near, slope)
