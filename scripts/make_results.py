"""Make docs/results.md: run the plans of benchmarks/ (what is there already is not run again), then write the page.

python -m scripts.make_results                       # about two hours on two cores
python -m scripts.make_results --only sg-i2v.yaml    # this plan alone; the page's other sections stay as they are
python -m scripts.make_results --write-only          # from the clips that are there
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from hitmark.bench.plan import BenchPlan
from hitmark.bench.run import run
from hitmark.bench.store import COST
from hitmark.console import readable_errors
from hitmark.errors import HitmarkError
from hitmark.files import write_text
from hitmark.report.features import Distance, feature_distances, feature_sets, read_reference
from hitmark.report.figures import Figure
from hitmark.report.numbers import NONE, interval, number
from hitmark.report.run_record import BenchRun, read_run
from hitmark.report.summary import Cell, Table, baselines, by_kind, summarize
from scripts.results_curves import draw_curves

PLANS = Path("benchmarks")
PAGE = Path("docs/results.md")
PICTURES = Path("docs/pictures")
ARROWS = {"greater": "↑", "smaller": "↓", None: ""}


def main() -> None:
    """Run and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, default=Path("out/results"), help="folder of the runs")
    parser.add_argument("--only", metavar="PLAN", help="run this plan alone and write its section anew")
    parser.add_argument("--write-only", action="store_true", help="run nothing")
    options = parser.parse_args()
    shown = yaml.safe_load((PLANS / "results.yaml").read_text(encoding="utf-8"))
    plans = [about["plan"] for about in shown["runs"]]
    if options.only not in (None, *plans):
        raise HitmarkError(f"--only: expected one of {', '.join(plans)}, got {options.only!r}")
    for about in shown["runs"]:
        if not options.write_only and options.only in (None, about["plan"]):
            carry_out(about["plan"], options.output)
    kept = {} if options.only is None else sections_of(PAGE.read_text(encoding="utf-8"))
    write_text(PAGE, page(shown, options.output, options.only, kept))
    print(f"wrote {PAGE}")


def carry_out(plan: str, output: Path) -> None:
    """Runs a plan, saying how far it is. Raises HitmarkError where a job failed."""

    def tell(done: int, failed: int, count: int) -> None:
        print(f"\r{plan}: {done} of {count} done, {failed} failed", end="", flush=True)

    state = run(BenchPlan.load(PLANS / plan), folder_of(plan, output), on_job=tell)
    print()
    if state.failed:
        raise HitmarkError(f"{plan}: {len(state.failed)} jobs failed; see {folder_of(plan, output) / 'failed'}")


def folder_of(plan: str, output: Path) -> Path:
    """Where a plan's clips lie."""
    return output / Path(plan).stem


def sections_of(text: str) -> dict[str, str]:
    """The sections of a page by their titles."""
    parts = [part.partition("\n") for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]]
    return {title: f"## {title}\n{rest}".strip() for title, _, rest in parts}


def page(shown: dict[str, Any], output: Path, only: str | None = None, kept: Mapping[str, str] | None = None) -> str:
    """The whole page as Markdown; `only`: the plan whose section is made, the others being those `kept`, by title."""
    parts = ["# Results", *shown["introduction"]]
    for about in shown["runs"]:
        if only in (None, about["plan"]):
            parts += section(about, output)
        else:
            parts += [text for title, text in (kept or {}).items() if title == about["title"]]
    parts += ["## Reported by the papers (not measured here, not comparable)", shown["about reported"]]
    for table in shown["reported"]:
        parts += [f"### {table['title']}", markdown_table(table["columns"], table["rows"])]
    return "\n\n".join(parts) + "\n"


def section(about: dict[str, Any], output: Path) -> list[str]:
    """A run's tables."""
    made, plan = read_run(folder_of(about["plan"], output)), BenchPlan.load(PLANS / about["plan"])
    table = summarize(made, baselines(made.rows, about["baseline"]))
    figures = [find_figure(table, name) for name in about["figures"]]
    distances: list[Distance] = []
    if "reference" in about:
        distances = feature_distances(made, read_reference(about["reference"], feature_sets(made)))
    parts = [f"## {about['title']}", how(about, made, plan)]
    for group in about["groups"]:
        parts.append(f"### {group['title']}")
        if "paper" in group:
            parts.append(f"*The paper:* {group['paper']}")
        parts.append(group_table(table, figures, group["rows"], about["baseline"], distances))
    kinds = by_kind(made, baselines(made.rows, about["baseline"])) if "by kind" in about else []
    for name in about.get("by kind", ()):
        parts += [f"### By kind of scene: {name}", kinds_table(kinds, name)]
    if "curves" in about:
        parts += ["### Curves", picture_of(table, about["curves"])]
    return [*parts, "### Every row by itself", commands(about["plan"], plan)]


def picture_of(table: Table, curves: dict[str, Any]) -> str:
    """Draws control against what is kept, and links the picture."""
    names = [curves["across"], *curves["up"]]
    draw_curves(table, [find_figure(table, name) for name in names], curves["lines"], PICTURES / curves["picture"])
    return f"![{curves['about']}](pictures/{curves['picture']})\n\n*{curves['about']}*"


def commands(name: str, plan: BenchPlan) -> str:
    """The command of each row of a plan."""
    rows = [f'hitmark bench benchmarks/{name} --method "{row}" -o out/row' for row in plan.methods]
    return "\n".join(["```bash", *rows, "```"])


def how(about: dict[str, Any], made: BenchRun, plan: BenchPlan) -> str:
    """One paragraph on what was run."""
    scenes, noises = len({clip.scene for clip in made.clips}), len({clip.noise for clip in made.clips})
    least = min(sum(clip.row == row for clip in made.clips) for row in made.rows)
    drawn = "1 noise seed" if noises == 1 else f"{noises} noise seeds"
    autocast = ", bfloat16 inside of the network" if plan.autocast else ", float32"
    told = [
        f"`benchmarks/{about['plan']}`: {', '.join(plan.scenes)} ({scenes} scenes), {drawn} each, "
        f"{least} clips a row, {made.clips[0].settings['steps']} steps{autocast}; {machines(made)}.",
        about["about"],
    ]
    if "reference" in about:
        told.append(
            f"Frechet: distance to true clips, `{about['reference']}`, in the features of the sprite network; {least} "
            "clips are fewer than it has features, so that every distance is too large: compare rows of this page only."
        )
    return " ".join(told + made.notes())


def machines(made: BenchRun) -> str:
    """On what kind of machine the clips were made."""
    found = set()
    for clip in made.clips:
        machine = json.loads((clip.folder / COST).read_text(encoding="utf-8"))["machine"]
        found.add(f"{machine['device']}, {machine['architecture']}, {machine['threads']} thread(s) a clip")
    return "; ".join(sorted(found))


def find_figure(table: Table, name: str) -> Figure:
    """A figure by its name, with or without its observer in brackets."""
    for figure, label in table.figures.items():
        if name in (label, f"{figure.name} ({figure.observer})"):
            return figure
    raise HitmarkError(f"figures: there is no {name!r}; there are: {', '.join(table.figures.values())}")


def group_table(table: Table, figures: list[Figure], rows: list[str], baseline: str, distances: list[Distance]) -> str:
    """Some rows of a table; the baseline's in bold."""
    lines = {line.row.method: line for line in table.lines}
    unknown = [row for row in rows if row not in lines]
    if unknown:
        raise HitmarkError(f"rows: the run has no clip of {', '.join(unknown)}")
    heads = ["row", *(f"{table.figures[figure]} {ARROWS[figure.card.better]}".strip() for figure in figures)]
    near = {each.label: each.distance for each in distances}
    cells = []
    for row in rows:
        values = [cell_text(lines[row].cells[figure], figure) for figure in figures]
        values += [number(near[row])] if distances else []
        cells.append([f"**{row}**" if row == baseline else row, *values])
    return markdown_table(heads + (["Frechet ↓"] if distances else []), cells)


def kinds_table(tables: list[Table], name: str) -> str:
    """A figure of every row on each kind of scene."""
    heads, columns = ["row"], []
    for table in tables:
        figure = find_figure(table, name)
        scenes = max(line.scenes for line in table.lines)
        heads.append(f"{table.kind} ({scenes} scenes) {ARROWS[figure.card.better]}".strip())
        columns.append({line.row.method: cell_text(line.cells[figure], figure) for line in table.lines})
    rows = dict.fromkeys(row for column in columns for row in column)
    return markdown_table(heads, [[row, *(column.get(row, NONE) for column in columns)] for row in rows])


def cell_text(cell: Cell, figure: Figure) -> str:
    """Mean, interval, mark."""
    if cell.estimate is None:
        return NONE
    between = interval(cell.estimate.low, cell.estimate.high)
    mark = "\\*" if cell.verdict(figure) else ""
    return number(cell.estimate.mean) + mark + (f" ({between})" if between else "")


def markdown_table(heads: list[str], rows: list[list[Any]]) -> str:
    """A table."""
    lines = [[str(cell).replace("|", "\\|") for cell in row] for row in (heads, *rows)]
    lines.insert(1, ["---"] * len(heads))
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    with readable_errors():
        main()
