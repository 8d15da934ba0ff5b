r"""The measured table of text-to-video: sprite scenes with every method, on the embedded text-to-video model.

    python -m hitmark.bench.text_table --scenes 64 --seeds 2 -o out/text-table
    python -m hitmark.bench.text_table --split tune --scenes 10 --seeds 1 -o out/tune \
        --row peekaboo --row "peekaboo masked_steps=8" --row "peekaboo+mask-normalization regions=own"

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

from hitmark.bench.rows import claim, loaded_pipeline, scored
from hitmark.bench.true_clips import reference_features, true_distance
from hitmark.console import readable_errors

METHODS = (
    "none",
    "peekaboo",
    "peekaboo as_published=paper",
    "peekaboo+mask-normalization",
    "peekaboo+temporal-intrinsic",
    "ivg-da",
    "freetraj",
    "trailblazer",
)
"""Rows of the table."""
SEEDS_APART = 1_000_000
"""Between the noise seeds of one scene."""
DRAWS = 1000
"""Of the bootstrap."""
PAIRS = (
    ("ivg-da", "peekaboo"),
    ("ivg-da", "peekaboo as_published=paper"),
    ("peekaboo+mask-normalization", "peekaboo"),
    ("peekaboo+temporal-intrinsic", "peekaboo"),
    ("ivg-da", "none"),
)
"""Methods that are compared scene by scene."""


@dataclass(frozen=True)
class TextRow:
    """One clip, scored; lists have one entry per subject."""

    scene: int
    kind: str
    noise: int
    method: str
    overlap: list[float]
    precise: list[float]
    center_distance: list[float]
    guess_distance: list[float]
    """Center distance by the observer's best guess in every frame, found or not."""
    guess_overlap: list[float]
    """Overlap, likewise."""
    found: list[float]
    features: list[float]
    outside: float | None
    """Layer distance to the uncontrolled clip of the same seed outside of the boxes; None for that clip itself."""
    text_match: float
    seconds: float
    peak_gb: float


def score(scene: int, noise: int, method: str, model: str, folder: str) -> TextRow:
    """Generates and scores one clip; the uncontrolled clips are kept in `folder` for comparison.

    `method`: a name, and after it knobs, such as "peekaboo masked_steps=6".
    """
    import torch

    from hitmark.methods.spec import MethodSpec
    from hitmark.metrics.boxes import box_scores
    from hitmark.observers.sprites import find_sprite, sprite_boxes
    from hitmark.run.generate import generate
    from hitmark.scene.schema import MethodChoice
    from hitmark.sprites.perceptual import clip_features, layer_distance, load_perceptual, named_sprites
    from hitmark.sprites.text_scenes import text_scene

    made = text_scene(scene)
    pipe = loaded_pipeline(model)
    spec = MethodSpec.parse(method)
    chosen = MethodChoice(name=spec.name, knobs=dict(spec.knobs))
    wanted = made.scene.replace(seed=scene + noise * SEEDS_APART, model=model)
    with torch.autocast("cpu", torch.bfloat16):  # for every method alike; latents stay float32
        result = generate(wanted.replace(method=chosen), pipe=pipe)
    network = load_perceptual()
    values: dict[str, list[float]] = {
        name: [] for name in ("overlap", "precise", "center", "guess", "guess_overlap", "found")
    }
    height, width = result.frames.shape[1:3]
    tracks = {track.name: track for track in result.tracks}
    for (sprite, color), subject in zip(made.sprites, made.scene.subjects, strict=True):
        track = tracks[subject.name]
        seen = find_sprite(result.frames, sprite, color)
        boxes = sprite_boxes(seen, sprite) / np.array([width, height, width, height])
        scores = box_scores(track.boxes, boxes, seen.found, track.visible, width / height)
        guess = box_scores(track.boxes, boxes, np.ones_like(seen.found), track.visible, width / height)
        for key, value in (
            ("overlap", scores.overlap),
            ("precise", scores.precise),
            ("center", scores.center_distance),
            ("guess", guess.center_distance),
            ("guess_overlap", guess.overlap),
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
        center_distance=values["center"],
        guess_distance=values["guess"],
        guess_overlap=values["guess_overlap"],
        found=values["found"],
        features=clip_features(result.frames, network).tolist(),
        outside=_outside(result, Path(folder) / f"{scene}-{noise}.npy", method, layer_distance, network),
        text_match=float(np.mean([chances[sprite] for sprite, _ in made.sprites])),
        seconds=result.seconds,
        peak_gb=result.peak_memory / 1e9,
    )


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


def summarize(rows: list[TextRow], reference: np.ndarray) -> dict[str, float]:
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
        "center distance": float(over("center_distance").mean()),
        "guessed mIoU": float(over("guess_overlap").mean()),
        "guessed distance": float(over("guess_distance").mean()),
        "coverage": float((over("found") > 0.5).mean()),
        "Frechet": distance,
        "outside": float(np.mean(outside)) if outside else float("nan"),
        "text match": float(np.mean([row.text_match for row in rows])),
        "seconds": float(np.median([row.seconds for row in rows])),
        "peak GB": float(np.max([row.peak_gb for row in rows])),
    }


Drawn = dict[str, tuple[dict[str, float], list[dict[str, float]]]]
"""Method -> the figures of all its clips, and of every draw of scenes."""


def drawn_figures(rows: list[TextRow], reference: np.ndarray, draws: int = DRAWS) -> Drawn:
    """Figures of every method with bootstrap draws over scenes, the same draws for every method."""
    groups: dict[str, dict[int, list[TextRow]]] = {}
    for row in rows:
        groups.setdefault(row.method, {}).setdefault(row.scene, []).append(row)
    scenes = sorted({row.scene for row in rows})
    picks = np.random.default_rng(0).integers(len(scenes), size=(draws, len(scenes)))
    return {
        method: (
            summarize([row for some in by_scene.values() for row in some], reference),
            [
                summarize([row for place in pick for row in by_scene.get(scenes[place], [])], reference)
                for pick in picks
            ],
        )
        for method, by_scene in groups.items()
    }


def compared(figures: Drawn) -> str:
    """The table of PAIRS: ratio of their figures, with the 95 % interval of the paired difference.

    The interval is over draws of scenes, the same for both. A pair of which a method is missing is left out.
    """
    names = ("mIoU", "guessed mIoU", "center distance", "guessed distance", "Frechet", "text match", "seconds")
    lines = [f"| first / second | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for first, second in PAIRS:
        if first not in figures or second not in figures:
            continue
        (one, ones), (other, others) = figures[first], figures[second]
        cells = []
        for name in names:
            gaps = [each[name] - against[name] for each, against in zip(ones, others, strict=True)]
            low, high = np.nanquantile(gaps, [0.025, 0.975])
            ratio = f"{one[name] / other[name]:.2f}" if other[name] else "-"
            cells.append(f"{ratio} (difference {low:.3g} to {high:.3g})")
        lines.append(f"| {first} / {second} | {' | '.join(cells)} |")
    return "\n".join(lines)


def markdown(rows: list[TextRow], reference: np.ndarray, draws: int = DRAWS) -> str:
    """The table: one line per method, with 95 % bootstrap intervals over scenes; below it the comparison of PAIRS."""
    figures = drawn_figures(rows, reference, draws)
    clips = {method: sum(row.method == method for row in rows) for method in figures}
    lines: list[str] = []
    for method, (whole, drawn) in figures.items():
        if not lines:
            lines = [f"| method | clips | {' | '.join(whole)} |", "|---" * (len(whole) + 2) + "|"]
        cells = []
        for name, value in whole.items():
            low, high = np.nanquantile([each[name] for each in drawn], [0.025, 0.975])
            cells.append(
                f"{value:.3g} ({low:.3g} to {high:.3g})" if name not in ("seconds", "peak GB") else f"{value:.3g}"
            )
        lines.append(f"| {method} | {clips[method]} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n\n" + compared(figures)


def main(
    scenes: Annotated[int, typer.Option(help="Number of scenes.")] = 64,
    seeds: Annotated[int, typer.Option(help="Clips of each scene and method.")] = 2,
    output: Annotated[Path, typer.Option("-o", "--output", help="For rows.jsonl, table.md.")] = Path("out/text-table"),
    split: Annotated[str, typer.Option(help="test, or tune for choosing knobs.")] = "test",
    chosen: Annotated[
        list[str] | None,
        typer.Option("--row", help='Such as "peekaboo masked_steps=6"; repeatable. Default: all methods.'),
    ] = None,
    model: Annotated[str, typer.Option(help="Name or path.")] = "sprites-t2v",
    workers: Annotated[int, typer.Option(help="Processes of one thread each.")] = os.cpu_count() or 1,
) -> None:
    """Prints the table of control and of quality, and one for each kind of scene."""
    from hitmark.methods.spec import MethodSpec
    from hitmark.sprites.world import SPLITS

    start = SPLITS[split][0]
    names = sorted(chosen or METHODS, key=lambda name: name != "none")  # the others are compared with it
    specs = {name: MethodSpec.parse(name) for name in names}
    claim(output, model, {name: (spec.name, dict(spec.knobs)) for name, spec in specs.items()})
    rows: list[TextRow] = []
    for part in (names[:1], names[1:]) if names[0] == "none" else (names,):
        jobs = [
            (start + scene, noise, name, model, str(output / "free"))
            for scene in range(scenes)
            for noise in range(seeds)
            for name in part
        ]
        rows += scored(jobs, score, TextRow, output, workers, ("scene", "noise", "method"))
    reference = reference_features(split)
    count = scenes * seeds
    parts = [
        markdown(rows, reference),
        f"\nFrechet distance of {count} true clips: {true_distance(split, count, reference):.3g}",
    ]
    for kind in dict.fromkeys(row.kind for row in rows):
        parts.append(f"\n{kind}:\n\n" + markdown([row for row in rows if row.kind == kind], reference))
    (output / "table.md").write_text("\n".join(parts) + "\n", encoding="utf-8")
    typer.echo("\n".join(parts))


if __name__ == "__main__":
    with readable_errors():
        typer.run(main)
