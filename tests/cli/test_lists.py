"""`hitmark observers`, `hitmark datasets` and `hitmark methods`: what there is, without loading any of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hitmark.backbones.catalog import model_card
from hitmark.backbones.families import FAMILIES
from hitmark.bench.scorers import NETWORKS, SCORERS
from hitmark.cli.datasets import HOLDS
from hitmark.datasets import READERS
from hitmark.datasets.sprite_worlds import NAME, TEXT_NAME
from hitmark.errors import HitmarkError
from hitmark.method_fit import check_acting_points
from hitmark.methods import METHODS
from hitmark.observers.catalog import observers
from hitmark.run.acting import acting_on
from hitmark.run.presets import build
from hitmark.scene.schema import Scene


def test_every_observer_and_network_is_listed(hitmark: Any) -> None:
    done = hitmark("observers")
    assert done.exit_code == 0, done.output
    for name in [*SCORERS, *(f"{each}:SOURCE" for each in NETWORKS)]:
        (line,) = [line for line in done.stdout.splitlines() if line.split()[:1] == [name]]
        assert len(line.split()) > 4, "each says what it does"
    for card in observers():
        assert f"{card.name}: {card.gives}" in done.stdout
        assert card.license in done.stdout
    told = json.loads(hitmark("observers", "--json").stdout)
    assert [each["name"] for each in told["sources"]] == [card.name for card in observers()]
    assert set(told["plain"]) == set(SCORERS)


def test_every_method_says_whether_it_can_act_on_a_model(hitmark: Any) -> None:
    done = hitmark("methods", "--model", "svd")
    assert done.exit_code == 0, done.output
    said = {line.split()[0]: line.split(maxsplit=1)[1] for line in done.stdout.splitlines()}
    assert list(said) == [name for name in METHODS if name != "none"]
    assert said["sg-i2v"].startswith("acts ")
    assert said["trailblazer"].startswith("cannot act ")
    assert "does not read" in said["trailblazer"]
    both = {each["name"]: each for each in json.loads(hitmark("methods", "--model", "wan2.2-ti2v-5b", "--json").stdout)}
    assert (both["sg-i2v"]["acts"], both["sg-i2v"]["where"]) == (True, "from an image")
    assert both["sg-i2v"]["reason"].startswith("not from words: sg-i2v reads what things look like")
    assert (both["ivg-da"]["reason"], both["ivg-da"]["where"]) == (None, "from words")
    told = {each["name"]: each for each in json.loads(hitmark("methods", "--model", "svd", "--json").stdout)}
    assert told["sg-i2v"] == told["sg-i2v"] | {"acts": True, "reason": None, "default": True}
    assert told["region-prompts"]["reason"].startswith("region-prompts edits attention by the words")
    plain = hitmark("methods").stdout
    assert "cannot act" not in plain
    assert all(name in plain for name in said)


@pytest.mark.parametrize("model", ["svd", "modelscope", "sprites-t2v", "wan2.1-t2v-1.3b"])
def test_what_acts_is_what_the_table_of_families_says(model: str) -> None:
    """Of every method, as `attach` would refuse it."""
    card = model_card(model)
    abilities = FAMILIES[card.pipeline].abilities
    for acting in acting_on(card):
        controls = build(acting.method, model=model)
        if acting.refusal is None:
            check_acting_points(controls, card.name, abilities)
            continue
        with pytest.raises(HitmarkError) as error:
            check_acting_points(controls, card.name, abilities)
        assert acting.refusal == str(error.value)


def test_every_kind_of_dataset_is_listed(hitmark: Any) -> None:
    assert {spec.partition(":")[0] for spec in HOLDS} == {*READERS, NAME, TEXT_NAME}
    done = hitmark("datasets")
    assert done.exit_code == 0, done.output
    assert "davis:FOLDER" in done.stdout
    assert "choices: degenerate, layout, size, broken" in done.stdout
    told = json.loads(hitmark("datasets", "--json").stdout)
    assert {each["spec"]: each["choices"] for each in told}["vipseg:FOLDER"][:3] == ["split", "protocol", "broken"]


def test_a_dataset_is_shown(hitmark: Any) -> None:
    done = hitmark("datasets", "sprites-text:tune:0-3")
    assert done.exit_code == 0, done.output
    for part in ("entries  3 kept, 0 dropped", "first    tune-000000, kind static", "has    real clip, true places"):
        assert part in done.stdout
    told = json.loads(hitmark("datasets", "sprites-text:tune:0-3", "--json").stdout)
    assert (told["kept"], told["first"]["id"], told["first"]["picture"]) == (3, "tune-000000", False)
    assert told["first"]["scene"]["prompt"]


def test_dropped_entries_and_choices(hitmark: Any, refused: Any, tmp_path: Path) -> None:
    folder = tmp_path / "scenes"
    folder.mkdir()
    keyframes = [{"time": 0, "box": [0.1, 0.1, 0.4, 0.4]}]
    Scene.from_dict({"prompt": "a", "subjects": [{"name": "cat", "keyframes": keyframes}]}).save(folder / "a.json")
    for number in range(30):
        (folder / f"b{number}.json").write_text("{")
    assert "b0.json" in refused("datasets", folder)
    done = hitmark("datasets", folder, "--choice", "broken=drop")
    assert done.exit_code == 0, done.output
    assert "1 kept, 30 dropped" in done.stdout
    assert "... and 10 more" in done.stdout
    assert "wanted cat: 1 keyframe" in done.stdout
    (folder / "a.json").unlink()
    told = refused("datasets", f"scenes:{folder}", "--choice", "broken=drop")
    assert "no entry is left: 30 dropped, such as b0" in told
    assert len(told.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("davis:nowhere",), "get it at"),
        (("nowhere",), "no such file or folder"),
        (("sprites-text:tune:0-3", "--choice", "broken=drop"), "no choice broken"),
        (("sprites-text:tune:0-3", "--choice", "broken"), "expected NAME=VALUE"),
    ],
)
def test_what_cannot_be_opened_is_said(refused: Any, words: tuple[str, ...], told: str) -> None:
    assert told in refused("datasets", *words)


def test_listing_needs_no_torch() -> None:
    script = (
        "import sys; from typer.testing import CliRunner; from hitmark.cli import app;"
        "done = [CliRunner().invoke(app, [name]) for name in ('observers', 'datasets')];"
        "assert [each.exit_code for each in done] == [0, 0], done; print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
