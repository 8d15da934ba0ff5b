"""Modular pipelines of diffusers: their blocks as the methods of a stock pipeline, so that one row serves both.

A stock pipeline has its text encoder's call, its start noise and its loop in methods of its own. A modular one has them
in blocks, of the same networks, and a guider that says which branches of guidance a step has.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from torch import Tensor

from hitmark.backbones.call import DenoiserCall
from hitmark.backbones.families import FAMILIES, MODULAR_FAMILIES
from hitmark.backbones.pipeline import PipelineBackbone, uncompiled_module
from hitmark.control import UNCOND
from hitmark.errors import HitmarkError

if TYPE_CHECKING:
    from hitmark.backbones.base import Family

MODULAR = "WanModularPipeline"
"""The class of modular pipelines whose networks are known, with its subclasses."""
NETWORKS: dict[str, tuple[str, str]] = {
    "WanVACETransformer3DModel": ("WanVACEPipeline", "WanVACEPipeline"),
    "WanTransformer3DModel": ("WanPipeline", "WanImageToVideoPipeline"),
}
"""Class of the network -> stock pipeline from text and from a picture, which has the row."""
KIN = {"MiniMaxH3ModularPipeline": "HunyuanVideo15Pipeline"}
"""Class of a pipeline that is modular alone -> the stock one whose settings of methods it has; none are tuned on it."""
PREPARES, ENCODES = "prepare_latents", "encode_prompt"
"""Methods of blocks that a stock pipeline has too."""


class BlockMethod:
    """A method of a block, which is given the pipeline first, as a method of the pipeline."""

    def __init__(self, pipe: Any, function: Any) -> None:
        self.pipe, self.function = pipe, function

    @property
    def __signature__(self) -> inspect.Signature:
        _components, *own = inspect.signature(self.function).parameters.values()
        return inspect.Signature(own)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """As the method."""
        return self.function(self.pipe, *args, **kwargs)


class Parts:
    """A modular pipeline as a stock one: its components, and methods of its blocks.

    Attributes:
        whole: the modular pipeline.
        methods: those of its blocks, by name; of each the one that is called now.
    """

    def __init__(self, whole: Any, methods: dict[str, BlockMethod]) -> None:
        self.whole, self.methods = whole, methods
        vars(self).update(methods)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.whole, name)

    def check_inputs(self, prompt: Any = None) -> None:
        """A call of the pipeline begins; blocks check their own inputs."""


@dataclass(frozen=True)
class Asked:
    """A branch that a guider asks the denoiser for: its name, and the arguments that are its own."""

    name: str
    arguments: Mapping[str, Any]


class ModularBackbone(PipelineBackbone):
    """One modular pipeline and the family of its networks.

    Attributes:
        handing: class of a block that has no such method -> which method what it hands over at its end stands for.
        preparing: what a message calls a block that makes the start noise.
        stock: the stock pipeline with its networks, if any.
        asked: the branches of the current step, in the order in which the denoiser is called for them.
    """

    handing: ClassVar[Mapping[str, str]] = {}
    preparing = f"a block with a method {PREPARES}(components, ...), such as WanPrepareLatentsStep,"

    def __init__(self, parts: Parts, family: Family, stock: str = "") -> None:
        self.stock, self.asked = stock, tuple[Asked, ...]()
        super().__init__(parts, family)
        self.parts: Parts = self.pipe

    @property
    def name(self) -> str:
        """What messages call the pipeline."""
        return type(self.parts.whole).__name__

    @property
    def branches(self) -> tuple[str, ...]:
        """Names of the branches of a step, in their order."""
        return tuple(each.name for each in self.asked)

    @property
    def unasked(self) -> str:
        """Of a call of a denoiser that is no branch of guidance."""
        return (
            f"{self.name}: a block calls the denoiser for something that no guider asked for, so controls cannot tell "
            "what it is. Expected one call for each branch of guider.prepare_inputs_from_block_state(...), as in "
            f"diffusers' own blocks; use those, or {self.stock} with these components."
        )

    def handed(self, block: Any) -> str | None:
        """Which method stands for what a block hands over."""
        found = (self.handing.get(kind.__name__) for kind in type(block).__mro__)
        return next((method for method in found if method), None)

    def prepares(self, block: Any) -> bool:
        """Whether a block makes the start noise."""
        return self.handed(block) == PREPARES if self.handing else hasattr(block, PREPARES)

    def bind(
        self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any], context: str | None, clips: int
    ) -> DenoiserCall:
        """Name the arguments of a call of a denoiser, and its branch. Raises HitmarkError for a call of no guider's."""
        if context is None:
            raise HitmarkError(self.unasked)
        call = super().bind(module, args, kwargs, context, clips)
        rows = len(call.arguments[self.family.argument])
        if not self.handing and rows != clips:
            raise HitmarkError(
                f"{self.name}: a block gives the denoiser {rows} rows in one call, where the batch has {clips}, so "
                "controls cannot tell which branch of guidance or clip each row is. Expected one call for each branch "
                "of guider.prepare_inputs_from_block_state(...), with the whole batch, as in diffusers' own blocks; "
                f"use those, or {self.stock} with these components."
            )
        return call

    def check_given(self, _state: Any) -> None:
        """Raise HitmarkError for what a call is given and controls cannot serve, by its state at the beginning."""

    def check_state(self, state: Any) -> None:
        """Raise HitmarkError for latent frames in front of the video's, which another pipeline's encoder may give."""
        if state.get("num_reference_images"):
            raise HitmarkError(
                f"num_reference_images: expected none, got {state.get('num_reference_images')}. Each is a latent frame "
                "in front of the video, where boxes would be those of other frames; leave reference_images out of the "
                "encoder's call (video and mask can stay)."
            )

    def negative(self, call: DenoiserCall, encoded: Sequence[Any]) -> DenoiserCall | None:
        """The call of the negative prompt's branch, from the prompt's, where the guider asks for one at this step."""
        asked = next((each.arguments for each in self.asked if each.name == "pred_uncond"), None)
        if asked is None:
            return None
        own = {name: value.to(call.arguments[name]) for name, value in asked.items() if isinstance(value, Tensor)}
        return replace(call, arguments={**call.arguments, **own}, branches=(UNCOND,))

    def named(self, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """The arguments of a call of one of the pipeline's methods, by name, defaults filled in."""
        function = self.parts.methods.get(method) or getattr(self.parts, method)
        bound = inspect.signature(function).bind(*args, **kwargs)
        bound.apply_defaults()
        return dict(bound.arguments)


def _no_block(_components: Any) -> None:
    """In the place of a method that none of the blocks has yet."""


def every(block: Any) -> Iterator[Any]:
    """A block and those in it, in running order; of alternatives all."""
    yield block
    for each in block.sub_blocks.values():
        yield from every(each)


def leaves(block: Any) -> Iterator[Any]:
    """The blocks without blocks in them, likewise."""
    return (each for each in every(block) if not each.sub_blocks)


def modular_backbone(pipe: Any) -> ModularBackbone:
    """A modular pipeline through the row of the stock class with its networks.

    Raises:
        HitmarkError: blocks of another model, or components that are not there yet.
    """
    if is_known(pipe):
        check_loaded(pipe)
    stock = stock_class(pipe)
    if stock is None:
        network = type(uncompiled_module(getattr(pipe, "transformer", None))).__name__
        came = f"{type(pipe).__name__} with a {network}" if is_known(pipe) else type(pipe).__name__
        raise HitmarkError(
            f"hitmark does not know modular pipelines of class {came}. Expected a {MODULAR} or a subclass (diffusers) "
            f"with a {' or '.join(NETWORKS)}; a {' or '.join(MODULAR_FAMILIES)}; or a stock pipeline of these "
            f"components, of one of the classes {', '.join(FAMILIES)}."
        )
    family = _row(pipe, stock)
    methods = {name: BlockMethod(pipe, _no_block) for name in (ENCODES, PREPARES, *family.checks)}
    return ModularBackbone(Parts(pipe, methods), family, stock)


def is_known(pipe: Any) -> bool:
    """Whether it is of the class of modular pipelines whose networks are known."""
    return any(kind.__name__ == MODULAR for kind in type(pipe).__mro__)


def stock_class(pipe: Any) -> str | None:
    """The stock class with the networks of a modular pipeline; None where none is known, or it is no such pipeline.

    Conditions of a picture stand behind the latents in what a network takes, so that it takes more than it gives.
    """
    network = uncompiled_module(getattr(pipe, "transformer", None))
    found = next((NETWORKS[kind.__name__] for kind in type(network).__mro__ if kind.__name__ in NETWORKS), None)
    if found is None or not is_known(pipe):
        return None
    return found[int(network.config.in_channels != network.config.out_channels)]


def check_loaded(pipe: Any) -> None:
    """Raise HitmarkError for a modular pipeline whose networks or scheduler are not there."""
    second = [name for name in ("transformer_2",) if name in pipe.component_names]
    missing = [name for name in ("scheduler", "transformer", *second) if getattr(pipe, name, None) is None]
    if missing:
        raise HitmarkError(
            f"{', '.join(missing)}: this {type(pipe).__name__} has none. Expected blocks with a loop of denoising, and "
            "their components; load them first: pipe.load_components(), or pipe.update_components(...)."
        )


def _row(pipe: Any, stock: str) -> Family:
    """The row of the stock class; nothing can be encoded where the pipeline has no autoencoder."""
    family = FAMILIES[stock]
    return family if getattr(pipe, "vae", None) is not None else replace(family, encode=None)
