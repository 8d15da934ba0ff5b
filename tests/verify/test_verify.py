"""`hitmark verify` on random-weight pipelines of the real classes, saved to disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from hitmark.backbones.tiny import tiny_svd, tiny_text_to_video, tiny_wan
from hitmark.cli.app import app
from hitmark.control import Step
from hitmark.errors import HitmarkError
from hitmark.methods.free_traj import FreeTraj
from hitmark.methods.sg_i2v import SGI2V
from hitmark.scene.schema import Keyframe, Scene, Subject
from hitmark.verify.evidence import Entry, Evidence
from hitmark.verify.prepare import prepared
from hitmark.verify.run import PAGE, TABLE
from hitmark.verify.scenes import END, START, built_in_scene, meadow

SMALL: dict[str, Any] = {"frames": 3, "steps": 2}


def saved(pipe: Any, folder: Path, side: int = 32, frames: int = 3) -> str:
    """With defaults of its own, as a checkpoint that somebody has."""
    pipe.save_pretrained(folder)
    defaults = {"width": side, "height": side, "frames": frames, "steps": 2}
    (folder / "hitmark.json").write_text(json.dumps(defaults), encoding="utf-8")
    return str(folder)


@pytest.fixture(scope="module")
def svd(tmp_path_factory: pytest.TempPathFactory) -> str:
    pipe = tiny_svd(1, channels=(32, 64), layers=1, frames=3, vae_channels=(32, 32))
    return saved(pipe, tmp_path_factory.mktemp("models") / "svd")


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    pipe = tiny_text_to_video(1, channels=(32, 64), layers=1, vae_channels=(32, 32))
    return saved(pipe, tmp_path_factory.mktemp("models") / "text")


def verified(model: str, folder: Path, **options: Any) -> tuple[Evidence, dict[str, Any], str]:
    evidence = prepared(model, folder, **options).run()
    table = json.loads((folder / TABLE).read_text(encoding="utf-8"))
    return evidence, table, (folder / PAGE).read_text(encoding="utf-8")


def moving(prompt: str, phrase: str | None = None) -> Scene:
    thing = Subject(name="thing", phrase=phrase, keyframes=[Keyframe(time=0.0, box=START), Keyframe(time=1.0, box=END)])
    return Scene(prompt=prompt, subjects=[thing])


def test_every_method_that_can_act_is_tried_and_the_others_say_why(svd: str, tmp_path: Path) -> None:
    told = []
    options = {"methods": ["sg-i2v", "freetraj", "trailblazer", "time-to-move"], "tell": told.append}
    evidence, table, page = verified(svd, tmp_path, **options)
    assert [entry.state for entry in evidence.checks] == ["passed"] * 3, [entry.what for entry in evidence.checks]
    states = {entry["name"]: entry["state"] for entry in table["methods"]}
    assert states == {
        "none": "passed",
        "sg-i2v": "passed",
        "freetraj": "passed",
        "trailblazer": "cannot act",
        "time-to-move": "passed",
    }
    assert table["finished"]
    assert len(told) == 8
    for entry in table["methods"]:
        if entry["state"] == "passed":
            assert entry["seconds"] > 0
            assert entry["peak_memory"] > 1e6
            assert np.isfinite(entry["figures"]["red ball"]["guess"])
            assert (tmp_path / f"{entry['name']}.mp4").exists()
            assert f"<td>{entry['name']}</td>" in page
    assert "does not read" in page
    assert page.count("data:image/webp;base64,") == 4
    assert "http" not in page.replace("http://www.w3.org", "")
    assert table["settings"] | {"width": 32, "height": 32, "frames": 3, "steps": 2} == table["settings"]
    assert len(table["fingerprint"]) == 64


def test_one_that_fails_leaves_the_others_and_what_is_finished(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("of a library")

    monkeypatch.setattr(FreeTraj, "attention", broken)
    methods = ["freetraj", "peekaboo as_published=paper masked_steps=1"]
    evidence, table, page = verified(text, tmp_path, methods=methods, frames=2, steps=1)
    states = {entry.name: entry.state for entry in evidence.methods}
    assert states == {"none": "passed", "freetraj": "failed", methods[1]: "passed"}
    assert table["methods"][2]["knobs"] == {"as_published": "paper", "masked_steps": 1}
    assert (tmp_path / "peekaboo-as_published=paper-masked_steps=1.mp4").exists()
    assert [entry.name for entry in evidence.failed] == ["freetraj"]
    assert "ZeroDivisionError: of a library (test_verify.py, line" in page
    assert table["checks"][-1]["state"] == "passed"
    assert table["settings"]["steps"] == 1


def test_what_is_finished_is_there_when_it_is_stopped(
    svd: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(SGI2V, "latents", stopped)
    with pytest.raises(KeyboardInterrupt):
        prepared(svd, tmp_path, methods=["freetraj", "sg-i2v", "query-warp"], steps=1).run()
    table = json.loads((tmp_path / TABLE).read_text(encoding="utf-8"))
    assert [(entry["name"], entry["state"]) for entry in table["methods"]] == [
        ("none", "passed"),
        ("freetraj", "passed"),
        ("sg-i2v", "stopped"),
    ]
    assert not table["finished"]
    assert "did not come to the end" in (tmp_path / PAGE).read_text(encoding="utf-8")


def test_a_control_that_changes_a_bit_is_found(svd: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And so is a model that is not what it was."""
    from hitmark.verify.silent import Silent

    def louder(_self: Silent, latents: torch.Tensor, _step: Step) -> torch.Tensor:
        return latents * 1.0000002

    monkeypatch.setattr(Silent, "latents", louder)
    verification = prepared(svd, tmp_path, methods=[], steps=1)

    def told(entry: Entry) -> None:
        if entry.name == "none":
            _change(verification._pipe)

    verification.tell = told
    evidence = verification.run()
    loads, bits, restored = evidence.checks
    assert (loads.state, bits.state, restored.state) == ("passed", "failed", "failed")
    assert "standard deviations. Expected not a bit" in bits.what
    assert "another one than before" in restored.what


def _change(pipe: Any) -> None:
    with torch.no_grad():
        next(pipe.unet.parameters()).add_(0.1)


def test_a_folder_that_cannot_be_loaded_is_told(text: str, tmp_path: Path) -> None:
    import shutil

    broken = tmp_path / "broken"
    shutil.copytree(text, broken)
    next((broken / "unet").glob("*.safetensors")).write_bytes(b"no weights")
    evidence, table, page = verified(str(broken), tmp_path / "out")
    assert [(entry.name, entry.state) for entry in evidence.checks] == [("loads", "failed")]
    assert "cannot be loaded" in page
    assert table["finished"]
    assert not table["methods"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"methods": ["peekabo"]}, "did you mean 'peekaboo'"),
        ({"methods": ["peekaboo as_published=both"]}, "must be 'code' or 'paper'"),
        ({"frames": 0}, "frames"),
        ({"width": 30}, "multiples of"),
        ({"steps": 0}, "steps: expected a whole number"),
    ],
)
def test_wrong_options_are_told_before_anything_is_loaded(
    text: str, tmp_path: Path, options: dict[str, Any], expected: str
) -> None:
    with pytest.raises(HitmarkError, match=expected):
        prepared(text, tmp_path / "out", **options)
    assert not (tmp_path / "out" / PAGE).exists()


def test_the_command(text: str, tmp_path: Path) -> None:
    """Nothing of an earlier run is overwritten unasked."""
    out = tmp_path / "out"
    call = ["verify", "--model", text, "-o", str(out), "--steps", "1", "--frames", "2", "--methods", "query-warp"]
    found = CliRunner().invoke(app, call)
    assert found.exit_code == 0, found.output
    assert "query-warp: passed (" in found.output
    assert f"open {out / PAGE}" in found.output
    again = CliRunner().invoke(app, call)
    assert again.exit_code != 0
    assert "--force" in str(again.exception or again.output) + again.output
    assert json.loads((out / TABLE).read_text(encoding="utf-8"))["settings"]["scene"] == "built in"


def test_the_built_in_picture_shows_the_ball_in_its_box() -> None:
    picture = np.asarray(meadow(64, 48)).astype(int)
    red = (picture[..., 0] > picture[..., 1] + 40) & (picture[..., 0] > picture[..., 2] + 40)
    rows, columns = np.nonzero(red)
    box = np.array([columns.min() / 64, rows.min() / 48, (columns.max() + 1) / 64, (rows.max() + 1) / 48])
    assert np.abs(box - np.array(START)).max() < 1 / 24
    assert max(END) < 1


def test_an_embedded_model_gets_a_scene_of_its_own_world() -> None:
    from hitmark.backbones.catalog import model_card

    scene, picture = built_in_scene(model_card("sprites-t2v"))
    assert picture is None
    assert str(scene.subjects[0].phrase) in scene.prompt
    scene, picture = built_in_scene(model_card("sprites-i2v"))
    assert picture is not None
    assert picture.size == (64, 64)


def test_a_transformer_with_a_scene_without_words(tmp_path: Path) -> None:
    """As the examples of SG-I2V are: methods that need a phrase say so, before anything is loaded."""
    folder = saved(tiny_wan(), tmp_path / "wan", side=32, frames=5)
    wanted = moving("something moves")
    options: dict[str, Any] = {"methods": ["region-prompts", "query-warp"], "steps": 1}
    evidence, _table, _page = verified(folder, tmp_path / "out", scene=wanted, told="thing.json", **options)
    assert [(entry.name, entry.state) for entry in evidence.methods][1:] == [
        ("region-prompts", "cannot act"),
        ("query-warp", "passed"),
    ], [entry.what for entry in evidence.methods]
    assert "has no phrase" in evidence.methods[1].what
    assert all(entry.state == "passed" for entry in evidence.checks), [entry.what for entry in evidence.checks]


def test_weights_that_do_both_are_verified_from_the_picture_where_one_is_given(tmp_path: Path) -> None:
    folder = saved(tiny_wan("ti2v"), tmp_path / "both", side=32, frames=5)
    for image, pipeline in ((None, "WanPipeline"), (Image.new("RGB", (32, 32)), "WanImageToVideoPipeline")):
        verification = prepared(
            folder, tmp_path / pipeline, image=image, scene=image and moving("a ball", "ball"), steps=1
        )
        assert verification.evidence.pipeline == type(verification.load()).__name__ == pipeline
        reads = next(acting for acting in verification.methods if acting.method == "sg-i2v")
        assert (reads.refusal is None) is (image is not None)
