"""Labels in any script: letters where a font has them, a dot where none has, never an empty box."""

from __future__ import annotations

import pytest
from PIL import ImageFont

from hitmark.drawing import lettering
from hitmark.drawing.lettering import LONGEST, MISSING, UNKNOWN, lettered


def shape(text, font):
    mask = font.getmask(text)
    return mask.size, bytes(mask)


@pytest.mark.parametrize("text", ["Müller", "žluťoučký kůň", "Ελλάδα", "Москва", "red car"])
def test_european_scripts_are_drawn_in_full(text):
    written, font = lettered(text, 24)
    assert written == text
    assert all(shape(each, font) != shape(MISSING, font) for each in text if each != " ")


def test_what_no_font_has_becomes_a_dot(monkeypatch):
    monkeypatch.setattr(lettering, "ELSEWHERE", ("no such font.ttf",))
    written, font = lettered("映画 ü", 24)
    assert written == f"{UNKNOWN}{UNKNOWN} ü"
    assert shape(UNKNOWN, font) != shape(MISSING, font)


def test_a_font_of_the_system_is_taken_where_it_has_more(monkeypatch):
    monkeypatch.setattr(lettering, "_own", ImageFont.load_default)  # knows Latin only
    path = lettering.Path(str(lettering.find_spec("matplotlib").origin)).parent / "mpl-data/fonts/ttf/DejaVuSans.ttf"
    monkeypatch.setattr(lettering, "ELSEWHERE", ("no such font.ttf", str(path)))
    assert lettered("Москва", 24)[0] == "Москва"


def test_long_labels_are_cut():
    assert lettered("a" * 40, 24)[0] == "a" * (LONGEST - 1) + "…"


def test_with_pillows_own_font_labels_have_no_boxes_either(monkeypatch):
    monkeypatch.setattr(lettering, "_own", ImageFont.load_default)
    monkeypatch.setattr(lettering, "ELSEWHERE", ())
    written, font = lettered("a car, Müller", 24)
    assert written.startswith("a car, M")
    assert len(written) == len("a car, Müller")
    assert all(shape(each, font) != shape(MISSING, font) for each in written if each != " ")
