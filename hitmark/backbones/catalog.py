"""The models by name: hub ids, licenses, defaults. Importing this needs no torch."""

from __future__ import annotations

import difflib
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from hitmark.backbones.cards import FLOW_KNOBS, ModelCard
from hitmark.backbones.folders import configured_frames, folder_defaults, pictured_class, pipeline_class
from hitmark.backbones.transformer_cards import OF_TRANSFORMER, TRANSFORMERS
from hitmark.errors import HitmarkError

__all__ = ["MODELS", "OF_PIPELINE", "ModelCard", "model_card"]

SVD_CALL = {
    "min_guidance_scale": 1.0,
    "max_guidance_scale": 3.0,
    "fps": 7,
    "motion_bucket_id": 127,
    "noise_aug_strength": 0.02,
    "decode_chunk_size": 8,
}
TEXT_CALL = {"guidance_scale": 9.0}
WAN_CALL = {"guidance_scale": 4.0}


def _svd(name: str, hub_id: str, frames: int) -> ModelCard:
    return ModelCard(
        name=name,
        hub_id=hub_id,
        license="stable-video-diffusion-community (Stability AI Community License; accept it on the hub)",
        task="image-to-video",
        pipeline="StableVideoDiffusionPipeline",
        frames=frames,
        width=1024,
        height=576,
        fps=7,
        steps=50,
        call=SVD_CALL,
        knobs={"time-to-move": {"weak": 0.986, "strong": 0.969}},
    )


def _text(name: str, hub_id: str | None, frames: int, width: int, height: int) -> ModelCard:
    return ModelCard(
        name=name,
        hub_id=hub_id,
        license="CC-BY-NC-4.0 (no commercial use)",
        task="text-to-video",
        pipeline="TextToVideoSDPipeline",
        frames=frames,
        width=width,
        height=height,
        fps=8,
        steps=40,
        call=TEXT_CALL,
    )


def _embedded(name: str, task: str, pipeline: str, fps: float, call: dict[str, Any]) -> ModelCard:
    """What else there is to know of it stands in the `hitmark.json` beside its weights."""
    return ModelCard(
        name=name,
        hub_id=None,
        license="Apache-2.0, as this package",
        task=task,
        pipeline=pipeline,
        frames=None,
        width=64,
        height=64,
        fps=fps,
        steps=25,
        embedded=True,
        call=call,
        path=Path(str(files("hitmark") / "sprites" / "weights" / name)),
        world="sprites",
    )


MODELS: dict[str, ModelCard] = {
    "sprites-i2v": _embedded("sprites-i2v", "image-to-video", "StableVideoDiffusionPipeline", 7, SVD_CALL),
    "sprites-t2v": _embedded("sprites-t2v", "text-to-video", "TextToVideoSDPipeline", 8, TEXT_CALL),
    "sprites-wan": replace(
        _embedded("sprites-wan", "text-to-video", "WanPipeline", 8, WAN_CALL),
        knobs=FLOW_KNOBS,
        from_picture="time-to-move",
        from_text="trailblazer",
    ),
    "svd": _svd("svd", "stabilityai/stable-video-diffusion-img2vid", 14),
    "svd-xt": _svd("svd-xt", "stabilityai/stable-video-diffusion-img2vid-xt", 25),
    "modelscope": _text("modelscope", "ali-vilab/text-to-video-ms-1.7b", 16, 256, 256),
    "zeroscope": _text("zeroscope", "cerspense/zeroscope_v2_576w", 24, 576, 320),
    **{name: card for name, card in TRANSFORMERS.items() if not card.joining},
}

JOINING_ANIMATEDIFF = """from diffusers import AnimateDiffPipeline, DDIMScheduler, MotionAdapter
adapter = MotionAdapter.from_pretrained("guoyww/animatediff-motion-adapter-v1-5-3")
pipe = AnimateDiffPipeline.from_pretrained("stable-diffusion-v1-5/stable-diffusion-v1-5", motion_adapter=adapter)
betas = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "linear"}
pipe.scheduler = DDIMScheduler(**betas, clip_sample=False, steps_offset=1, timestep_spacing="linspace")
pipe.save_pretrained("FOLDER")"""
"""Another Stable Diffusion 1.5 and another motion adapter of it are joined likewise."""
JOINED: dict[str, ModelCard] = {
    "animatediff-v1.5-3": replace(
        _text("animatediff-v1.5-3", None, 16, 512, 512),
        license="CreativeML OpenRAIL-M (Stable Diffusion 1.5; of the motion adapter see its repository)",
        pipeline="AnimateDiffPipeline",
        steps=25,
        call={"guidance_scale": 7.5, "decode_chunk_size": 16},
        joining=JOINING_ANIMATEDIFF,
    ),
    **{name: card for name, card in TRANSFORMERS.items() if card.joining},
}
"""Models that are parts of several repositories: whoever wants one joins them once, and gives the folder."""

DEFAULT_PICTURE_MODEL, DEFAULT_TEXT_MODEL = "sprites-i2v", "sprites-t2v"
"""Of a scene with a picture, and of one with words alone, that name none; embedded: they need no download."""

OF_PIPELINE = {
    "StableVideoDiffusionPipeline": "svd",
    "TextToVideoSDPipeline": "modelscope",
    "AnimateDiffPipeline": "animatediff-v1.5-3",
    **OF_TRANSFORMER,
}
"""The model whose defaults a folder of this class of pipeline has."""


def of_pipeline(pipeline: str, pictured: str | None = None) -> ModelCard:
    """The card whose defaults a pipeline of this class has; `pictured`: of weights that can start from an image too."""
    both = (each for each in MODELS.values() if pictured and (each.pipeline, each.pictured) == (pipeline, pictured))
    card = next(both, (MODELS | JOINED)[OF_PIPELINE[pipeline]])
    return card.starting(picture=card.pipeline != pipeline)


def model_card(name_or_path: str | Path) -> ModelCard:
    """The card of a model by name, or of a checkpoint folder in `save_pretrained` layout.

    A folder has the defaults of its pipeline class (the papers'), overridden by an optional `hitmark.json` in it with
    any of frames, width, height, fps, steps, call (arguments of the pipeline call), knobs (method -> knob -> value),
    world ("sprites" = trained on the embedded world). Arguments and knobs that it does not name stay the class's.

    Raises:
        HitmarkError: unknown name, no such folder, an incomplete checkpoint, or a faulty `hitmark.json`.
    """
    if not isinstance(name_or_path, str | Path):
        raise HitmarkError(f"model: expected a name, such as 'sprites-i2v', or a folder, got {name_or_path!r}")
    known = MODELS.get(str(name_or_path))
    if known is not None and known.path is None:
        return known
    folder = known.path if known is not None and known.path is not None else Path(name_or_path)
    if not folder.exists():
        raise HitmarkError(_unknown(str(name_or_path)))
    pipeline = pipeline_class(folder)
    pictured = pictured_class(folder, pipeline)
    card = known or replace(
        of_pipeline(pipeline, pictured), name=str(name_or_path), hub_id=None, license="see the checkpoint"
    )
    card = replace(card, pipeline=pipeline, pictured=pictured, path=folder)
    if card.frames_in_config:
        card = replace(card, frames=configured_frames(folder, pipeline))
    given = folder_defaults(folder)
    own = given.get("knobs", {})
    knobs = {method: card.knobs.get(method, {}) | own.get(method, {}) for method in [*card.knobs, *own]}
    return replace(card, **given | {"call": card.call | given.get("call", {}), "knobs": knobs})


def _unknown(given: str) -> str:
    close = difflib.get_close_matches(given, [*MODELS, *JOINED], n=1)
    meant = f" (did you mean {close[0]!r}?)" if close else ""
    if given in MODELS:
        return f"The weights of the embedded model {given!r} are missing in this installation; reinstall hitmark."
    if given in JOINED:
        return (
            f"The model {given!r} is no repository of its own, but parts of two. Join them once, and give the folder "
            f"in place of the name (--model FOLDER):\n{JOINED[given].joining}"
        )
    return (
        f"Unknown model {given!r}{meant}: neither a name nor an existing folder. Names: {', '.join(MODELS)}. "
        "A folder must hold a pipeline in save_pretrained layout."
    )
