"""Random scenes for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from hitmark.scene import Anchor, Camera, Keyframe, MethodChoice, Scene, Subject

fractions = st.floats(0, 1, allow_nan=False)
easings = st.sampled_from(["linear", "in", "out", "in-out", "hold"])
words = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12).filter(str.isprintable)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
notes = st.dictionaries(words, json_values, max_size=3)


@st.composite
def boxes(draw, low=-1.0, high=2.0):
    x0, y0 = (draw(st.floats(low, high - 0.01)) for _ in range(2))
    width, height = (draw(st.floats(0.01, 1.5)) for _ in range(2))
    return (x0, y0, x0 + width, y0 + height)


@st.composite
def subjects(draw, name="subject", most=6):
    times = sorted(draw(st.sets(fractions, min_size=1, max_size=most)))
    places = [draw(boxes(0.0, 0.9))] + [draw(boxes()) for _ in times[1:]]
    return Subject(
        name=name,
        phrase=draw(st.none() | words),
        keyframes=[Keyframe(time=time, box=box, easing=draw(easings)) for time, box in zip(times, places, strict=True)],
        path=draw(st.sampled_from(["straight", "smooth"])),
        visible=(0.0, draw(fractions)),
        depth=draw(st.integers(-3, 3)),
    )


@st.composite
def scenes(draw):
    names = draw(st.lists(words.filter(lambda name: ":" not in name), max_size=4, unique=True))
    moving = draw(st.integers(0, len(names)))
    pinned = draw(st.booleans())
    move = st.builds(Camera, pan=st.tuples(fractions, fractions), zoom=st.floats(0.5, 2))
    return Scene(
        width=draw(st.none() | st.integers(1, 8192)),
        height=draw(st.none() | st.integers(1, 8192)),
        frames=draw(st.none() | st.integers(2, 10_000)),
        fps=draw(st.floats(0.1, 240)),
        seed=draw(st.integers(0, 2**63 - 1)),
        prompt=draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=30)),
        image=draw(st.none() | words),
        subjects=[draw(subjects(name)) for name in names[:moving]],
        anchors=[Anchor(name=name, box=draw(boxes(0.0, 0.9))) for name in names[moving:]],
        pin_camera=pinned,
        camera=None if pinned else draw(st.none() | move),
        model=draw(st.none() | words),
        method=draw(st.builds(MethodChoice, name=words, knobs=notes)),
        notes=draw(notes),
    )
