"""Malformed requests at a running studio: none may be answered with a 5xx, and the server must live on.

    hitmark studio --folder attacked --port 8190 --no-open &
    python scripts/attack_studio.py http://127.0.0.1:8190/                  # 10,000 requests
    python scripts/attack_studio.py http://127.0.0.1:8190/ --count 500 --seed 3

The requests come from the server's own OpenAPI description: by schemathesis, one half made to break the description
and a quarter made to fit it; a quarter are fitting bodies that are spoiled as bytes (cut, nested, NaN, wrong UTF-8,
lone surrogates, huge numbers). Most carry the header X-Hitmark, so that they get past the first gate. At the end the
answers are counted by status; Ctrl-C tells what was counted so far. Exit status 1 when
there was a 5xx, an answer that is no JSON sentence, or the server does not answer any more.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.errors import HypothesisException
from schemathesis import GenerationMode

ROUND = 200  # requests of one kind to one address at a time
READ = 200_000  # bytes of an answer that are looked at
NUMBERS = (b"NaN", b"-Infinity", b"1e999", b"9" * 5000, b"-0", b"0x10", b"1.", b"01")
UTF8 = (b"\xff", b"\xed\xa0\x80", b"\xc0\xaf", b"\x00", b"\\ud800", b"\\u0000", b"\xef\xbb\xbf")


def main() -> int:
    """Attack, count, tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address", help="of the running studio, as it was printed")
    parser.add_argument("--count", type=int, default=10_000, help="requests to send")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    base = asked.address.rstrip("/")
    schema = schemathesis.openapi.from_url(f"{base}/openapi.json")
    session = requests.Session()
    statuses: Counter[str] = Counter()
    wrong: list[str] = []
    with suppress(KeyboardInterrupt):  # what was found so far is told
        for number, (name, send) in enumerate(attacks(schema, base, asked.seed, asked.count)):
            status, problem = outcome(session, send)
            statuses[status] += 1
            if problem:
                wrong.append(f"{name}: {problem}")
            if (number + 1) % 500 == 0:
                print(f"{number + 1} requests: {dict(sorted(statuses.items()))}", file=sys.stderr, flush=True)
    alive = requests.get(f"{base}/api/jobs", timeout=60).status_code == 200
    report(statuses, wrong, alive)
    return 0 if alive and not wrong else 1


Send = Callable[[requests.Session], requests.Response]


def attacks(schema: Any, base: str, first_seed: int, count: int) -> Iterator[tuple[str, Send]]:
    """Yield `count` requests, in turn to every address and of every kind."""
    operations = [found.ok() for found in schema.get_all_operations()]
    chance = random.Random(first_seed)
    sent, turn = 0, first_seed
    while sent < count:
        for operation in operations:
            for kind, share in ((GenerationMode.NEGATIVE, 2), (GenerationMode.POSITIVE, 1), ("spoiled", 1)):
                mode = GenerationMode.POSITIVE if kind == "spoiled" else kind
                for case in drawn(operation, mode, share * ROUND // 4, turn):
                    if sent == count:
                        return
                    sent += 1
                    yield f"{operation.label} {kind}", prepared(case, base, chance, spoil=kind == "spoiled")
        turn += 1


def drawn(operation: Any, mode: GenerationMode, count: int, number: int) -> list[Any]:
    """Cases of one operation; fewer where there are not so many."""
    cases: list[Any] = []
    quiet = settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )

    @seed(number)
    @quiet
    @given(case=operation.as_strategy(generation_mode=mode))
    def collect(case: Any) -> None:
        cases.append(case)

    try:
        collect()
    except HypothesisException:  # an address without anything to break
        return cases
    return cases


def prepared(case: Any, base: str, chance: random.Random, *, spoil: bool) -> Send:
    """A request ready to be sent."""
    headers = {str(name): str(value) for name, value in (case.headers or {}).items()}
    if chance.random() < 0.9:
        headers["X-Hitmark"] = "1"
    keywords = case.as_transport_kwargs(base_url=base)
    keywords["headers"] = {**(keywords.get("headers") or {}), **headers}
    if spoil and keywords.get("json") is not None:
        keywords["data"] = spoiled(json.dumps(keywords.pop("json")).encode(), chance)
        keywords["headers"]["Content-Type"] = "application/json"
    keywords |= {"timeout": 120, "stream": True, "allow_redirects": False}
    return lambda session: session.request(**keywords)


def spoiled(body: bytes, chance: random.Random) -> bytes:
    """The bytes of a body, damaged in one of many ways."""
    place = chance.randrange(len(body) + 1)
    before, after = body[:place], body[place:]
    ways = (
        before,
        before + after[1:],
        before + chance.choice(UTF8) + after,
        before + b"[" * 100_000 + after,
        body.replace(b":", b": " + chance.choice(NUMBERS) + b", ", 1),
        body.replace(b"null", chance.choice(NUMBERS)),
        body.replace(b'"', b'"' + chance.choice(UTF8), chance.randrange(1, 6)),
        b'{"scene": ' + b'{"a": ' * 5000 + b"1" + b"}" * 5001,
        b"[" + body + b"]",
        body + body,
        body.decode().encode("utf-16"),
        bytes(chance.randrange(256) for _ in range(50)),
    )
    return chance.choice(ways)


def outcome(session: requests.Session, send: Send) -> tuple[str, str | None]:
    """The status of an answer as text, and what is wrong with it."""
    try:
        with send(session) as answer:
            streams = answer.headers.get("content-type", "").startswith("text/event-stream")
            content = b"" if streams else answer.raw.read(READ)
    except (requests.exceptions.InvalidHeader, UnicodeError, requests.exceptions.InvalidURL, ValueError):
        return "not sent (the client refuses it)", None
    except requests.exceptions.RequestException as error:
        return "connection ended", f"{type(error).__name__}: {error}"[:200]
    status = answer.status_code
    if status >= 500:
        return str(status), f"{status}: {content[:200]!r}"
    if status >= 400 and status != 416:
        try:
            assert isinstance(json.loads(content)["error"], str)
        except (ValueError, KeyError, TypeError, AssertionError):
            return str(status), f"{status} without a sentence: {content[:200]!r}"
    return str(status), None


def report(statuses: Counter[str], wrong: list[str], alive: bool) -> None:
    """Print the counts."""
    classes: Counter[str] = Counter()
    for status, count in statuses.items():
        classes[f"{status[0]}xx" if status.isdigit() else status] += count
    print(f"{statuses.total()} requests")
    for name, count in sorted(classes.items()):
        inner = ", ".join(f"{each}: {statuses[each]}" for each in sorted(statuses) if each[0] == name[0])
        print(f"  {name}: {count}  ({inner})")
    print(f"  5xx: {classes['5xx']}; the server answers afterwards: {'yes' if alive else 'NO'}")
    for problem in wrong[:20]:
        print(f"wrong: {problem}")


if __name__ == "__main__":
    raise SystemExit(main())
