"""Text files of numbers: lines with commas, semicolons or blanks between the numbers, and comments."""

from __future__ import annotations

import re
from collections.abc import Iterator

COMMENTS = ("#", "//", "%")
_HEADING = re.compile(r"[A-Za-z]\w*(?:\s*[,;]\s*[A-Za-z]\w*|\s+[A-Za-z]\w*){1,9}", re.ASCII)
_BETWEEN = re.compile(r"\s*[,;]\s*|\s+")


def numbered_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield each line that is neither empty nor a comment, with its number from 1; trailing comments are cut off.

    A first line of names (`frame, x, y`) is a heading, and left out too.
    """
    first = True
    for number, line in enumerate(text.splitlines(), start=1):
        kept = line.partition("#")[0].strip()
        if not kept or kept.startswith(COMMENTS):
            continue
        if not (first and _HEADING.fullmatch(kept)):
            yield number, kept
        first = False


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
