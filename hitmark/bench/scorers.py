"""The observers of finished clips by name: what each measures. The report knows how to average the figures."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from typing import Any

import numpy as np

from hitmark.bench.clip_scores import Figure, FinishedClip, Scorer, Scores
from hitmark.errors import HitmarkError
from hitmark.scene.tracks import Track


def _score_frames(clip: FinishedClip) -> Scores:
    """Of pixels alone: flicker and, where there is a first picture, what was kept of it."""
    from hitmark.metrics.kept import background_kept, color_shift, first_frame_psnr
    from hitmark.metrics.temporal import temporal_flicker

    figures: dict[str, Figure] = {"flicker": temporal_flicker(clip.frames).difference}
    if clip.picture is not None:
        boxes = (
            np.stack([track.boxes for track in clip.subjects]) if clip.subjects else np.zeros((0, len(clip.frames), 4))
        )
        figures |= {
            "first frame PSNR": _number(first_frame_psnr(clip.frames, clip.picture)),
            "color shift": color_shift(clip.frames, clip.picture).mean,
            "background PSNR": _number(background_kept(clip.frames, clip.picture, boxes)),
        }
    return Scores(figures)


def _score_template(clip: FinishedClip) -> Scores:
    """Follows what the first frame shows in each box."""
    from hitmark.observers.positions import follow

    rows: list[dict[str, float | None]] = []
    notes = []
    for track in clip.subjects:
        try:
            rows.append(_path_figures(clip, track, follow(clip.frames, track)))
        except HitmarkError as error:  # it enters late, or its box is too small or half outside
            rows.append({})
            notes.append(f"template cannot follow {track.name}: {error}")
    return Scores(_by_subject(rows), notes=tuple(notes))


def _score_sprites(clip: FinishedClip) -> Scores:
    """Looks for the named drawings, and asks the sprite world's perceptual network."""
    from hitmark.metrics.kept import identity_kept
    from hitmark.observers.sprites import find_sprite, sprite_boxes, sprite_of
    from hitmark.sprites.perceptual import clip_features, fitting_perceptual, named_sprites

    height, width = clip.frames.shape[1:3]
    source, network = fitting_perceptual(clip.frames)
    chances = named_sprites(clip.frames, network)
    rows, places = [], []
    for track in clip.subjects:
        named = sprite_of(str(track.phrase or ""))
        if named is None:
            raise HitmarkError(f"observers: sprites cannot look for {track.phrase!r}, which names no sprite.")
        seen = find_sprite(clip.frames, *named)
        boxes = sprite_boxes(seen, named[0]) / np.array([width, height, width, height])
        identity = _number(identity_kept(clip.frames, seen.centers, seen.sizes))
        own: dict[str, float | None] = {"identity": identity, "text match": chances[named[0]]}
        rows.append(_path_figures(clip, track, seen) | _box_figures(clip, track, boxes, seen.found) | own)
        places.append(_seen(boxes, seen.found))
    features = clip_features(clip.frames, network)[None]
    return Scores(_by_subject(rows), {source: features}, places)


def _score_boxes(source: str, clip: FinishedClip) -> Scores:
    """Looks for each subject's phrase with OWL-ViT, OWLv2 or Grounding DINO."""
    height, width = clip.frames.shape[1:3]
    rows, places = [], []
    for track in clip.subjects:
        found = _network("phrase_boxes.load_phrase_detector", source).find(clip.frames, str(track.phrase or ""))
        detections = found.detections((width, height))
        rows.append(_path_figures(clip, track, detections) | _box_figures(clip, track, found.boxes, found.found))
        places.append(_seen(found.boxes, found.found))
    return Scores(_by_subject(rows), seen=places)


def _score_clip(source: str, clip: FinishedClip) -> Scores:
    """CLIP score of the prompt, mean over frames, and pictures' features."""
    from hitmark.metrics.temporal import text_match

    network = _network("clip_network.load_clip_network", source)
    pictures = network.picture_features(clip.frames)
    figure = text_match(pictures, network.text_features([clip.prompt])[0]).mean if clip.prompt else None
    return Scores({"CLIP score": figure}, {f"clip:{source}": pictures})


def _score_videomae(source: str, clip: FinishedClip) -> Scores:
    """Vectors of clips by VideoMAE, for a Frechet distance."""
    network = _network("videomae.load_videomae", source)
    return Scores(features={f"videomae:{source}": network.clip_features([clip.frames])})


def _score_i3d(source: str, clip: FinishedClip) -> Scores:
    """Vectors of clips by I3D, for FVD."""
    network = _network("scripted.load_i3d", source)
    return Scores(features={f"i3d:{source}": network.clip_features([clip.frames])})


def _score_inception(source: str, clip: FinishedClip) -> Scores:
    """Vectors of pictures by Inception, for FID."""
    network = _network("scripted.load_inception", source)
    return Scores(features={f"inception:{source}": network.picture_features(clip.frames)})


@lru_cache(maxsize=4)
def _network(loader: str, source: str) -> Any:
    """What MODULE.FUNCTION of hitmark.observers loads, kept loaded."""
    module, _, function = loader.partition(".")
    return getattr(import_module(f"hitmark.observers.{module}"), function)(source, device=_device())


def _device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _box_figures(clip: FinishedClip, track: Track, boxes: np.ndarray, found: np.ndarray) -> dict[str, float | None]:
    """Overlap and distance, strict and by the best guess."""
    from hitmark.metrics.boxes import box_scores

    height, width = clip.frames.shape[1:3]
    strict, guess = (
        box_scores(track.boxes, boxes, there, track.visible, width / height) for there in (found, np.ones_like(found))
    )
    return {
        "overlap": strict.overlap,
        "volume overlap": strict.volume_overlap,
        "precise": strict.precise,
        "center distance": strict.center_distance,
        "guessed overlap": guess.overlap,
        "guessed distance": guess.center_distance,
    }


def _seen(boxes: np.ndarray, found: np.ndarray) -> dict[str, list[Any]]:
    return {"boxes": np.asarray(boxes, dtype=float).round(5).tolist(), "found": np.asarray(found, dtype=bool).tolist()}


def _path_figures(clip: FinishedClip, track: Track, seen: Any) -> dict[str, float | None]:
    """ObjMC in diagonals of the picture, strict and guessed, and the share of frames found."""
    from hitmark.metrics.tracks import object_motion_control_error

    height, width = clip.frames.shape[1:3]
    wanted = (track.boxes[:, :2] + track.boxes[:, 2:]) / 2 * np.array([width, height])
    strict, guess = (
        object_motion_control_error(
            wanted, seen.centers, (width, height), visible=track.visible, present=seen.found, missing=missing
        )
        for missing in ("last", "guess")
    )
    return {
        "path error": _number(strict.fraction) if strict.found_share > 0 else None,
        "guessed path error": _number(guess.fraction),
        "found": _number(strict.found_share),
    }


def _by_subject(rows: list[dict[str, float | None]]) -> dict[str, Figure]:
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


NETWORKS: dict[str, Callable[[str, FinishedClip], Scores]] = {
    "boxes": _score_boxes,
    "clip": _score_clip,
    "videomae": _score_videomae,
    "i3d": _score_i3d,
    "inception": _score_inception,
}
"""Observers from outside; which networks and files these are is in hitmark.observers.catalog."""
SCORERS: dict[str, Scorer] = {"frames": _score_frames, "template": _score_template, "sprites": _score_sprites}
