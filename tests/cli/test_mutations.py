"""A sample of scripts/mutate_inputs.py: mutated command lines and files end in a message, never in a traceback."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "scripts"))
    return importlib.import_module("mutate_inputs")


def test_mutated_command_lines_and_files_end_in_a_message(script):
    assert [failure.trace for failure in script.failures_of(range(10_000, 10_040))] == []


def test_a_traceback_would_be_seen(script, monkeypatch):
    def broken():
        raise ZeroDivisionError

    monkeypatch.setattr(script, "LINES", [["models", "--json"]])
    monkeypatch.setattr(sys.modules["hitmark.cli.models"], "table", broken)
    monkeypatch.setattr(script, "make_inputs", lambda folder: None)
    found = script.failures_of(range(20))
    assert found
    assert all("ZeroDivisionError" in failure.trace for failure in found)
    assert {failure.seed for failure in script.failures_of(range(found[0].seed, found[0].seed + 1))} == {found[0].seed}
