"""What a card of a model says. Importing this needs no torch."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hitmark.backbones.base import Family
from hitmark.backbones.families import FAMILIES
from hitmark.control.abilities import Abilities

WAN_PICTURED = "WanImageToVideoPipeline"
PICTURED = {
    "LTXPipeline": "LTXImageToVideoPipeline",
    "LTX2Pipeline": "LTX2ImageToVideoPipeline",
    "LTXConditionPipeline": "LTXConditionPipeline",
    "LTX2ConditionPipeline": "LTX2ConditionPipeline",
}
"""Classes of pipelines whose weights are always those of another class that starts from an image, or of the same one,
which may be called without."""

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
        pictured: class of the pipeline that starts a clip from an image with the same weights, `pipeline` itself where
            that may be called without; None for weights that do one of both alone.
        frames, width, height, fps, steps: what the model is called with unless told otherwise; None = its config's.
        embedded: whether the weights are in this package.
        call: further arguments of the pipeline call.
        knobs: method name -> knob defaults for this model.
        path: folder of a local or embedded model.
        world: "sprites" for a model that was trained on the embedded world; None = anything.
        half: the type of half precision it was made for.
        cell: pixels of a latent cell; None: as in its family's row.
        joining: for a model that is parts of several repositories: the lines of Python that join them into "FOLDER",
            which whoever wants it runs once. "": it is one repository.
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
    joining: str = ""
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
    def abilities(self) -> Abilities:
        """Of its family, as it is for this task."""
        return replace(self.family.abilities, takes_image=self.takes_picture)

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
    def least_frames(self) -> int:
        """Fewest frames of a clip that it makes."""
        return max(self.frame_unit + 1 if self.frame_unit > 1 else 1, self.family.least_frames)

    @property
    def frames_in_config(self) -> bool:
        """Whether the network's configuration says how many frames it makes."""
        return self.family.frames_in_config

    @property
    def best_method(self) -> str:
        """What a scene's method "auto" means: the best of our own tables (docs/methods)."""
        return self.from_picture if self.takes_picture else self.from_text
