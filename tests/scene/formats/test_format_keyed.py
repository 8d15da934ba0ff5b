"""FreeTraj text and TrailBlazer YAML: keyframes of one subject, and the habits of the published programs."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import yaml

from hitmark.scene import Scene, SceneError, evaluate
from hitmark.scene.formats import read, remarks, sniff, write

CONFIG = """\
# bbox_ratios: left, top, right, bottom
keyframe:
- bbox_ratios: [0.7, 0.4, 1.0, 0.65]
  frame: 0
  prompt: A white cat, walking
- bbox_ratios: [0.0, 0.4, 0.3, 0.65]
  frame: 24
  prompt: A yellow dog, walking
seed: 123451232531
token_inds:
- 2
- 3
width: 512
height: 512
num_inference_steps:
trailblazer:
  trailing_length: 16
"""


ALIASES = "keyframe: 1\na: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{new}: &{new} [{','.join(['*' + old] * 9)}]\n" for old, new in pairwise("abcdefg")
)  # nine to the seventh values in 200 bytes


def save(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    return tmp_path / name


def published_path(lines, length):
    """Slow reference of FreeTraj's rule: straight between lines, beyond them at the speed of the neighbors."""
    known = {int(frame): np.array(rest) for frame, *rest in lines}
    frames = sorted(known)
    path = {}
    for start, end in pairwise(frames):
        for frame in range(start, end + 1):
            path[frame] = known[start] + (known[end] - known[start]) * (frame - start) / (end - start)
    for frame in range(frames[0] - 1, -1, -1):
        path[frame] = path[frame + 1] - (path[frames[0] + 1] - path[frames[0]])
    for frame in range(frames[-1] + 1, length):
        path[frame] = path[frame - 1] + (path[frames[-1]] - path[frames[-1] - 1])
    return np.array([path[frame] for frame in range(length)])[:, [2, 0, 3, 1]]


def test_freetraj_extends_like_the_published_code(tmp_path):
    lines = [(2, 0.1, 0.4, 0.1, 0.4), (8, 0.3, 0.6, 0.2, 0.5), (11, 0.35, 0.65, 0.4, 0.7)]
    text = "\n".join(", ".join(map(str, line)) for line in lines)
    path = save(tmp_path, "path.txt", text + "\n\n")
    assert sniff(path) == "freetraj"
    scene = read(path, frames=16)
    np.testing.assert_allclose(evaluate(scene, 16)[0].boxes, published_path(lines, 16), atol=1e-12)
    assert any("own speed" in sentence for sentence in remarks(scene))
    assert read(path).frames == 12


def test_freetraj_single_line_and_size_change(tmp_path):
    scene = read(save(tmp_path, "a.txt", "0, 0, 0.3, 0.1, 0.5"))
    assert scene.frames is None
    assert scene.subjects[0].keyframes[0].box == (0.1, 0.0, 0.5, 0.3)
    growing = read(save(tmp_path, "b.txt", "0, 0, 0.3, 0, 0.3\n15, 0, 0.6, 0, 0.6"))
    assert any("size of the first line" in sentence for sentence in remarks(growing))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0, 0, 0.3, 0, 0.3\nx, 0, 1, 0, 1", "line 2: expected `frame"),
        ("0, 0, 0.3, 0, 0.3\n0, 0, 1, 0, 1", "line 2: expected a frame after"),
        ("0, 0.3, 0.1, 0, 0.3", "frame 0: expected a box left, top"),
        ("0, 0, nan, 0, 0.3", "line 1: expected"),
        ("0, 0, 0.3, 0, 0.3\n20000, 0, 1, 0, 1", "below 10000"),
        ("", "got none"),
    ],
)
def test_freetraj_errors_name_the_line(tmp_path, text, message):
    with pytest.raises(SceneError, match=message):
        read(save(tmp_path, "bad.txt", text), "freetraj")


def test_freetraj_refuses_fewer_frames_than_it_has(tmp_path):
    with pytest.raises(SceneError, match="got a line for frame 15"):
        read(save(tmp_path, "a.txt", "0, 0, 0.3, 0, 0.3\n15, 0, 0.3, 0, 0.3"), frames=8)


def test_trailblazer_example_is_read(tmp_path):
    scene = read(save(tmp_path, "config.yaml", CONFIG))
    assert (scene.frames, scene.width, scene.height, scene.seed) == (25, None, None, 123451232531)
    assert scene.notes["trailblazer"]["canvas"] == [512, 512]
    assert scene.prompt == "A white cat, walking"
    assert scene.subjects[0].phrase == "white cat"
    assert scene.notes["trailblazer"]["prompts"][1] == "A yellow dog, walking"
    assert scene.notes["trailblazer"]["trailblazer"] == {"trailing_length": 16}
    assert any("prompt changes" in sentence for sentence in remarks(scene))
    np.testing.assert_allclose(evaluate(scene, 25)[0].boxes[12], [0.35, 0.4, 0.65, 0.65])


def test_trailblazer_comes_back_the_same(tmp_path):
    path = save(tmp_path, "config.yaml", CONFIG)
    assert write(read(path), tmp_path / "again.yaml") == []
    before, after = (yaml.safe_load(each.read_text()) for each in (path, tmp_path / "again.yaml"))
    assert after == before


def published_rests(keys):
    """Slow reference of TrailBlazer's rule: each segment but the first begins a frame late, with the key's own box."""
    path = []
    for number, ((start, first), (end, last)) in enumerate(pairwise(keys)):
        begin = start if number == 0 else start + 1
        steps = end - begin
        path += [[(1 - at / steps) * a + at / steps * b for a, b in zip(first, last, strict=True)]
                 for at in range(steps + 1)]  # fmt: skip
    return np.array(path)


def test_trailblazer_rests_after_inner_keyframes_and_comes_back_the_same(tmp_path):
    keys = [(0, [0.0, 0.1, 0.3, 0.4]), (6, [0.6, 0.3, 0.9, 0.7]), (9, [0.2, 0.5, 0.5, 0.8]), (14, [0.1, 0.1, 0.4, 0.6])]
    entries = [{"frame": frame, "bbox_ratios": box, "prompt": "a cat"} for frame, box in keys]
    path = save(tmp_path, "config.yaml", yaml.safe_dump({"keyframe": entries, "token_inds": [2], "seed": 1}))
    scene = read(path)
    np.testing.assert_allclose(evaluate(scene, 15)[0].boxes, published_rests(keys), atol=1e-12)
    assert any("rests for a frame" in sentence for sentence in remarks(scene))
    write(scene, tmp_path / "again.yaml")
    assert yaml.safe_load((tmp_path / "again.yaml").read_text())["keyframe"] == entries


@pytest.mark.parametrize("frames", [2, 3, 8, 9])
def test_trailblazer_keyframes_are_never_neighbors_but_for_the_first_two(tmp_path, frames):
    keys = [{"time": t, "box": [x, 0.1, x + 0.2, 0.3], "easing": "in"} for t, x in ((0, 0.1), (1, 0.6))]
    scene = Scene.from_dict({"frames": frames, "subjects": [{"name": "a", "keyframes": keys}]})
    told = write(scene, tmp_path / "c.yaml")
    found = [entry["frame"] for entry in yaml.safe_load((tmp_path / "c.yaml").read_text())["keyframe"]]
    assert found[0] == 0
    assert found[-1] == frames - 1
    assert all(end - start >= 2 for start, end in pairwise(found[1:]))
    assert any("baked into one keyframe" in sentence for sentence in told)


def test_token_indices_count_like_clip(tmp_path):
    box = [{"time": 0, "box": [0.1, 0.1, 0.4, 0.4]}]
    scene = Scene.from_dict(
        {
            "prompt": "It's a dog's day, the red-hot car",
            "subjects": [{"name": "a", "keyframes": box, "phrase": "red-hot car"}],
        }
    )
    write(scene, tmp_path / "c.yaml")
    # It 's a dog 's day , the red - hot car
    assert yaml.safe_load((tmp_path / "c.yaml").read_text())["token_inds"] == [9, 10, 11, 12]
    assert read(tmp_path / "c.yaml").subjects[0].phrase == "red-hot car"
    told = write(scene.replace(prompt="nothing"), tmp_path / "d.yaml")
    assert any("does not occur in the prompt" in sentence for sentence in told)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("keyframe: []", "keyframe: expected a list of keyframes"),
        ("keyframe: [3]", r"keyframe\[0\]: expected frame, bbox_ratios"),
        ("keyframe: [{frame: 0, bbox_ratios: [0, 0, 1]}]", r"bbox_ratios: expected left"),
        ("keyframe: [{frame: -1, bbox_ratios: [0, 0, 1, 1]}]", r"keyframe\[0\].frame: expected"),
        ("keyframe: [{frame: 0, bbox_ratios: [0, 0, .nan, 1]}]", r"bbox_ratios: expected left"),
        ("keyframe: [{frame: 0, bbox_ratios: [0.5, 0, 0.1, 1]}]", "frame 0: expected a box"),
        ("keyframe: [{frame: 0, bbox_ratios: [0, 0, 1, 1], prompt: 3}]", "prompt: expected text"),
        ("keyframe: [{frame: 0, bbox_ratios: [0, 0, 1, 1]}]\ntoken_inds: 3", "token_inds"),
        ("keyframe: [{frame: 0, bbox_ratios: [0, 0, 1, 1]}]\nseed: -3", "seed"),
        ("keyframe: [{frame: 0, bbox_ratios: [0, 0, 1, 1]}]\nseed: 0x" + "f" * 9000, "63 bits"),
        ("keyframe: !!python/object/apply:os.system ['true']", "not valid YAML"),
        ("keyframe: [", "not valid YAML"),
        ("keyframe:\n" + "- " * 200 + "1", "40 levels"),
        (ALIASES, "aliases"),
    ],
)  # fmt: skip
def test_trailblazer_errors(tmp_path, text, message):
    with pytest.raises(SceneError, match=message) as caught:
        read(save(tmp_path, "bad.yaml", text))
    assert "bad.yaml" in str(caught.value)
