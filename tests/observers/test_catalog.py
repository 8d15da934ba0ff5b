"""The cards say what is there."""

from __future__ import annotations

import ast
from importlib.util import find_spec
from pathlib import Path

from hitmark.observers.catalog import describe_observers, observers


def test_every_card_names_a_function_that_is_there():
    for card in observers():
        module, function = card.load.split(".")
        spec = find_spec(f"hitmark.observers.{module}")
        assert spec is not None
        assert spec.origin is not None
        tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
        assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, card.name


def test_every_card_says_license_and_what_was_tried():
    cards = observers()
    assert len({card.name for card in cards}) == len(cards) >= 9
    assert all(card.license and card.verified and card.source and card.gives for card in cards)


def test_text_has_every_card():
    text = describe_observers()
    for card in observers():
        assert f"{card.name}: {card.gives}" in text
        assert card.license in text
    assert "CC-BY-NC-4.0: non-commercial use only" in text
