"""The measured table of text-to-video: sprite scenes with every method, on the embedded text-to-video model.

    python -m hitmark.bench.text_table --scenes 64 --seeds 2 -o out/text-table

Every finished (scene, seed, method) is one line of OUT/rows.jsonl; run again, and only what is missing is made. Scenes
come from the `test` seeds (`--split tune` for choosing knobs). Intervals are 95 % bootstrap intervals over scenes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from hitmark.bench.rows import claim, knobs_of, loaded_pipeline, scored
from hitmark.console import readable_errors
from hitmark.errors import HitmarkError

METHODS = (
    "none",
    "peekaboo",
    "peekaboo+mask-normalization",
    "peekaboo+temporal-intrinsic",
    "peekaboo+mask-normalization+temporal-intrinsic",
    "freetraj",
    "trailblazer",
)
"""Rows of the table."""
SEEDS_APART = 1_000_000
"""Between the noise seeds of one scene."""
REFERENCE_CLIPS = 512
"""True clips that the Frechet distance compares with; from the end of the split."""
DRAWS = 1000
"""Of the bootstrap."""


@dataclass(frozen=True)
class TextRow:
    """One clip, scored; lists have one entry per subject."""

    scene: int
    kind: str
    noise: int
    method: str
    overlap: list[float]
    precise: list[float]
    centre_distance: list[float]
    guess_distance: list[float]
    """Centre distance by the observer's best guess in every frame, found or not."""
    found: list[float]
    features: list[float]
    outside: float | None
    """Layer distance to the uncontrolled clip of the same seed outside of the boxes; None for that clip itself."""
    text_match: float
    seconds: float
    peak_gb: float


def score(scene: int, noise: int, method: str, model: str, knobs: dict[str, Any], folder: str) -> TextRow:
    """Generates and scores one clip; the uncontrolled clips are kept in `folder` for comparison."""
    from hitmark.generate import generate
    from hitmark.methods import build
    from hitmark.metrics.boxes import box_scores
    from hitmark.observers.sprites import find_sprite, sprite_boxes
    from hitmark.scene.schema import MethodChoice
    from hitmark.sprites.perceptual import clip_features, layer_distance, load_perceptual, named_sprites
    from hitmark.sprites.text_scenes import text_scene

    made = text_scene(scene)
    pipe = loaded_pipeline(model)
    own = {knob: value for knob, value in knobs.items() if _has(build, method, knob)}
    wanted = made.scene.replace(seed=scene + noise * SEEDS_APART, model=model)
    result = generate(wanted.replace(method=MethodChoice(name=method, knobs=own)), pipe=pipe)
    network = load_perceptual()
    values: dict[str, list[float]] = {name: [] for name in ("overlap", "precise", "centre", "guess", "found")}
    height, width = result.frames.shape[1:3]
    tracks = {track.name: track for track in result.tracks}
    for (name, color), subject in zip(made.sprites, made.scene.subjects, strict=True):
        track = tracks[subject.name]
        seen = find_sprite(result.frames, name, color)
        boxes = sprite_boxes(seen, name) / np.array([width, height, width, height])
        scores = box_scores(track.boxes, boxes, seen.found, track.visible, width / height)
        guess = box_scores(track.boxes, boxes, np.ones_like(seen.found), track.visible, width / height)
        for key, value in (
            ("overlap", scores.overlap),
            ("precise", scores.precise),
            ("centre", scores.centre_distance),
            ("guess", guess.centre_distance),
            ("found", scores.found_share),
        ):
            values[key].append(value)
    chances = named_sprites(result.frames, network)
    return TextRow(
        scene=scene,
        kind=made.kind,
        noise=noise,
        method=method,
        overlap=values["overlap"],
        precise=values["precise"],
        centre_distance=values["centre"],
        guess_distance=values["guess"],
        found=values["found"],
        features=clip_features(result.frames, network).tolist(),
        outside=_outside(result, Path(folder) / f"{scene}-{noise}.npy", method, layer_distance, network),
        text_match=float(np.mean([chances[name] for name, _ in made.sprites])),
        seconds=result.seconds,
        peak_gb=result.peak_memory / 1e9,
    )


def _has(build: Callable[..., Any], method: str, knob: str) -> bool:
    try:
        build(method, {knob: None})
    except HitmarkError as error:
        return "Unknown knob" not in str(error)
    return True


def _outside(result: Any, kept: Path, method: str, distance: Callable[..., float], network: Any) -> float | None:
    if method == "none":
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.save(kept, result.frames)
        return None
    if not kept.exists():
        return None
    frames, height, width, _ = result.frames.shape
    where = np.ones((frames, height, width), dtype=bool)
    for track in result.tracks:
        for frame, (x0, y0, x1, y1) in enumerate(track.boxes):
            rows, columns = slice(int(y0 * height), round(y1 * height)), slice(int(x0 * width), round(x1 * width))
            where[frame, rows, columns] = False
    return distance(result.frames, np.load(kept), network, where)


def reference_features(split: str) -> np.ndarray:
    """Features of true clips of the split, (REFERENCE_CLIPS, width)."""
    from hitmark.sprites.perceptual import clip_features, load_perceptual
    from hitmark.sprites.world import SPLITS, SpriteWorld

    world, network, stop = SpriteWorld(), load_perceptual(), SPLITS[split][1]
    return np.stack([clip_features(world.clip(stop - 1 - number).frames, network) for number in range(REFERENCE_CLIPS)])


def summarise(rows: list[TextRow], reference: np.ndarray) -> dict[str, float]:
    """What is printed of some clips; means over subjects or clips."""
    from hitmark.metrics.frechet import FeatureMoments, frechet_distance

    def over(name: str) -> np.ndarray:
        return np.array([value for row in rows for value in getattr(row, name)])

    features = np.array([row.features for row in rows])
    distance = float("nan")
    if len(rows) > 1:
        distance = frechet_distance(FeatureMoments().add(features), FeatureMoments().add(reference))
    outside = [row.outside for row in rows if row.outside is not None]
    return {
        "mIoU": float(over("overlap").mean()),
        "AP50": float(over("precise").mean()),
        "centre distance": float(over("centre_distance").mean()),
        "best guess": float(over("guess_distance").mean()),
        "coverage": float((over("found") > 0.5).mean()),
        "Frechet": distance,
        "outside": float(np.mean(outside)) if outside else float("nan"),
        "text match": float(np.mean([row.text_match for row in rows])),
        "seconds": float(np.median([row.seconds for row in rows])),
        "peak GB": float(np.max([row.peak_gb for row in rows])),
    }


def markdown(rows: list[TextRow], reference: np.ndarray, draws: int = DRAWS) -> str:
    """The table: one line per method, with 95 % bootstrap intervals over scenes, the same draws for every method."""
    groups: dict[str, dict[int, list[TextRow]]] = {}
    for row in rows:
        groups.setdefault(row.method, {}).setdefault(row.scene, []).append(row)
    scenes = sorted({row.scene for row in rows})
    picks = np.random.default_rng(0).integers(len(scenes), size=(draws, len(scenes)))
    lines: list[str] = []
    for method, by_scene in groups.items():
        whole = summarise([row for some in by_scene.values() for row in some], reference)
        if not lines:
            lines = [f"| method | clips | {' | '.join(whole)} |", "|---" * (len(whole) + 2) + "|"]
        drawn = [
            summarise([row for place in pick for row in by_scene.get(scenes[place], [])], reference) for pick in picks
        ]
        cells = []
        for name, value in whole.items():
            low, high = np.nanquantile([each[name] for each in drawn], [0.025, 0.975])
            cells.append(
                f"{value:.3g} ({low:.3g} to {high:.3g})" if name not in ("seconds", "peak GB") else f"{value:.3g}"
            )
        lines.append(f"| {method} | {sum(map(len, by_scene.values()))} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main(
    scenes: Annotated[int, typer.Option(help="Number of scenes.")] = 64,
    seeds: Annotated[int, typer.Option(help="Clips of each scene and method.")] = 2,
    output: Annotated[Path, typer.Option("-o", "--output", help="For rows.jsonl, table.md.")] = Path("out/text-table"),
    split: Annotated[str, typer.Option(help="test, or tune for choosing knobs.")] = "test",
    methods: Annotated[str, typer.Option(help="Comma-separated; default all.")] = ",".join(METHODS),
    model: Annotated[str, typer.Option(help="Name or path.")] = "sprites-t2v",
    settings: Annotated[list[str] | None, typer.Option("--set", help="KNOB=VALUE for methods that have it.")] = None,
    workers: Annotated[int, typer.Option(help="Processes of one thread each.")] = os.cpu_count() or 1,
) -> None:
    """Prints the table of control and of quality, and one for each kind of scene."""
    from hitmark.sprites.world import SPLITS

    knobs = knobs_of(settings or [])
    claim(output, model, knobs)
    start = SPLITS[split][0]
    names = sorted(methods.split(","), key=lambda name: name != "none")  # the others are compared with it
    rows: list[TextRow] = []
    for part in (names[:1], names[1:]) if names[0] == "none" else (names,):
        jobs = [
            (start + scene, noise, name, model, knobs, str(output / "free"))
            for scene in range(scenes)
            for noise in range(seeds)
            for name in part
        ]
        rows += scored(jobs, score, TextRow, output, workers, ("scene", "noise", "method"))
    reference = reference_features(split)
    parts = [markdown(rows, reference)]
    for kind in dict.fromkeys(row.kind for row in rows):
        parts.append(f"\n{kind}:\n\n" + markdown([row for row in rows if row.kind == kind], reference))
    (output / "table.md").write_text("\n".join(parts) + "\n", encoding="utf-8")
    typer.echo("\n".join(parts))


if __name__ == "__main__":
    with readable_errors():
        typer.run(main)
