"""One spelling in names, messages, documentation and tests: the American one, as in the libraries beneath."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
KINDS = {".py", ".md", ".js", ".html", ".css", ".yaml", ".toml"}
BRITISH = (
    *("colour", "centre", "behaviour", "neighbour", "favour", "honour", "grey", "licence", "catalogue", "artefact"),
    *("labelled(?!by)", "travelled", "modelled", "learnt", "metre\\b", "programme\\b", "judgement", "defence", "fibre"),
    *("analys(?!is|t)", "optimis(?!m|t)", "normalis", "initialis", "summaris", "recognis", "organis(?!m)", "minimis"),
    *("maximis", "generalis", "quantis", "orthogonalis", "visualis", "serialis", "tokenis", "synchronis", "specialis"),
    *("utilis", "realis(?!t|m)", "penalis", "regularis", "randomis", "discretis", "capitalis", "customis", "finalis"),
)
STEMS = {re.split(r"[(\\]", pattern)[0]: re.compile(pattern) for pattern in BRITISH}
KEPT = {
    "hitmark/report/figures.py": {"colour", "centre"},  # names in records of earlier versions, which are still read
    "hitmark/sprites/training.py": {"optimis"},  # likewise, in checkpoints
    "tests/report/test_run_record.py": {"colour", "centre"},
    "tests/sprites/test_training.py": {"optimis"},
    "tests/tune/test_rungs.py": {"colour"},
}


def test_words_are_spelled_in_one_way() -> None:
    wrong = []
    for folder in ("hitmark", "docs", "tests", "scripts", "benchmarks", "README.md"):
        place = ROOT / folder
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.suffix not in KINDS or path == Path(__file__):
                continue
            name = path.relative_to(ROOT).as_posix()
            text = name + "\n" + path.read_text(encoding="utf-8")
            text = text.lower()
            words = {stem for stem, pattern in STEMS.items() if stem in text and pattern.search(text)}
            words -= KEPT.get(name, set())
            wrong += [f"{name}: {', '.join(sorted(words))}"] if words else []
    assert not wrong
