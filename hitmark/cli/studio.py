"""`hitmark studio`: draw scenes and make their clips in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Folder = Annotated[Path, typer.Option(help="Where projects, pictures and results are kept.")]
Port = Annotated[int, typer.Option(help="Port to listen on; 0 = a free one.", min=0, max=65535)]
Host = Annotated[
    str, typer.Option(help="Address to listen on. Other than loopback, the printed address has a token in it.")
]
Open = Annotated[bool, typer.Option("--open/--no-open", help="Open the page in the browser.")]
Dtype = Annotated[str, typer.Option(help="float32, float16, bfloat16, or auto: float32 on a CPU, float16 on a GPU.")]
Device = Annotated[str, typer.Option(help="cpu, cuda, cuda:1 ..., or auto: a GPU when there is one.")]

EXAMPLES = """\b
Examples:
  hitmark studio
  hitmark studio --folder films --port 0
  hitmark studio --host 0.0.0.0 --no-open
"""


def studio(
    folder: Folder = Path("studio"),
    port: Port = 8188,
    host: Host = "127.0.0.1",
    open_page: Open = True,
    device: Device = "auto",
    dtype: Dtype = "auto",
) -> None:
    """Draw boxes and paths in the browser, make the clips, compare them.

    Everything stays in --folder: projects (scene files that every other command takes), pictures, and the clips with
    their records. Nothing leaves this machine. Ctrl-C ends it; what waited goes on with the next start.
    """
    try:
        from hitmark.studio.security import Access
        from hitmark.studio.server import bound, serve
        from hitmark.studio.studio import Studio
    except ModuleNotFoundError as error:
        typer.echo(f"error: hitmark studio needs {error.name}: pip install 'hitmark[studio]'", err=True)
        raise typer.Exit(2) from None
    listening = bound(host, port)
    port = listening.getsockname()[1]
    access = Access.of(host, port)
    made = Studio(folder, access, dtype=dtype, device=device)
    listening.listen(2048)
    address = f"http://{shown_host(host)}:{port}/" + (f"?token={access.token}" if access.token else "")
    print(f"studio: {address}", flush=True)
    if open_page:
        import webbrowser

        webbrowser.open(address)
    serve(made, listening)


def shown_host(host: str) -> str:
    """The host as a browser of this machine takes it."""
    if host in ("0.0.0.0", "::"):
        return "localhost"
    return f"[{host}]" if ":" in host else host
