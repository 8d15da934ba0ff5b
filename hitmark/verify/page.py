"""The page: one HTML file with everything in it, the clips too."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from hitmark.demo.page import STYLE
from hitmark.run.record import hitmark_version

if TYPE_CHECKING:
    from hitmark.verify.evidence import Entry, Evidence

MORE_STYLE = """
.passed { color: #12703f; } .failed, .stopped { color: #b3261e; font-weight: 600; } td { vertical-align: top; }
@media (prefers-color-scheme: dark) { .passed { color: #63d297; } .failed, .stopped { color: #ff8a80; } }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: .85rem; }
"""
HEADS = ("method", "result", "distance px", "of none", "found", "time s", "of none", "peak GB")


def page(evidence: Evidence) -> str:
    """The whole page as HTML."""
    title = f"hitmark verify: {escape(evidence.model)}"
    state = "" if evidence.finished else '<p class="failed">It did not come to the end; what is here was finished.</p>'
    sections = [
        f"<h1>{title}</h1>",
        state,
        f"<p>{escape(evidence.pipeline)}, {escape(_settings(evidence))}.</p>",
        "<h2>The model</h2>",
        _checks(evidence),
        "<h2>Methods</h2>",
        _methods(evidence),
        _clips(evidence),
        "<h2>About the figures</h2>",
        _about(),
        f"<pre>{escape(_machine(evidence))}</pre>",
    ]
    body = "\n".join(section for section in sections if section)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<link rel="icon" href="data:,">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{STYLE}{MORE_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _checks(evidence: Evidence) -> str:
    rows = [
        f"<tr><td>{escape(entry.name)}</td>{_state(entry)}<td>{escape(entry.what)}</td>"
        f'<td class="number">{_number(entry.seconds, ".1f")}</td></tr>'
        for entry in evidence.checks
    ]
    head = '<tr><th>check</th><th>result</th><th>what was found</th><th class="number">time s</th></tr>'
    return _table(head, rows)


def _methods(evidence: Evidence) -> str:
    plain = next((entry for entry in evidence.methods if entry.name == "none"), None)
    rows = [_row(entry, plain) for entry in evidence.methods]
    head = "<tr>" + "".join(f"<th{_kind(place)}>{name}</th>" for place, name in enumerate(HEADS)) + "</tr>"
    return _table(head, rows) + "".join(
        f'<p class="soft"><b>{escape(entry.name)}</b>: {escape(entry.what)}</p>'
        for entry in evidence.methods
        if entry.what
    )


def _row(entry: Entry, plain: Entry | None) -> str:
    found = [each["found_share"] for each in entry.figures.values() if each["found_share"] is not None]
    cells = [
        _number(entry.guess, ".1f"),
        _ratio(entry.guess, None if plain is None else plain.guess),
        _number(sum(found) / len(found) if found else None, ".0%"),
        _number(entry.seconds, ".1f"),
        _ratio(entry.seconds, None if plain is None else plain.seconds),
        _number(None if entry.peak_memory is None else entry.peak_memory / 1e9, ".2f"),
    ]
    numbers = "".join(f'<td class="number">{cell}</td>' for cell in cells)
    return f"<tr><td>{escape(entry.name)}</td>{_state(entry)}{numbers}</tr>"


def _clips(evidence: Evidence) -> str:
    shown = [
        f'<figure><img src="{entry.clip}" alt="clip made with {escape(entry.name)}">'
        f"<figcaption>{escape(entry.name)}</figcaption></figure>"
        for entry in evidence.methods
        if entry.clip
    ]
    return f'<div class="row">\n{"".join(shown)}\n</div>' if shown else ""


def _about() -> str:
    return (
        "<p>Distance is the mean over frames 2 and on between the wanted center and an observer's best guess, in "
        "pixels of the clip; it is not told the path, and follows what the first frame shows in the box. In a clip "
        "from text that need not be the subject: look at the clips. Found is the share of frames in which the observer "
        "is sure. One clip with each method says that it runs, and how; it does not say how well it works.</p>"
    )


def _settings(evidence: Evidence) -> str:
    known = evidence.settings
    size = f"{known.get('frames')} frames of {known.get('width')}x{known.get('height')}"
    return f"{size}, {known.get('steps')} steps, seed {known.get('seed')}, scene: {known.get('scene')}"


def _machine(evidence: Evidence) -> str:
    lines = [f"{name}: {value}" for name, value in (evidence.settings | evidence.machine).items()]
    packages = ", ".join(f"{name} {number}" for name, number in evidence.packages.items())
    return "\n".join([f"hitmark {hitmark_version()}", packages, f"fingerprint: {evidence.fingerprint}", *lines])


def _table(head: str, rows: list[str]) -> str:
    return f'<div class="table"><table>\n{head}\n' + "\n".join(rows) + "\n</table></div>"


def _state(entry: Entry) -> str:
    return f'<td class="{escape(entry.state.replace(" ", "-"))}">{escape(entry.state)}</td>'


def _kind(place: int) -> str:
    return "" if place < 2 else ' class="number"'


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else f"{value:{form}}"


def _ratio(value: float | None, plain: float | None) -> str:
    return "-" if value is None or not plain else f"{value / plain:.2f}"
