"""The page: whole, without a network, and with the clips that were asked for."""

from __future__ import annotations

import base64
import io
import json
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hitmark.bench.store import CLIP
from hitmark.files import OutputError
from hitmark.report import filmstrips, write
from hitmark.report.charts import Point, Scale, marks, scatter, spreads
from hitmark.report.contents import Report
from hitmark.report.figures import Figure
from hitmark.report.filmstrips import MOST_FRAMES, SIDE, choose, filmstrip
from hitmark.report.run_record import BenchRun, read_run
from hitmark.report.statistics import Estimate
from hitmark.report.write import make_report, write_report
from hitmark.scene.schema import Scene
from hitmark.scene.tracks import evaluate
from tests.report.fakes import FakeRun, errors

ERROR = Figure("template", "path error")
UNCLOSED = {"meta", "link", "input", "br"}
STRANGE = 'b<script>alert("x")</script>'


class Checked(HTMLParser):
    """Notes whether all elements are closed in turn, and every address."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [str(value) for name, value in attrs if name in ("src", "href")]
        if tag not in UNCLOSED:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four scenes of two kinds, two rows; a name that would break the page; one clip is missing."""
    fake = FakeRun(tmp_path / "run", ["none", "peekaboo"])
    for scene, name in enumerate(["a", STRANGE, "c", "d"]):
        quality = {"frames": {"color shift": 0.1 * scene}}
        kind = "one" if scene < 2 else "two"
        fake.add("none", name, errors(0.1 * scene) | quality, kind=kind)
        if scene:
            fake.add("peekaboo", name, errors(0.4 - 0.1 * scene) | quality, kind=kind)
    (tmp_path / "run" / "failed" / "k.json").write_text('{"job": "k", "error": "<b>no luck</b>"}')
    return tmp_path / "run"


def test_the_page_is_whole_and_needs_nothing_else(folder: Path) -> None:
    paths = write_report(make_report(folder, draws=100), folder / "report")
    names = ["index.html", "tables.md", "tables.tex", "tables.csv", "published.csv", "over_time.csv", "clips.csv"]
    assert [path.name for path in paths] == names
    text = paths[0].read_text(encoding="utf-8")
    checked = Checked()
    checked.feed(text)
    assert checked.open == []
    assert checked.addresses == ["data:,"]
    assert not re.search(r"https?://", text)
    assert "alert(" not in text.replace("&lt;script&gt;alert(", "")
    assert "<b>no luck" not in text
    assert text.count('<div class="film moving"') == 7
    assert text.count('<div class="none"') == 1
    for svg in re.findall(r"<svg.*?</svg>", text):
        ElementTree.fromstring(svg)
    assert text.count("<svg") == 3


def test_the_script_gets_the_measured_values(folder: Path) -> None:
    (path, *_) = write_report(make_report(folder, draws=100), folder / "report")
    found = re.search(r'id="values">(.*?)</script>', path.read_text(encoding="utf-8"))
    assert found is not None
    data = json.loads(found[1])
    names = [figure["name"] for figure in data["figures"]]
    assert names[0] == "path error"
    assert data["figures"][0]["better"] == "smaller"
    assert len(data["cards"]) == 4
    first = data["cards"][0]
    assert [row[0] for row in first] == [pytest.approx(0.1), pytest.approx(0.3)], "the worst of the controlled row"
    assert data["cards"][3][1][0] is None, "the place without a clip of that row comes last"


def test_the_same_run_gives_the_same_bytes(folder: Path) -> None:
    one = [path.read_bytes() for path in write_report(make_report(folder, draws=100), folder / "one")]
    other = [path.read_bytes() for path in write_report(make_report(folder, draws=100), folder / "other")]
    assert one == other


def test_no_clips_are_shown_where_none_are_asked_for(folder: Path) -> None:
    report = make_report(folder, clips=0, draws=100)
    assert report.shown == []
    text = write.page(report)
    assert "<h2>Clips" not in text
    assert "<script>" not in text


def test_a_run_with_one_row_and_unknown_figures_has_a_page(tmp_path: Path) -> None:
    FakeRun(tmp_path, ["peekaboo"]).add("peekaboo", "a", {"owl": {"sharpness": 3.0}}, kind=None)
    report = make_report(tmp_path, draws=100)
    assert (report.control, report.quality, report.kinds) == (None, None, [])
    checked = Checked()
    checked.feed(write.page(report))
    assert checked.open == []


def test_a_folder_that_cannot_be_written_is_told(folder: Path) -> None:
    (folder / "file").write_text("")
    with pytest.raises(OutputError, match="file"):
        write_report(make_report(folder, clips=0, draws=100), folder / "file" / "report")


def test_half_of_the_clips_are_the_worst_of_the_controlled_rows(tmp_path: Path) -> None:
    fake = FakeRun(tmp_path, ["none", "peekaboo"])
    for scene in range(9):
        fake.add("none", f"s{scene}", errors(0.1 * (9 - scene)))
        fake.add("peekaboo", f"s{scene}", errors(0.1 * scene))
    run = read_run(tmp_path)
    plain = {run.rows[0]}
    chosen = [(place[0][1], worst) for place, worst in choose(run, 4, ERROR, plain)]
    assert chosen == [("s8", True), ("s7", True), ("s0", False), ("s6", False)]
    everything = [place[0][1] for place, _ in choose(run, 99, ERROR, plain)]
    assert everything == [f"s{scene}" for scene in reversed(range(9))]
    greater = Figure("template", "found")
    assert len(choose(run, 3, greater, plain)) == 3
    assert choose(run, 0, ERROR, plain) == []
    assert choose(run, 1, ERROR, plain) == [((("nowhere:test", "s8"), 0), True)]


def drawn(strip: filmstrips.Filmstrip) -> np.ndarray:
    """(frames, height, width, 3) of a strip."""
    picture = Image.open(io.BytesIO(base64.b64decode(strip.uri.partition(",")[2]))).convert("RGB")
    values = np.asarray(picture)
    assert values.shape == (strip.height, strip.frames * strip.width, 3)
    return values.reshape(strip.height, strip.frames, strip.width, 3).transpose(1, 0, 2, 3)


def only(run: BenchRun) -> filmstrips.Clip:
    (clip,) = run.clips
    return clip


def test_a_strip_has_the_frames_with_the_boxes(tmp_path: Path) -> None:
    FakeRun(tmp_path, ["none"]).add("none", "a", errors(0.5))
    clip = only(read_run(tmp_path))
    keyframes = [{"time": 0, "box": [0.5, 0.5, 0.9, 0.9]}]
    scene = Scene.from_dict({"subjects": [{"name": "square", "keyframes": keyframes}]})
    plain, boxed = filmstrip(clip, []), filmstrip(clip, evaluate(scene, 4))
    assert (plain.frames, max(plain.width, plain.height)) == (4, SIDE)
    frames, with_boxes = drawn(plain).astype(int), drawn(boxed).astype(int)
    left = [np.flatnonzero(frame[60].mean(-1) > 200).min() for frame in frames]
    assert np.diff(left) == pytest.approx([25, 25, 25], abs=2), "5 of 32 pixels a frame, 5 times as large"
    changed = np.abs(with_boxes - frames).max(axis=(0, 3)) > 60
    rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
    assert columns.min() / SIDE == pytest.approx(0.5, abs=0.05)
    assert columns.max() / SIDE == pytest.approx(0.9, abs=0.05)
    assert rows.min() / boxed.height == pytest.approx(0.5, abs=0.05)


def test_long_and_large_clips_are_reduced(tmp_path: Path) -> None:
    FakeRun(tmp_path, ["none"]).add("none", "a", errors(0.5), shape=(40, 56, 280))
    strip = filmstrip(only(read_run(tmp_path)), [])
    assert (strip.frames, strip.width, strip.height) == (MOST_FRAMES, SIDE, 32)


def test_a_clip_that_cannot_be_decoded_says_so(tmp_path: Path) -> None:
    place = FakeRun(tmp_path, ["none"]).add("none", "a", errors(0.5))
    clip = only(read_run(tmp_path))
    whole = (place / CLIP).read_bytes()
    (place / CLIP).write_bytes(whole[: len(whole) * 2 // 3])
    strip = filmstrip(clip, [])
    assert strip.uri == ""
    assert "cut short" in strip.problem or "damaged" in strip.problem


def test_plans_of_a_known_dataset_are_drawn_and_others_are_told(tmp_path: Path) -> None:
    keyframes = [{"time": 0, "box": [0.1, 0.1, 0.3, 0.3]}, {"time": 1, "box": [0.6, 0.1, 0.8, 0.3]}]
    scene = Scene.from_dict({"prompt": "a car", "subjects": [{"name": "car", "keyframes": keyframes}]})
    scenes = tmp_path / "scenes"
    scenes.mkdir()
    scene.save(scenes / "drive.json")
    fake = FakeRun(tmp_path / "run", ["none"], scenes=str(scenes))
    fake.add("none", "drive", errors(0.5))
    clip = only(read_run(tmp_path / "run"))
    tracks = filmstrips.planned_tracks(clip)
    assert tracks is not None
    assert tracks[0].boxes[:, 0] == pytest.approx([0.1, 0.1 + 0.5 / 3, 0.1 + 1 / 3, 0.6])
    report: Report = make_report(tmp_path / "run", draws=100)
    assert [shown.planned for shown in report.shown] == [True]
    FakeRun(tmp_path / "other", ["none"]).add("none", "drive", errors(0.5))
    other = make_report(tmp_path / "other", draws=100)
    assert [shown.planned for shown in other.shown] == [False]
    assert "the dataset is not at hand" in write.page(other)


def test_a_scale_holds_its_values_and_has_round_ticks() -> None:
    for low, high in ((0.0, 1.0), (3.0, 3.0), (0.0, 0.0), (-0.02, 7e4), (1e-9, 2e-9)):
        scale = Scale.around([low, high], 10, 110)
        assert 10 <= scale(low) <= scale(high) <= 110
        ticks = scale.ticks()
        assert 2 <= len(ticks) <= 12, (low, high)
        assert all(scale.low <= tick <= scale.high for tick in ticks)
    assert Scale.around([0, 1], 0, 100).ticks() == pytest.approx([0, 0.25, 0.5, 0.75, 1.0])


def test_charts_put_greater_values_further_right_and_up() -> None:
    def at(x: float, y: float) -> tuple[Estimate, Estimate]:
        return Estimate(x, x - 0.1, x + 0.1, 9, 9, 0), Estimate(y, None, None, 9, 9, 0)

    points = [Point(mark, index, mark, *at(index / 4, index / 8)) for index, mark in enumerate("ABC")]
    chart = scatter(points, [[0, 2]], "x", "y<")
    root = ElementTree.fromstring(chart)
    places = [(float(c.get("cx", 0)), float(c.get("cy", 0))) for c in root.iter("circle")]
    assert [x for x, _ in places] == sorted(x for x, _ in places)
    assert [y for _, y in places] == sorted((y for _, y in places), reverse=True)
    (line,) = root.iter("polyline")
    assert line.get("points") == f"{places[0][0]},{places[0][1]} {places[2][0]},{places[2][1]}"
    spread = ElementTree.fromstring(spreads([("A", 0, "one", [1.0, 2.0, 3.0]), ("B", 1, "two", [5.0])], "t"))
    assert len(list(spread.iter("circle"))) == 4


def test_every_row_has_a_letter_of_its_own() -> None:
    assert marks(3) == ["A", "B", "C"]
    assert len(set(marks(60))) == 60
    assert marks(27)[26] == "A2"
