"""The demo's page: one HTML file that needs no network and shows the files beside it by relative links."""

from __future__ import annotations

import platform
from html import escape
from typing import TYPE_CHECKING

from hitmark.demo.scenes import FIRST_TEXT
from hitmark.run.record import hitmark_version, package_versions

if TYPE_CHECKING:
    from hitmark.demo.finished import Demo, Run
    from hitmark.demo.scenes import DemoScene

STYLE = """
:root { color-scheme: light dark; --ink: #1d2126; --soft: #5c6670; --line: #d9dee3; --back: #ffffff; --plate: #f4f6f8; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eaed; --soft: #a3adb7; --line: #363c43; --back: #15181b; --plate: #1f2428; }
}
body { margin: 0 auto; padding: 2rem 1.2rem 4rem; max-width: 62rem; background: var(--back); color: var(--ink);
  font: 16px/1.55 system-ui, sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 .4rem; } h2 { font-size: 1.25rem; margin: 2.6rem 0 .5rem; }
p { max-width: 46rem; } .soft { color: var(--soft); font-size: .92rem; }
table { border-collapse: collapse; margin: 1.2rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .9rem .35rem 0; border-bottom: 1px solid var(--line); text-align: left; }
td.number, th.number { text-align: right; }
figure { margin: .8rem 0; } figcaption { color: var(--soft); font-size: .9rem; }
img { max-width: 100%; height: auto; border-radius: 6px; background: var(--plate); display: block; }
.row { display: grid; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); gap: 1rem; }
details { margin: .6rem 0; } summary { cursor: pointer; } .table { overflow-x: auto; }
a { color: inherit; }
"""

INTRODUCTION = """<h1>hitmark demo</h1>
<p>A scene starts from a picture or from a sentence. The boxes and paths say where the objects are to go. Within a scene
the model is the same and so is the noise that is drawn: once left alone, then steered by each method. <b>Boxes</b> are
the wanted places, <b>crosses</b> are the best guess of an observer that is not told the paths.</p>"""


def page(demo: Demo) -> str:
    """Return the whole page as HTML."""
    sections = "\n".join(_section(demo_scene, runs) for demo_scene, runs in demo.scenes)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>hitmark demo</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"{INTRODUCTION}\n{_table(demo.rows())}\n{sections}\n{_footer(demo)}\n</body>\n</html>\n"
    )


def _table(rows: list[list[str]]) -> str:
    """The figures; the first two columns are words, the others numbers."""

    def line(cells: list[str], tag: str) -> str:
        kinds = ["" if index < 2 else ' class="number"' for index in range(len(cells))]
        return "<tr>" + "".join(f"<{tag}{k}>{escape(c)}</{tag}>" for c, k in zip(cells, kinds, strict=True)) + "</tr>"

    body = "\n".join(line(row, "td") for row in rows[1:])
    return f'<div class="table"><table>\n{line(rows[0], "th")}\n{body}\n</table></div>'


def _section(demo_scene: DemoScene, runs: list[Run]) -> str:
    """One scene: its prompt if it has no picture, the clips side by side, the plan, what was found, and the files."""
    slug, title, methods = escape(demo_scene.slug), escape(demo_scene.title), demo_scene.methods
    found = "\n".join(
        _picture(f"{slug}.{run.method}.found.png", f"wanted and found paths, {methods[run.method]}") for run in runs
    )
    sheets = "\n".join(
        _picture(f"{slug}.{run.method}.sheet.png", f"every frame, {methods[run.method]}") for run in runs
    )
    files = ", ".join(
        f'{escape(methods[run.method])}: <a href="{slug}.{run.method}.mp4">video</a>, '
        f'<a href="{slug}.{run.method}.json">run record</a>'
        for run in runs
    )
    prompt = escape(demo_scene.scene.prompt)
    if demo_scene.picture is None:
        sentence, plan, below = f"<p>Prompt: <q>{prompt}</q></p>\n", "the plan; no picture is given", ""
    else:
        sentence, plan, below = "", "the plan on the given picture", f"{prompt}. "
    return (
        f"<h2>{title[:1].upper()}{title[1:]}</h2>\n{sentence}"
        f"{_picture(f'{slug}.gif', ' beside '.join(methods[run.method] for run in runs))}\n"
        f'<div class="row">\n{_picture(f"{slug}.plan.png", plan)}\n{found}\n</div>\n'
        f"<details><summary>Every frame</summary>\n{sheets}\n</details>\n"
        f'<p class="soft">{below}{files}.</p>'
    )


def _picture(source: str, caption: str) -> str:
    return (
        f'<figure><img src="{source}" alt="{escape(caption)}" loading="lazy">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _footer(demo: Demo) -> str:
    """How the figures came about, so that they can be judged and made again."""
    from_picture = [(each, runs) for each, runs in demo.scenes if each.picture is not None]
    from_text = [(each, runs) for each, runs in demo.scenes if each.picture is None]
    packages = ", ".join(f"{name} {number}" for name, number in package_versions().items())
    origins = ""
    if from_picture:
        origins += f"""
The pictures are the first frames of the sprite world's test clips {_seeds(from_picture)}, the first that have room for
each path."""
    if from_text:
        origins += f"""
The sentences and their paths are the text scenes of test seeds {_seeds(from_text)}, the first of each kind from
{FIRST_TEXT} on."""
    models = "\n".join(_model(*scenes[0]) for scenes in (from_picture, from_text) if scenes)
    return f"""<h2>About the figures</h2>
<p class="soft">"Best guess" is the mean distance between the wanted center and the observer's best guess over all
frames but the first, in pixels of the clip; "where found" the same over the frames in which the observer is sure, and
"found" the share of these. In clips from a picture the observer follows what the picture shows in the box; in clips
from text it looks for each sprite by its drawing.{origins} No scene was chosen by its results.</p>
<p class="soft">{models}
Noise seed {demo.scenes[0][0].scene.seed}. hitmark {escape(hitmark_version())}, Python
{escape(platform.python_version())}, {escape(packages)}.</p>"""


def _seeds(scenes: list[tuple[DemoScene, list[Run]]]) -> str:
    return ", ".join(str(demo_scene.test_seed) for demo_scene, _ in scenes)


def _model(demo_scene: DemoScene, runs: list[Run]) -> str:
    """What made the clips of a scene, as a sentence."""
    result = runs[0].result
    frames, height, width, _ = result.frames.shape
    settings = f"{result.settings.steps} steps, {result.settings.dtype} on {result.settings.device}"
    return f"Model {escape(str(demo_scene.scene.model))}: {frames} frames of {width}x{height} px, {escape(settings)}."
