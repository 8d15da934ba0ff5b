"""The shape of the code: short files, short functions, few modules on the ground of the package."""

from __future__ import annotations

import ast
import statistics
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "hitmark"
LONGEST, USUAL, MOST_AT_THE_TOP = 250, 10, 8


def test_no_file_is_longer_than_a_reader_holds() -> None:
    """Python and JavaScript, and the programs beside the package."""
    kinds = [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.js"), *(ROOT / "scripts").glob("*.py")]
    lines = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8").count("\n") for path in kinds}
    assert {name: count for name, count in lines.items() if count > LONGEST} == {}


def test_the_median_function_is_short() -> None:
    """Lines of a function without its docstring."""
    lengths = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                documented = ast.get_docstring(node) is not None
                first = node.body[0]
                told = first.end_lineno - first.lineno + 1 if documented and first.end_lineno else 0
                lengths.append((node.end_lineno or node.lineno) - node.lineno + 1 - told)
    assert len(lengths) > 1000
    assert statistics.median(lengths) < USUAL


def test_there_are_few_single_modules_at_the_top() -> None:
    modules = [path.name for path in PACKAGE.glob("*.py") if not path.name.startswith("__")]
    assert len(modules) <= MOST_AT_THE_TOP, modules
