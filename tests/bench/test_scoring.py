"""Scores of clips whose truth is known: the painted clip of a scene is perfect, a shifted one is off by the shift."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hitmark.bench.clip_scores import FinishedClip
from hitmark.bench.scoring import observers_for, score, scorer
from hitmark.errors import HitmarkError
from hitmark.scene.tracks import evaluate
from hitmark.sprites.text_scenes import text_scene, true_clip
from hitmark.sprites.world import text_world


def painted(seed: int) -> FinishedClip:
    made = text_scene(seed)
    frames = true_clip(made, text_world())
    return FinishedClip(frames, tuple(evaluate(made.scene, 8)), None, made.scene.prompt)


def test_the_true_clip_is_where_it_was_wanted() -> None:
    clip = painted(4)
    scores = score(clip, ["frames", "sprites"])
    figures = scores["sprites"].figures
    assert len(clip.subjects) == 2
    for name in ("path error", "guessed path error", "center distance", "guessed distance"):
        assert np.shape(figures[name]) == (2,)
        assert max(np.array(figures[name], dtype=float)) < 0.01, name
    assert min(np.array(figures["found"], dtype=float)) == 1
    assert min(np.array(figures["text match"], dtype=float)) > 0.5
    assert scores["sprites"].features["sprites-perceptual"].shape == (1, 64)
    assert "first frame PSNR" not in scores["frames"].figures


def test_a_shift_is_measured() -> None:
    clip = painted(0)
    shifted = FinishedClip(np.roll(clip.frames, 8, axis=2), clip.subjects, None, clip.prompt)
    figures = score(shifted, ["sprites"])["sprites"].figures
    assert figures["guessed distance"] == pytest.approx([8 / np.hypot(64, 64)], abs=0.01)


def test_a_still_clip_keeps_its_first_picture() -> None:
    clip = painted(0)
    still = np.repeat(clip.frames[:1], 8, axis=0)
    scores = score(FinishedClip(still, clip.subjects, still[0], ""), ["frames", "template"])
    assert scores["frames"].figures["flicker"] == 0
    assert scores["frames"].figures["color shift"] == 0
    assert scores["frames"].figures["first frame PSNR"] is None, "an infinite ratio is no number"
    assert np.array(scores["template"].figures["path error"], dtype=float) == pytest.approx([0], abs=0.02)


def test_observers_that_fit_are_chosen_and_others_are_refused() -> None:
    assert observers_for(True, ["red car", "cat"], sprite_world=True) == ["frames", "template", "sprites"]
    assert observers_for(False, ["red car", "cat"], sprite_world=True) == ["frames", "sprites"]
    assert observers_for(False, ["a Corgi"], sprite_world=True) == ["frames", "template"]
    with pytest.raises(HitmarkError, match="there are: frames"):
        scorer("owl")
    clip = painted(0)
    from dataclasses import replace

    other = replace(clip.subjects[0], phrase="corgi")
    with pytest.raises(HitmarkError, match="corgi"):
        score(replace(clip, subjects=(other,)), ["sprites"])


def test_the_observer_of_drawings_is_not_asked_about_clips_of_other_models() -> None:
    assert observers_for(True, ["red car"], sprite_world=False) == ["frames", "template"]
    assert observers_for(False, ["red car"], sprite_world=False) == ["frames", "template"]


def test_what_is_found_in_no_frame_has_no_path_error() -> None:
    clip = painted(0)
    gone = FinishedClip(np.full_like(clip.frames, 90), clip.subjects, None, clip.prompt)
    figures = score(gone, ["sprites"])["sprites"].figures
    assert figures["found"] == [0.0]
    assert figures["path error"] == [None]


def test_a_subject_that_cannot_be_followed_is_told() -> None:
    from dataclasses import replace

    clip = painted(4)
    late = replace(clip.subjects[0], visible=np.array([False] * 3 + [True] * 5))
    scores = score(replace(clip, subjects=(late,)), ["template"])["template"]
    assert scores.figures == {}
    reason = "it enters after frame 1, so that there is no picture of it to follow"
    assert scores.notes == (f"template cannot follow {late.name}: {reason}",)


def test_networks_from_outside_look_at_the_same_clip(tmp_path: Path) -> None:
    from tests.observers.test_phrase_boxes import _save_owl

    clip = painted(0)
    _save_owl(tmp_path / "owl", "owlvit")
    scores = score(clip, [f"boxes:{tmp_path / 'owl'}"])[f"boxes:{tmp_path / 'owl'}"]
    assert len(scores.seen) == 1
    assert np.shape(scores.seen[0]["boxes"]) == (8, 4)
    assert len(scores.figures["overlap"]) == 1  # pyright: ignore[reportArgumentType]
    with pytest.raises(HitmarkError, match="boxes:SOURCE"):
        scorer("boxes:")
