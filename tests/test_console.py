from __future__ import annotations

import io
import os
import subprocess
import sys
import warnings

import pytest
import typer

from hitmark.console import command_line, readable_errors
from hitmark.errors import HitmarkError, HitmarkWarning


def test_what_the_terminal_cannot_show_is_replaced_and_ends_nothing(monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="cp1252"))
    with readable_errors():
        print("path error ↓ of 映画, 5 µm")
    sys.stdout.flush()
    assert written.getvalue().decode("cp1252") == "path error ? of ??, 5 µm\n"


def test_a_stream_with_a_rule_of_its_own_keeps_it(monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii", errors="backslashreplace"))
    with readable_errors():
        print("↓")
    sys.stdout.flush()
    assert written.getvalue() == b"\\u2193\n"


def test_our_warnings_are_notes_and_other_warnings_stay(capsys):
    def warning_twice():
        with readable_errors():
            warnings.warn("half precision is slow", HitmarkWarning, stacklevel=1)
            warnings.warn("of a library", DeprecationWarning, stacklevel=1)

    with pytest.warns(DeprecationWarning, match="of a library"):
        warning_twice()
    told = capsys.readouterr().err
    assert told == "note: half precision is slow\n"


def failing():
    with readable_errors():
        raise HitmarkError("seed: expected 0 or more, got -1")


def test_a_reader_that_leaves_is_told_nothing():
    read, write = os.pipe()
    os.close(read)
    words = [sys.executable, "-m", "hitmark", "models"]
    done = subprocess.run(words, stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (1, b"")


def test_an_error_is_one_line(capsys):
    with pytest.raises(SystemExit) as ended:
        failing()
    assert ended.value.code == 2
    assert capsys.readouterr().err == "error: seed: expected 0 or more, got -1\n"


def test_a_command_can_be_pasted_into_the_shell():
    if sys.platform == "win32":
        pytest.skip("another shell")
    assert command_line("hitmark", "generate", "my films/it's.json") == "hitmark generate 'my films/it'\"'\"'s.json'"
    assert command_line("hitmark", "generate", "out.json") == "hitmark generate out.json"


@pytest.mark.parametrize(("given", "wanted"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_the_command_lets_idle_threads_sleep_before_torch_is_loaded(monkeypatch, given, wanted):
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    if given is not None:
        monkeypatch.setenv("OMP_WAIT_POLICY", given)
    script = (
        "import os, sys, hitmark.cli; app = sys.modules['hitmark.cli.app'];"
        "app.app = lambda: print(os.environ['OMP_WAIT_POLICY'], 'torch' in sys.modules); app.main()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [wanted, "False"]


def test_the_studios_worker_does_so_too(monkeypatch):
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    script = (
        "import os, sys, hitmark.studio.worker as worker;"
        "worker.Channel = lambda: sys.exit(os.environ['OMP_WAIT_POLICY'] + str('torch' in sys.modules));"
        "worker.main()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "PASSIVEFalse"


def test_typer_prints_through_the_same_streams(monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="cp1252"))
    with readable_errors():
        typer.echo("95 % ↓")
    assert b"95 % ?" in written.getvalue()
