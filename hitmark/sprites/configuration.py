"""One configuration file per embedded model: everything that decides the trained weights."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields, replace
from importlib import resources
from pathlib import Path
from typing import Any

from hitmark.errors import HitmarkError
from hitmark.sprites.world import SpriteWorld, text_world


@dataclass(frozen=True)
class ModelConfiguration:
    """What all embedded models have. Sizes in pixels, times in optimization steps."""

    seed: int = 0
    width: int = 64
    height: int = 64
    frames: int = 8
    latent_channels: int = 8
    steps: int = 3100
    batch: int = 8
    learning_rate: float = 1.4e-3
    matrix_rate: float = 1.0
    """Learning rate of the hidden matrices (Muon) over `learning_rate`."""
    warmup: int = 100
    decay: float = 0.3
    """Share of the steps, at the end, over which the learning rate falls to zero."""
    average: float = 0.998
    """Decay of the exponential moving average of the weights."""
    decoder_steps: int = 3000
    decoder_batch: int = 2
    decoder_learning_rate: float = 1e-3

    def world(self) -> SpriteWorld:
        """The world of this model's clips."""
        return SpriteWorld(width=self.width, height=self.height, frames=self.frames)


@dataclass(frozen=True)
class UNetConfiguration(ModelConfiguration):
    """What the two U-Nets have."""

    channels: tuple[int, int] = (64, 128)
    decoder_channels: tuple[int, int, int] = (32, 64, 128)
    attention_weight: float = 0.05
    """Weight of the loss that teaches attention; see hitmark/sprites/correspondence.py and grounding.py."""


@dataclass(frozen=True)
class ImageToVideoConfiguration(UNetConfiguration):
    """Of `sprites-i2v`; see `sprites_i2v.toml` for the values that shipped."""

    photographs: float = 0.3
    """Share of photographic backgrounds and moving things in training clips."""
    heads: tuple[int, int] = (2, 4)
    embedding: int = 64
    """Width of the image embedding."""
    sigma_min: float = 0.02
    sigma_max: float = 40.0
    log_sigma_mean: float = 0.4
    log_sigma_std: float = 1.4
    dense_log_sigma: tuple[float, float] = (0.0, 0.9)
    """Mean and deviation in the first, denser phase: around the noise level at which things must be copied from the
    picture to where the noisy frame says they are, which is what takes longest to learn."""
    drop_condition: float = 0.1
    """Share of training clips whose picture and embedding are zeroed, for classifier-free guidance."""
    noise_augmentation: float = 0.02
    moved_weight: float = 3.0
    """Weight in the loss of cells whose content is not where it was in the first frame."""
    short_steps: int = 2200
    """The first so many steps use clips of half the frames, which cost half, of the denser world: there is more to
    learn from each of them."""

    def world(self) -> SpriteWorld:
        """Drawn and photographic clips."""
        return replace(super().world(), photographs=self.photographs)

    def dense_world(self) -> SpriteWorld:
        """A livelier one: more, larger things, more pans."""
        return replace(self.world(), objects=(2, 3, 4), sizes=(0.26, 0.5), still=0.1, camera=0.45)


@dataclass(frozen=True)
class TextToVideoConfiguration(UNetConfiguration):
    """Of `sprites-t2v`; see `sprites_t2v.toml` for the values that shipped."""

    head_width: int = 16
    """Channels of an attention head."""
    embedding: int = 64
    """Width of the text encoder."""
    text_layers: int = 2
    drop_caption: float = 0.1
    """Share of training clips with an empty prompt, for classifier-free guidance."""
    picture_steps: int = 1500
    """The first so many steps see single pictures only, `pictures` of them each: what things look like and what they
    are called is learned from pictures, at a fraction of the cost of clips."""
    pictures: int = 48
    signal_cap: float = 5.0
    """Largest signal-to-noise ratio that counts in the loss (min-SNR weighting)."""

    def world(self) -> SpriteWorld:
        """The text-to-video model's world."""
        return text_world(self.width, self.height, self.frames)


@dataclass(frozen=True)
class VideoConfiguration(ModelConfiguration):
    """Of `sprites-wan`; see `sprites_wan.toml` for the values that shipped."""

    heads: int = 6
    head_width: int = 32
    layers: int = 8
    embedding: int = 96
    """Width of the text encoder."""
    text_layers: int = 2
    decoder_width: int = 24
    """Channels of the decoder's last level; the others have twice as many."""
    decoder_pictures: int = 0
    """The first so many steps of the decoder see single frames, 4 x `decoder_batch` windows of them; the others whole
    clips, half of `decoder_batch`. A causal decoder that knows short clips only gets worse with every frame after
    their end."""
    photographs: float = 0.3
    """Share of photographic backgrounds and moving things in clips whose first frame is given."""
    given: float = 0.5
    """Share of clips whose first frame is given."""
    drop_caption: float = 0.1
    """Share of training clips with an empty prompt, for classifier-free guidance."""
    shift: float = 3.0
    """Of the noise levels in training, of windows and pictures: above 1 is noisier."""
    clip_shift: float = 3.0
    """The same of clips, where it is noise levels near 1 that decide where things are and how they move."""
    sampling_shift: float = 3.0
    even_levels: float = 0.25
    """Share of training clips with a noise level drawn evenly from 0..1, so that fine detail is met often enough."""
    grid: int = 0
    """Pixels of the grid that things are on in the frames that latent frames are pictures of; see `SpriteWorld`."""
    stride: int = 0
    """Pixels that things and pans move by, or multiples of it, from one such frame to the next; see `SpriteWorld`.
    Things of a given picture are then anywhere: what is given is copied, wherever it lies."""
    thing_weight: float = 3.0
    """Weight in the loss of cells that things cover."""
    recognition: float = 0.0
    """Weight of the loss of what hidden tokens tell of the things that cover them (see `recognition.py`); 0: none."""
    recognized_after: int = 3
    """Blocks after which hidden tokens are asked."""
    half: bool = True
    """Whether networks run in bfloat16 while training, where the device computes it fast; weights are in float32."""
    compiled: bool = False
    """Whether the transformer's blocks are compiled for training; needs a C++ compiler."""
    stages: str = "pictures 1500, short 1500"
    """What the steps see, in this order, and how many of them; those after see `whole` clips. `windows` are of one
    thing each: what things look like and are called is learned from them at a fraction of the cost of whole `pictures`;
    `short` are clips of `short_frames` frames."""
    windows_every: int = 0
    """After these stages one step of so many sees windows, not clips: what things look like, learned from windows, is
    half forgotten while only clips are seen. 0: none does."""
    windows: int = 162
    """Windows of a step, a multiple of 6, of `window` pixels a side."""
    window: int = 80
    pictures: int = 48
    """Single pictures of a step, a multiple of 3."""
    short_frames: int = 9
    short_batch: int = 16
    shown: int = 1
    """Steps that see a clip, window or picture once it is made: drawing it costs a good part of a step. Their counts
    are rounded up to this."""

    def world(self) -> SpriteWorld:
        """The world of clips from text: drawn, with one or two large things."""
        return replace(text_world(self.width, self.height, self.frames), grid=self.grid, stride=self.stride)

    def pictured_world(self) -> SpriteWorld:
        """The world of clips from a picture: all drawings, and photographs."""
        things: dict[str, Any] = {"names": (), "sizes": (0.26, 0.5), "objects": (1, 2, 2, 3)}
        grid = 0 if self.stride else self.grid
        return replace(self.world(), photographs=self.photographs, grid=grid, **things)


CONFIGURATIONS: dict[str, type[ModelConfiguration]] = {
    "sprites-i2v": ImageToVideoConfiguration,
    "sprites-t2v": TextToVideoConfiguration,
    "sprites-wan": VideoConfiguration,
}
"""Of each embedded model that can be trained; the shipped values lie beside this file."""


def read_configuration(path: str | Path | None = None, name: str = "sprites-i2v", **changes: Any) -> Any:
    """The configuration of an embedded model in a TOML file (None: the shipped one), with `changes` on top.

    Raises HitmarkError for an unknown key or a value of another type.
    """
    if path is None:
        text = (resources.files("hitmark.sprites") / f"{name.replace('-', '_')}.toml").read_text(encoding="utf-8")
    else:
        text = Path(path).read_text(encoding="utf-8")
    try:
        values = tomllib.loads(text) | changes
    except tomllib.TOMLDecodeError as error:
        raise HitmarkError(f"{path}: not a TOML file: {error}") from error
    kind = CONFIGURATIONS[name]
    known = {entry.name: entry.default for entry in fields(kind)}
    for key, value in values.items():
        if key not in known:
            raise HitmarkError(f"{path or 'configuration'}: unknown key {key!r}; known are {', '.join(known)}")
        values[key] = _checked(key, value, known[key])
    return kind(**values)


def _checked(key: str, value: Any, default: Any) -> Any:
    """`value` as the type of `default`; lists become tuples, whole numbers stand for fractions too."""
    if isinstance(default, tuple) and isinstance(value, list | tuple) and len(value) == len(default):
        return tuple(_checked(key, entry, default[0]) for entry in value)
    if isinstance(default, float) and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if type(value) is type(default):
        return value
    raise HitmarkError(f"{key}: expected {type(default).__name__} such as {default!r}, got {value!r}")
