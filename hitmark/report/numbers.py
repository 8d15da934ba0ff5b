"""Numbers as text, the same in every table."""

from __future__ import annotations

import math

NONE = "-"
MINUS = "\u2212"


def number(value: float | None) -> str:
    """Three digits that count; "-" where there is none."""
    if value is None or math.isnan(value):
        return NONE
    if value and not 1e-4 <= abs(value) < 1e5:
        return f"{value:.2e}".replace("-", MINUS)
    digits = max(0, 2 - math.floor(math.log10(abs(value)))) if value else 2
    return f"{value:.{digits}f}".replace("-", MINUS)


def signed(value: float) -> str:
    """As `number`, with a plus sign for what is positive."""
    return ("+" if value > 0 else "") + number(value)


def counted(count: int, what: str) -> str:
    """Such as "1 job" and "2 jobs"."""
    return f"{count} {what}" + "s" * (count != 1)


def interval(low: float | None, high: float | None) -> str:
    """Such as "0.12 to 0.34"; "" where there is none."""
    return "" if low is None or high is None else f"{number(low)} to {number(high)}"


def ranged(text: str, low: float | None, high: float | None) -> str:
    """A number's text with its interval behind it, such as "0.23 (0.12 to 0.34)"."""
    between = interval(low, high)
    return f"{text} ({between})" if between else text
