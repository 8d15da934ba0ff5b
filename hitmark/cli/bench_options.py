"""Options that `hitmark bench` and `hitmark tune` share: what the clips are, and what makes them."""

from __future__ import annotations

from typing import Annotated

import typer

Many = list[str] | None

Scenes = Annotated[Many, typer.Option("--scenes", help="Dataset or folder of scenes; repeatable.")]
Steps = Annotated[int | None, typer.Option(help="Denoising steps. Default: the model's.")]
Frames = Annotated[int | None, typer.Option(help="Frames of a clip. Default: the scene's, else the model's.")]
Width = Annotated[int | None, typer.Option(help="Width in pixels. Default: the scene's, else the model's.")]
Height = Annotated[int | None, typer.Option(help="Height in pixels. Default: the scene's, else the model's.")]
Call = Annotated[Many, typer.Option("--call", metavar="NAME=VALUE", help="Argument of the pipeline.")]
Observers = Annotated[Many, typer.Option("--observer", help="What looks at the clips; repeatable.")]
EngineName = Annotated[str, typer.Option("--engine", help="inline (this process), or ray.")]
Workers = Annotated[int, typer.Option(min=1, help="Of ray: processes, each with its own model.")]
Address = Annotated[str | None, typer.Option(help="Of a running Ray cluster; default: start one here.")]
Gpu = Annotated[bool, typer.Option("--gpu", help="Of ray: one GPU for each worker.")]
RetryFailed = Annotated[bool, typer.Option("--retry-failed", help="Run failed jobs again.")]
