"""The page's files, without a browser: small, self-contained, nothing inline, nothing missing."""

from __future__ import annotations

import gzip
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "hitmark" / "studio" / "page"
FILES = sorted(path for path in PAGE.iterdir() if path.is_file())
SCRIPTS = [path for path in FILES if path.suffix == ".js"]
LARGEST_TRAVEL = 200_000  # bytes, packed as they are sent: the time of a first paint over a slow line
LONGEST_FILE = 300  # lines
NAMESPACES = ("http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml")
ADDRESS = re.compile(r"""(?:\b[a-z][a-z0-9+.-]*:)?//[a-z0-9-]+(?:\.[a-z0-9-]+)+[^\s"'`<>)]*""", re.IGNORECASE)
COMMENT = re.compile(r"/\*.*?\*/|^\s*//[^\n]*", re.DOTALL | re.MULTILINE)
IMPORT = re.compile(r"""(?:^import\b[^"';]*|^export\b[^"';=]* from |\bimport\()["']([^"']+)["']""", re.MULTILINE)
EXPORT = re.compile(r"^export (?:async )?(?:function\*?|const|let|class) (\w+)", re.MULTILINE)
NAMED_IMPORT = re.compile(r"""^import \{([^}]*)\} from ["']\./([^"']+)["']""", re.MULTILINE)
ASSET_FIELDS = {"href", "src"}


class Elements(HTMLParser):
    """Every element of a document, with its attributes and the text directly in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.script_text = ""
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._open = tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self._open in ("script", "style"):
            self.script_text += data.strip()

    def handle_endtag(self, tag: str) -> None:
        self._open = ""


@pytest.fixture(scope="module")
def elements() -> Elements:
    return Elements((PAGE / "index.html").read_text(encoding="utf-8"))


def test_the_page_is_light() -> None:
    assert len(SCRIPTS) > 10
    assert sum(len(gzip.compress(path.read_bytes(), 6)) for path in FILES) < LARGEST_TRAVEL


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_files_are_short_and_of_known_types(path: Path) -> None:
    assert path.suffix in {".html", ".js", ".css", ".svg", ".png"}
    assert path.suffix == ".png" or len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("path", [path for path in FILES if path.suffix != ".png"], ids=lambda path: path.name)
def test_no_file_names_another_host(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for namespace in NAMESPACES:
        text = text.replace(namespace, "")
    assert ADDRESS.findall(text) == []


def test_the_search_for_addresses_finds_them() -> None:
    assert ADDRESS.findall('fetch("//cdn.example.com/a.js"); src="https://example.org/b"; // a comment') == [
        "//cdn.example.com/a.js",
        "https://example.org/b",
    ]


def test_nothing_is_inline(elements: Elements) -> None:
    assert elements.script_text == ""
    for tag, attributes in elements.found:
        assert tag != "style"
        assert tag != "script" or attributes.get("src")
        assert not [name for name in attributes if name == "style" or name.startswith("on")], (tag, attributes)
        assert not [value for value in attributes.values() if (value or "").lower().startswith("javascript:")]


def test_what_the_page_names_is_there(elements: Elements) -> None:
    named = [
        value
        for _, attributes in elements.found
        for field, value in attributes.items()
        if field in ASSET_FIELDS and value and not value.startswith("#")
    ]
    assert len(named) > 4
    for value in named:
        assert value.startswith("/assets/"), value
        assert (PAGE / value.removeprefix("/assets/")).is_file(), value


def test_ids_differ_and_references_are_met(elements: Elements) -> None:
    ids = [attributes["id"] for _, attributes in elements.found if attributes.get("id")]
    assert len(ids) == len(set(ids))
    for _, attributes in elements.found:
        for field in ("aria-controls", "aria-labelledby", "aria-describedby", "for"):
            for name in (attributes.get(field) or "").split():
                assert name in ids, (field, name)
        href = attributes.get("href") or ""
        assert not href.startswith("#") or href[1:] in ids, href


def test_every_button_has_a_name() -> None:
    text = (PAGE / "index.html").read_text(encoding="utf-8")
    buttons = re.findall(r"<button\b([^>]*)>(.*?)</button>", text, re.DOTALL)
    assert len(buttons) > 8
    for attributes, inner in buttons:
        words = re.sub(r"<[^>]*>", "", inner).strip()
        assert words or "aria-label=" in attributes, attributes


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_imports_are_met(path: Path) -> None:
    text = COMMENT.sub("", path.read_text(encoding="utf-8"))
    for name in IMPORT.findall(text):
        assert name.startswith("./"), name
        assert (PAGE / name.removeprefix("./")).is_file(), name
    for names, file in NAMED_IMPORT.findall(text):
        offered = set(EXPORT.findall((PAGE / file).read_text(encoding="utf-8")))
        wanted = {name.split(" as ")[0].strip() for name in names.split(",") if name.strip()}
        assert wanted <= offered, (file, wanted - offered)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_make_no_code_from_text(path: Path) -> None:
    text = COMMENT.sub("", path.read_text(encoding="utf-8"))
    forbidden = (
        r"\beval\(|\bnew Function\(|\.innerHTML\s*\+?=|\.outerHTML\s*=|insertAdjacentHTML"
        r"|document\.write|\.cssText|setAttribute\([\"']style"
    )
    assert re.findall(forbidden, text) == []


def test_every_script_is_reached() -> None:
    reached, open_files = {"theme.js", "stream_worker.js"}, ["main.js"]  # named in a tag and in a string
    while open_files:
        name = open_files.pop()
        if name in reached:
            continue
        reached.add(name)
        text = COMMENT.sub("", (PAGE / name).read_text(encoding="utf-8"))
        open_files += [each.removeprefix("./") for each in IMPORT.findall(text)]
    assert {path.name for path in SCRIPTS} == reached


def test_the_sprite_has_every_icon_that_is_used(elements: Elements) -> None:
    drawn = {attributes["id"] for tag, attributes in elements.found if tag == "symbol"}
    used = set()
    for path in SCRIPTS:
        used |= set(re.findall(r"\b(?:icon|iconButton|plain)\(\"([a-z-]+)\"", path.read_text(encoding="utf-8")))
    assert len(used) > 8
    assert {f"icon-{name}" for name in used} <= drawn
