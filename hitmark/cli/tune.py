"""`hitmark tune`: which knobs of a method are best for a model, by successive halving on scenes for tuning."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hitmark.cli import bench_options as shared
from hitmark.cli.bench_options import Many
from hitmark.cli.flags import parse_pairs
from hitmark.cli.progress import job_bar, silence_libraries
from hitmark.console import command_line
from hitmark.errors import HitmarkError

if TYPE_CHECKING:
    from hitmark.bench.presets import Preset, Rung
    from hitmark.tune.search import Wish

EXAMPLES = """\b
Examples:
  hitmark tune peekaboo --model sprites-t2v -o out/tune
  hitmark tune ivg-da --model zeroscope --knob masked_steps=2,4,6,8 --knob "strength=0.25,0.5,1" -o out/tune
  hitmark tune sg-i2v --model svd --scenes my-scenes/ --metric "guessed path error" --save svd-fast
"""


def tune(
    method: Annotated[str, typer.Argument(metavar="METHOD", help='Or with knobs: "peekaboo as_published=paper".')],
    *,
    model: Annotated[str, typer.Option(help="Name (`hitmark models`) or path.", show_default=False)],
    knobs: Annotated[Many, typer.Option("--knob", help="KNOB=VALUE,VALUE...; repeatable. Default: a grid.")] = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the run.")] = Path("out/tune"),
    scenes: shared.Scenes = None,
    metric: Annotated[str | None, typer.Option(help="Figure that decides. Default: guessed distance.")] = None,
    keep_quality: Annotated[
        Many,
        typer.Option("--keep-quality", metavar="FIGURE=LIMIT", help="Limit that a mean must keep; repeatable."),
    ] = None,
    save: Annotated[str | None, typer.Option(metavar="NAME", help="Name it; also written to NAME.json.")] = None,
    force_winner: Annotated[
        bool, typer.Option("--force-winner", help="Take the winner also if it is not surely better.")
    ] = False,
    seeds: Annotated[int, typer.Option(min=1, help="Clips of each scene, each from other noise.")] = 1,
    steps: shared.Steps = None,
    frames: shared.Frames = None,
    width: shared.Width = None,
    height: shared.Height = None,
    dtype: Annotated[str, typer.Option(help="As in generate.")] = "auto",
    device: Annotated[str, typer.Option(help="As in generate.")] = "auto",
    autocast: Annotated[bool, typer.Option("--autocast", help="Compute in bfloat16 inside of the network.")] = False,
    call: shared.Call = None,
    observers: shared.Observers = None,
    engine: shared.EngineName = "inline",
    workers: shared.Workers = 2,
    address: shared.Address = None,
    gpu: shared.Gpu = False,
    retry_failed: shared.RetryFailed = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the rungs; run nothing.")] = False,
) -> None:
    """Pick a method's knobs for a model: all settings on few scenes, the better half on twice as many, and so on.

    The winner is taken only where it is surely better than the default. The preset, with its evidence, is a file for
    `hitmark generate --preset` and for rows "preset:FILE" of a benchmark. Stopped, it goes on with the same command.
    """
    from hitmark.bench.plan import BenchPlan
    from hitmark.bench.presets import PRESET_FILE, spelled_row
    from hitmark.bench.run import Engine
    from hitmark.tune.grid import grid_for
    from hitmark.tune.search import Wish
    from hitmark.tune.search import tune as choose

    if not method.strip():
        raise HitmarkError("METHOD: expected the name of a method, such as peekaboo, got an empty text")
    default = spelled_row(method)
    grid = grid_for(default.split()[0], knobs or [])
    saved = None if save is None else Path(save.removesuffix(".json") + ".json")
    asked = {
        "scenes": scenes or [_usual_scenes(model, default.split()[0])],
        "methods": [default],
        "models": [model],
        "seeds": seeds,
        "steps": steps,
        "frames": frames,
        "width": width,
        "height": height,
        "dtype": dtype,
        "device": device,
        "autocast": autocast,
        "call": parse_pairs(call or [], "--call"),
        "observers": observers or ["auto"],
    }
    wish = Wish(
        default=default,
        plan=BenchPlan.from_dict(asked, "flags"),
        grid=grid,
        metric=metric,
        limits=dict(_limit(text) for text in keep_quality or []),
        force=force_winner,
        name=saved and saved.stem,
        command=command_line("hitmark", *sys.argv[1:]),
    )
    if dry_run:
        _show_rungs(wish)
        return
    if saved is not None:
        _check_place(saved)
    silence_libraries()
    preset = choose(wish, output, Engine(engine, workers, address, gpu), job_bar, retry=retry_failed)
    if saved is not None:
        preset.save(saved)
    _tell(preset, [output / PRESET_FILE, *([saved] if saved else [])])


def _usual_scenes(model: str, method: str) -> str:
    """Scenes of the sprite world: with a picture where the model takes one, or the method cannot act without."""
    from hitmark.backbones.catalog import model_card
    from hitmark.method_fit import check_family
    from hitmark.methods import build
    from hitmark.run.presets import preset_knobs
    from hitmark.sprites.world import SpriteWorld

    card = model_card(model)
    picture = card.takes_picture
    if card.pictured is not None:
        try:
            check_family(build(method, preset_knobs(card, method, {})), card)
        except HitmarkError:
            picture = True
    spec, usual = f"sprites{'' if picture else '-text'}:tune:0-32", SpriteWorld()
    own = (card.width, card.height, card.frames)
    if card.world == "sprites" and own != (usual.width, usual.height, usual.frames):
        spec += f" size=[{card.width},{card.height}] frames={card.frames}"
    return spec


def _limit(text: str) -> tuple[str, float]:
    name, _, value = text.rpartition("=")
    try:
        limit = float(value)
    except ValueError:
        limit = math.nan
    if not name.strip() or not math.isfinite(limit):
        raise HitmarkError(f'--keep-quality: expected FIGURE=LIMIT as in "text match=0.5", got {text!r}')
    return name.strip(), limit


def _check_place(path: Path) -> None:
    """Raises HitmarkError for a file that is no preset, and where none can be written, before the long computation."""
    from hitmark.bench.presets import Preset
    from hitmark.files import ensure_writable

    if path.exists():
        try:
            Preset.load(path)
        except HitmarkError:
            raise HitmarkError(f"--save: {path} is there and no preset; choose another name") from None
    ensure_writable(path)


def _show_rungs(wish: Wish) -> None:
    from hitmark.tune.search import ladder, scenes_of

    rows, scenes = wish.rows(), scenes_of(wish.plan)
    clips, before = 0, 0
    for place, (settings, count) in enumerate(ladder(len(rows), len(scenes)), start=1):
        new = (settings + 2) * (count - before) * wish.plan.seeds
        clips, before = clips + new, count
        typer.echo(f"rung {place}: {settings} settings, none and the default on {count} scenes, {new} new clips")
    typer.echo(f"{len(rows)} settings: {', '.join(rows)}")
    typer.echo(f"{clips} clips in all")


def _tell(preset: Preset, places: list[Path]) -> None:
    rungs = preset.evidence.rungs
    for place, rung in enumerate(rungs, start=1):
        typer.echo(f"rung {place}, {rung.scenes} scenes, {preset.evidence.metric} ({preset.evidence.better} is better)")
        typer.echo(_table(rung, "first" if rung is rungs[-1] else "kept") + "\n")
    for caution in preset.evidence.cautions:
        typer.echo(f"note: {caution}", err=True)
    typer.echo(preset.reason)
    knobs = " ".join(f"{knob}={value}" for knob, value in preset.knobs.items())
    typer.echo(f"{preset.name}: {preset.method} {knobs}".rstrip())
    typer.echo(f"wrote {', '.join(str(each) for each in places)}")


def _table(rung: Rung, went_on: str) -> str:
    """`went_on`: what is said of the candidates that came out of the rung."""
    from hitmark.report.numbers import NONE, interval, number, signed

    rows = [["", "mean", "95 % interval", "less the default", "95 % interval", ""]]
    for each in rung.settings:
        marks = ["default"] if each.role == "default" else []
        marks += [went_on] if each.role == "candidate" and each.kept else []
        marks += [f"{each.failed} failed"] if each.failed else []
        marks += [f"beyond its limit: {name}" for name in each.beyond]
        mean, gap = each.metric, each.to_default
        rows.append(
            [
                each.row,
                NONE if mean is None else number(mean.mean),
                "" if mean is None else interval(mean.low, mean.high),
                "" if gap is None else signed(gap.mean) + ("*" if gap.sure else ""),
                "" if gap is None else interval(gap.low, gap.high),
                ", ".join(marks),
            ]
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
