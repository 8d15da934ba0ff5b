"""hitmark as a stranger has it: built as a wheel, installed into an environment of its own, used from an empty folder.

    python scripts/try_installed.py                 # a temporary folder, which is removed
    python scripts/try_installed.py --keep out/try  # keep the environment and what was made

What hitmark needs (torch and so on) is taken from the environment that runs this, so that nothing is downloaded. Then:
`demo --help`, one clip by `generate`, and a studio of which the page and everything that it loads are fetched and one
clip of the built-in example from words is ordered. Exits with 1, and says what, where anything is not as it should be.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
import urllib.request
import venv
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

ROOT = Path(__file__).parents[1]
LEFT_OUT = (".*", "__pycache__", "build", "dist", "out", "runs", "shared", "*.egg-info")
LINKED = re.compile(r"""["(](/assets/[^")]+)[")]|(?:\bfrom|\bimport)\s*\(?\s*"(\.[^"]+)\"""")
STEPS = 2


def main() -> int:
    """Build, install, use."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, help="folder to work in, which is left as it is at the end")
    asked = parser.parse_args()
    if asked.keep is not None:
        asked.keep.mkdir(parents=True, exist_ok=True)
        return tried(asked.keep.absolute())
    with tempfile.TemporaryDirectory() as place:
        return tried(Path(place))


def tried(place: Path) -> int:
    """Everything, in a folder."""
    command = installed(place)
    empty = place / "empty"
    empty.mkdir()
    where = said([command.with_name("python"), "-c", "import hitmark; print(hitmark.__file__)"], empty).strip()
    check(where.startswith(str(command.parents[1])), f"hitmark is {where}")
    check("--only" in said([command, "demo", "--help"], empty), "demo --help")
    words = [
        "--prompt",
        "a red heart on tiles",
        "--subject",
        "red heart",
        "--box",
        "0.1,0.3,0.4,0.6",
        "--path",
        "0.8,0.4",
    ]
    said([command, "generate", *words, "--steps", str(STEPS), "-o", "clip.mp4"], empty)
    made = sorted(path.name for path in empty.iterdir())
    check(made == ["clip.json", "clip.mp4", "clip.plan.png", "clip.sheet.png"], f"generate made {', '.join(made)}")
    with_studio(command, empty)
    print("all is well")
    return 0


def installed(place: Path) -> Path:
    """Build a wheel from a copy of the checkout and install it; the command."""
    copy, wheels, environment = place / "copy", place / "wheels", place / "venv"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*LEFT_OUT))
    build = "import setuptools.build_meta as build, sys; build.build_wheel(sys.argv[1])"
    wheels.mkdir()
    said([sys.executable, "-c", build, wheels], copy)
    (wheel,) = wheels.glob("*.whl")
    print(f"built: {wheel.name}, {wheel.stat().st_size / 1e6:.1f} MB", flush=True)
    venv.create(environment)
    (site,) = environment.glob("lib/python*/site-packages")
    (site / "needed.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    pip = [sys.executable, "-m", "pip", "--python", environment / "bin" / "python", "install", "--quiet"]
    said([*pip, "--no-deps", "--no-index", wheel], place)
    return environment / "bin" / "hitmark"


def with_studio(command: Path, folder: Path) -> None:
    """Start a studio, fetch its page and all that it loads, order a clip of its example from words."""
    studio = subprocess.Popen(
        [command, "studio", "--no-open", "--port", "0"], cwd=folder, env=plain(), stdout=subprocess.PIPE, text=True
    )
    try:
        assert studio.stdout is not None
        address = studio.stdout.readline().split()[1]
        page = loaded(address)
        lies = {path.relative_to(ROOT / "hitmark/studio/page").as_posix() for path in files_of_the_page()}
        check(lies <= page, f"{len(page)} files of the page answer; not loaded by it: {sorted(lies - page) or 'none'}")
        example = next(each for each in answer(address, "api/examples") if each["scene"].get("prompt"))
        (job,) = answer(address, "api/jobs", {"scene": example["scene"], "steps": STEPS})["jobs"]
        while job["state"] not in ("done", "failed", "cancelled"):
            time.sleep(0.5)
            job = answer(address, f"api/jobs/{job['id']}")
        check(job["state"] == "done", f"the ordered clip is {job['state']} {job.get('error') or ''}")
        clip = fetched(urljoin(address, f"api/jobs/{job['id']}/files/clip.mp4"))
        check(clip[4:8] == b"ftyp", f"its clip.mp4 has {len(clip)} bytes")
    finally:
        studio.send_signal(signal.SIGINT)
        check(studio.wait() == 0, f"the studio ended with {studio.returncode}")


def files_of_the_page() -> list[Path]:
    """The scripts and styles that lie in the checkout."""
    return [path for path in (ROOT / "hitmark/studio/page").rglob("*") if path.suffix in (".js", ".css")]


def loaded(address: str) -> set[str]:
    """Fetch the page and everything that it, its scripts and its styles name; the names of the assets."""
    waiting, found = [address], set()
    while waiting:
        here = waiting.pop()
        text = fetched(here).decode("utf-8", errors="replace")
        for groups in LINKED.findall(text):
            linked = urljoin(here, next(filter(None, groups)))
            name = linked.partition("/assets/")[2]
            if name and name not in found:
                found.add(name)
                waiting.append(linked)
    return found


def answer(address: str, path: str, order: Any = None) -> Any:
    """What the studio's API says."""
    data = None if order is None else json.dumps(order).encode()
    return json.loads(fetched(urljoin(address, path), data))


def fetched(url: str, data: bytes | None = None) -> bytes:
    """The bytes at an address of the studio."""
    headers = {"X-Hitmark": "1", "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, data, headers)) as response:
        return response.read()


def said(words: list[Any], folder: Path) -> str:
    """Run a command; what it printed. Ends the script with what it said where it fails."""
    line = [str(word) for word in words]
    done = subprocess.run(line, check=False, cwd=folder, env=plain(), text=True, capture_output=True)
    if done.returncode:
        check(False, f"{' '.join(line[:2])}: exit status {done.returncode}: {done.stderr[-500:]}")
    return done.stdout


def plain() -> dict[str, str]:
    """The environment without what would find another hitmark."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}


def check(well: bool, what: str) -> None:
    """Tell, and end the script where something is not as it should be."""
    print(f"{'ok' if well else 'WRONG'}: {what}", flush=True)
    if not well:
        raise SystemExit(1)


if __name__ == "__main__":
    sys.exit(main())
