"""What SG-I2V costs and does when it runs the network less often: control and quality over passes, on sprite scenes.

    OMP_NUM_THREADS=1 python scripts/measure_fewer_passes.py -o out/passes --scenes sprites:tune:0-30

Of the video transformer: `--model sprites-wan --autocast --scenes "sprites:tune:0-30 size=[128,128] frames=17"`.

It is a benchmark run in OUT (`hitmark report OUT` makes its page): run again, and only what is missing is made. Seconds
are those the process computed for the clip, without observers; passes are those with a backward pass, in all steps
together. Distances are in diagonals of the picture.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hitmark.backbones.catalog import model_card
from hitmark.bench import executors
from hitmark.bench.plan import BenchPlan
from hitmark.bench.run import run
from hitmark.console import readable_errors
from hitmark.methods.spec import MethodSpec
from hitmark.report.numbers import NONE as NOTHING
from hitmark.report.numbers import number, ranged
from hitmark.report.run_record import read_run
from hitmark.report.summary import baselines, summarize
from hitmark.run import make as making

MODEL = "sprites-i2v"
NONE, PAPER = "none", "sg-i2v gradient_every=1"
ROWS = (
    NONE,
    PAPER,
    *(f"sg-i2v gradient_every={every}" for every in (2, 3, 5)),
    "sg-i2v iterations=2",
    "sg-i2v iterations=1",
    "sg-i2v iterations=1 step_size=0.04",
    "sg-i2v stop=0.25",
    "sg-i2v gradient_every=5 stop=0.25",
)
CONTROL = "guessed path error (sprites)"
COLUMNS = (
    *(CONTROL, "median path error (sprites)", "guessed path error (template)"),
    *("identity", "first frame PSNR", "color shift"),
)
COMPUTED = "computed.jsonl"
"""Beside the run: key and computed seconds of every job, one a line."""


def main() -> None:
    """Make what is missing, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, default=Path("out/passes"))
    parser.add_argument("--scenes", default="sprites:tune:0-30", help="a dataset of the sprite world")
    parser.add_argument("--model", default=MODEL, help="one that starts from a picture of that world")
    parser.add_argument("--autocast", action="store_true", help="bfloat16 inside of the network")
    parser.add_argument("--rows", nargs="+", default=list(ROWS), metavar="ROW", help="with none and sg-i2v")
    options = parser.parse_args()
    rows = list(dict.fromkeys([NONE, PAPER, *options.rows]))
    plan = {"scenes": [options.scenes], "methods": rows, "models": [options.model], "autocast": options.autocast}
    options.output.mkdir(parents=True, exist_ok=True)
    with timed(options.output / COMPUTED):
        run(BenchPlan.from_dict(plan), options.output)
    print(table(options.output, options.model))


@contextmanager
def timed(place: Path) -> Iterator[None]:
    """Jobs that run in this process while the block lasts leave their key and the seconds that `make` computed."""
    run_job, make = executors.run_job, making.make
    spent: list[float] = []

    def timed_make(*args: Any, **kwargs: Any) -> Any:
        begun = time.process_time()
        result = make(*args, **kwargs)
        spent.append(time.process_time() - begun)
        return result

    def timed_job(job: Any, store: Any) -> None:
        run_job(job, store)
        with place.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"key": job.key, "seconds": spent[-1]}) + "\n")

    executors.run_job, making.make = timed_job, timed_make
    try:
        yield
    finally:
        executors.run_job, making.make = run_job, make


def passes(row: str, model: str = MODEL) -> int:
    """Passes of the network with gradients, in a clip of the model's own number of steps."""
    spec, card = MethodSpec.parse(row), model_card(model)
    if spec.name == NONE:
        return 0
    knobs = {"iterations": 5, "gradient_every": 1} | card.knobs["sg-i2v"] | dict(spec.knobs)
    active = [step for step in range(card.steps) if knobs["start"] <= step / card.steps < knobs["stop"]]
    return len(active) * math.ceil(knobs["iterations"] / knobs["gradient_every"])


def table(folder: Path, model: str = MODEL) -> str:
    """Means over all scenes; ratios to the paper's number of passes, with 95 % intervals over scenes."""
    made = read_run(folder)
    seconds = computed(folder)
    found = summarize(made, baselines(made.rows, PAPER))
    by_label = {label: figure for figure, label in found.figures.items()}
    spent = {
        row: {clip.place: seconds[clip.folder.name] for clip in made.clips if clip.row == row} for row in made.rows
    }
    none = next(times for row, times in spent.items() if row.method == NONE)
    guided = {
        row: statistics.median(times[place] - none[place] for place in times if place in none)
        for row, times in spent.items()
    }
    whole = next(value for row, value in guided.items() if row.method == PAPER)
    heads = ["row", "passes", *COLUMNS, "seconds", f"guidance / that of {PAPER}", f"{CONTROL} / that of {PAPER}"]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for line in found.lines:
        cells = [line.label, str(passes(line.row.method, model))]
        means = [line.cells[by_label[name]].estimate for name in COLUMNS]
        cells += [number(None if each is None else each.mean) for each in means]
        cells += [f"{statistics.median(spent[line.row].values()):.1f}", f"{guided[line.row] / whole:.2f}"]
        ratio = line.cells[by_label[CONTROL]].ratio
        cells.append(NOTHING if ratio is None else ranged(number(ratio.value), ratio.low, ratio.high))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def computed(folder: Path) -> dict[str, float]:
    """Seconds by key of the job."""
    lines = (folder / COMPUTED).read_text(encoding="utf-8").splitlines()
    return {each["key"]: each["seconds"] for each in map(json.loads, lines)}


if __name__ == "__main__":
    with readable_errors():
        main()
