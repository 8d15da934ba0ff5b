"""Records and scenes name a model so that it is found elsewhere: by the catalog, the hub, or relative to the file."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from hitmark.backbones.catalog import MODELS, model_card
from hitmark.run.model_choice import card_for, catalog_name, find_model, portable_name
from hitmark.scene import Scene

EMBEDDED = [name for name, card in MODELS.items() if card.embedded]


@pytest.mark.parametrize("name", EMBEDDED)
def test_an_embedded_model_has_its_name_wherever_it_was_loaded_from(name):
    folder = str(model_card(name).path)
    assert catalog_name(folder) == catalog_name(name) == name
    assert catalog_name(f"/another/place/site-packages/hitmark/sprites/weights/{name}") == name
    pipe = SimpleNamespace(name_or_path=folder)
    assert card_for(Scene(), pipe).name == name
    assert card_for(Scene(model=folder)).name == name


def test_models_of_the_hub_have_their_name_in_the_cache_too():
    card = MODELS["svd"]
    cached = f"/home/me/.cache/huggingface/hub/models--{card.hub_id.replace('/', '--')}/snapshots/abc"
    assert catalog_name(card.hub_id) == catalog_name(cached) == "svd"
    assert catalog_name("someone/else") == "someone/else"


def test_a_folder_is_named_relative_to_the_file_and_found_again(tmp_path):
    (tmp_path / "run" / "models" / "mine").mkdir(parents=True)
    absolute = str(tmp_path / "run" / "models" / "mine")
    assert portable_name(absolute, tmp_path / "run") == "models/mine"
    assert portable_name(absolute, tmp_path / "run" / "out") == "../models/mine"
    assert portable_name("svd", tmp_path) == "svd"
    (tmp_path / "run").rename(tmp_path / "moved")
    found = find_model(Scene(model="models/mine"), tmp_path / "moved")
    assert found.model == os.path.join(str(tmp_path), "moved", "models", "mine")
    assert find_model(Scene(model="models/none"), tmp_path / "moved").model == "models/none"
    assert find_model(Scene(), tmp_path).model is None
