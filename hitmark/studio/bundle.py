"""The page's modules in one file: a hundred of them would be a hundred requests, each dearer than what it brings.

Every module becomes a function that is run when it is first asked for and gives what the module exports. Under a
module's own address stands what fetches it from there, so each of them exists once, whoever imports it. The page's
modules are written in the few forms that are understood here; a test holds them to that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from posixpath import dirname, join, normpath

BUNDLE = "page.js"
"""Name of the one file, below the page's folder; there is no such file on disk."""

NAMED = re.compile(r'^import (\{[^}]*\}) from "(\.[^"]+)";', re.MULTILINE)
WHOLE = re.compile(r'^import \* as (\w+) from "(\.[^"]+)";', re.MULTILINE)
LATER = re.compile(r'\bimport\("(\.[^"]+)"\)')
EXPORTED = re.compile(r"^export (?=(?:async )?(?:function\*?|const|class) (\w+))", re.MULTILINE)
HEAD = "const parts = {};\nconst made = {};\nexport const of = (name) => (made[name] ??= parts[name]());\n"


def is_module(source: str) -> bool:
    """Whether a script of the page imports or exports; the others run by themselves."""
    return any(pattern.search(source) for pattern in (NAMED, WHOLE, EXPORTED))


def bundled(sources: Mapping[str, str]) -> str:
    """All modules in one.

    Args:
        sources: the page's modules by their places below its folder.
    """
    return HEAD + "".join(_part(name, source) for name, source in sorted(sources.items()))


def door(name: str, source: str) -> str:
    """What stands under a module's own address."""
    exported = ", ".join(EXPORTED.findall(source))
    return f'import {{ of }} from "/assets/{BUNDLE}";\nexport const {{ {exported} }} = of("{name}");\n'


def _place(name: str, relative: str) -> str:
    return normpath(join(dirname(name), relative))


def _part(name: str, source: str) -> str:
    """A module as a function; every line of it keeps its place in the module."""
    names = EXPORTED.findall(source)

    def asked(match: re.Match[str]) -> str:
        wanted = re.sub(r"(\w+)\s+as\s+(\w+)", r"\1: \2", match[1])
        return f'const {wanted} = of("{_place(name, match[2])}");'

    body = NAMED.sub(asked, source)
    body = WHOLE.sub(lambda match: f'const {match[1]} = of("{_place(name, match[2])}");', body)
    body = LATER.sub(lambda match: f'Promise.resolve().then(() => of("{_place(name, match[1])}"))', body)
    body = EXPORTED.sub("", body)
    return f'parts["{name}"] = () => {{{body}\nreturn {{ {", ".join(names)} }};\n}};\n'
