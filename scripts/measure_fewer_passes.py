"""What SG-I2V costs and does when it runs the network less often: control and quality over passes, on sprite scenes.

    OMP_NUM_THREADS=1 python scripts/measure_fewer_passes.py -o out/passes --scenes 16

Every variant is made of every scene, a scene's variants one after the other, and every finished clip is one line of
OUT/rows.jsonl: run again, and only what is missing is made. Seconds are those the process computed, with the
observers' left out; passes are those with a backward pass, in all steps together.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import statistics
import time
from pathlib import Path
from typing import Any

from hitmark.backbones.catalog import model_card
from hitmark.bench.rows import loaded_pipeline
from hitmark.bench.table import Row, ratio_interval, score, summarize
from hitmark.run import generate as making
from hitmark.sprites.scenes import held_out
from hitmark.sprites.world import SpriteWorld

MODEL = "sprites-i2v"
NONE, PAPER = "no control", "5 iterations"
SHORT = {"stop": 0.25}
VARIANTS: dict[str, dict[str, Any]] = {
    NONE: {},
    PAPER: {},
    "5, a gradient every 2nd": {"gradient_every": 2},
    "5, a gradient every 3rd": {"gradient_every": 3},
    "5, one gradient": {"gradient_every": 5},
    "2 iterations": {"iterations": 2},
    "1 iteration": {"iterations": 1},
    "1 iteration, twice the step": {"iterations": 1, "step_size": 0.04},
    "5, half the steps": SHORT,
    "5, one gradient, half the steps": {"gradient_every": 5} | SHORT,
}
COLUMNS = ("ObjMC px", "median px", "ObjMC by looks px", "identity", "first frame dB", "color shift")


def main() -> None:
    """Make what is missing, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, default=Path("out/passes"))
    parser.add_argument("--scenes", type=int, default=16)
    parser.add_argument("--split", default="tune", choices=["tune", "test"])
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=list(VARIANTS), metavar="NAME")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    place = options.output / f"rows-{options.split}.jsonl"
    made = read(place)
    for each in held_out(SpriteWorld(), options.scenes, options.split):
        for name in options.variants:
            if (each.scene.seed, name) not in made:
                row, seconds = measured(int(each.scene.seed or 0), name)
                with place.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(dataclasses.asdict(row) | {"computed": seconds}) + "\n")
    print(table(read(place), options.variants))


def measured(seed: int, variant: str) -> tuple[Row, float]:
    """A clip, scored, and the seconds that the process computed for it."""
    loaded_pipeline(MODEL)
    spent: list[float] = []
    plain = making.generate

    def timed(*args: Any, **kwargs: Any) -> Any:
        begun = time.process_time()
        result = plain(*args, **kwargs)
        spent.append(time.process_time() - begun)
        return result

    making.generate = timed
    try:
        row = score(seed, NONE if variant == NONE else "SG-I2V", MODEL, VARIANTS[variant])
    finally:
        making.generate = plain
    return dataclasses.replace(row, variant=variant), spent[0]


def read(place: Path) -> dict[tuple[int, str], tuple[Row, float]]:
    """The finished clips by scene and variant."""
    found = {}
    for line in place.read_text(encoding="utf-8").splitlines() if place.exists() else []:
        values = json.loads(line)
        seconds = values.pop("computed")
        found[values["seed"], values["variant"]] = Row(**values), seconds
    return found


def passes(variant: str) -> int:
    """Passes of the network with gradients, in a clip of the model's own number of steps."""
    if variant == NONE:
        return 0
    card = model_card(MODEL)
    knobs = {"iterations": 5, "gradient_every": 1} | card.knobs["sg-i2v"] | VARIANTS[variant]
    active = [step for step in range(card.steps) if knobs["start"] <= step / card.steps < knobs["stop"]]
    return len(active) * math.ceil(knobs["iterations"] / knobs["gradient_every"])


def table(made: dict[tuple[int, str], tuple[Row, float]], variants: list[str]) -> str:
    """Over the scenes of which every variant is made; ratios with 95 % intervals over scenes."""
    seeds = [seed for seed in sorted({seed for seed, _ in made}) if all((seed, name) in made for name in variants)]
    heads = ["variant", "passes", *COLUMNS, "seconds", "guidance / that of 5 iterations", "ObjMC / that of 5"]
    lines = [f"{len(seeds)} scenes", f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    rows = {name: [made[seed, name][0] for seed in seeds] for name in variants}
    seconds = {name: [made[seed, name][1] for seed in seeds] for name in variants}
    guided = {
        name: statistics.median(one - other for one, other in zip(seconds[name], seconds[NONE], strict=True))
        for name in variants
    }
    for name in variants:
        means = summarize(rows[name])
        cells = [name, str(passes(name)), *(f"{means[column]:.3g}" for column in COLUMNS)]
        ratio, low, high = ratio_interval(rows[name], rows[PAPER])
        cells += [f"{statistics.median(seconds[name]):.1f}", f"{guided[name] / guided[PAPER]:.2f}"]
        lines.append(f"| {' | '.join([*cells, f'{ratio:.2f} ({low:.2f} to {high:.2f})'])} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
