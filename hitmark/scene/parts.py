"""The parts of a scene: keyframe, subject, anchor, camera, method, and the checks that pydantic does not know."""

from __future__ import annotations

import itertools
from typing import Annotated, Any, Literal, Self, get_args

import numpy as np
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    field_validator,
    model_validator,
)

from hitmark.scene.boxes import check_box, in_picture
from hitmark.scene.keyframes import boxes_at
from hitmark.scene.problems import FieldError, shorten
from hitmark.scene.storage import DEEPEST_NESTING, nesting

RESERVED = ("pin:", "camera:")  # names of the boxes that `pin_camera` and `camera` add

Easing = Literal["linear", "in", "out", "in-out", "hold"]


def _box(value: object) -> object:
    try:
        return check_box(value) if isinstance(value, (list, tuple)) else value
    except ValueError as error:
        raise FieldError(str(error)) from None


def _name(value: str) -> str:
    if not value.strip() or not value.isprintable():
        raise FieldError(f"expected a name of printable characters, got {shorten(value)}; give it a name")
    if value.startswith(RESERVED):
        raise FieldError(f"expected a name that does not start with pin: or camera:, got {value!r}; rename it")
    return value


def _shallow(value: dict[str, Any]) -> dict[str, Any]:
    """Refuse nesting that the file could not be read back with; it lies a few levels down in the scene."""
    if nesting(value) >= DEEPEST_NESTING - 4:
        raise FieldError(f"expected fewer than {DEEPEST_NESTING - 4} levels of nesting, got more; flatten it")
    return value


BoxField = Annotated[tuple[float, float, float, float], BeforeValidator(_box)]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_name)]
Moment = Annotated[float, Field(ge=0, le=1)]
PlainDict = Annotated[dict[str, JsonValue], AfterValidator(_shallow)]


class Part(BaseModel):
    """Unknown fields are errors, numbers are finite, and nothing changes once made."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Keyframe(Part):
    """Where a subject is at one moment."""

    time: Moment = Field(description="moment, 0 = first frame, 1 = last frame")
    box: BoxField = Field(description="[x0, y0, x1, y1] as fractions of the picture; may reach outside it")
    easing: Easing = Field(
        default="linear", description="speed on the way to the next keyframe; hold = stay, then jump"
    )


class Subject(Part):
    """Something that moves: a box, or several boxes over time."""

    name: Name = Field(description="unique name within the scene")
    phrase: str | None = Field(default=None, description="the words of the prompt that mean this subject")
    keyframes: list[Keyframe] = Field(min_length=1, description="one or more keyframes with increasing times")
    path: Literal["straight", "smooth"] = Field(
        default="straight", description="straight lines or a curve through the boxes"
    )
    visible: tuple[Moment, Moment] = Field(
        default=(0.0, 1.0), description="[first, last] moment at which it is to be seen"
    )
    depth: int = Field(
        default=0, ge=-(2**31), le=2**31 - 1, description="greater = nearer to the viewer, covers the others"
    )

    @field_validator("keyframes")
    @classmethod
    def _times_increase(cls, keyframes: list[Keyframe]) -> list[Keyframe]:
        for index, (before, after) in enumerate(itertools.pairwise(keyframes)):
            if not before.time < after.time:
                raise FieldError(
                    f"expected a time after that of the keyframe before ({before.time}), got {after.time}; "
                    "sort the keyframes and give each its own time",
                    index + 1,
                    "time",
                )
        return keyframes

    @field_validator("visible")
    @classmethod
    def _interval_ordered(cls, visible: tuple[float, float]) -> tuple[float, float]:
        if visible[0] > visible[1]:
            raise FieldError(f"expected [first, last] with first <= last, got {list(visible)}; swap them")
        return visible

    @model_validator(mode="after")
    def _starts_in_picture(self) -> Self:
        box = self.boxes_at(np.array(self.visible[:1]))
        if not in_picture(box)[0]:
            raise FieldError(
                f"expected subject {self.name!r} to lie at least partly in the picture when it is first visible "
                f"(time {self.visible[0]:g}), got the box {np.round(box[0], 4).tolist()}, wholly outside; "
                "move the box, or let `visible` start when the subject has entered",
                "keyframes",
            )
        return self

    def boxes_at(self, moments: np.ndarray) -> np.ndarray:
        """Return the normalized boxes, float64 (moments, 4), at moments 0..1; visibility is not looked at."""
        return boxes_at(
            [keyframe.time for keyframe in self.keyframes],
            [keyframe.box for keyframe in self.keyframes],
            [keyframe.easing for keyframe in self.keyframes],
            self.path,
            moments,
        )


class Anchor(Part):
    """A part of the picture that holds still."""

    name: Name = Field(description="unique name within the scene")
    box: BoxField = Field(description="[x0, y0, x1, y1] as fractions of the picture")

    @field_validator("box")
    @classmethod
    def _lies_in_picture(cls, box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        if not in_picture(np.array(box)):
            raise FieldError(f"expected a box at least partly in the picture, got {list(box)}; move it inside")
        return box


class Camera(Part):
    """A camera move, told by what the picture's content does from the first to the last frame."""

    pan: tuple[Annotated[float, Field(ge=-10, le=10)], Annotated[float, Field(ge=-10, le=10)]] = Field(
        default=(0.0, 0.0),
        description="[right, down] shift of the content in fractions of width and height, each -10 to 10",
    )
    zoom: float = Field(default=1.0, ge=0.05, le=20, description="size of the content at the end; > 1 = closer")
    easing: Literal["linear", "in", "out", "in-out"] = Field(
        default="linear", description="how the move starts and ends"
    )


Preset = Literal["tuned", "paper", "fast"]
"""Names of a method's settings; see `hitmark.run.presets`."""
PRESETS: tuple[Preset, ...] = get_args(Preset)


class MethodChoice(Part):
    """Which published method makes the scene happen, and its settings."""

    name: str = Field(
        default="auto", min_length=1, description="name of the method; auto = the best there is for the model"
    )
    preset: Preset = Field(
        default="tuned",
        description="settings that are not given: tuned = those found for the model, paper = its paper's, fast = tuned "
        "and fewer passes of the network",
    )
    knobs: PlainDict = Field(default={}, description="settings of the method by name; absent ones are the preset's")
