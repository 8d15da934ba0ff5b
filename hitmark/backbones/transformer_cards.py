"""The cards of the video transformers. Importing this needs no torch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hitmark.backbones.cards import FLOW_KNOBS, TRANSFORMER_KNOBS, WAN_PICTURED, ModelCard
from hitmark.backbones.ltx_cards import LTX_CARDS

APACHE = "Apache-2.0"
COGVIDEOX = "CogVideoX License (see the repository; 2B: Apache-2.0)"


def _wan(name: str, repository: str, size: tuple[int, int], *, image: bool = False, **other: Any) -> ModelCard:
    settings: dict[str, Any] = {"frames": 81, "fps": 16, "steps": 50, "call": {"guidance_scale": 5.0}}
    settings |= {"pipeline": WAN_PICTURED if image else "WanPipeline"} | other
    return ModelCard(
        name=name,
        hub_id=f"Wan-AI/{repository}",
        license=APACHE,
        task="image-to-video" if image else "text-to-video",
        width=size[0],
        height=size[1],
        knobs=FLOW_KNOBS,
        half="bfloat16",
        **settings,
    )


def _skyreels(kind: str, *, image: bool = False) -> ModelCard:
    """`kind`: as its repository has it, such as "14B-540P"."""
    task = "I2V" if image else "T2V"
    large = {"width": LARGE[0], "height": LARGE[1], "frames": 121}
    return replace(
        _wan(f"skyreels-v2-{task}-{kind}".lower(), "", (960, 544), image=image, frames=97, fps=24),
        hub_id=f"Skywork/SkyReels-V2-{task}-{kind}-Diffusers",
        license="Skywork license (see the repository)",
        pipeline="SkyReelsV2ImageToVideoPipeline" if image else "SkyReelsV2Pipeline",
        call={"guidance_scale": 5.0 if image else 6.0},
        **(large if kind.endswith("720P") else {}),
    )


def _cogvideox(name: str, size: tuple[int, int], frames: int, fps: float, *, image: bool = False) -> ModelCard:
    return ModelCard(
        name=name,
        hub_id=f"THUDM/{name.replace('cogvideox', 'CogVideoX')}",
        license=COGVIDEOX,
        task="image-to-video" if image else "text-to-video",
        pipeline="CogVideoXImageToVideoPipeline" if image else "CogVideoXPipeline",
        frames=frames,
        width=size[0],
        height=size[1],
        fps=fps,
        steps=50,
        call={"guidance_scale": 6.0},
        knobs=TRANSFORMER_KNOBS
        | {"sg-i2v": {"learning_rate": 0.002, "start": 0.02, "stop": 0.12}}
        | {"time-to-move": {"weak": 0.959, "strong": 0.895}},
        half="bfloat16",
    )


def _hunyuan(name: str, repository: str, pipeline: str, **other: Any) -> ModelCard:
    """Guidance of 1.5 is set on the pipeline's guider, and no argument of the call."""
    settings: dict[str, Any] = {"task": "text-to-video", "frames": 121, "width": 848, "height": 480, "fps": 24} | other
    settings = {"hub_id": f"hunyuanvideo-community/{repository}"} | settings
    return ModelCard(
        name=name,
        license="Tencent Hunyuan Community License (see the repository)",
        pipeline=pipeline,
        steps=50,
        knobs=FLOW_KNOBS,
        half="bfloat16",
        **settings,
    )


def _kandinsky(name: str, repository: str, *, image: bool = False, **other: Any) -> ModelCard:
    settings: dict[str, Any] = {"steps": 50, "call": {"guidance_scale": 5.0}} | other
    return ModelCard(
        name=name,
        hub_id=f"kandinskylab/Kandinsky-5.0-{repository}-Diffusers",
        license="MIT",
        task="image-to-video" if image else "text-to-video",
        pipeline="Kandinsky5I2VPipeline" if image else "Kandinsky5T2VPipeline",
        frames=121,
        width=768,
        height=512,
        fps=24,
        knobs=FLOW_KNOBS,
        half="bfloat16",
        **settings,
    )


JOINING_SKYREELS = """import torch
from diffusers import HunyuanSkyreelsImageToVideoPipeline, HunyuanVideoTransformer3DModel
half = {"torch_dtype": torch.bfloat16}
network = HunyuanVideoTransformer3DModel.from_pretrained("Skywork/SkyReels-V1-Hunyuan-I2V", **half)
base = "hunyuanvideo-community/HunyuanVideo"
pipe = HunyuanSkyreelsImageToVideoPipeline.from_pretrained(base, transformer=network, **half)
pipe.save_pretrained("FOLDER")"""


def _by_name(*cards: ModelCard) -> dict[str, ModelCard]:
    return {card.name: card for card in cards}


TI2V: dict[str, Any] = {"frames": 121, "fps": 24, "cell": 16}
WAN_VACE = "WanVACEPipeline"
SMALL, LARGE = (832, 480), (1280, 720)
TRANSFORMERS: dict[str, ModelCard] = _by_name(
    _wan("wan2.1-t2v-1.3b", "Wan2.1-T2V-1.3B-Diffusers", SMALL),
    _wan("wan2.1-t2v-14b", "Wan2.1-T2V-14B-Diffusers", SMALL),
    _wan("wan2.1-i2v-14b", "Wan2.1-I2V-14B-480P-Diffusers", SMALL, image=True),
    _wan("wan2.2-t2v-a14b", "Wan2.2-T2V-A14B-Diffusers", LARGE, steps=40, call={"guidance_scale": 4.0}),
    _wan("wan2.2-i2v-a14b", "Wan2.2-I2V-A14B-Diffusers", LARGE, image=True, steps=40, call={"guidance_scale": 3.5}),
    _wan("wan2.2-ti2v-5b", "Wan2.2-TI2V-5B-Diffusers", (1280, 704), pictured=WAN_PICTURED, **TI2V),
    _wan("wan2.1-vace-1.3b", "Wan2.1-VACE-1.3B-diffusers", SMALL, pipeline=WAN_VACE),
    _wan("wan2.1-vace-14b", "Wan2.1-VACE-14B-diffusers", SMALL, pipeline=WAN_VACE),
    _skyreels("14B-540P"),
    _skyreels("14B-720P"),
    _skyreels("1.3B-540P", image=True),
    _skyreels("14B-540P", image=True),
    _skyreels("14B-720P", image=True),
    _cogvideox("cogvideox-2b", (720, 480), 49, 8),
    _cogvideox("cogvideox-5b", (720, 480), 49, 8),
    _cogvideox("cogvideox-5b-i2v", (720, 480), 49, 8, image=True),
    _cogvideox("cogvideox1.5-5b", (1360, 768), 81, 16),
    _cogvideox("cogvideox1.5-5b-i2v", (1360, 768), 81, 16, image=True),
    *LTX_CARDS,
    _hunyuan(
        "hunyuanvideo",
        "HunyuanVideo",
        "HunyuanVideoPipeline",
        frames=129,
        width=1280,
        height=720,
        call={"guidance_scale": 6.0},
    ),
    _hunyuan(
        "skyreels-v1-i2v",
        "",
        "HunyuanSkyreelsImageToVideoPipeline",
        hub_id=None,
        task="image-to-video",
        frames=97,
        width=960,
        height=544,
        call={"guidance_scale": 1.0, "true_cfg_scale": 6.0},
        joining=JOINING_SKYREELS,
    ),
    _hunyuan("hunyuanvideo-1.5", "HunyuanVideo-1.5-Diffusers-480p_t2v", "HunyuanVideo15Pipeline"),
    _hunyuan(
        "hunyuanvideo-1.5-i2v",
        "HunyuanVideo-1.5-Diffusers-480p_i2v",
        "HunyuanVideo15ImageToVideoPipeline",
        task="image-to-video",
    ),
    _kandinsky("kandinsky-5-t2v-lite", "T2V-Lite-sft-5s"),
    _kandinsky("kandinsky-5-t2v-lite-nocfg", "T2V-Lite-nocfg-5s", call={"guidance_scale": 1.0}),
    _kandinsky(
        "kandinsky-5-t2v-lite-distilled", "T2V-Lite-distilled16steps-5s", steps=16, call={"guidance_scale": 1.0}
    ),
    _kandinsky("kandinsky-5-i2v-pro", "I2V-Pro-sft-5s", image=True),
)
"""Video transformers by name. No method was tuned on their weights."""
OF_TRANSFORMER = {
    "WanPipeline": "wan2.1-t2v-1.3b",
    "WanImageToVideoPipeline": "wan2.1-i2v-14b",
    WAN_VACE: "wan2.1-vace-1.3b",
    "SkyReelsV2Pipeline": "skyreels-v2-t2v-14b-540p",
    "SkyReelsV2ImageToVideoPipeline": "skyreels-v2-i2v-14b-540p",
    "CogVideoXPipeline": "cogvideox-5b",
    "CogVideoXImageToVideoPipeline": "cogvideox-5b-i2v",
    "LTXPipeline": "ltx-video",
    "LTXImageToVideoPipeline": "ltx-video",
    "LTXConditionPipeline": "ltx-video-0.9.5",
    "LTX2Pipeline": "ltx-2.3",
    "LTX2ImageToVideoPipeline": "ltx-2.3",
    "LTX2ConditionPipeline": "ltx-2.3-condition",
    "HunyuanVideoPipeline": "hunyuanvideo",
    "HunyuanSkyreelsImageToVideoPipeline": "skyreels-v1-i2v",
    "HunyuanVideo15Pipeline": "hunyuanvideo-1.5",
    "HunyuanVideo15ImageToVideoPipeline": "hunyuanvideo-1.5-i2v",
    "Kandinsky5T2VPipeline": "kandinsky-5-t2v-lite",
    "Kandinsky5I2VPipeline": "kandinsky-5-i2v-pro",
}
"""The model whose defaults a folder of this class of pipeline has."""
