"""What a card of a model says, and the cards of the video transformers. Importing this needs no torch."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hitmark.backbones.base import Family
from hitmark.backbones.families import FAMILIES

APACHE = "Apache-2.0"
WAN_PICTURED = "WanImageToVideoPipeline"
PICTURED = {"LTXPipeline": "LTXImageToVideoPipeline"}
"""Classes of pipelines whose weights are always those of another class that starts from an image."""
COGVIDEOX = "CogVideoX License (see the repository; 2B: Apache-2.0)"
LTX = "LTX-Video Open Weights License (see the repository)"
TRANSFORMER_KNOBS: dict[str, dict[str, Any]] = {"peekaboo": {"as_published": "paper"}}
"""The published code of Peekaboo is about a U-Net."""
FLOW_KNOBS = TRANSFORMER_KNOBS | {"sg-i2v": {"learning_rate": 0.002, "start": 0.02, "stop": 0.12}}
"""SG-I2V's step of 0.21 at SVD's noise levels, in the units of a flow, at the same shares of noise; not tuned."""


@dataclass(frozen=True)
class ModelCard:
    """What there is to know about a model before it is loaded.

    Attributes:
        name: as given to `--model`.
        hub_id: repository on the Hugging Face hub; None for an embedded or local model.
        license: its name and what it asks for.
        task: "image-to-video" or "text-to-video".
        pipeline: class of the diffusers pipeline.
        pictured: class of the pipeline that starts a clip from an image with the same weights; None for weights that
            do one of both alone.
        frames, width, height, fps, steps: what the model is called with unless told otherwise; None = its config's.
        embedded: whether the weights are in this package.
        call: further arguments of the pipeline call.
        knobs: method name -> knob defaults for this model.
        path: folder of a local or embedded model.
        world: "sprites" for a model that was trained on the embedded world; None = anything.
        half: the type of half precision it was made for.
        cell: pixels of a latent cell; None: as in its family's row.
        from_picture, from_text: the method that steers a clip from a picture, or from words alone, best by our own
            tables.
    """

    name: str
    hub_id: str | None
    license: str
    task: str
    pipeline: str
    frames: int | None
    width: int
    height: int
    fps: float
    steps: int
    embedded: bool = False
    call: dict[str, Any] = field(default_factory=dict)
    knobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    path: Path | None = None
    world: str | None = None
    half: str = "float16"
    pictured: str | None = None
    cell: int | None = None
    from_picture: str = "sg-i2v"
    from_text: str = "ivg-da"

    def starting(self, picture: bool) -> ModelCard:
        """The card as it is for a clip that starts from a picture, or from words alone, where the weights do both."""
        if self.pictured is None or not picture:
            return self
        return replace(self, task="image-to-video", pipeline=self.pictured)

    @property
    def family(self) -> Family:
        """The row of its class of pipeline."""
        return FAMILIES[self.pipeline]

    @property
    def takes_picture(self) -> bool:
        """Whether a clip starts from a given picture; else from the scene's prompt."""
        return self.task == "image-to-video"

    @property
    def reads_prompt(self) -> bool:
        """Whether a clip is made from the words of a prompt, with or without a picture."""
        return self.family.prompted

    @property
    def frame_unit(self) -> int:
        """Clips have a multiple of this many frames, and one more where it is not 1."""
        return self.family.stride[0] if self.family.causal else 1

    @property
    def frames_in_config(self) -> bool:
        """Whether the network's configuration says how many frames it makes."""
        return self.family.frames_in_config

    @property
    def best_method(self) -> str:
        """What a scene's method "auto" means: the best of our own tables (docs/methods)."""
        return self.from_picture if self.takes_picture else self.from_text


def _wan(name: str, repository: str, size: tuple[int, int], *, image: bool = False, **other: Any) -> ModelCard:
    task, pipeline = ("image-to-video", WAN_PICTURED) if image else ("text-to-video", "WanPipeline")
    settings: dict[str, Any] = {"frames": 81, "fps": 16, "steps": 50, "call": {"guidance_scale": 5.0}} | other
    return ModelCard(
        name=name,
        hub_id=f"Wan-AI/{repository}",
        license=APACHE,
        task=task,
        pipeline=pipeline,
        width=size[0],
        height=size[1],
        knobs=FLOW_KNOBS,
        half="bfloat16",
        **settings,
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


def _ltx(name: str) -> ModelCard:
    return ModelCard(
        name=name,
        hub_id="Lightricks/LTX-Video",
        license=LTX,
        task="text-to-video",
        pipeline="LTXPipeline",
        pictured=PICTURED["LTXPipeline"],
        frames=161,
        width=704,
        height=480,
        fps=24,
        steps=50,
        call={"guidance_scale": 3.0},
        knobs=FLOW_KNOBS,
        half="bfloat16",
    )


def _by_name(*cards: ModelCard) -> dict[str, ModelCard]:
    return {card.name: card for card in cards}


TI2V: dict[str, Any] = {"frames": 121, "fps": 24, "cell": 16}
SMALL, LARGE = (832, 480), (1280, 720)
TRANSFORMERS: dict[str, ModelCard] = _by_name(
    _wan("wan2.1-t2v-1.3b", "Wan2.1-T2V-1.3B-Diffusers", SMALL),
    _wan("wan2.1-t2v-14b", "Wan2.1-T2V-14B-Diffusers", SMALL),
    _wan("wan2.1-i2v-14b", "Wan2.1-I2V-14B-480P-Diffusers", SMALL, image=True),
    _wan("wan2.2-t2v-a14b", "Wan2.2-T2V-A14B-Diffusers", LARGE, steps=40, call={"guidance_scale": 4.0}),
    _wan("wan2.2-i2v-a14b", "Wan2.2-I2V-A14B-Diffusers", LARGE, image=True, steps=40, call={"guidance_scale": 3.5}),
    _wan("wan2.2-ti2v-5b", "Wan2.2-TI2V-5B-Diffusers", (1280, 704), pictured=WAN_PICTURED, **TI2V),
    _cogvideox("cogvideox-2b", (720, 480), 49, 8),
    _cogvideox("cogvideox-5b", (720, 480), 49, 8),
    _cogvideox("cogvideox-5b-i2v", (720, 480), 49, 8, image=True),
    _cogvideox("cogvideox1.5-5b", (1360, 768), 81, 16),
    _cogvideox("cogvideox1.5-5b-i2v", (1360, 768), 81, 16, image=True),
    _ltx("ltx-video"),
    replace(
        _ltx("ltx-2"),
        hub_id="Lightricks/LTX-2",
        license="LTX-2 Community License (see the repository)",
        pipeline="LTX2Pipeline",
        pictured=None,
        frames=121,
        width=768,
        height=512,
        steps=30,
    ),
    ModelCard(
        name="hunyuanvideo-1.5",
        hub_id="hunyuanvideo-community/HunyuanVideo-1.5-Diffusers-480p_t2v",
        license="Tencent Hunyuan Community License (see the repository)",
        task="text-to-video",
        pipeline="HunyuanVideo15Pipeline",
        frames=121,
        width=848,
        height=480,
        fps=24,
        steps=50,
        knobs=TRANSFORMER_KNOBS,
        half="bfloat16",
    ),
)
"""Video transformers by name. No method was tuned on their weights."""
OF_TRANSFORMER = {
    "WanPipeline": "wan2.1-t2v-1.3b",
    "WanImageToVideoPipeline": "wan2.1-i2v-14b",
    "CogVideoXPipeline": "cogvideox-5b",
    "CogVideoXImageToVideoPipeline": "cogvideox-5b-i2v",
    "LTXPipeline": "ltx-video",
    "LTXImageToVideoPipeline": "ltx-video",
    "LTX2Pipeline": "ltx-2",
    "HunyuanVideo15Pipeline": "hunyuanvideo-1.5",
}
"""The model whose defaults a folder of this class of pipeline has."""
