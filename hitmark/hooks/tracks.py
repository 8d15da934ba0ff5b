"""What is wanted of each clip: scenes and tracks, brought to the frames of the latents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from hitmark.backbones.base import Backbone
from hitmark.backbones.geometry import Geometry
from hitmark.control import Grid, Layout, Pooling
from hitmark.control.pooling import pooled
from hitmark.errors import HitmarkError
from hitmark.hooks.guards import warn_of_other_size
from hitmark.prompt import Prompt
from hitmark.scene.schema import Scene
from hitmark.scene.tracks import Track, evaluate

Wanted = Scene | Sequence[Track] | Sequence[Scene] | Sequence[Sequence[Track]]


def tracks_per_clip(scene: Wanted, batch: int, frames: int, made: Callable[[int], bool]) -> list[tuple[Track, ...]]:
    """The tracks of each clip of a batch.

    Args:
        scene: a Scene or list of Tracks, which then serves every clip; or a list with one of either for each clip.
        batch: number of clips.
        frames: number of frames that the pipeline makes.
        made: whether it can make a number of frames.

    Raises:
        HitmarkError: the wrong number of scenes or of frames, or something that is no track.
    """
    single = isinstance(scene, Scene) or all(isinstance(each, Track) for each in scene)
    scenes: list[Any] = [scene] * batch if single else list(scene)
    if len(scenes) != batch:
        raise HitmarkError(
            f"The pipeline makes a batch of {batch} clip(s), but {len(scenes)} scenes are attached. "
            "Expected one scene for all clips, or a list with one for each."
        )
    clips = [tuple(evaluate(each, frames) if isinstance(each, Scene) else each) for each in scenes]
    for track in (track for clip in clips for track in clip):
        if not isinstance(track, Track):
            raise HitmarkError(f"Expected a Scene or Tracks, but got {type(track).__name__}: {track!r}.")
        count = len(track.boxes)
        if count != frames:
            other = f", or call the pipeline with num_frames={count}" if made(count) else f"; it cannot make {count}"
            raise HitmarkError(
                f"Track {track.name!r} has {count} frames, but the pipeline makes {frames}. "
                f"Evaluate the scene for {frames} frames: hitmark.evaluate(scene, {frames}){other}."
            )
    return clips


def check_scene(scene: Any) -> None:
    """Raise HitmarkError for something that is neither a Scene nor a list of Tracks, Scenes or lists."""
    if isinstance(scene, Scene):
        return
    if not isinstance(scene, Sequence) or isinstance(scene, str):
        raise HitmarkError(
            f"Expected a Scene, a list of Tracks, or a list with one of either for each clip, but got {scene!r}."
        )


def layouts_of(
    scene: Wanted, prompts: Sequence[Prompt] | None, sizes: tuple[int, Grid], backbone: Backbone, pooling: Pooling
) -> list[Layout]:
    """The layout of each clip of a batch.

    Args:
        scene: see `tracks_per_clip`.
        prompts: of the batch; None where they are not known.
        sizes: number of clips, and the latents' frames, rows and columns.
        backbone: the pipeline.
        pooling: see `Layout`.
    """
    (batch, (frames, height, width)), geometry = sizes, backbone.geometry
    warn_of_other_size(scene, height * geometry.stride[1], width * geometry.stride[1])
    groups = _groups(scene, frames, geometry)
    shown = groups[-1].stop
    clips = tracks_per_clip(scene, batch, shown, partial(_can_make, backbone))
    texts = list(prompts or [None])
    texts = [texts[clip * len(texts) // batch] for clip in range(batch)]
    same = shown == frames
    return [
        Layout(
            frames,
            height,
            width,
            geometry.stride[1],
            tracks if same else tuple(pooled(track, groups, pooling) for track in tracks),
            text,
            backbone.abilities.reads_words,
            geometry.given,
            geometry.patch,
            () if same else tracks,
            () if same else groups,
            pooling,
        )
        for tracks, text in zip(clips, texts, strict=True)
    ]


def _groups(scene: Wanted, frames: int, geometry: Geometry) -> tuple[range, ...]:
    """The frames of the video of each latent frame.

    A network that joins latent frames is given some more in front where their number does not fit. Whether it was, a
    pipeline does not say; tracks do.
    """
    options = [geometry.groups(frames, padded) for padded in range(geometry.patch[0])]
    if len(options) == 1:
        return options[0]
    wanted = {len(track.boxes) for track in _tracks(scene)}
    fitting = [groups for groups in options if groups[-1].stop in wanted]
    if len(fitting) == 1:
        return fitting[0]
    counts = " or ".join(str(groups[-1].stop) for groups in options)
    raise HitmarkError(
        f"This pipeline makes {counts} frames, and does not say which of the two. Attach tracks, which do: "
        "attach(pipe, hitmark.evaluate(scene, num_frames), ...)."
    )


def _can_make(backbone: Backbone, count: int) -> bool:
    """Whether the pipeline makes clips of so many frames: those of some number of latent frames."""
    family, geometry = backbone.family, backbone.geometry
    options = (
        (latent, padded) for padded in range(geometry.patch[0]) for latent in range(padded + 1, count + padded + 1)
    )
    return count >= family.least_frames and any(
        geometry.groups(latent, padded)[-1].stop == count for latent, padded in options
    )


def _tracks(scene: Any) -> list[Track]:
    if isinstance(scene, Scene):
        return []
    return [each for part in scene for each in ([part] if isinstance(part, Track) else _tracks(part))]
