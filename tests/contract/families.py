"""One tiny pipeline of every row of the table of families, and how it is called: for the tests of the contract."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import torch

from hitmark.backbones import backbone_for, tiny
from hitmark.reference import MotionSignal, reference_of
from hitmark.scene.schema import Scene
from hitmark.scene.tracks import Track, evaluate

from .pipelines import picture

PROMPT = "a red thing on grass"
SCENE = Scene.from_dict(
    {
        "subjects": [
            {
                "name": "thing",
                "phrase": "red thing",
                "keyframes": [{"time": 0, "box": [0.0, 0.0, 0.5, 0.6]}, {"time": 1, "box": [0.4, 0.3, 1.0, 0.9]}],
            }
        ]
    }
)


@dataclass(frozen=True)
class Case:
    """A pipeline of one kind of one family.

    Attributes:
        make: builds it.
        side: pixels. frames: of the video; latents: (frames, channels, rows and columns) of it.
        schedulers: class names of diffusers that stand in for its own, with settings.
        options: further arguments of its call.
        calls: what tells the steps: whether it has `callback_on_step_end`.
        refuses: method -> words of its refusal.
        plainly: arguments under which its guidance has two branches and nothing more, as the estimator's.
    """

    make: Callable[[], Any]
    side: int
    latents: tuple[int, int, int]
    frames: int = 9
    schedulers: dict[str, dict[str, Any]] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    calls: bool = True
    image: bool = False
    refuses: dict[str, str] = field(default_factory=dict)
    plainly: dict[str, Any] = field(default_factory=dict)


FLOW = {
    "FlowMatchEulerDiscreteScheduler": {"shift": 3.0},
    "DPMSolverMultistepScheduler": {"prediction_type": "flow_prediction", "use_flow_sigmas": True, "flow_shift": 3.0},
}
SHORT = {"negative_prompt": "dark"}
COG = {"CogVideoXDDIMScheduler": {"prediction_type": "v_prediction"}}
HUNYUAN = {"guidance_scale": None}
UNSIZED = {"height": None, "width": None}
LTX2_PLAIN = {"stg_scale": 0.0, "modality_scale": 1.0, "guidance_rescale": 0.0}
LTX2: dict[str, Any] = {
    "options": {"max_sequence_length": 32, "spatio_temporal_guidance_blocks": [0]},
    "plainly": {f"{track}{name}": value for track in ("", "audio_") for name, value in LTX2_PLAIN.items()}
    | {"audio_guidance_scale": 1.0},
}
BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "linear"}
DIFFUSION = {f"{name}Scheduler": BETAS for name in ("EulerDiscrete", "DPMSolverMultistep", "UniPCMultistep", "LCM")}
WORDS = {"max_sequence_length": 32}
TEXT_ONLY = {"sg-i2v": "takes none", "time-to-move": "takes none"}
TRANSFORMER = {"peekaboo": "masks the middle and up blocks"}

UNPICTURED = {"sg-i2v": "gave none", "time-to-move": "gave none"}
LAYERWISE = TRANSFORMER | {"region-prompts": "shifts and scales the words in each layer"}
STEPWISE = {"region-prompts": "change from step to step"}
JOINT = TRANSFORMER | {"region-prompts": "stand in one sequence"}

CASES: dict[str, Case] = {
    "animatediff": Case(
        tiny.tiny_animatediff,
        64,
        (5, 4, 8),
        frames=5,
        schedulers=DIFFUSION,
        refuses=TEXT_ONLY | {"region-prompts": "has none"},
    ),
    "wan 2.1": Case(tiny.tiny_wan, 64, (3, 16, 8), schedulers=FLOW, refuses=TEXT_ONLY | TRANSFORMER),
    "wan 2.1 image": Case(lambda: tiny.tiny_wan(image=True), 64, (3, 16, 8), image=True, refuses=TRANSFORMER),
    "wan 2.2": Case(lambda: tiny.tiny_wan("2.2"), 64, (3, 16, 8), refuses=TEXT_ONLY | TRANSFORMER),
    "wan 2.2 image": Case(
        lambda: tiny.tiny_wan("2.2", image=True), 64, (3, 16, 8), schedulers=FLOW, image=True, refuses=TRANSFORMER
    ),
    "wan ti2v": Case(lambda: tiny.tiny_wan("ti2v"), 128, (3, 48, 8), refuses=TEXT_ONLY | TRANSFORMER),
    "wan ti2v image": Case(
        lambda: tiny.tiny_wan("ti2v", image=True), 128, (3, 48, 8), schedulers=FLOW, image=True, refuses=TRANSFORMER
    ),
    "wan vace": Case(tiny.tiny_wan_vace, 48, (3, 16, 6), refuses=TEXT_ONLY | TRANSFORMER),
    "skyreels v2": Case(tiny.tiny_skyreels_v2, 48, (3, 16, 6), refuses=TEXT_ONLY | TRANSFORMER),
    "skyreels v2 image": Case(
        lambda: tiny.tiny_skyreels_v2(image=True), 48, (3, 16, 6), image=True, refuses=TRANSFORMER
    ),
    "cogvideox": Case(
        tiny.tiny_cogvideox,
        64,
        (3, 4, 8),
        schedulers=COG,
        options=WORDS,
        refuses=TEXT_ONLY | JOINT,
    ),
    "cogvideox image": Case(
        lambda: tiny.tiny_cogvideox(image=True),
        64,
        (3, 4, 8),
        options=WORDS,
        image=True,
        refuses=JOINT,
    ),
    "cogvideox 1.5": Case(lambda: tiny.tiny_cogvideox("1.5"), 64, (4, 4, 8), options=WORDS, refuses=TEXT_ONLY | JOINT),
    "cogvideox 1.5 image": Case(
        lambda: tiny.tiny_cogvideox("1.5", image=True),
        64,
        (4, 4, 8),
        options=WORDS,
        image=True,
        refuses=JOINT,
    ),
    "ltx": Case(tiny.tiny_ltx, 64, (3, 8, 8), frames=17, refuses=TEXT_ONLY | TRANSFORMER),
    "ltx image": Case(lambda: tiny.tiny_ltx(image=True), 64, (3, 8, 8), frames=17, image=True, refuses=TRANSFORMER),
    "ltx condition": Case(
        lambda: tiny.tiny_ltx(condition=True),
        64,
        (3, 8, 8),
        frames=17,
        refuses=TRANSFORMER | UNPICTURED,
    ),
    "ltx condition image": Case(
        lambda: tiny.tiny_ltx(condition=True), 64, (3, 8, 8), frames=17, image=True, refuses=TRANSFORMER
    ),
    "ltx-2": Case(tiny.tiny_ltx2, 64, (3, 8, 8), frames=17, refuses=TEXT_ONLY | TRANSFORMER, **LTX2),
    "ltx-2.3 image": Case(
        lambda: tiny.tiny_ltx2("2.3", image=True),
        64,
        (3, 8, 8),
        frames=17,
        image=True,
        refuses=LAYERWISE,
        **LTX2,
    ),
    "ltx-2 condition": Case(
        lambda: tiny.tiny_ltx2(condition=True), 64, (3, 8, 8), 17, refuses=TRANSFORMER | UNPICTURED, **LTX2
    ),
    "ltx-2.3 condition image": Case(
        lambda: tiny.tiny_ltx2("2.3", condition=True), 64, (3, 8, 8), 17, image=True, refuses=LAYERWISE, **LTX2
    ),
    "hunyuan video": Case(tiny.tiny_hunyuan_video, 64, (3, 4, 8), options=WORDS, refuses=TEXT_ONLY | JOINT),
    "hunyuan video, true guidance": Case(
        tiny.tiny_hunyuan_video,
        64,
        (3, 4, 8),
        options=WORDS | {"true_cfg_scale": 3.0, "negative_prompt": "a dog"},
        refuses=TEXT_ONLY | JOINT,
    ),
    "skyreels v1 image": Case(
        lambda: tiny.tiny_hunyuan_video(image=True),
        64,
        (3, 4, 8),
        options=WORDS | {"negative_prompt": "a dog", "guidance_scale": 1.0, "true_cfg_scale": 3.0},
        image=True,
        refuses=JOINT,
    ),
    "hunyuan video 1.5": Case(
        tiny.tiny_hunyuan_video_15,
        32,
        (3, 4, 8),
        options=HUNYUAN,
        calls=False,
        refuses=TEXT_ONLY | JOINT,
    ),
    "hunyuan video 1.5 image": Case(
        lambda: tiny.tiny_hunyuan_video_15(image=True),
        32,
        (3, 4, 8),
        options=HUNYUAN | UNSIZED,
        calls=False,
        image=True,
        refuses=JOINT,
    ),
    "kandinsky": Case(tiny.tiny_kandinsky, 64, (3, 4, 8), options=SHORT, refuses=TEXT_ONLY | TRANSFORMER | STEPWISE),
    "kandinsky image": Case(
        lambda: tiny.tiny_kandinsky(image=True),
        64,
        (5, 4, 8),
        frames=17,
        options=SHORT,
        image=True,
        refuses=TRANSFORMER | STEPWISE,
    ),
}
"""Name -> how it is made and called."""
METHODS_HERE: dict[str, tuple[str, dict[str, Any]]] = {
    "sg-i2v": ("sg-i2v", {"step_size": 0.05, "start": 0, "stop": 1, "iterations": 1}),
    "peekaboo": ("peekaboo", {}),
    "peekaboo paper": ("peekaboo", {"as_published": "paper"}),
    "mask-normalization": ("peekaboo+mask-normalization", {"as_published": "paper"}),
    "temporal-intrinsic": ("temporal-intrinsic", {"preview_steps": 1}),
    "freetraj": ("freetraj", {}),
    "trailblazer": ("trailblazer", {}),
    "query-warp": ("query-warp", {}),
    "time-to-move": ("time-to-move", {}),
    "region-prompts": ("region-prompts", {}),
}
"""Label -> method and parameters, as it is used on them."""


@cache
def pipeline(name: str) -> Any:
    """The pipeline of a case; the tests leave it as they found it."""
    pipe = CASES[name].make()
    pipe.set_progress_bar_config(disable=True)
    return pipe


def given(name: str) -> int:
    """First latent frames of a case's clip that are a given picture."""
    backbone = backbone_for(pipeline(name))
    return backbone.geometry.given if backbone.family.given_in is None else int(CASES[name].image)


def wanted(name: str) -> list[Track]:
    """The scene's tracks for a case's frames."""
    return evaluate(SCENE, CASES[name].frames)


def crude(name: str) -> MotionSignal:
    """A crude reference of a case: noise, with the scene's subject dragged over it."""
    case = CASES[name]
    return reference_of(SCENE, picture(1, case.side, case.side), (case.frames, case.side, case.side))


@cache
def plain(name: str) -> torch.Tensor:
    """Its final latents with nothing attached."""
    return run(name)


def run(name: str, **options: Any) -> torch.Tensor:
    """Final latents of a case's pipeline, two steps."""
    case = CASES[name]
    call: dict[str, Any] = {"prompt": PROMPT, "height": case.side, "width": case.side, "num_frames": case.frames}
    call |= {"num_inference_steps": 2, "output_type": "latent", "guidance_scale": 3.0} | case.options
    if case.image:
        call |= backbone_for(pipeline(name)).family.pictured(picture(0, case.side, case.side))
    call |= {"generator": torch.Generator().manual_seed(5)} | options
    given = {key: value for key, value in call.items() if key == "prompt" or value is not None}
    latents, backbone = pipeline(name)(**given).frames, backbone_for(pipeline(name))
    unpacked = backbone.family.latents == "packed" and given["output_type"] == "latent" and latents.ndim == 5
    return backbone.native(latents.transpose(1, 2)) if unpacked else latents
