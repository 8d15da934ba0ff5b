from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import hitmark as package

COMMANDS = ("generate", "convert", "models", "demo", "train", "verify", "methods")


def imported_by(*code):
    """Names of the modules that a fresh interpreter has after running `code`."""
    script = ";".join([*code, "import sys", "print(*sys.modules)"])
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("code", ["import hitmark", "import hitmark.cli", "import hitmark.scene"])
def test_nothing_heavy_is_imported(code):
    modules = imported_by(code)
    assert not modules & {"torch", "diffusers", "transformers", "av", "matplotlib", "torchvision"}


def test_importing_the_package_is_quick():
    modules = imported_by("import hitmark")
    assert not modules & {"numpy", "pydantic", "typer", "PIL"}


def test_the_public_names_are_there():
    for name in package.__all__:
        assert getattr(package, name) is not None
        assert name in dir(package)
    assert isinstance(package.__version__, str)
    with pytest.raises(AttributeError, match="nonsense"):
        _ = package.nonsense


FIRST = (
    "import hitmark.run.generate",
    "import hitmark",
    "from hitmark.run.result import Result",
    "import hitmark.hooks",
)
FORKS = """
import os, signal, sys, time, traceback
import torch, diffusers, transformers  # loaded once, for all forks; hitmark is not
from diffusers import StableVideoDiffusionPipeline
from transformers import CLIPImageProcessor, CLIPVisionModelWithProjection

def check(first):
    exec(first)
    import hitmark
    import types
    assert isinstance(hitmark.generate, types.FunctionType) and isinstance(hitmark.attach, types.FunctionType)
    try:
        hitmark.generate(None, pipe=3)
    except hitmark.HitmarkError:
        return
    raise AssertionError

for first in FIRST:
    child = os.fork()
    if child == 0:
        status = 1
        try:
            check(first)
            status = 0
        except BaseException:
            traceback.print_exc()
        os._exit(status)
    print(first, os.waitpid(child, 0)[1], sep=": ")

from hitmark.cli import main
import hitmark.run.generate, hitmark.run.make

for kind in sys.argv.pop(1).split(","):
    child = os.fork()
    if child == 0:
        os.dup2(os.open(f"{sys.argv.pop(1)}.{kind}", os.O_WRONLY | os.O_CREAT), 2)
        signal.signal(signal.SIGINT, signal.default_int_handler)  # also where whoever runs the tests ignores it
        main()
    told, status = f"{sys.argv[1]}.{kind}", None
    while status is None and not (os.path.exists(told) and "0/1000" in open(told).read()):
        ended, code = os.waitpid(child, os.WNOHANG)
        status = code if ended else None
        time.sleep(0.1)
    if status is None:
        os.kill(child, int(kind))
        status = os.waitpid(child, 0)[1]
    print(os.waitstatus_to_exitcode(status), *sorted(os.listdir()))
"""
SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.fixture(scope="module")
def forks(tmp_path_factory, checkpoint):
    """Forks of one interpreter that has the libraries: what it printed, and the beginning of its files' names."""
    folder, told = tmp_path_factory.mktemp("forks"), tmp_path_factory.mktemp("told") / "told"
    Image.new("RGB", (64, 48)).save(folder / "photo.png")
    keyframes = [{"time": 0, "box": [0.1, 0.2, 0.5, 0.6]}, {"time": 1, "box": [0.5, 0.3, 0.9, 0.7]}]
    scene = {"image": "photo.png", "subjects": [{"name": "car", "keyframes": keyframes}]}
    (folder / "scene.json").write_text(json.dumps(scene))
    words = [",".join(str(int(kind)) for kind in SIGNALS), str(told)]
    words += ["generate", "scene.json", "--model", str(checkpoint), "--steps", "1000"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(package.__file__).parents[1])}
    command = [sys.executable, "-c", f"FIRST = {FIRST!r}\n{FORKS}", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, env=environment)
    return done, told


def test_main_functions_are_functions_whatever_is_imported_first(forks):
    """Whatever is imported first: each in an interpreter that has not seen hitmark."""
    assert forks[0].stdout.splitlines()[: len(FIRST)] == [f"{first}: 0" for first in FIRST], forks[0].stderr


def test_a_real_signal_stops_a_real_process(forks):
    """Both in forks of an interpreter that has the libraries already, each in the middle of its run."""
    done, told = forks
    assert done.stdout.splitlines()[len(FIRST) :] == ["130 photo.png scene.json"] * len(SIGNALS), done.stderr
    for kind in SIGNALS:
        rest = Path(f"{told}.{int(kind)}").read_text()
        assert "stopped" in rest
        assert "Traceback" not in rest


def test_help_names_arguments_readably(hitmark):
    for command in package_commands():
        usage = hitmark(command, "--help").stdout
        assert "[[" not in usage, command
        assert "None]" not in usage, command


def package_commands():
    from hitmark.cli import app

    return [command.name for command in app.registered_commands]


def test_help_teaches(hitmark):
    assert hitmark("--help").exit_code == 0
    for command in COMMANDS:
        done = hitmark(command, "--help")
        assert done.exit_code == 0
        assert done.stdout.count(f"hitmark {command}") >= 2, command


def test_no_command_shows_the_help(hitmark):
    assert "generate" in hitmark().output


def test_version(hitmark):
    done = hitmark("--version")
    assert done.exit_code == 0
    assert done.stdout.startswith("hitmark ")


def test_unknown_command_and_option(hitmark):
    assert hitmark("generat").exit_code == 2
    assert hitmark("generate", "--sed", "3").exit_code == 2


def test_models_table(hitmark, tmp_path, monkeypatch):
    done = hitmark("models")
    assert done.exit_code == 0
    names = ("sprites-i2v", "sprites-t2v", "sprites-wan", "svd", "svd-xt", "modelscope", "zeroscope")
    for word in (*names, "stabilityai/stable-video-diffusion-img2vid", "1024x576", "25"):
        assert word in done.stdout
    rows = json.loads(hitmark("models", "--json").stdout)
    assert [row["name"] for row in rows][:4] == ["sprites-i2v", "sprites-t2v", "sprites-wan", "svd"]
    assert {row["in cache"] for row in rows if not row["hub id"]} == {None}


def test_models_notices_what_is_in_the_cache(tmp_path):
    folder = tmp_path / "hub" / "models--stabilityai--stable-video-diffusion-img2vid"
    snapshot = folder / "snapshots" / "abc"
    (snapshot / "unet").mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text("abc")
    (snapshot / "model_index.json").write_text("{}")

    def cached():
        environment = os.environ | {"HF_HOME": str(tmp_path)}
        environment.pop("HF_HUB_CACHE", None)
        words = [sys.executable, "-m", "hitmark", "models", "--json"]
        done = subprocess.run(words, capture_output=True, text=True, check=True, env=environment)
        return {row["name"]: row["in cache"] for row in json.loads(done.stdout)}

    assert cached()["svd"] is False
    (snapshot / "unet" / "diffusion_pytorch_model.fp16.safetensors").write_bytes(b"0")
    found = cached()
    assert {name for name, there in found.items() if there} == {"svd"}
    assert {name for name, there in found.items() if there is None} == {"sprites-i2v", "sprites-t2v", "sprites-wan"}
    assert found.keys() == package.MODELS.keys()
