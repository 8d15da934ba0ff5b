"""The programs that measure what masks cost still run, on a network of a few weights."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
SIZES = {"head-width": 8, "cross-width": 16, "layers": 1, "frames": 3, "height": 8, "width": 8, "repeats": 1}
TINY = ["--channels", "32", "64", *(word for name, value in SIZES.items() for word in (f"--{name}", str(value)))]


@pytest.mark.parametrize(
    ("program", "options", "told"),
    [
        ("measure_attention_overhead.py", [], "all attention layers of a step:"),
        ("measure_overhead.py", ["--only", "time", "--warm-up", "0"], "time of a controlled step"),
        ("measure_overhead.py", ["--only", "time", "--warm-up", "0", "--idle"], "time of a controlled step"),
    ],
)
def test_a_ratio_is_printed(program, options, told, monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    monkeypatch.setattr(sys, "argv", [program, *TINY, *options])
    runpy.run_path(str(SCRIPTS / program), run_name="__main__")
    assert told in capsys.readouterr().out
