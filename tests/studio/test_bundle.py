"""The page's modules in one file: what is understood of their forms, and that nothing else stands in them."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from hitmark.studio import assets
from hitmark.studio.assets import PAGE, content, files
from hitmark.studio.bundle import BUNDLE, bundled, door, is_module

SOURCES = {name: path.read_text() for name, path in files().items() if path.suffix == ".js"}
MODULES = {name: source for name, source in SOURCES.items() if is_module(source)}
STATEMENT = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)

GIVES = """import { a as b } from "../dom/a.js";
import * as whole from "./other.js";
export const one = b;
export async function two() { return import("../player/player.js"); }
export class Three {}
"""
FETCHED = """parts["scene/gives.js"] = () => {const { a: b } = of("dom/a.js");
const whole = of("scene/other.js");
const one = b;
async function two() { return Promise.resolve().then(() => of("player/player.js")); }
class Three {}

return { one, two, Three };
};
"""


def test_each_form_is_understood() -> None:
    assert bundled({"scene/gives.js": GIVES}).endswith(FETCHED)
    assert door("scene/gives.js", GIVES) == (
        'import { of } from "/assets/page.js";\nexport const { one, two, Three } = of("scene/gives.js");\n'
    )


def test_the_pages_modules_have_no_other_form() -> None:
    whole = bundled(MODULES)
    assert STATEMENT.findall(whole) == ["export const of = (name) => (made[name] ??= parts[name]());"]
    assert not re.search(r"\bimport\(", whole)
    asked = set(re.findall(r'\bof\("([^"]+)"\)', whole))
    assert asked | {"shell/main.js"} == set(MODULES), "every module is asked for, and each that is asked for is there"
    assert all("await" not in line for source in MODULES.values() for line in source.splitlines() if line[:1] == "a")


def test_what_is_no_module_is_sent_as_it_is() -> None:
    assert sorted(set(SOURCES) - set(MODULES)) == ["server/stream_worker.js", "shell/theme.js"]
    assert assets.script(PAGE / "shell/theme.js") == SOURCES["shell/theme.js"]
    assert assets.script(PAGE / "scene/store.js") == door("scene/store.js", SOURCES["scene/store.js"])


def test_one_file_is_lighter_than_many() -> None:
    packed = len(content(PAGE / BUNDLE, 0)[1])
    assert 40_000 < packed < 100_000


def test_a_module_that_is_changed_is_sent_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(PAGE, tmp_path / "page")
    monkeypatch.setattr(assets, "PAGE", tmp_path / "page")
    before = assets.changed(tmp_path / "page" / BUNDLE)
    changed = tmp_path / "page" / "scene" / "store.js"
    changed.write_text(f"{changed.read_text()}export const more = 1;\n")
    os.utime(changed, ns=(before + 10**9, before + 10**9))
    assert assets.changed(tmp_path / "page" / BUNDLE) == before + 10**9
    assert "more" in assets.script(tmp_path / "page" / BUNDLE)
