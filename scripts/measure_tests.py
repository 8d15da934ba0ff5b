"""CPU seconds of the tests, by folder, file and test: of the processes that run them and of all that these start.

    python scripts/measure_tests.py                              # the whole suite, one process for each folder
    python scripts/measure_tests.py tests/studio tests/cli       # these only; files are taken as well
    python scripts/measure_tests.py --tests 40 -- -m "not efficacy"   # and the 40 dearest tests; pytest's own options

Each folder runs in a process of its own, with one thread and without xdist, so its sum contains the imports that its
tests need. `imports and collection` is what came before the first test of the folder. User and system time of
processes that were started is counted while they live and after they have ended (Linux only: read from /proc).
CPU time does not grow with what else the machine does, except by what processes that share a core take from each other.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

REPORT = "HITMARK_MEASURED"  # names the file to which the plugin writes
TICKS = os.sysconf("SC_CLK_TCK")
BEFORE = "imports and collection"


def spent() -> float:
    """CPU seconds of this process and of all that it has started, those that have ended included."""
    own: dict[int, float] = {}
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):  # it has just ended: its parent's record has its time
            continue
        parents[int(entry.name)] = int(fields[1])
        own[int(entry.name)] = sum(int(value) for value in fields[11:15]) / TICKS
    return sum(seconds for number, seconds in own.items() if _descends(number, parents))


def _descends(number: int, parents: dict[int, int]) -> bool:
    while number not in (0, os.getpid()):
        number = parents.get(number, 0)
    return number != 0


class Meter:
    """Writes what each test has cost, as JSON: name -> CPU seconds."""

    def __init__(self, path: str) -> None:
        self.path, self.costs, self.before = path, {}, 0.0

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """A test with its fixtures; what passes between two tests belongs to the later one."""
        self.costs.setdefault(BEFORE, spent())
        before = self.before or self.costs[BEFORE]
        result = yield
        self.before = spent()
        self.costs[item.nodeid] = self.before - before
        return result

    def pytest_sessionfinish(self) -> None:
        """The report."""
        Path(self.path).write_text(json.dumps(self.costs))


def pytest_configure(config: pytest.Config) -> None:
    """Found by pytest, which `-p measure_tests` makes load this file."""
    if REPORT in os.environ:
        config.pluginmanager.register(Meter(os.environ[REPORT]))


def main() -> int:
    """Measure and print; 1 where a test failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("places", nargs="*", help="folders or files of tests; the whole suite without")
    parser.add_argument("--tests", type=int, default=0, help="how many of the dearest tests to print")
    words = sys.argv[1:]
    own, options = (words[: words.index("--")], words[words.index("--") + 1 :]) if "--" in words else (words, [])
    asked = parser.parse_args(own)
    costs: dict[str, float] = {}
    failed = False
    for place in asked.places or folders(Path("tests")):
        code, found = measured(place, options)
        print(f"{sum(found.values()):8.1f} s  {place}" + ("  FAILED" if code not in (0, 5) else ""), flush=True)
        costs |= {f"{place}::{name}" if name == BEFORE else name: cost for name, cost in found.items()}
        failed |= code not in (0, 5)
    show(costs, asked.tests)
    return int(failed)


def folders(root: Path) -> list[str]:
    """Every folder directly under the root that holds tests, the studio's browser apart; then the root's files."""
    inner = [each for each in sorted(root.iterdir()) if each.is_dir() and any(each.rglob("test_*.py"))]
    return [str(each) for each in inner] + [str(each) for each in sorted(root.glob("test_*.py"))]


def measured(place: str, options: list[str]) -> tuple[int, dict[str, float]]:
    """Exit status of pytest for a place, and name -> CPU seconds; the end of the process counts to its last test."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "costs.json"
        here = str(Path(__file__).parent)
        settings: dict[str, str] = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", REPORT: str(report)}
        settings["PYTHONPATH"] = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))
        command = [sys.executable, "-m", "pytest", "-p", "measure_tests", "-p", "no:xdist", place, *options]
        before = os.times()
        done = subprocess.run(command, env=os.environ | settings, stdout=subprocess.PIPE, text=True, check=False)
        after = os.times()
        if done.returncode not in (0, 5):
            print(done.stdout, file=sys.stderr)
        costs: dict[str, Any] = json.loads(report.read_text()) if report.is_file() else {}
    total = after.children_user + after.children_system - before.children_user - before.children_system
    return done.returncode, costs | {f"{place}::the end of the process": total - sum(costs.values())}


def show(costs: dict[str, float], tests: int) -> None:
    """Sums by file, dearest first, then the dearest tests."""
    files: dict[str, float] = defaultdict(float)
    for name, cost in costs.items():
        files[name if name.endswith(BEFORE) else name.partition("::")[0]] += cost
    for title, rows in (("by file", files), (f"the {tests} dearest tests", costs)):
        shown = sorted(rows.items(), key=lambda row: -row[1])[: None if rows is files else tests]
        print(f"\n{title}")
        print("\n".join(f"{cost:8.1f} s  {name}" for name, cost in shown if cost >= 0.05))
    print(f"\n{sum(costs.values()):8.1f} s  altogether")


if __name__ == "__main__":
    sys.exit(main())
