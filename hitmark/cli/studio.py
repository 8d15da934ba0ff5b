"""`hitmark studio`: draw scenes and make their clips in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hitmark.studio.security import Access

Folder = Annotated[Path, typer.Option(help="Where projects, pictures and results are kept.")]
Port = Annotated[int, typer.Option(help="Port to listen on; 0 = a free one.", min=0, max=65535)]
Host = Annotated[
    str, typer.Option(help="Address to listen on. Other than loopback, the printed address has a token in it.")
]
Open = Annotated[bool, typer.Option("--open/--no-open", help="Open the page in the browser.")]
Dtype = Annotated[str, typer.Option(help="float32, float16, bfloat16, or auto: float32 on a CPU, float16 on a GPU.")]
Device = Annotated[str, typer.Option(help="cpu, cuda, cuda:1 ..., or auto: a GPU when there is one.")]

AllowHost = Annotated[
    list[str] | None,
    typer.Option(
        help="A further name that browsers may reach it by: of a proxy or tunnel. Can be given several times."
    ),
]
KeepToken = Annotated[
    bool, typer.Option("--keep-token", help="Keep the token in --folder, so that the address stays the same.")
]

EXAMPLES = """\b
Examples:
  hitmark studio
  hitmark studio --folder films --port 0
  hitmark studio --host 0.0.0.0 --no-open --keep-token
  hitmark studio --allow-host studio.example
"""


def studio(
    folder: Folder = Path("studio"),
    port: Port = 8188,
    host: Host = "127.0.0.1",
    open_page: Open = True,
    device: Device = "auto",
    dtype: Dtype = "auto",
    allow_host: AllowHost = None,
    keep_token: KeepToken = False,
) -> None:
    """Draw boxes and paths in the browser, make the clips, compare them.

    Everything stays in --folder: projects (scene files that every other command takes), pictures, and the clips with
    their records. Nothing leaves this machine. Ctrl-C ends it; what waited goes on with the next start.
    """
    try:
        from hitmark.studio.folder import Folder as StudioFolder
        from hitmark.studio.security import Access
        from hitmark.studio.server import bound, serve
        from hitmark.studio.studio import Studio
    except ModuleNotFoundError as error:
        typer.echo(f"error: hitmark studio needs {error.name}: pip install 'hitmark[studio]'", err=True)
        raise typer.Exit(2) from None
    listening = bound(host, port)
    port = listening.getsockname()[1]
    token = StudioFolder(folder).token() if keep_token else None
    access = Access.of(host, port, allow_host or (), token)
    made = Studio(folder, access, dtype=dtype, device=device)
    listening.listen(2048)
    here, *elsewhere = addresses(access, port)
    print(f"studio: {here}", *(f"from other machines: {each}" for each in elsewhere), sep="\n", flush=True)
    if open_page:
        import webbrowser

        webbrowser.open(here)
    serve(made, listening)


def addresses(access: Access, port: int) -> list[str]:
    """The addresses of a studio: first the one for this machine's browser, then those that work on other machines."""
    from hitmark.studio.security import own_addresses

    query = f"?token={access.token}" if access.token else ""
    hosts = [shown_host(access.host), *(shown_host(host) for host in own_addresses(access.host))]
    found = [f"http://{host}:{port}/{query}" for host in dict.fromkeys(hosts)]
    if len(hosts) > len(found):  # bound to one address: the same for all
        found.append(found[0])
    return [*found, *(f"http://{name}/{query}" for name in sorted(access.names))]


def shown_host(host: str) -> str:
    """The host as a browser of this machine takes it."""
    if host in ("0.0.0.0", "::"):
        return "localhost"
    return f"[{host}]" if ":" in host else host
