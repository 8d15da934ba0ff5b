"""What a method changes outside of the boxes, against the uncontrolled clip of the same place."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from hitmark.bench.store import CLIP
from hitmark.files import OutputError
from hitmark.media.video import read_video
from hitmark.report import outside
from hitmark.report.boxes import Boxes
from hitmark.report.figures import OUTSIDE, Figure
from hitmark.report.outside import KEPT_FILE, Distance, outside_boxes, with_outside
from hitmark.report.run_record import BenchRun, read_run
from hitmark.report.write import make_report
from hitmark.sprites import perceptual
from hitmark.sprites.perceptual import layer_distance, load_perceptual
from tests.report.fakes import FakeRun, looked

FIGURE = Figure("sprites", OUTSIDE)
BOX = np.array([0.25, 0.25, 0.5, 0.5])
SPRITES = {"sprites": {"overlap": [0.5]}}
RECORD = looked(np.tile(BOX, (1, 4, 1)), np.tile(BOX, (1, 4, 1)), observer="sprites")


def plain_distance() -> Distance:
    """Mean difference of levels where the mask is set."""
    return lambda first, second, where: float(np.abs(first.astype(float) - second)[where].mean())


@pytest.fixture
def run(tmp_path: Path) -> BenchRun:
    fake = FakeRun(tmp_path / "run", ["none", "peekaboo", "freetraj"])
    for item in ("a", "b"):
        fake.add("none", item, SPRITES, record=RECORD)
        fake.add("peekaboo", item, SPRITES, record=RECORD)
    fake.add("freetraj", "a", {"owl": {"overlap": [0.5]}}, record=RECORD)
    fake.add("freetraj", "b", SPRITES, record=RECORD, shape=(4, 24, 40))
    fake.add("freetraj", "c", SPRITES, record=RECORD)
    return read_run(tmp_path / "run")


def test_the_mask_leaves_out_wanted_boxes_of_their_frames() -> None:
    boxes = np.array([[0.25, 0.5, 0.5, 1.0], [-0.5, -0.5, 0.25, 0.25], [0, 0, 1, 1]])
    where = outside_boxes((Boxes(boxes, np.array([True, True, False])),), 3, 8, 8)
    expected = np.ones((3, 8, 8), bool)
    expected[0, 4:8, 2:4] = False
    expected[1, 0:2, 0:2] = False
    assert np.array_equal(where, expected)


def test_every_controlled_clip_is_compared_with_its_own_uncontrolled_one(run: BenchRun) -> None:
    found = with_outside(run, plain_distance)
    values = {(clip.row.method, clip.scene[1]): clip.figures.get(FIGURE) for clip in found.clips}
    assert values["none", "a"] is None
    # fakes are painted with the level of their number times 7, except for the white square, which is the same
    assert values["peekaboo", "b"] == values["peekaboo", "a"]
    first, second = _pair(run)
    where = outside_boxes(run.clips[0].wanted or (), 4, 24, 32)
    assert values["peekaboo", "a"] == (pytest.approx(np.abs(first - second)[where].mean()),)
    assert values["freetraj", "a"] is None, "not scored by the sprite observer"
    assert values["freetraj", "b"] is None, "another size"
    assert values["freetraj", "c"] is None, "no partner"


def _pair(run: BenchRun) -> tuple[np.ndarray, np.ndarray]:
    clips = {clip.row.method: clip for clip in run.clips if clip.scene[1] == "a"}
    none, ours = (read_video(clips[name].folder / CLIP)[0].astype(float) for name in ("none", "peekaboo"))
    return none, ours


def test_the_network_is_the_sprite_worlds(run: BenchRun) -> None:
    found = with_outside(run)
    (value,) = next(clip.figures[FIGURE] for clip in found.clips if clip.row.method == "peekaboo")
    first, second = (each.astype(np.uint8) for each in _pair(run))
    where = outside_boxes(run.clips[0].wanted or (), 4, 24, 32)
    assert value == pytest.approx(layer_distance(second, first, load_perceptual(), where))
    assert value > 0


def test_what_was_computed_is_kept_by_content(run: BenchRun, monkeypatch: pytest.MonkeyPatch) -> None:
    first = with_outside(run)
    kept = run.folder / KEPT_FILE
    assert len(json.loads(kept.read_text())) == 2

    def refused(*_: object) -> float:
        raise AssertionError("computed again")

    with monkeypatch.context() as patch:
        patch.setattr(perceptual, "layer_distance", refused)
        again = with_outside(run)
        assert [clip.figures for clip in again.clips] == [clip.figures for clip in first.clips]
        for clip in run.clips:
            if clip.row.method == "peekaboo" and clip.wanted is not None:
                clip.wanted[0].boxes[0, 2] = 1.0
        with pytest.raises(AssertionError, match="computed again"):
            with_outside(run)
    for torn in (b"", b"[]", b'{"a": "b"}', b"\xff"):
        kept.write_bytes(torn)
        assert len([clip for clip in with_outside(run).clips if FIGURE in clip.figures]) == 2
    kept.unlink()
    monkeypatch.setattr(outside, "write_text", _full)
    assert len([clip for clip in with_outside(run).clips if FIGURE in clip.figures]) == 2
    assert not kept.exists()


def _full(*_: object) -> None:
    raise OutputError("the disk is full")


def test_a_clip_that_cannot_be_decoded_and_boxes_everywhere_are_not_measured(run: BenchRun, tmp_path: Path) -> None:
    torn = next(clip for clip in run.clips if clip.row.method == "peekaboo")
    whole = (torn.folder / CLIP).read_bytes()
    (torn.folder / CLIP).write_bytes(whole[: len(whole) // 2])
    found = with_outside(run, plain_distance)
    values = [clip.figures[FIGURE] for clip in found.clips if clip.row.method == "peekaboo"]
    assert [bool(np.isnan(value[0])) for value in values] == [True, False]
    full = np.tile([0.0, 0, 1, 1], (1, 4, 1))
    fake = FakeRun(tmp_path / "full", ["none", "peekaboo"])
    for row in ("none", "peekaboo"):
        fake.add(row, "a", SPRITES, record=looked(full, full, observer="sprites"))
    (_, ours) = with_outside(read_run(tmp_path / "full"), plain_distance).clips
    assert np.isnan(ours.figures[FIGURE][0])


def test_it_is_a_column_of_the_report_and_absent_without_a_partner(run: BenchRun, tmp_path: Path) -> None:
    report = make_report(run.folder, clips=0, draws=100)
    assert report.table.figures[FIGURE] == "outside"
    none, ours, _ = report.table.lines
    assert none.cells[FIGURE].estimate is None
    assert ours.cells[FIGURE].estimate is not None
    FakeRun(tmp_path / "alone", ["peekaboo"]).add("peekaboo", "a", SPRITES, record=RECORD)
    assert FIGURE not in make_report(tmp_path / "alone", clips=0, draws=100).table.figures
