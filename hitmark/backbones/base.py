"""What a model family must tell: the whole contract between pipelines and controls. Importing this needs no torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol

from hitmark.backbones.call import DenoiserCall
from hitmark.backbones.geometry import Geometry
from hitmark.control.abilities import Abilities
from hitmark.control.attention import AttentionSite, Scope
from hitmark.control.layout import Grid

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor, nn

    from hitmark.backbones.order import Order
    from hitmark.prompt import Prompt

Axes = Literal["bfchw", "bcfhw", "bfhwc", "packed"]
"""How a pipeline holds its latents; packed: (clips, tokens, channels), frame by frame, row by row, and of a token
channel by channel, frame by frame, row by row."""
AtStep = Literal["same", "frames in the batch", "without given frames", "without clips"]
"""What the scheduler's `step` is given: latents that are packed are unpacked where given frames are left out. Without
clips: those of the only one, without an axis of clips."""


@dataclass(frozen=True)
class Site:
    """An attention layer of a network.

    Attributes:
        name: path of the module.
        module: its queries, keys and values are those of its call number `attention` of scaled_dot_product_attention.
        block: the module around it that gradient checkpointing runs as one, or that is left out of it.
        scope, tags, depth: as in `AttentionSite`.
        feature: the name by which its features can be asked for; None: they cannot.
        norm: the layer norm before it, where there is one of its own.
    """

    name: str
    module: nn.Module
    block: nn.Module
    scope: Scope
    tags: frozenset[str] = frozenset()
    depth: float = 0.0
    feature: str | None = None
    attention: int = 0
    norm: Callable[[Tensor], Tensor] | None = None


@dataclass(frozen=True)
class Family:
    """One row of the table of families: data of a pipeline class, and the functions that are its own.

    Attributes:
        abilities: see `Abilities`.
        sites: the attention layers of a network, in the order in which it runs them.
        decode: the video of clean canonical latents, (frames, height, width, 3) in 0..1, as the pipeline decodes it.
        tokens: which characters of a prompt each text token stands for, from the arguments of `encode_prompt`.
        words: the arguments of a layer of words that say another text, from the pipeline, a network and what
            `encode_prompt` gave for that text; None: the words change from layer to layer, or from step to step.
        words_change, still: those of `Abilities` by a network's configuration, where networks of the family differ.
        default_features: which of the readable layers (by name, in running order) a method reads unless told.
        denoisers: attributes of the pipeline that hold them; the first runs the noisy steps.
        latents, at_step: see `Axes`, `AtStep`.
        argument: of the denoiser, which has the latents; conditions stand after them on the channel axis, and may do
            so in what the pipeline holds too.
        shared: arguments of the denoiser that are no clip's own, though they may be as long as the batch.
        by_frame: arguments of the denoiser that have a row for each frame of each clip, in place of one for each clip.
        branches: names of the branches of guidance, where they are calls of their own that the pipeline does not name
            by `cache_context`: in the order of a step's calls.
        scaled: whether the pipeline calls `scheduler.scale_model_input`.
        stride: pixels per latent cell (time, rows, columns), where the pipeline does not say it itself.
        patch: latent cells per token (time, rows, columns), likewise. causal, chunk: see `frame_groups`.
        halving_vae: whether the autoencoder halves the picture between any two of its `block_out_channels`.
        given: first latent frames that are a given picture; `given_if`: only where the pipeline's config has this;
            `given_in`: their number by the arguments of `prepare_latents`, where a call may leave the picture out.
        picture, as_given: the argument of the pipeline's call for a picture that the clip begins with, and what it is
            given in place of the picture itself.
        text_first: whether in joint attention the text's tokens stand before the video's.
        unit: pixels that the pipeline wants both sides to be multiples of, whatever its autoencoder is.
        halvings: whether the sides must also be halved exactly at every level of the network.
        negative: what the denoiser is given for the negative prompt in place of the prompt, from what the calls of
            `encode_prompt` gave; for families whose guidance takes two calls. {}: not known.
        hold_edited: whether the pipeline computes with its own latents between the denoiser and the scheduler, so that
            edited ones must be written into them.
        repacks: the pipeline's method that makes these of what the scheduler gave; "": it goes on with that itself.
        encode: clean canonical latents of a video (frames, height, width, 3) in -1..1, in the autoencoder's type: the
            inverse of `decode`, by the means of its distribution. None: not known.
        callback: the argument of the pipeline's call that is called after each step; None: there is none.
        prompted: whether the pipeline's call takes a prompt, wherever its words are looked at.
        least_frames: fewest frames of a video that the pipeline makes well.
        frames_in_config: whether the network's configuration says how many frames it makes.
        positions: what says in that configuration for how many frames the network has positions; "": for any number.
        times: the denoiser's arguments that say the noise levels, at a step of the loop (counted from 0), from the
            pipeline and its call's arguments; None: its timestep is that of the scheduler.
        autocast: whether the pipeline can be called under torch.autocast.
        network_check: raises HitmarkError for the configuration of a network whose attention controls cannot act on.
        checks: methods of the pipeline that its call runs before the loop, each with what is given the arguments by
            name and raises HitmarkError for those under which controls cannot act.
        of_size: for pipelines whose call takes no size: within it (pipeline, width, height) they make clips of this
            one.
    """

    abilities: Abilities
    sites: Callable[[Any], Iterator[Site]]
    decode: Callable[[Any, Tensor], Tensor]
    tokens: Callable[[Any, Mapping[str, Any]], list[Prompt] | None]
    default_features: Callable[[Sequence[str]], Sequence[str]]
    words: Callable[[Any, Any, Any], dict[str, Tensor]] | None = None
    words_change: Callable[[Any], str | None] | None = None
    still: Callable[[Any], frozenset[str]] | None = None
    denoisers: tuple[str, ...] = ("transformer",)
    latents: Axes = "bcfhw"
    at_step: AtStep = "same"
    argument: str = "hidden_states"
    shared: frozenset[str] = frozenset()
    by_frame: frozenset[str] = frozenset()
    branches: tuple[str, ...] = ()
    scaled: bool = False
    stride: Grid = (4, 8, 8)
    patch: Grid = (1, 1, 1)
    causal: bool = True
    chunk: int = 0
    given: int = 0
    given_if: str | None = None
    given_in: Callable[[Any, Mapping[str, Any]], int] | None = None
    picture: str = "image"
    as_given: Callable[[Any], Any] | None = None
    text_first: bool = False
    unit: int = 16
    halvings: bool = False
    negative: Callable[[Sequence[Any]], dict[str, Any]] | None = None
    hold_edited: bool = False
    repacks: str = ""
    encode: Callable[[Any, Tensor], Tensor] | None = None
    callback: Literal["callback_on_step_end", "callback"] | None = "callback_on_step_end"
    halving_vae: bool = False
    prompted: bool = True
    least_frames: int = 1
    frames_in_config: bool = False
    positions: str = ""
    times: Callable[[Any, Mapping[str, Any], int], dict[str, Any]] | None = None
    autocast: bool = True
    network_check: Callable[[Any], None] | None = None
    checks: Mapping[str, Callable[[Mapping[str, Any]], None]] = field(default_factory=dict)
    of_size: Callable[[Any, int, int], AbstractContextManager[None]] | None = None

    def abilities_of(self, config: Any) -> Abilities:
        """What can be done with a network of this configuration."""
        by_config = {"words_change": self.words_change, "still": self.still}
        told: dict[str, Any] = {name: say(config) for name, say in by_config.items() if say is not None}
        return replace(self.abilities, **told)

    def pictured(self, picture: Any) -> dict[str, Any]:
        """The arguments of the pipeline's call for a clip that begins with a picture."""
        return {self.picture: picture if self.as_given is None else self.as_given(picture)}


class Backbone(Protocol):
    """One pipeline object. Canonical latents are (clips, frames, channels, height, width)."""

    pipe: Any
    family: Family

    @property
    def name(self) -> str:
        """What messages call the pipeline."""
        ...

    @property
    def abilities(self) -> Abilities:
        """What can be done with it."""
        ...

    @property
    def geometry(self) -> Geometry:
        """Its pixels, cells and tokens."""
        ...

    def denoisers(self) -> list[Any]:
        """The modules as the pipeline calls them, possibly compiled."""
        ...

    def expert(self, timestep: Tensor) -> Any:
        """Which of the networks runs at a timestep."""
        ...

    def sizes(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Grid:
        """Frames, rows and columns of the latents, from a call of `prepare_latents`."""
        ...

    def canonical(self, latents: Tensor, sizes: Grid) -> Tensor:
        """Latents as the pipeline holds them, in the canonical form."""
        ...

    def native(self, canonical: Tensor) -> Tensor:
        """The inverse of `canonical`."""
        ...

    def from_step(self, sample: Tensor, before: Tensor) -> Tensor:
        """What the scheduler's `step` takes or gives, canonical; `before` has the frames that it may lack."""
        ...

    def to_step(self, canonical: Tensor) -> Tensor:
        """The inverse of `from_step`."""
        ...

    def bind(
        self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any], context: str | None, clips: int
    ) -> DenoiserCall:
        """Name the arguments of a call of a denoiser, and its branches; `context`: of `cache_context`."""
        ...

    def latents_of(self, call: DenoiserCall, norm: float, sizes: Grid) -> Tensor:
        """The canonical latents that a call was fed."""
        ...

    def with_latents(self, call: DenoiserCall, canonical: Tensor, norm: float) -> Tensor:
        """What the pipeline makes of canonical latents as this call's input: divided by `norm`, cast, with conditions
        and copies; frames that are a given picture stay as the call has them.
        """
        ...

    def sites(self, network: Any) -> list[Site]:
        """The attention layers of a network."""
        ...

    def attention_site(self, site: Site, rows: int, length: int, text: int, sizes: Grid) -> AttentionSite:
        """A layer, called with so many rows and tokens of the video (and of text, in one sequence)."""
        ...

    def prompts(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Prompt] | None:
        """The prompts of a call of `encode_prompt`; None where it was given embeddings."""
        ...

    def decode(self, clean: Tensor) -> Tensor:
        """The video of canonical latents of one clip: (frames, height, width, 3), 0..1."""
        ...

    def run(self, order: Order) -> np.ndarray:
        """Call the pipeline; frames float32 (frames, height, width, 3) in 0..1."""
        ...
