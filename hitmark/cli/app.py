"""The table of commands."""

from __future__ import annotations

from typing import Annotated

import typer

from hitmark.cli import (
    bench,
    compare,
    convert,
    datasets,
    demo,
    generate,
    inspect,
    methods,
    models,
    observers,
    reference,
    report,
    score,
    studio,
    train,
    tune,
    verify,
)
from hitmark.cli.errors import ReadableGroup, stop_cleanly_when_terminated
from hitmark.console import wait_without_spinning

app = typer.Typer(
    name="hitmark",
    cls=ReadableGroup,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from hitmark.run.record import hitmark_version

        typer.echo(f"hitmark {hitmark_version()}")
        raise typer.Exit


@app.callback(
    epilog="Start with: `hitmark demo`, or `hitmark generate --image photo.jpg --box 0.1,0.5,0.3,0.8 --path 0.8,0.6`."
)
def _hitmark(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Make the objects of a generated video go where you say, without training the model.

    You give a picture, boxes and paths (a scene); a pretrained video diffusion model follows them.
    """


app.command("generate", short_help="Make the video of a scene.", epilog=generate.EXAMPLES)(generate.generate)
app.command("convert", short_help="Convert a scene from or to the files of another tool.")(convert.convert)
app.command("reference", short_help="Draw the crude video that time-to-move starts from.", epilog=reference.EXAMPLES)(
    reference.reference
)
app.command("models", short_help="List the models by name.", epilog=models.EXAMPLES)(models.models)
app.command("methods", short_help="List the methods, and which can act on a model.", epilog=methods.EXAMPLES)(
    methods.methods
)
app.command("demo", short_help="Six short scenes with and without control, and a page.", epilog=demo.EXAMPLES)(
    demo.demo
)
app.command("studio", short_help="Draw scenes and make clips in the browser.", epilog=studio.EXAMPLES)(studio.studio)
app.command("inspect", short_help="Draw what a method does inside the model.", epilog=inspect.EXAMPLES)(inspect.inspect)
app.command("verify", short_help="Try a model with every method, for a page of evidence.", epilog=verify.EXAMPLES)(
    verify.verify
)
app.command("bench", short_help="Compare methods over many scenes.", epilog=bench.EXAMPLES)(bench.bench)
app.command("report", short_help="Tables and a page of a benchmark run.", epilog=report.EXAMPLES)(report.report)
app.command("compare", short_help="Compare two benchmark runs.", epilog=compare.EXAMPLES)(compare.compare)
app.command("score", short_help="Score a clip of any tool.", epilog=score.EXAMPLES)(score.score)
app.command("observers", short_help="List what can look at clips.", epilog=observers.EXAMPLES)(observers.observers)
app.command("datasets", short_help="What a dataset holds, or the kinds there are.", epilog=datasets.EXAMPLES)(
    datasets.datasets
)
app.command("tune", short_help="Pick a method's knobs for a model.", epilog=tune.EXAMPLES)(tune.tune)
app.command("train", short_help="Make an embedded model again.", epilog=train.EXAMPLES)(train.train)


def main() -> None:
    """Entry point of the `hitmark` command."""
    wait_without_spinning()
    stop_cleanly_when_terminated()
    app()
