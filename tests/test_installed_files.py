"""A wheel holds every file of the package, so that an installed one has its page, its drawings and its weights."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_every_file_of_the_package_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dist = pytest.importorskip("setuptools").Distribution({"script_name": "setup.py"})
    monkeypatch.chdir(ROOT)
    dist.parse_config_files()
    dist.get_option_dict("egg_info")["egg_base"] = ("test", str(tmp_path))  # nothing is written to the checkout
    build = dist.get_command_obj("build_py")
    build.build_lib = str(tmp_path)
    build.ensure_finalized()
    installed = {Path(each).relative_to(tmp_path).as_posix() for each in build.get_outputs(include_bytecode=False)}
    package = (path for path in (ROOT / "hitmark").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    assert {path.relative_to(ROOT).as_posix() for path in package} == installed
    assert "hitmark/studio/page/index.html" in installed
