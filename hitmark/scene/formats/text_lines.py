"""Text files of numbers: lines with commas, semicolons or blanks between the numbers, and comments."""

from __future__ import annotations

import re
from collections.abc import Iterator

COMMENTS = ("#", "//", "%")
_BETWEEN = re.compile(r"\s*[,;]\s*|\s+")


def numbered_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield each line that is neither empty nor a comment, with its number from 1; trailing comments are cut off."""
    for number, line in enumerate(text.splitlines(), start=1):
        kept = line.partition("#")[0].strip()
        if kept and not kept.startswith(COMMENTS):
            yield number, kept


def split_numbers(line: str, count: int) -> list[float] | None:
    """Return the `count` numbers of a line; None where it has others, or more or fewer."""
    if len(line) > 400 or not line.isascii():
        return None
    parts = _BETWEEN.split(line.strip().strip("()[]").strip())
    if len(parts) != count:
        return None
    try:
        return [float(part) for part in parts]
    except ValueError:
        return None
