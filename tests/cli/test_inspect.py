"""`hitmark inspect`: the figures are there and can be opened; what it cannot do is said."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from hitmark.run import plan

from .test_generate_from_text import PROMPT, SUBJECTS


def test_figures_of_a_masking_method(hitmark: Any, text_checkpoint: str, tmp_path: Any) -> None:
    done = hitmark("inspect", *PROMPT, *SUBJECTS, "--model", text_checkpoint, "--method", "ivg-da", "-o", "out")
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "attention.png",
        "features.png",
        "frames.png",
        "gap.png",
        "masks.png",
        "shift.png",
    ]
    for path in (tmp_path / "out").iterdir():
        assert np.asarray(Image.open(path).convert("L")).std() > 5, path


def test_no_shift_without_an_edit(hitmark: Any, text_checkpoint: str, tmp_path: Any, monkeypatch: Any) -> None:
    planned, original = [], plan.card_for
    monkeypatch.setattr(plan, "card_for", lambda *args, **kw: planned.append(args) or original(*args, **kw))
    done = hitmark("inspect", *PROMPT, *SUBJECTS, "--model", text_checkpoint, "--method", "none", "-o", "out")
    assert done.exit_code == 0, done.output
    assert "shift.png" not in done.stdout
    assert not (tmp_path / "out" / "shift.png").exists()
    assert len(planned) == 1, "a clip is planned once"


def test_earlier_figures_are_kept_unless_forced(hitmark: Any, text_checkpoint: str, tmp_path: Any) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "shift.png").write_bytes(b"of an earlier run")
    command = ("inspect", *PROMPT, *SUBJECTS, "--model", text_checkpoint, "--method", "none", "-o", "out")
    done = hitmark(*command)
    assert done.exit_code != 0
    assert "shift.png exists already" in done.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["shift.png"]
    assert hitmark(*command, "--force").exit_code == 0
    assert not (tmp_path / "out" / "shift.png").exists(), "a figure of another run lies among these"


def test_features_of_a_model_that_starts_from_a_picture(
    hitmark: Any, checkpoint: Any, scene_file: Any, picture: Any, tmp_path: Any
) -> None:
    """It reads no words, so that there is nothing to draw of them."""
    done = hitmark("inspect", scene_file, "--model", checkpoint, "--method", "sg-i2v", "-o", "out")
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["features.png", "frames.png"]
    assert np.asarray(Image.open(tmp_path / "out" / "features.png").convert("L")).std() > 5
    flags = ("--image", picture, "--box", "0.1,0.2,0.5,0.6", "--path", "0.7,0.5", "--at", "1")
    done = hitmark("inspect", *flags, "--model", checkpoint, "--method", "none", "-o", "other")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "other" / "features.png").exists()


def test_says_what_cannot_be_looked_into(hitmark: Any) -> None:
    done = hitmark("inspect")
    assert done.exit_code != 0
    assert "expected a SCENE" in done.stderr
