"""Random mutations of command lines and files: see mutate_inputs.py."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

NASTY = [
    "", " ", "0", "-1", "1", "1.5", "1e309", "-1e309", "nan", "inf", "NaN", "99999999999999999999999", "0x10", "١٢",
    "true", "null",
    "none", "None", "[]", "{}", "[[]]", '"', "'", "\\", "/", "..", ".", "/dev/null", "no/such/place", "a=b", "=", "==",
    "a b", "ü映画", "\udcff", "x" * 300, "%s%n", "--", "-", "-o", "auto", "svd", "sprites-i2v", "+", "a+b", "#0",
    "photo.png#9",
    "photo.png", "scene.json", "text.json", "clip.mkv", "example", "0,0,1,1", "0.5,0.5", "1,2,3", "layers=1.0", "seed=",
]  # fmt: skip
VALUES: list[Any] = [
    None, True, False, 0, -1, 1, 1.5, 1e308, -1e308, 10**30, -(10**30), "", "a", "nan", [], {}, [[]], [None], [0],
    ["a"],
    {"a": 1}, [1, 2], [1, 2, 3, 4], [0.1, 0.1, 0.2, 0.2], "\u0000", "ü", "\udcff", "x" * 3000, float("nan"),
    float("inf"),
]  # fmt: skip


def mutate_line(line: list[str], draws: random.Random, others: list[list[str]]) -> list[str]:
    """One word dropped, doubled, exchanged, cut, or replaced by what nobody means; or an option of `others` put in."""
    words = list(line)
    if not words:
        return words
    place = draws.randrange(1, len(words)) if len(words) > 1 else 0
    kind = draws.choice(["drop", "double", "swap", "nasty", "nasty", "nasty", "cut", "edit", "option"])
    if kind == "drop":
        del words[place]
    elif kind == "double":
        words.insert(place, words[place])
    elif kind == "swap":
        other = draws.randrange(len(words))
        words[place], words[other] = words[other], words[place]
    elif kind == "nasty":
        words[place] = draws.choice(NASTY)
    elif kind == "cut":
        words[place] = words[place][: draws.randrange(len(words[place]) + 1)]
    elif kind == "edit":
        words[place] = _edited(words[place], draws)
    else:
        donor = [each for each in draws.choice(others) if each.startswith("-")] or ["--force"]
        words[place:place] = [draws.choice(donor), draws.choice(NASTY)]
    return [word.replace("\x00", "") for word in words]


def mutate_file(path: Path, draws: random.Random) -> None:
    """Bytes changed or cut off; of JSON also a value exchanged, a field renamed or taken out."""
    data = path.read_bytes()
    if path.suffix == ".json" and draws.random() < 0.8:
        path.write_text(json.dumps(_mutated(json.loads(data), draws)), encoding="utf-8", errors="surrogatepass")
        return
    kind = draws.choice(["cut", "flip", "flip", "insert", "empty", "text"])
    if kind == "cut":
        data = data[: draws.randrange(len(data) + 1)]
    elif kind == "empty":
        data = b""
    elif kind == "text" and path.suffix in (".txt", ".yaml", ".json"):
        data = _edited(data.decode(), draws).encode(errors="surrogatepass")
    else:
        changed = bytearray(data)
        for _ in range(draws.choice([1, 1, 3, 30])):
            place = draws.randrange(min(len(changed), draws.choice([200, 10**9])) or 1)
            changed[place : place + (kind != "insert")] = bytes([draws.randrange(256)])
        data = bytes(changed)
    path.write_bytes(data)


def _edited(text: str, draws: random.Random) -> str:
    place = draws.randrange(len(text) + 1)
    return (
        text[:place] + draws.choice([*"0123456789.,-=:;[]{}\"' \n\t#ü+e", *NASTY]) + text[place + draws.randrange(3) :]
    )


def _mutated(value: Any, draws: random.Random) -> Any:
    """A JSON value with one change somewhere in it."""
    inner = value if isinstance(value, (dict, list)) else None
    if not inner or draws.random() < 0.2:
        return draws.choice(VALUES)
    if isinstance(inner, dict):
        key = draws.choice(list(inner))
        kind = draws.choice(["into", "into", "into", "drop", "rename"])
        rest = {name: each for name, each in inner.items() if name != key}
        if kind == "drop":
            return rest
        return rest | (
            {draws.choice(["a", "", "Name"]): inner[key]} if kind == "rename" else {key: _mutated(inner[key], draws)}
        )
    place = draws.randrange(len(inner))
    kind = draws.choice(["into", "into", "drop", "double"])
    new = {"into": [_mutated(inner[place], draws)], "drop": [], "double": [inner[place]] * 2}[kind]
    return [*inner[:place], *new, *inner[place + 1 :]]
