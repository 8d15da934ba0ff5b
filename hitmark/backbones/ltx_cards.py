"""The cards of LTX-Video and LTX-2. Importing this needs no torch."""

from __future__ import annotations

from typing import Any

from hitmark.backbones.cards import FLOW_KNOBS, PICTURED, ModelCard

LTX = "LTX-Video Open Weights License (see the repository)"
LTX2 = "LTX-2 Community License (see the repository)"
LTX_SIZE = (768, 512)
THIRTEEN: dict[str, Any] = {
    "guidance_rescale": 0.7,
    "image_cond_noise_scale": 0.0,
    "decode_timestep": 0.05,
    "decode_noise_scale": 0.025,
}
"""How diffusers' documentation calls the 13B weights of LTX-Video."""
LTX_SCHEDULE = [1000, 993, 987, 981, 975, 909, 725, 0.03]
LTX2_SCHEDULE = [1.0, 0.99375, 0.9875, 0.98125, 0.975, 0.909375, 0.725, 0.421875]
"""The noise levels that weights were distilled for."""
LTX2_OLD: dict[str, Any] = {"use_cross_timestep": False, "spatio_temporal_guidance_blocks": [29]}
"""What 2.0 is called with in place of the pipeline's defaults, which are those of 2.3."""
UNGUIDED: dict[str, Any] = {
    f"{track}{name}": value
    for track in ("", "audio_")
    for name, value in (("guidance_scale", 1.0), ("stg_scale", 0.0), ("modality_scale", 1.0), ("guidance_rescale", 0.0))
}


def _ltx(
    name: str, pipeline: str, repository: str, size: tuple[int, int], frames: int, steps: int, **call: Any
) -> ModelCard:
    return ModelCard(
        name=name,
        hub_id=repository,
        license=LTX2 if pipeline.startswith("LTX2") else LTX,
        task="text-to-video",
        pipeline=pipeline,
        pictured=PICTURED[pipeline],
        frames=frames,
        width=size[0],
        height=size[1],
        fps=24,
        steps=steps,
        call={"guidance_scale": 3.0} | call,
        knobs=FLOW_KNOBS,
        half="bfloat16",
    )


LTX_CARDS = (
    _ltx("ltx-video", "LTXPipeline", "Lightricks/LTX-Video", (704, 480), 161, 50),
    _ltx("ltx-video-0.9.5", "LTXConditionPipeline", "Lightricks/LTX-Video-0.9.5", LTX_SIZE, 161, 40),
    _ltx(
        "ltx-video-0.9.7-dev",
        "LTXConditionPipeline",
        "Lightricks/LTX-Video-0.9.7-dev",
        LTX_SIZE,
        161,
        30,
        **THIRTEEN | {"guidance_scale": 5.0},
    ),
    _ltx(
        "ltx-video-0.9.8-13b-distilled",
        "LTXConditionPipeline",
        "Lightricks/LTX-Video-0.9.8-13B-distilled",
        LTX_SIZE,
        161,
        len(LTX_SCHEDULE),
        **THIRTEEN | {"guidance_scale": 1.0, "timesteps": LTX_SCHEDULE},
    ),
    _ltx("ltx-2", "LTX2Pipeline", "Lightricks/LTX-2", LTX_SIZE, 121, 30, **LTX2_OLD),
    _ltx("ltx-2.3", "LTX2Pipeline", "diffusers/LTX-2.3-Diffusers", LTX_SIZE, 121, 30),
    _ltx("ltx-2.3-condition", "LTX2ConditionPipeline", "diffusers/LTX-2.3-Diffusers", LTX_SIZE, 121, 30),
    _ltx(
        "ltx-2.3-distilled",
        "LTX2Pipeline",
        "diffusers/LTX-2.3-Distilled-Diffusers",
        LTX_SIZE,
        121,
        len(LTX2_SCHEDULE),
        **UNGUIDED | {"sigmas": LTX2_SCHEDULE},
    ),
)
