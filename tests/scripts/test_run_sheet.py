"""The sheet of a benchmark run: strips beside each other, boxes drawn, arguments checked."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from hitmark.errors import HitmarkError
from hitmark.media.video import write_video
from hitmark.report.boxes import Boxes
from scripts.run_sheet import GAP, SHOWN, SIDE, line, main, named


def test_a_line_has_frames_from_first_to_last_with_their_boxes(tmp_path: Path) -> None:
    frames = np.repeat(np.linspace(0, 200, 9).astype(np.uint8)[:, None, None, None], 3, axis=3)
    frames = np.tile(frames, (1, 32, 32, 1))
    write_video(frames, tmp_path / "clip.mkv", fps=8)
    boxes = Boxes(np.tile([0.25, 0.25, 0.75, 0.75], (9, 1)), np.ones(9, dtype=bool))
    made = line([SimpleNamespace(folder=tmp_path, wanted=(boxes,)), None])
    assert made.shape == (SIDE, 2 * (SHOWN * SIDE + GAP), 3)
    corners = made[2, 2 : SHOWN * SIDE : SIDE].mean(1)
    assert np.allclose(corners, [0, 50, 100, 150, 200], atol=6)
    assert made[SIDE // 4, SIDE // 2, 0] > 200, "the box of the first, dark frame"
    assert (made[:, SHOWN * SIDE : SHOWN * SIDE + GAP] == 255).all()
    assert (made[:, SHOWN * SIDE + GAP : -GAP] == 0).all(), "no clip, no picture"


def test_a_run_may_say_how_many_scenes() -> None:
    assert named("out/run:15") == (Path("out/run"), 15)
    assert named("out/run") == (Path("out/run"), None)
    assert named("C:/run") == (Path("C:/run"), None)


def test_too_few_arguments_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["run_sheet", "out/run", "x.png"])
    with pytest.raises(HitmarkError, match="expected a run, a picture to write and rows, got 2 arguments"):
        main()
