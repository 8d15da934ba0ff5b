"""Previews: the run stays bit-identical, and what they show is the clip that comes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from hitmark.backbones import backbone_for
from hitmark.backbones.loading import load_pipeline
from hitmark.control import Layout, Step
from hitmark.control.pooling import frame_groups
from hitmark.media.video import read_video
from hitmark.run.generate import generate
from hitmark.scene.schema import Scene
from hitmark.studio import preview
from hitmark.studio.preview import Preview, colored, colors
from hitmark.studio.worker import CancelledError
from tests.contract.families import CASES, pipeline, plain, run
from tests.studio.conftest import moving, text_scene

STEPS = 4
SMALL = {"frames": 3, "width": 32, "height": 32}


@pytest.fixture(scope="module")
def pipes():
    return {name: load_pipeline(name) for name in ("sprites-i2v", "sprites-t2v")}


@pytest.fixture(scope="module")
def picture():
    y, x = np.mgrid[:64, :64]
    return Image.fromarray(np.stack([x * 4, y * 4, 255 - x * 2], axis=-1).astype(np.uint8))


def watcher(pipe, folder, stop=lambda: None):
    told = []
    return Preview(pipe, folder, 7, lambda step, name: told.append((step, name)), stop), told


@pytest.mark.parametrize(
    ("model", "method", "kinds"),
    [
        ("sprites-t2v", "peekaboo", [preview.DECODED]),
        ("sprites-t2v", "none", [0]),
        ("sprites-i2v", "sg-i2v", [preview.DECODED, 0]),
    ],
)
def test_the_clip_is_the_same_bit_for_bit(pipes, picture, tmp_path, monkeypatch, model, method, kinds):
    """Decoded previews and fitted colors, on both models."""
    knobs = {"iterations": 1} if method == "sg-i2v" else {}
    scene = Scene.from_dict(text_scene(model=model, method={"name": method, "knobs": knobs}, **SMALL))
    image = picture if model == "sprites-i2v" else None
    alone = generate(scene, image, pipes[model], steps=STEPS)
    for pixels in kinds:
        monkeypatch.setattr(preview, "DECODED", pixels)
        watch, told = watcher(pipes[model], tmp_path)
        watched = generate(scene, image, pipes[model], steps=STEPS, watch=[watch])
        assert np.array_equal(watched.frames, alone.frames)
        assert torch.equal(watched.latents, alone.latents)
        assert told == [(step, f"preview-{step}.webp") for step in range(1, STEPS)]
        side = 32 if pixels else 8
        assert read_video(tmp_path / told[-1][1])[0].shape == (3, side, side, 3)


def test_the_last_previews_look_like_the_clip(pipes, tmp_path):
    scene = Scene.from_dict(text_scene(method={"name": "none"}, frames=3))
    watch, told = watcher(pipes["sprites-t2v"], tmp_path)
    clip = generate(scene, None, pipes["sprites-t2v"], steps=6, watch=[watch]).frames.astype(float)
    distances = [np.abs(read_video(tmp_path / name)[0] - clip).mean() for _, name in told]
    assert distances[-1] < 12
    assert distances[-1] < distances[0]


def latents_of(pipe, side=64):
    """Canonical latents of a drawn picture, as three frames."""
    from hitmark.demo.scenes import picture_demo_scenes, sprite_world

    drawn = next(picture_demo_scenes(sprite_world(side, side, 8), seed=0)).picture
    video = torch.from_numpy(np.array(drawn))[None].float() / 255
    backbone = backbone_for(pipe)
    with torch.no_grad():
        return backbone.family.encode(pipe, video.expand(3, -1, -1, -1) * 2 - 1), video


@pytest.mark.parametrize("model", ["sprites-i2v", "sprites-t2v"])
def test_the_fitted_colors_agree_with_the_autoencoder(pipes, model):
    backbone = backbone_for(pipes[model])
    latents, _video = latents_of(pipes[model])
    exact = torch.nn.functional.avg_pool2d(backbone.decode(latents).movedim(-1, 1), 4).movedim(1, -1)
    rough = colored(latents[0], colors(backbone, latents, [range(n, n + 1) for n in range(3)], 4))
    assert rough.shape == exact.shape == (3, 16, 16, 3)
    correlation = torch.corrcoef(torch.stack([rough.flatten(), exact.flatten()]))[0, 1]
    assert correlation > 0.9


def test_fitting_leaves_the_autoencoder_and_the_global_generator_alone(pipes):
    pipe = pipes["sprites-t2v"]
    before = {name: value.clone() for name, value in pipe.vae.state_dict().items()}
    latents, _video = latents_of(pipe)
    torch.manual_seed(3)
    wanted = torch.rand(2)
    torch.manual_seed(3)
    groups = [range(n, n + 1) for n in range(3)]
    first = colors(backbone_for(pipe), latents, groups, 4)
    assert torch.equal(torch.rand(2), wanted)
    assert torch.allclose(colors(backbone_for(pipe), latents, groups, 4), first, atol=1e-5)
    assert all(torch.equal(value, before[name]) for name, value in pipe.vae.state_dict().items())


@pytest.mark.parametrize(
    "name", ["wan 2.1", "wan ti2v", "cogvideox", "cogvideox 1.5", "ltx", "ltx-2", "hunyuan video 1.5", "kandinsky"]
)
def test_previews_of_transformers(name, tmp_path, monkeypatch):
    """Of the last latents: the pipeline's own frames, or as many of one pixel a cell."""
    pipe, case = pipeline(name), CASES[name]
    backbone = backbone_for(pipe)
    frames, _channels, side = case.latents
    canonical = backbone.canonical(plain(name), (frames, side, side))
    groups = frame_groups(frames, backbone.geometry.stride[0], causal=True, padded=int(name == "cogvideox 1.5"))
    layout = Layout(frames, side, side, case.side // side, (), groups=groups)
    watch, _told = watcher(pipe, tmp_path)
    clip = run(name, output_type="pt")[0].movedim(1, -1) * 255
    assert (torch.from_numpy(watch.frames(canonical, layout)) - clip).abs().max() <= 0.51
    monkeypatch.setattr(preview, "DECODED", 0)
    rough = torch.from_numpy(watch.frames(canonical, layout)).float()
    assert rough.shape == (case.frames, side, side, 3)
    alone = backbone.decode(canonical[:, : groups.count(range(1))])[:1].movedim(-1, 1) * 255
    pooled = torch.nn.functional.avg_pool2d(alone, case.side // side)[0].movedim(0, -1)
    assert (rough[0] - pooled).square().mean().sqrt() < (pooled - pooled.mean((0, 1))).square().mean().sqrt() + 0.51
    for group in groups:  # shown as long as they are in the clip
        assert all(torch.equal(rough[frame], rough[group.start]) for frame in group)


@pytest.mark.parametrize(
    ("count", "shown"), [(1, []), (4, [1, 2, 3]), (20, list(range(2, 20, 2))), (50, list(range(5, 50, 5)))]
)
def test_at_most_ten_previews_a_run(tmp_path, monkeypatch, count, shown):
    watch, told = watcher(None, tmp_path)
    monkeypatch.setattr(Preview, "frames", lambda *_: np.zeros((2, 8, 8, 3), np.uint8))
    clean = torch.zeros(1, 2, 4, 2, 2)
    for index in range(count):
        step = Step(index, count, 1.0, 1.0, Layout(2, 2, 2, 4, ()), False)
        assert watch.prediction(clean, step) is clean
        assert watch.latents(clean, step) is clean
    assert [step for step, _ in told] == shown


def test_a_preview_that_fails_does_not_end_the_run(tmp_path, monkeypatch):
    def full(*_):
        raise torch.OutOfMemoryError

    watch, told = watcher(None, tmp_path)
    monkeypatch.setattr(Preview, "frames", full)
    clean = torch.zeros(1, 2, 4, 2, 2)
    assert watch.prediction(clean, Step(0, 4, 1.0, 1.0, Layout(2, 2, 2, 4, ()), False)) is clean
    assert told == []


def test_a_run_is_stopped_within_a_step_and_the_pipeline_stays_usable(pipes, tmp_path):
    pipe = pipes["sprites-t2v"]
    calls = []

    def stop():
        calls.append(1)
        if len(calls) == 3:
            raise CancelledError

    scene = Scene.from_dict(text_scene(**SMALL))
    watch, _ = watcher(pipe, tmp_path, stop)
    with pytest.raises(CancelledError):
        generate(scene, None, pipe, steps=STEPS, watch=[watch])
    after = generate(scene, None, pipe, steps=2)
    assert np.array_equal(after.frames, generate(scene, None, load_pipeline("sprites-t2v"), steps=2).frames)


def seen(centers, found):
    """What an observer says of the subject "a"."""
    from hitmark.observers.positions import Look, Sighting

    return Look({"a": Sighting("template", centers, np.array(found))})


def test_scores_of_a_known_clip(picture):
    """A square that stands still while its box moves: distances and overlaps by hand."""
    from hitmark.run.record import Settings
    from hitmark.run.result import Result
    from hitmark.scene.tracks import evaluate
    from hitmark.studio.results import scores

    scene = Scene.from_dict({"subjects": [moving("a", keyframes=[
        {"time": 0, "box": [0.0, 0.0, 0.5, 0.5]}, {"time": 1, "box": [0.5, 0.0, 1.0, 0.5]}])]})  # fmt: skip
    frames = np.zeros((3, 64, 64, 3), np.uint8)
    settings = Settings(steps=1, dtype="float32", device="cpu", call={}, knobs={})
    clip = Result(frames, torch.zeros(1), evaluate(scene, 3), scene, picture, settings, 1.0, 1)
    still = np.full((3, 2), 16.0)
    told = scores(clip, seen(still, [True, True, False]))["a"]
    assert told["path error px"] == 16.0  # frame 2; in frame 3 it was not found, which is no distance
    assert told["guess px"] == (16 + 32) / 2
    assert told["found share"] == 0.5
    assert told["overlap"] == pytest.approx((16 * 32 / (2 * 32 * 32 - 16 * 32)) / 2, abs=1e-4)
    nowhere = scores(clip, seen(still, [False] * 3))["a"]
    assert nowhere == {"path error px": None, "guess px": 24.0, "found share": 0.0, "overlap": 0.0}
