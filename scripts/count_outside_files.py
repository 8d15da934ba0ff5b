"""Count how many files of other tools are read: the table of outside files in docs/formats.md.

    python scripts/count_outside_files.py PLACE...

A place is a file, or a folder that is looked through; every record of a list counts. What is refused is printed by
its reason, so that a wrong refusal is noticed.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from hitmark.errors import HitmarkError
from hitmark.scene import evaluate
from hitmark.scene.formats import FORMATS, read, sniff
from hitmark.scene.formats.peekaboo import values_of
from hitmark.scene.formats.source import Source

SIZE = {"width": 832, "height": 480}  # of pixel coordinates that nothing says the canvas of; counts do not depend on it


def places(path: Path) -> list[Path]:
    """Return what may be a scene below a path: SG-I2V folders, and files that are no picture of theirs."""
    if not path.is_dir() or (path / "traj.npy").is_file():
        return [path]
    return [each for inner in sorted(path.iterdir()) if not inner.name.startswith(".") for each in places(inner)]


def count(path: Path, read_of: Counter[str], refused: Counter[str]) -> None:
    """Count one place under its format."""
    try:
        name = sniff(path)
    except HitmarkError as error:
        refused[str(error).splitlines()[0].partition(": ")[2][:100]] += 1
        return
    many = len(values_of(Source(path))) if name == "peekaboo" else 1
    options = SIZE if "width" in FORMATS[name].read_options and name != "sg-i2v" else {}
    for record in range(many):
        choice = {"record": record} if name == "peekaboo" and many > 1 else {}
        try:
            scene = read(path, name, **options, **choice)
            evaluate(scene, scene.frames or 2)
            read_of[name] += 1
        except HitmarkError as error:
            refused[f"{name}: {str(error).splitlines()[0].rpartition(': ')[2][:100]}"] += 1


def main() -> None:
    """Print the counts."""
    read_of: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    for path in (each for argument in sys.argv[1:] for each in places(Path(argument))):
        count(path, read_of, refused)
    for name, number in read_of.items():
        print(f"{name}: {number} read")
    for reason, number in refused.most_common():
        print(f"refused {number}: {reason}")


if __name__ == "__main__":
    main()
