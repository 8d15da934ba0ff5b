"""The scenes of the demo: three that start from a picture of the sprite world and three that start from a sentence.

They are not chosen by their results. A scene from a picture takes the first clip of the test seeds whose first frame
has room for what is asked (objects well inside the picture, wholly visible, none alike); only that first frame is given
to the model. A scene from text is the first of its kind among `hitmark.sprites.text_scenes` from test seed 10,000 on;
the measured table takes its scenes from seed 0 on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from hitmark.backbones.catalog import DEFAULT_PICTURE_MODEL, DEFAULT_TEXT_MODEL, model_card
from hitmark.errors import HitmarkError
from hitmark.scene.schema import Camera, Keyframe, Scene, Subject

if TYPE_CHECKING:
    from hitmark.sprites.clip_plan import ClipPlan, SpriteObject
    from hitmark.sprites.world import SpriteWorld

PICTURE_METHODS = ("none", "sg-i2v")
TEXT_METHODS = ("none", "peekaboo", "ivg-da")
"""What is compared on every model; beside them stands the one that its scenes take if none is asked for."""
TITLES = {"none": "no control", "sg-i2v": "SG-I2V", "peekaboo": "Peekaboo", "ivg-da": "IVG-DA"}
TITLES |= {"time-to-move": "Time-to-Move", "trailblazer": "TrailBlazer", "freetraj": "FreeTraj"}
TEXT_KINDS = {
    "moving": ("a straight path, from text", "4-straight"),
    "curved": ("a curved path, from text", "5-bend"),
    "two": ("two objects that pass each other, from text", "6-passing"),
}
"""Kinds of `text_scenes` that are shown, with title and name of the files."""
FIRST_TEXT = 10_000  # where among the test seeds the text scenes are looked for
SEEN = 0.97  # least visible share of an object in the first frame
ROOM = 0.06  # least distance of its box from the picture's edge
WAY = 0.42  # how far objects are sent, in sides of the picture
PAN = (0.28, 0.0)
SEARCHED = 5000  # test seeds that are looked at


@dataclass(frozen=True)
class DemoScene:
    """One scene of the demo, what it starts from, and the methods that are compared on it."""

    title: str
    slug: str
    scene: Scene
    picture: Image.Image | None  # None: from the scene's prompt
    methods: dict[str, str]  # name of a method -> its title, in the order in which they are shown
    test_seed: int  # of the clip that the picture comes from, or of the text scene


def compared(model: str, *, picture: bool) -> dict[str, str]:
    """The methods of a model's scenes, each with its title, in the order in which they are shown."""
    best = model_card(model).starting(picture).best_method
    names = dict.fromkeys((*(PICTURE_METHODS if picture else TEXT_METHODS), best))
    return {name: TITLES.get(name, name) for name in names}


def sprite_world(width: int, height: int, frames: int) -> SpriteWorld:
    """The world whose clips have this size and number of frames."""
    from hitmark.sprites.world import SpriteWorld

    return SpriteWorld(width=width, height=height, frames=frames)


def picture_demo_scenes(world: SpriteWorld, seed: int, model: str = DEFAULT_PICTURE_MODEL) -> Iterator[DemoScene]:
    """The three scenes that start from a picture, of the size and number of frames of `world`; `seed` is the noise's.

    Raises:
        HitmarkError: no test clip has room for a scene.
    """
    curve = _first_clip(world, lambda plan: _well_placed(plan, 1))
    yield _picture_scene(
        "a curved path", "1-curve", world, curve, [_curve(curve.objects[0])], {}, seed=seed, model=model
    )
    two = _first_clip(world, lambda plan: _well_placed(plan, 2) and _apart(plan))
    subjects = [_straight(thing, number) for number, thing in enumerate(two.objects)]
    yield _picture_scene("two objects at once", "2-two", world, two, subjects, {}, seed=seed, model=model)
    pan = _first_clip(world, lambda plan: plan.seed > curve.seed and _well_placed(plan, 1) and _stays(plan))
    subject = _subject(pan.objects[0], 0, [(0.0, 0.0), PAN])
    moved = {"camera": Camera(pan=PAN)}
    yield _picture_scene("a camera pan", "3-camera", world, pan, [subject], moved, seed=seed, model=model)


def text_demo_scenes(seed: int, model: str = DEFAULT_TEXT_MODEL) -> Iterator[DemoScene]:
    """The three scenes that start from a sentence; `seed` is the noise's. Size and frames are the model's."""
    from hitmark.sprites.text_scenes import KINDS, text_scenes

    near = list(text_scenes(len(KINDS), "test", FIRST_TEXT))  # the kinds come in turn
    for kind, (title, slug) in TEXT_KINDS.items():
        made = next(each for each in near if each.kind == kind)
        scene = made.scene.replace(seed=seed, model=model)
        yield DemoScene(title, slug, scene, None, compared(model, picture=False), made.scene.seed)


def _picture_scene(
    title: str,
    slug: str,
    world: SpriteWorld,
    plan: ClipPlan,
    subjects: list[Subject],
    more: dict[str, Any],
    *,
    seed: int,
    model: str,
) -> DemoScene:
    scene = Scene.from_dict(
        {"width": world.width, "height": world.height, "frames": world.frames, "prompt": plan.caption, "seed": seed}
        | {"subjects": subjects, "model": model}
        | more
    )
    picture = Image.fromarray(world.clip(plan.seed).frames[0])
    return DemoScene(title, slug, scene, picture, compared(model, picture=True), plan.seed)


def _first_clip(world: SpriteWorld, fits: Callable[[ClipPlan], bool]) -> ClipPlan:
    from hitmark.sprites.world import SPLITS

    first = SPLITS["test"][0]
    for seed in range(first, first + SEARCHED):
        plan = world.plan(seed)
        if fits(plan):
            return plan
    raise HitmarkError(f"none of {SEARCHED} clips of the sprite world has room for a scene of the demo")


def _well_placed(plan: ClipPlan, count: int) -> bool:
    """So many sprites, all different, well inside the first frame and wholly visible in it."""
    things = plan.objects
    return (
        len(things) == count
        and all(thing.name is not None and thing.visible[0] >= SEEN for thing in things)
        and all(thing.boxes[0].min() >= ROOM and thing.boxes[0].max() <= 1 - ROOM for thing in things)
        and len({thing.name for thing in things}) == count
    )


def _apart(plan: ClipPlan) -> bool:
    """Two things beside each other, one high and one low, so that they can pass in opposite directions."""
    first, second = (_center(thing) for thing in plan.objects)
    return bool(abs(first[0] - second[0]) > 0.4 and (first[1] - 0.5) * (second[1] - 0.5) < 0)


def _stays(plan: ClipPlan) -> bool:
    """The thing is still in the picture after the pan."""
    return bool(plan.objects[0].boxes[0, 2] + PAN[0] < 1.0)


def _center(thing: SpriteObject) -> np.ndarray:
    box = thing.boxes[0]
    return (box[:2] + box[2:]) / 2


def _curve(thing: SpriteObject) -> Subject:
    """Across the picture on an arc over the side where there is more room."""
    x, y = _center(thing)
    across = WAY if x < 0.5 else -WAY
    up = -0.3 if y > 0.5 else 0.3
    return _subject(thing, 0, [(0.0, 0.0), (across / 2, up), (across, 0.0)], smooth=True)


def _straight(thing: SpriteObject, number: int) -> Subject:
    """Up for what lies low, down for what lies high."""
    return _subject(thing, number, [(0.0, 0.0), (0.0, -WAY if _center(thing)[1] > 0.5 else WAY)])


def _subject(thing: SpriteObject, number: int, stops: list[tuple[float, float]], smooth: bool = False) -> Subject:
    """The thing's box of the first frame, displaced by each stop in turn."""
    x0, y0, x1, y1 = (float(side) for side in thing.boxes[0])
    keyframes = [
        Keyframe(time=index / (len(stops) - 1), box=(x0 + dx, y0 + dy, x1 + dx, y1 + dy))
        for index, (dx, dy) in enumerate(stops)
    ]
    return Subject(
        name=thing.phrase,
        phrase=thing.phrase,
        keyframes=keyframes,
        path="smooth" if smooth else "straight",
        depth=number,
    )
