"""Networks of known classes that attend in a way in which controls cannot act: refused by name, with nothing run."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hitmark.backbones import tiny
from hitmark.backbones.catalog import OF_PIPELINE
from hitmark.errors import HitmarkError
from hitmark.hooks import attach
from hitmark.methods import build
from hitmark.run.acting import acting_on
from hitmark.run.fit import check_fit
from hitmark.run.plan import plan

from .families import PROMPT, SCENE
from .pipelines import traces

MASKS = {"name": "peekaboo", "knobs": {"as_published": "paper"}}
NETWORKS: dict[str, tuple[Any, dict[str, Any], str]] = {
    "frames that see the frames before them alone": (
        tiny.tiny_skyreels_v2,
        {"num_frame_per_block": 3},
        r"^num_frame_per_block: groups of 3 frames .* expected 1",
    ),
    "blocks of tokens that are left out": (
        tiny.tiny_kandinsky,
        {"attention_type": "nabla"},
        r"^attention_type: this network is 'nabla'.* expected 'regular'",
    ),
}


@pytest.mark.parametrize("kind", NETWORKS)
def test_a_network_whose_attention_cannot_be_edited(kind: str, tmp_path: Path) -> None:
    """On a pipeline, and of a folder before its weights are loaded; what edits no attention may act."""
    make, config, told = NETWORKS[kind]
    pipe = make()
    pipe.transformer.register_to_config(**config)
    clean = traces(pipe)
    with pytest.raises(HitmarkError, match=told), attach(pipe, SCENE, build("peekaboo", MASKS["knobs"])):
        pass
    assert traces(pipe) == clean
    with attach(pipe, SCENE, build("temporal-intrinsic")):
        pass
    pipe.transformer.save_config(tmp_path / "transformer")
    pipe.vae.save_config(tmp_path / "vae")
    scene = SCENE.replace(prompt=PROMPT, model=OF_PIPELINE[type(pipe).__name__], frames=17)
    planned = plan(scene.replace(method=MASKS))
    with pytest.raises(HitmarkError, match=told):
        check_fit(replace(planned, card=replace(planned.card, path=tmp_path, name="own")))


def test_words_that_a_network_changes_in_each_layer_are_told_before_its_weights_are_loaded(tmp_path: Path) -> None:
    """As LTX-2.3 does, and LTX-2.0 does not."""
    scene = SCENE.replace(prompt=PROMPT, model="ltx-2", frames=17, method={"name": "region-prompts"})
    planned = plan(scene)
    told = "shifts and scales the words in each layer"
    for version in ("2.0", "2.3"):
        folder = tmp_path / version
        pipe = tiny.tiny_ltx2(version)
        pipe.transformer.save_config(folder / "transformer")
        pipe.vae.save_config(folder / "vae")
        card = replace(planned.card, path=folder, name="own")
        with pytest.raises(HitmarkError, match=told) if version == "2.3" else nullcontext():
            check_fit(replace(planned, card=card))
        (listed,) = acting_on(card, ["region-prompts"])
        assert (listed.refusal is None) == (version == "2.0")
