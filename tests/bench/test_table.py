from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from hitmark.bench import rows, table
from hitmark.errors import HitmarkError
from hitmark.methods.spec import read_pairs

KEYS = ("seed", "variant")


def _row(seed: int, variant: str, guesses: list[float]) -> table.Row:
    count = len(guesses)
    shares = [1.0, 0.25][:count]
    looks = [guess + 1 for guess in guesses]
    return table.Row(seed, variant, guesses, guesses, looks, shares, shares, [0.9] * count, 30.0, 0.01, 2.0)


def test_the_summary_is_over_sprites_for_errors_and_over_clips_for_the_rest() -> None:
    values = table.summarize([_row(1, "SG-I2V", [2.0, 4.0]), _row(2, "SG-I2V", [9.0])])
    assert values["ObjMC px"] == pytest.approx(5.0)
    assert values["found %"] == pytest.approx(200 / 3)
    assert values["ObjMC by looks px"] == pytest.approx(6.0)
    assert values["median px"] == pytest.approx(4.0)
    assert values["found by looks %"] == pytest.approx(200 / 3)
    assert values["clips"] == 2
    assert values["first frame dB"] == pytest.approx(30.0)


def test_the_ratio_pairs_scenes_and_its_interval_holds_it() -> None:
    generator = np.random.default_rng(3)
    baseline = [_row(seed, "no control", [float(value)]) for seed, value in enumerate(generator.uniform(10, 20, 30))]
    halves = [_row(row.seed, "SG-I2V", [row.guesses[0] / 2]) for row in reversed(baseline)]
    ratio, low, high = table.ratio_interval(halves, baseline)
    assert (ratio, low, high) == pytest.approx((0.5, 0.5, 0.5))
    noisy = [_row(row.seed, "SG-I2V", [row.guesses[0] * generator.uniform(0.2, 0.8)]) for row in baseline]
    ratio, low, high = table.ratio_interval(noisy, baseline)
    assert low < ratio < high
    assert high - low < 0.3


def test_the_table_has_a_line_per_variant_and_no_ratio_without_a_baseline() -> None:
    text = table.markdown([_row(1, "no control", [10.0]), _row(1, "SG-I2V", [4.0])])
    assert len(text.splitlines()) == 4
    assert "0.40 (0.40 to 0.40)" in text.splitlines()[3]
    alone = table.markdown([_row(1, "SG-I2V", [4.0])])
    assert alone.splitlines()[2].endswith("| 1 |")


def test_finished_rows_are_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = _row(7, "no control", [3.0])
    (tmp_path / "rows.jsonl").write_text(json.dumps(row.__dict__) + "\n", encoding="utf-8")
    monkeypatch.setattr(table, "score", lambda *_: pytest.fail("scored again"))
    assert rows.scored([(7, "no control", "sprites-i2v", {})], table.score, table.Row, tmp_path, 1, KEYS) == [row]


def test_a_folder_holds_rows_of_one_model_and_one_set_of_knobs(tmp_path: Path) -> None:
    from hitmark.backbones.catalog import model_card

    rows.claim(tmp_path / "out", "sprites-i2v", {"ours": ("sg-i2v", {"iterations": 3})})
    rows.claim(tmp_path / "out", "sprites-i2v", {"ours": ("sg-i2v", {"iterations": 3}), "free": ("none", {})})
    with pytest.raises(HitmarkError, match="another model, weights or knobs"):
        rows.claim(tmp_path / "out", "sprites-i2v", {"ours": ("sg-i2v", {"iterations": 4})})
    rows.claim(tmp_path / "out", "sprites-i2v", {"ours": ("sg-i2v", {"iterations": 3})})
    source = model_card("sprites-i2v").path
    assert source is not None
    shutil.copytree(source, tmp_path / "model")
    rows.claim(tmp_path / "other", str(tmp_path / "model"), {"free": ("none", {})})
    with (tmp_path / "model" / rows.WEIGHTS).open("ab") as file:
        file.write(b"\0")
    with pytest.raises(HitmarkError, match="another model, weights or knobs"):
        rows.claim(tmp_path / "other", str(tmp_path / "model"), {})


def test_a_changed_default_counts_as_another_knob(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import dataclasses

    from hitmark.methods import METHODS

    rows.claim(tmp_path, "sprites-i2v", {"ours": ("sg-i2v", {})})
    changed = dataclasses.replace(METHODS["sg-i2v"][0], iterations=9)  # pyright: ignore[reportCallIssue]
    monkeypatch.setitem(METHODS, "sg-i2v", (changed,))
    with pytest.raises(HitmarkError, match="another model, weights or knobs"):
        rows.claim(tmp_path, "sprites-i2v", {"ours": ("sg-i2v", {})})


def test_knobs_are_read_as_json_where_they_are_and_as_words_otherwise() -> None:
    assert read_pairs(["stop=0.5", "features=self", "merge_cutoff=null"]) == {
        "stop": 0.5,
        "features": "self",
        "merge_cutoff": None,
    }
