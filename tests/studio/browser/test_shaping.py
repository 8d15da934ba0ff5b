"""Shaping a path: what is redrawn keeps timing and sizes, baked paths become simple, pauses last a frame at least."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.studio.browser.acts import TWO_FRAMES, center
from tests.studio.browser.weight import LOAD

BOXES = [[0.1, 0.4, 0.2, 0.5], [0.4, 0.35, 0.6, 0.55], [0.7, 0.3, 1.0, 0.6]]  # it grows
TIMES = [0, 0.25, 1]
GROWING = {
    "version": 1,
    "width": 512,
    "height": 320,
    "frames": 41,
    "prompt": "a thing",
    "subjects": [
        {
            "name": "thing",
            "keyframes": [
                {"time": time, "box": box} | ({"easing": "in-out"} if time == 0.25 else {})
                for time, box in zip(TIMES, BOXES, strict=True)
            ],
        }
    ],
}


def keyframes(studio):
    return studio.scene()["subjects"][0]["keyframes"]


def sides(box):
    return box[2] - box[0], box[3] - box[1]


def test_a_path_redrawn_by_hand_keeps_moments_sizes_and_easings(studio):
    studio.open()
    studio.page.evaluate(LOAD, GROWING)
    line = [(0.15, 0.45), (0.3, 0.2), (0.5, 0.15), (0.8, 0.3), (0.85, 0.8)]
    studio.draw("freehand", *line)
    made = keyframes(studio)
    kept = [next(each for each in made if each["time"] == time) for time in TIMES]
    for keyframe, box in zip(kept, BOXES, strict=True):
        assert sides(keyframe["box"]) == pytest.approx(sides(box), abs=1e-4)
    assert len(made) > 3  # the corners of the line
    assert next(each.get("easing") for each in made if each["time"] >= 0.25) == "in"  # eases in, and out at the end
    assert [each.get("easing") for each in made][-2] == "out"
    assert center(made[-1]["box"]) == pytest.approx(line[-1], abs=0.02)
    assert [each["time"] for each in made] == sorted(each["time"] for each in made)


def test_a_baked_path_is_simplified_and_seen_closely(studio):
    baked = [
        {"time": step / 80, "box": [0.1 + 0.6 * step / 80, y, 0.3 + 0.6 * step / 80, y + 0.2]}
        for step in range(81)
        for y in [0.2 + 0.4 * abs(step / 80 - 0.5)]
    ]
    scene = GROWING | {"frames": 81, "subjects": [{"name": "thing", "keyframes": baked}]}
    studio.open()
    studio.page.evaluate(LOAD, scene)
    diamonds = studio.hook("keyframe")
    expect(diamonds).to_have_count(81)
    places = "() => [...document.querySelectorAll('.diamond')].map((each) => each.getBoundingClientRect().left)"

    def gap():
        first, second, *_ = studio.page.evaluate(places)
        return second - first

    narrow = gap()
    for _ in range(5):
        studio.press("time-in")
    assert gap() > 8 * narrow  # far enough apart for a hand
    studio.page.keyboard.press("End")
    studio.page.evaluate(TWO_FRAMES)
    body = studio.page.locator(".timeline-body").bounding_box()
    head = studio.hook("playhead").bounding_box()
    assert body["x"] < head["x"] < body["x"] + body["width"]  # the present moment is in sight
    studio.press("simplify")
    assert [each["time"] for each in keyframes(studio)] == [0, 0.5, 1]
    studio.press("undo")
    assert len(keyframes(studio)) == 81
    studio.page.evaluate(LOAD, GROWING)  # another scene is seen whole
    expect(studio.page.locator(".timeline-body")).to_have_attribute("data-zoom", "1.00")


def test_a_pause_lasts_a_frame_at_least(studio):
    studio.open()
    studio.page.evaluate(LOAD, GROWING)
    studio.page.keyboard.press("r")
    first, second, *_ = keyframes(studio)
    assert first["box"] == second["box"]
    assert second["time"] - first["time"] >= 1 / 40 - 1e-9
    close = [{"time": 0, "box": BOXES[0]}, {"time": 1.5 / 40, "box": BOXES[1]}, {"time": 1, "box": BOXES[2]}]
    studio.page.evaluate(LOAD, GROWING | {"subjects": [{"name": "thing", "keyframes": close}]})
    studio.page.keyboard.press("r")
    expect(studio.hook("toast").last).to_contain_text("no room for a pause")
    assert keyframes(studio) == close


def test_the_speed_of_a_path_is_drawn(studio):
    studio.open()
    studio.page.evaluate(LOAD, GROWING)
    graph = studio.hook("speed").locator("svg")
    expect(graph).to_be_visible()
    points = graph.locator("polyline").get_attribute("points")
    assert len(points.split()) == 2 * 40
    expect(graph).to_have_attribute("aria-label", "Fastest: 3.5% of the width in a frame")


PLAY_TO = """async (time) => {
  const { store } = (await import("/assets/page.js")).of("scene/store.js");
  store.setUi({ playing: false, onion: false, selected: null });
  const { drawPlan } = (await import("/assets/page.js")).of("canvas/draw.js");
  const { View } = (await import("/assets/page.js")).of("canvas/view.js");
  const image = new Image();
  image.src = store.ui.picture.url;
  await image.decode();
  const view = new View();
  view.resize(640, 480, { width: 64, height: 48 });
  const shown = (ui) => {
    const canvas = new OffscreenCanvas(640, 480);
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    const colors = { paper: "#fff", frame: "#fff", cells: "#fff", guide: "#fff" };
    const extra = { guides: [], drawn: [], box: null };
    drawPlan(pen, view, { scene: store.scene, ui: { ...store.ui, ...ui, time }, picture: image, colors, extra });
    const at = (x, y) => [...pen.getImageData(...view.toScreen([x, y]).map(Math.round), 1, 1).data.slice(0, 3)];
    return { start: at(0.2, 0.42), end: at(0.8, 0.42), away: at(0.5, 0.1) };
  };
  return [{ playing: false }, { playing: true, animatic: true }, { playing: true, animatic: false }].map(shown);
}"""


def test_the_animatic_moves_the_pixels_of_a_box_before_anything_is_made(studio, process):
    pixels = np.full((48, 64, 3), (30, 120, 60), np.uint8)
    pixels[16:32, 8:18] = (220, 40, 40)  # a red thing on green
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    identity = process.client.post("/api/pictures", content=stream.getvalue()).json()["id"]
    path = [{"time": 0, "box": [0.1, 0.3, 0.3, 0.7]}, {"time": 1, "box": [0.7, 0.3, 0.9, 0.7]}]
    scene = {"version": 1, "width": 64, "height": 48, "frames": 8, "image": f"pictures/{identity}.png"}
    studio.open()
    studio.page.evaluate(LOAD, scene | {"subjects": [{"name": "thing", "keyframes": path}]})
    studio.until("scene/store", "page.store.ui.picture")
    still, moved, off = studio.page.evaluate(PLAY_TO, 1)

    def is_red(color):
        return color[0] > 150 and color[1] < 100

    assert is_red(still["start"])
    assert not is_red(still["end"])
    assert is_red(moved["end"])
    assert not is_red(moved["start"])  # the hole is filled with what lies around it
    assert moved["away"] == still["away"]
    assert off == still
    studio.page.locator("#canvas").focus()
    studio.page.keyboard.press("Space")
    studio.until("scene/store", "page.store.ui.playing && page.store.ui.time > 0")
    expect(studio.hook("trouble")).to_have_count(0)
