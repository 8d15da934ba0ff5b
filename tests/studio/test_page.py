"""The page's files, without a browser: small, self-contained, nothing inline, nothing missing."""

from __future__ import annotations

import posixpath
import re
from graphlib import TopologicalSorter
from html.parser import HTMLParser

import pytest

from hitmark.studio.assets import PAGE, content, files, found, lean
from hitmark.studio.bundle import BUNDLE

FILES = {path.relative_to(PAGE).as_posix(): path for path in sorted(PAGE.rglob("*")) if path.is_file()}
SCRIPTS = {name: path for name, path in FILES.items() if path.suffix == ".js"}
LARGEST_TRAVEL = 140_000  # bytes of all files, packed as they are sent, those that are loaded later too
LONGEST_FILE = 250  # lines
FOLDERS = [  # each imports from itself and from those before it
    "dom", "server", "scene", "jobs", "picture", "files", "projects", "canvas", "timeline", "panels", "generate",
    "results", "player", "shell",
]  # fmt: skip
NAMESPACES = ("http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml")
ADDRESS = re.compile(r"""(?:\b[a-z][a-z0-9+.-]*:)?//[a-z0-9-]+(?:\.[a-z0-9-]+)+[^\s"'`<>)]*""", re.IGNORECASE)
COMMENT = re.compile(r"/\*.*?\*/|^\s*//[^\n]*", re.DOTALL | re.MULTILINE)
IMPORT = re.compile(r"""(?:^import\b[^"';]*|^export\b[^"';=]* from |\bimport\()["']([^"']+)["']""", re.MULTILINE)
WORKER = re.compile(r"""new SharedWorker\("/assets/([^"]+)\"""")
EXPORT = re.compile(r"^export (?:async )?(?:function\*?|const|let|class) (\w+)", re.MULTILINE)
NAMED_IMPORT = re.compile(r"""^import \{([^}]*)\} from ["']([^"']+)["']""", re.MULTILINE)
WHOLE = re.compile(r"""(?:^import \* as \w+ from |\bimport\()["']([^"']+)["']""", re.MULTILINE)
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


def imports(name: str) -> list[str]:
    """The scripts that a script names, whether they are loaded at once or later, by their places in the page."""
    text = COMMENT.sub("", SCRIPTS[name].read_text(encoding="utf-8"))
    named = IMPORT.findall(text)
    assert all(each.startswith("../" if "/" in each[2:] else "./") for each in named), named
    return [placed(name, each) for each in named] + WORKER.findall(text)


def placed(name: str, named: str) -> str:
    """Where a file lies that another one names."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), named))


def test_every_file_is_sent_and_the_page_is_light() -> None:
    assert len(SCRIPTS) > 80
    assert files() == FILES == {name: found(name) for name in FILES}
    others = ("", "/", "styles", "styles/", "../server.py", "shell//main.js", "shell/../icon.svg", "Icon.svg", "\0.js")
    assert [name for name in (*others, "icon.svg/icon.svg") if found(name)] == []
    assert 50_000 < sum(len(content(path, 0)[1]) for path in (*FILES.values(), PAGE / BUNDLE)) < LARGEST_TRAVEL


@pytest.mark.parametrize("name", FILES)
def test_files_are_short_and_of_known_types(name: str) -> None:
    path = FILES[name]
    assert path.suffix in {".html", ".js", ".css", ".svg", ".png"}
    assert path.suffix == ".png" or len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("name", [name for name in FILES if not name.endswith(".png")])
def test_no_file_names_another_host(name: str) -> None:
    text = FILES[name].read_text(encoding="utf-8")
    for namespace in NAMESPACES:
        text = text.replace(namespace, "")
    assert ADDRESS.findall(text) == []


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_text_goes_over_lines_so_that_comments_can_be_told(name: str) -> None:
    code = lean(SCRIPTS[name].read_bytes()).decode()
    assert len(code.splitlines()) == len(SCRIPTS[name].read_text(encoding="utf-8").splitlines())
    assert [line for line in code.splitlines() if line.count("`") % 2] == []


def test_only_comments_and_indents_are_left_out() -> None:
    source = """/** One.
 * two */
import a; // three
  // four
  let b = "//c" /* d */; // five
\tf(x / 2); // six
let g = 2; // it's `seven`
\t/* e */ h();
"""
    kept = ["", "", "import a;", "", 'let b = "//c" /* d */; // five', "f(x / 2); // six", "let g = 2;", "h();", ""]
    assert lean(source.encode()).decode().split("\n") == kept


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


@pytest.mark.parametrize("script", SCRIPTS)
def test_imports_are_met(script: str) -> None:
    assert set(imports(script)) <= set(SCRIPTS)
    for names, file in NAMED_IMPORT.findall(COMMENT.sub("", SCRIPTS[script].read_text(encoding="utf-8"))):
        offered = set(EXPORT.findall(SCRIPTS[placed(script, file)].read_text(encoding="utf-8")))
        wanted = {name.split(" as ")[0].strip() for name in names.split(",") if name.strip()}
        assert wanted <= offered, (file, wanted - offered)


def test_folders_import_downwards_only_and_nothing_in_a_circle() -> None:
    assert {name.partition("/")[0] for name in SCRIPTS} == set(FOLDERS)
    rank = {name: FOLDERS.index(name.partition("/")[0]) for name in SCRIPTS}
    assert [(name, other) for name in SCRIPTS for other in imports(name) if rank[other] > rank[name]] == []
    graph = TopologicalSorter({name: imports(name) for name in SCRIPTS})
    graph.prepare()  # raises CycleError, which names the circle; what is loaded later counts too


def test_no_offered_function_is_unused() -> None:
    used = {
        (placed(name, file), each.split(" as ")[0].strip())
        for name, path in SCRIPTS.items()
        for names, file in NAMED_IMPORT.findall(path.read_text(encoding="utf-8"))
        for each in names.split(",")
    }
    offered = {(name, each) for name, path in SCRIPTS.items() for each in EXPORT.findall(path.read_text("utf-8"))}
    whole = {placed(name, file) for name in SCRIPTS for file in WHOLE.findall(SCRIPTS[name].read_text("utf-8"))}
    assert {(name, each) for name, each in offered - used if name not in whole} == set()


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_make_no_code_from_text(script: str) -> None:
    text = COMMENT.sub("", SCRIPTS[script].read_text(encoding="utf-8"))
    forbidden = (
        r"\beval\(|\bnew Function\(|\.innerHTML\s*\+?=|\.outerHTML\s*=|insertAdjacentHTML"
        r"|document\.write|\.cssText|setAttribute\([\"']style"
    )
    assert re.findall(forbidden, text) == []


def test_every_script_is_reached() -> None:
    reached, open_files = {"shell/theme.js"}, ["shell/main.js"]  # both in tags of the page
    while open_files:
        name = open_files.pop()
        if name not in reached:
            reached.add(name)
            open_files += imports(name)
    assert set(SCRIPTS) == reached


def test_the_sprite_has_every_icon_that_is_used(elements: Elements) -> None:
    drawn = {attributes["id"] for tag, attributes in elements.found if tag == "symbol"}
    used = set()
    for path in SCRIPTS.values():
        used |= set(re.findall(r"\b(?:icon|iconButton|plain)\(\"([a-z-]+)\"", path.read_text(encoding="utf-8")))
    assert len(used) > 8
    assert {f"icon-{name}" for name in used} <= drawn
