from __future__ import annotations

import numpy as np

from hitmark.metrics.boxes import box_scores
from hitmark.observers.sprites import find_sprite, sprite_boxes, sprite_of
from hitmark.scene.tracks import evaluate
from hitmark.sprites.text_scenes import KINDS, text_scene, text_scenes, true_clip
from hitmark.sprites.words import build_tokenizer, encode
from hitmark.sprites.world import text_world


def test_kinds_come_in_turn_and_their_paths_are_what_they_say() -> None:
    scenes = list(text_scenes(100))
    assert [made.kind for made in scenes[:5]] == list(KINDS)
    lengths: dict[str, list[float]] = {}
    for made in scenes:
        tracks = evaluate(made.scene, 8)
        assert len(tracks) == (2 if made.kind == "two" else 1)
        for track in tracks:
            assert (track.boxes >= 0).all()
            assert (track.boxes <= 1).all()
            centers = (track.boxes[:, :2] + track.boxes[:, 2:]) / 2
            steps = np.linalg.norm(np.diff(centers, axis=0), axis=1).sum()
            lengths.setdefault(made.kind, []).append(float(steps))
    assert max(lengths["static"]) == 0
    assert max(lengths["moving"]) < 0.37 < min(lengths["fast"])
    assert min(lengths["two"]) > 0.4


def test_subjects_of_two_do_not_meet() -> None:
    for made in text_scenes(400):
        if made.kind == "two":
            first, second = (track.boxes for track in evaluate(made.scene, 8))
            low, high = np.maximum(first[:, :2], second[:, :2]), np.minimum(first[:, 2:], second[:, 2:])
            assert ((high - low).clip(0).prod(axis=1) == 0).all()


def test_phrases_name_the_sprites_and_are_words_of_the_prompt() -> None:
    tokenizer = build_tokenizer()
    for made in text_scenes(60, "tune"):
        for subject, sprite in zip(made.scene.subjects, made.sprites, strict=True):
            assert subject.phrase in made.scene.prompt
            assert sprite_of(subject.phrase) == sprite
        row = encode(tokenizer, [made.scene.prompt])[0].tolist()
        assert row.index(tokenizer.eos_token_id) == 1 + len(made.scene.prompt.split())


def test_a_seed_gives_one_scene() -> None:
    assert text_scene(7).scene == text_scene(7).scene
    assert text_scene(7).scene != text_scene(12).scene


def test_the_true_clip_is_what_the_scene_asks_for() -> None:
    world = text_world()
    for made in text_scenes(5):
        clip = true_clip(made, world)
        assert clip.shape == (8, 64, 64, 3)
        for (name, color), track in zip(made.sprites, evaluate(made.scene, 8), strict=True):
            seen = find_sprite(clip, name, color)
            scores = box_scores(track.boxes, sprite_boxes(seen, name) / 64, seen.found, track.visible, 1.0)
            assert scores.found_share == 1
            assert scores.center_distance < 0.005
            assert scores.overlap > 0.6, "boxes are square, drawings fill their longer side"
