"""`hitmark bench`: scenes x methods x models x seeds, compared; stopped and gone on with at any time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hitmark.cli import bench_options as shared
from hitmark.cli.bench_options import Many
from hitmark.cli.flags import parse_pairs
from hitmark.cli.progress import job_bar, silence_libraries
from hitmark.errors import HitmarkError

if TYPE_CHECKING:
    from hitmark.bench.plan import BenchPlan
    from hitmark.bench.run import State
    from hitmark.bench.store import Store

EXAMPLES = """\b
Examples:
  hitmark bench --scenes sprites-text:test:0-8 --method none --method peekaboo --method "ivg-da strength=0.5"
  hitmark bench plan.yaml -o out/bench --engine ray --workers 2
  hitmark bench plan.yaml --dry-run
"""
SHOWN_FAILURES = 5


def bench(
    plan: Annotated[Path | None, typer.Argument(metavar="PLAN", help="YAML file; flags change what it says.")] = None,
    *,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the run.")] = Path("out/bench"),
    scenes: shared.Scenes = None,
    methods: Annotated[Many, typer.Option("--method", help='Such as "peekaboo masked_steps=6"; repeatable.')] = None,
    models: Annotated[Many, typer.Option("--model", help="Name or path; repeatable. Default: the scene's.")] = None,
    seeds: Annotated[int | None, typer.Option(help="Clips of each scene, each from other noise.")] = None,
    steps: shared.Steps = None,
    frames: shared.Frames = None,
    width: shared.Width = None,
    height: shared.Height = None,
    dtype: Annotated[str | None, typer.Option(help="As in generate.")] = None,
    device: Annotated[str | None, typer.Option(help="As in generate.")] = None,
    autocast: Annotated[bool | None, typer.Option(help="Compute in bfloat16 inside of the network.")] = None,
    call: shared.Call = None,
    observers: shared.Observers = None,
    engine: shared.EngineName = "inline",
    workers: shared.Workers = 2,
    address: shared.Address = None,
    gpu: shared.Gpu = False,
    retry_failed: shared.RetryFailed = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the jobs and what is left; run nothing.")] = False,
) -> None:
    """Compare ways of controlling a video: make and score a clip for each scene, method, model and seed.

    What is on disk is the state of the run: after Ctrl-C, a crash or a full disk run the same command again, and only
    what is missing is made. `hitmark report FOLDER` makes the tables.
    """
    from hitmark.bench.run import Engine, run, state_of
    from hitmark.bench.store import Store

    given = {
        "scenes": scenes,
        "methods": methods,
        "models": models,
        "seeds": seeds,
        "steps": steps,
        "frames": frames,
        "width": width,
        "height": height,
        "dtype": dtype,
        "device": device,
        "autocast": autocast,
        "call": parse_pairs(call, "--call") if call else None,
        "observers": observers,
    }
    asked = _plan(plan, {name: value for name, value in given.items() if value is not None})
    store = Store(output)
    if dry_run:
        from hitmark.bench.jobs import jobs_of

        _show_jobs(state_of(jobs_of(asked), store), store, workers if engine == "ray" else 1)
        return
    silence_libraries()
    with job_bar("bench") as on_job:
        state = run(asked, output, Engine(engine, workers, address, gpu), on_job, retry=retry_failed)
    _tell(state, output)
    if state.failed:
        raise typer.Exit(1)


def _plan(path: Path | None, given: dict[str, Any]) -> BenchPlan:
    from hitmark.bench.plan import BenchPlan

    if path is None:
        if "scenes" not in given or "methods" not in given:
            raise HitmarkError("expected a PLAN file, or --scenes and --method; see hitmark bench --help")
        return BenchPlan.from_dict(given, "flags")
    return BenchPlan.from_dict(BenchPlan.load(path).model_dump(exclude_unset=True) | given, str(path))


def _show_jobs(state: State, store: Store, workers: int) -> None:
    from hitmark.bench.run import forecast

    for job in state.missing:
        typer.echo(f"{job.key}  {job.item}  {job.model}  {job.row}  seed {job.seed}")
    seconds, size = forecast(state, store, workers)
    text = f"{len(state.jobs)} jobs: {len(state.done)} done, {len(state.failed)} failed, {len(state.missing)} to run"
    if seconds is not None and size is not None:
        text += f", about {seconds / 60:.1f} minutes and {size / 1e6:.1f} MB"
    elif state.missing:
        text += "; how long they take is known once the first is done"
    typer.echo(text)


def _tell(state: State, folder: Path) -> None:
    typer.echo(f"{len(state.done)} of {len(state.jobs)} jobs done, {len(state.failed)} failed; in {folder}")
    for job in [job for job in state.jobs if job.key in state.failed][:SHOWN_FAILURES]:
        typer.echo(f"failed: {job.item}, {job.row}, seed {job.seed}: {state.failed[job.key].splitlines()[0]}", err=True)
    if len(state.failed) > SHOWN_FAILURES:
        typer.echo(f"... and {len(state.failed) - SHOWN_FAILURES} more, see {folder / 'failed'}", err=True)
