from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from hitmark.backbones.tiny import tiny_svd
from hitmark.errors import HitmarkError, HitmarkWarning
from hitmark.run.first_picture import first_picture
from hitmark.run.fit import size_unit
from hitmark.run.generate import generate
from hitmark.run.make import make
from hitmark.run.model_choice import card_for
from hitmark.run.plan import plan
from hitmark.run.prepare import prepare
from hitmark.scene import Scene

SMALL = {"width": 32, "height": 24, "frames": 3}
KNOBS = {"iterations": 1, "stop": 1.0, "step_size": 0.05}


@pytest.fixture(scope="module")
def pipe():
    return tiny_svd(channels=(32, 32), layers=1, frames=3, vae_channels=(32, 32))


@pytest.fixture(scope="module")
def picture():
    y, x = np.mgrid[:48, :64]
    return Image.fromarray(np.stack([x * 4, y * 5, 255 - x * 3], axis=-1).astype(np.uint8))


def scene(**changes):
    keyframes = [{"time": 0, "box": [0.1, 0.2, 0.5, 0.6]}, {"time": 1, "box": [0.5, 0.3, 0.9, 0.7]}]
    base = {"subjects": [{"name": "car", "keyframes": keyframes}], "method": {"name": "sg-i2v", "knobs": KNOBS}}
    return Scene.from_dict(base | SMALL | changes)


def stock(pipe, picture, seed=0, **options):
    """What the stock pipeline gives for the same call."""
    call = {"fps": 7, "motion_bucket_id": 127, "noise_aug_strength": 0.02, "decode_chunk_size": 8} | options
    return pipe(
        picture.resize((32, 24)), width=32, height=24, num_frames=3, num_inference_steps=2,
        min_guidance_scale=1.0, max_guidance_scale=3.0, generator=torch.Generator().manual_seed(seed), **call,
    ).frames[0]  # fmt: skip


def test_without_control_it_is_the_stock_pipeline(pipe, picture):
    result = generate(scene(method={"name": "none"}, seed=4), picture, pipe, steps=2)
    expected = np.stack([np.asarray(frame) for frame in stock(pipe, picture, seed=4)])
    np.testing.assert_array_equal(result.frames, expected)
    latents = stock(pipe, picture, seed=4, output_type="latent")
    torch.testing.assert_close(result.latents[0], latents, rtol=0, atol=0)
    assert result.latents.shape == (1, 3, 4, 12, 16)


def test_control_changes_the_clip_and_leaves_the_pipeline_alone(pipe, picture):
    before = np.stack([np.asarray(frame) for frame in stock(pipe, picture)])
    config = getattr(pipe, "_progress_bar_config", None)
    controlled = generate(scene(), picture, pipe, steps=2)
    again = generate(scene(), picture, pipe, steps=2)
    after = np.stack([np.asarray(frame) for frame in stock(pipe, picture)])
    assert (controlled.frames != before).any()
    np.testing.assert_array_equal(controlled.frames, again.frames)
    np.testing.assert_array_equal(before, after)
    assert getattr(pipe, "_progress_bar_config", None) == config


def test_result_tells_what_was_used(pipe, picture):
    result = generate(scene(width=None, height=24, seed=3).replace(width=32), picture, pipe, steps=2)
    assert (result.scene.width, result.scene.height, result.scene.frames) == (32, 24, 3)
    assert result.settings.steps == 2
    assert (result.settings.dtype, result.settings.device) == ("float32", "cpu")
    assert result.settings.knobs["iterations"] == 1
    assert result.settings.knobs["merge_cutoff"] == 0.5
    assert result.settings.call["motion_bucket_id"] == 127
    assert result.picture.size == (64, 48)
    assert result.seconds > 0
    assert result.peak_memory > 100_000_000
    assert [track.name for track in result.tracks] == ["car"]


def test_on_step_counts_to_the_end(pipe, picture):
    seen = []
    generate(scene(method={"name": "none"}), picture, pipe, lambda done, total: seen.append((done, total)), steps=3)
    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_an_interruption_leaves_the_pipeline_usable(pipe, picture):
    before = generate(scene(), picture, pipe, steps=2).frames

    def stop(done, _total):
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(scene(), picture, pipe, stop, steps=2)
    np.testing.assert_array_equal(generate(scene(), picture, pipe, steps=2).frames, before)


def test_frames_default_to_the_networks_own(pipe, picture):
    result = generate(scene(frames=None, method={"name": "none"}), picture, pipe, steps=1)
    assert len(result.frames) == 3


def test_the_card_of_a_given_pipeline(pipe):
    assert card_for(Scene(), pipe).steps == 50
    assert card_for(Scene(model="svd-xt"), pipe).frames == 25
    known = SimpleNamespace(name_or_path="stabilityai/stable-video-diffusion-img2vid-xt")
    assert card_for(Scene(), known).name == "svd-xt"


def test_a_pipeline_of_another_class_than_the_scenes_model_is_refused(pipe, picture):
    """It was called with the arguments of that model, and ended in a TypeError of its call."""
    with pytest.raises(HitmarkError, match=r"pipe: expected a WanPipeline or .* got a StableVideo.*None"):
        generate(scene(model="sprites-wan"), picture, pipe, steps=1)
    assert card_for(scene(model="svd"), pipe).name == "svd"


def test_the_default_model_follows_from_what_is_given():
    """A prompt alone is for the model that reads text; with a picture, here or beside the scene, it is a caption."""
    prompt = Scene(prompt="a cat on grass")
    assert card_for(Scene()).name == "sprites-i2v"
    assert card_for(prompt).name == "sprites-t2v"
    assert card_for(prompt, picture=True).name == "sprites-i2v"
    assert card_for(Scene(prompt="a cat on grass", image="photo.png")).name == "sprites-i2v"


def test_a_model_that_starts_both_ways_names_both_where_nothing_is_given():
    with pytest.raises(HitmarkError, match=r"give --prompt, or start from a picture \(`image`, --image\)"):
        plan(Scene(model="wan2.2-ti2v-5b"))
    with pytest.raises(HitmarkError, match=r"give --prompt$"):
        plan(Scene(model="sprites-t2v"))


@pytest.mark.parametrize(("field", "value", "words"), [("width", 30, "24 or 32"), ("height", 2, "use 8")])
def test_sizes_that_do_not_fit(pipe, picture, field, value, words):
    assert size_unit(pipe) == 8
    with pytest.raises(HitmarkError, match=f"{field}: .*{words}"):
        generate(scene(**{field: value}), picture, pipe, steps=1)


@pytest.mark.parametrize(("channels", "unit"), [((32, 32), 8), ((32, 32, 32, 32), 16)])
def test_the_size_unit_is_what_the_network_takes(channels, unit, picture):
    network = tiny_svd(channels=channels, layers=1, frames=2, vae_channels=(32, 32))
    assert size_unit(network) == unit
    small = scene(width=unit * 3, height=unit * 2, frames=2, method={"name": "none"})
    assert generate(small, picture, network, steps=1).frames.shape[1:3] == (unit * 2, unit * 3)


def test_numbers_that_are_not_finite(pipe, picture, monkeypatch):
    broken = SimpleNamespace(frames=[np.full((3, 24, 32, 3), np.nan)])
    monkeypatch.setattr(type(pipe), "__call__", lambda *_args, **_options: broken)
    with pytest.raises(HitmarkError, match="not finite"):
        generate(scene(method={"name": "none"}), picture, pipe, steps=1)


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA"), MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")]
)
def test_out_of_memory(pipe, picture, monkeypatch, error):
    def full(*_args, **_options):
        raise error

    monkeypatch.setattr(type(pipe), "__call__", full)
    with pytest.raises(HitmarkError, match="not enough memory for 3 frames of 32x24") as raised:
        generate(scene(method={"name": "none"}), picture, pipe, steps=1)
    assert (raised.value.hint or "").startswith("What needs less: a smaller width and height")


def test_other_errors_pass(pipe, picture, monkeypatch):
    def broken(*_args, **_options):
        raise RuntimeError("something else")

    monkeypatch.setattr(type(pipe), "__call__", broken)
    with pytest.raises(RuntimeError, match="something else"):
        generate(scene(method={"name": "none"}), picture, pipe, steps=1)


def test_plan_needs_no_weights(pipe):
    planned = plan(scene(), steps=2, pipe=pipe)
    assert planned.controls[0].knobs()["iterations"] == 1
    assert len(planned.tracks[0].boxes) == 3
    with pytest.raises(HitmarkError, match="steps"):
        plan(scene(), steps=0, pipe=pipe)


def test_first_picture_turns_as_the_camera_says(tmp_path):
    image = Image.new("RGB", (40, 20), "red")
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "a.jpg", exif=exif)
    assert first_picture(Scene(image="a.jpg"), None, tmp_path).size == (20, 40)
    assert first_picture(Scene(), Image.new("RGBA", (8, 4)), tmp_path).mode == "RGB"
    assert first_picture(Scene(), Image.new("L", (8, 4)), tmp_path).mode == "RGB"


def test_what_is_given_and_not_used_is_said_in_python_too(pipe, picture):
    given = scene(prompt="a car", negative_prompt="blur", method={"name": "none"})
    with pytest.warns(HitmarkWarning, match="the scene's prompt and negative prompt is not used"):
        result = generate(given, picture, pipe, steps=1)
    assert any("is not used" in note for note in result.notes)
    with pytest.raises(HitmarkError, match="image: sprites-t2v makes clips from text and takes no first picture"):
        prepare(Scene(model="sprites-t2v", prompt="a car"), picture)
    planned, nothing = prepare(Scene(model="sprites-t2v", prompt="a car", image="a.png"))
    assert nothing is None
    assert any("the scene's picture is not used" in note for note in planned.notes)


def test_what_was_decided_of_a_picture_file_is_said_in_python_too(pipe, tmp_path):
    Image.new("RGBA", (32, 24), (10, 200, 30, 0)).save(tmp_path / "clear.png")
    with pytest.warns(HitmarkWarning, match="clear.png: its transparent parts are laid on white"):
        result = generate(scene(method={"name": "none"}), str(tmp_path / "clear.png"), pipe, steps=1)
    assert result.picture.getpixel((0, 0)) == (255, 255, 255)


def test_a_picture_of_another_shape_is_fitted_in_python_too(pipe):
    portrait = Image.new("RGB", (24, 64), (80, 90, 100))
    still = [{"time": 0, "box": [0.3, 0.45, 0.6, 0.55]}]
    given = scene(method={"name": "none"}, subjects=[{"name": "car", "keyframes": still}])
    with pytest.warns(HitmarkWarning, match=r"is 24x64 and the clip 32x24: the middle of it is taken \(crop\)"):
        result = generate(given, portrait, pipe, steps=1)
    assert result.picture.size == (24, 18)
    np.testing.assert_allclose(result.scene.subjects[0].keyframes[0].box, [0.3, 0.5 - 3.2 / 18, 0.6, 0.5 + 3.2 / 18])


def test_a_plan_is_made_as_it_is_without_planning_again(pipe, picture, monkeypatch):
    wanted = scene(method={"name": "none"})
    planned, framed = prepare(wanted, picture, steps=1, pipe=pipe)
    assert (planned.width, planned.height, planned.frames) == (32, 24, 3)
    assert (planned.model, planned.scene.model) == (planned.card.name, planned.card.name)
    expected = generate(wanted, picture, pipe, steps=1)

    def again(*_args, **_options):
        raise AssertionError("planned a second time")

    monkeypatch.setattr("hitmark.run.plan.card_for", again)
    made = make(planned, framed, pipe)
    np.testing.assert_array_equal(made.frames, expected.frames)
    assert (made.scene, made.notes, made.settings) == (expected.scene, expected.notes, expected.settings)
