"""Names, cards, and loading random-weight checkpoints by path; every way in which that can fail."""

import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from hitmark.backbones import loading
from hitmark.backbones.catalog import JOINED, MODELS, model_card
from hitmark.backbones.loading import load_pipeline
from hitmark.backbones.tiny import tiny_svd, tiny_wan
from hitmark.errors import HitmarkError
from hitmark.run.model_choice import card_for, card_of_pipeline
from hitmark.scene.schema import Scene


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoint")
    pipe = tiny_svd(3, channels=(32, 32), layers=1, vae_channels=(32, 32), frames=3)
    pipe.save_pretrained(folder)
    return folder, pipe


@pytest.fixture
def checkpoint(saved, tmp_path):
    return shutil.copytree(saved[0], tmp_path / "model")


def clip(pipe):
    pipe.set_progress_bar_config(disable=True)
    picture = Image.fromarray(np.full((16, 16, 3), 90, np.uint8))
    generator = torch.Generator().manual_seed(0)
    return pipe(picture, height=16, width=16, num_inference_steps=2, generator=generator, output_type="latent").frames


def test_names():
    assert {"svd", "svd-xt", "sprites-i2v"} <= set(MODELS)
    assert model_card("svd").hub_id == "stabilityai/stable-video-diffusion-img2vid"
    assert (model_card("svd").frames, model_card("svd-xt").frames) == (14, 25)
    assert (model_card("svd").width, model_card("svd").height, model_card("svd").steps) == (1024, 576, 50)
    assert model_card("svd").call["noise_aug_strength"] == 0.02


@pytest.mark.parametrize("name", JOINED)
def test_a_model_of_several_repositories_says_how_they_are_joined(name):
    with pytest.raises(HitmarkError, match="Join them once") as told:
        model_card(name)
    lines = str(told.value).partition("\n")[2]
    compile(lines, name, "exec")
    assert lines.endswith('pipe.save_pretrained("FOLDER")')
    assert f"{JOINED[name].pipeline}.from_pretrained(" in lines


def test_knobs_beside_the_weights_are_on_top_of_those_of_the_class(tmp_path):
    tiny_wan("2.2").save_pretrained(tmp_path)
    plain = model_card(tmp_path).knobs
    assert plain["peekaboo"] == {"as_published": "paper"}
    own = {"sg-i2v": {"learning_rate": 0.5}, "time-to-move": {"strong": 0.25}}
    (tmp_path / "hitmark.json").write_text(json.dumps({"knobs": own}))
    assert model_card(tmp_path).knobs == plain | {
        "sg-i2v": plain["sg-i2v"] | {"learning_rate": 0.5},
        "time-to-move": {"strong": 0.25},
    }


def test_every_family_has_cards_and_every_card_a_family():
    from hitmark.backbones import FAMILIES
    from hitmark.backbones.catalog import OF_PIPELINE
    from hitmark.methods import build

    assert set(OF_PIPELINE) == set(FAMILIES)
    for name, card in (MODELS | JOINED).items():
        assert card.name == name
        assert card.pipeline in FAMILIES
        for each in (card, card.starting(picture=True)):
            family = FAMILIES[each.pipeline]
            assert each.takes_picture == family.abilities.takes_image or family.given_in is not None
            assert each.abilities.takes_image == each.takes_picture
        assert (card.pictured is not None) == (card.starting(picture=True) != card)
        assert card.frames is None or (card.frames - 1) % card.frame_unit == 0
        for method, knobs in card.knobs.items():
            build(method, knobs)
    wan = model_card("wan2.2-ti2v-5b")
    assert (wan.frames, wan.fps, wan.half, wan.frame_unit) == (121, 24, "bfloat16", 4)


@pytest.fixture(scope="module")
def both_ways(tmp_path_factory):
    folder = tmp_path_factory.mktemp("both")
    tiny_wan("ti2v").save_pretrained(folder)
    return folder


def test_one_folder_makes_clips_from_words_and_from_a_picture(both_ways, tmp_path):
    words, picture = (card_for(Scene(model=str(both_ways), prompt="a cat"), picture=given) for given in (False, True))
    assert (words.pipeline, words.best_method) == ("WanPipeline", "ivg-da")
    assert (picture.pipeline, picture.best_method) == ("WanImageToVideoPipeline", "sg-i2v")
    pipes = [load_pipeline(both_ways, device="cpu", picture=card.takes_picture) for card in (words, picture)]
    assert [type(pipe).__name__ for pipe in pipes] == [words.pipeline, picture.pipeline]
    assert [card_of_pipeline(pipe).pipeline for pipe in pipes] == [words.pipeline, picture.pipeline]
    assert model_card("wan2.2-ti2v-5b").starting(picture=True).name == "wan2.2-ti2v-5b"
    assert (words.frames, words.fps, picture.width) == (121, 24, 1280)  # as the model of this kind, not as Wan 2.1
    one_way = tmp_path / "model"
    tiny_wan("2.1").save_pretrained(one_way)
    assert card_for(Scene(model=str(one_way), prompt="a cat"), picture=True).pipeline == "WanPipeline"


def test_one_class_makes_clips_from_words_and_from_a_picture(tmp_path):
    from hitmark.backbones.tiny import tiny_ltx
    from hitmark.method_fit import check_family
    from hitmark.methods import build

    pipe = tiny_ltx(condition=True)
    pipe.save_pretrained(tmp_path)
    for scene, given in ((Scene(model=str(tmp_path), prompt="a cat"), None), (Scene(prompt="a cat"), pipe)):
        words, picture = (card_for(scene, given, picture=pictured) for pictured in (False, True))
        assert (words.pipeline, words.task, words.best_method) == ("LTXConditionPipeline", "text-to-video", "ivg-da")
        assert (picture.pipeline, picture.task, picture.best_method) == (words.pipeline, "image-to-video", "sg-i2v")
        check_family(build("sg-i2v"), picture)
        with pytest.raises(HitmarkError, match="takes none"):
            check_family(build("sg-i2v"), words)


def test_pipelines_that_were_not_loaded_by_name_are_known_by_their_class():
    from hitmark.backbones.tiny import tiny_ltx

    for image in (False, True):
        pipe = tiny_ltx(image=image)
        card = card_of_pipeline(pipe)
        assert (card.pipeline, card.takes_picture, card.fps) == (type(pipe).__name__, image, 24)


def test_loads_a_folder(saved):
    folder, pipe = saved
    loaded = load_pipeline(folder, dtype="float32", device="cpu")
    assert torch.allclose(clip(loaded), clip(pipe), atol=1e-4)
    assert not any(weight.requires_grad for weight in loaded.unet.parameters())
    assert load_pipeline(str(folder), dtype="bfloat16", device="cpu").unet.dtype == torch.bfloat16


def test_card_of_a_folder(checkpoint):
    card = model_card(checkpoint)
    published = {"time-to-move": {"weak": 0.986, "strong": 0.969}}
    assert (card.frames, card.width, card.height, card.steps, card.knobs) == (3, 1024, 576, 50, published)
    overrides = {"width": 64, "height": 64, "frames": 8, "call": {"fps": 9}, "knobs": {"sg-i2v": {"step_size": 0.01}}}
    (checkpoint / "hitmark.json").write_text(json.dumps(overrides))
    card = model_card(checkpoint)
    assert (card.frames, card.width, card.call["fps"], card.call["motion_bucket_id"]) == (8, 64, 9, 127)
    assert card.knobs == published | {"sg-i2v": {"step_size": 0.01}}


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("{", "not readable JSON"),
        ("[]", "expected an object"),
        ('{"widht": 3}', "unknown field 'widht'"),
        ('{"width": "64"}', "width has the wrong type"),
        ('{"steps": 0}', "steps must be greater than 0"),
        ('{"knobs": {"sg-i2v": 3}}', "knobs has the wrong type"),
    ],
)
def test_faulty_overrides(checkpoint, text, match):
    (checkpoint / "hitmark.json").write_text(text)
    with pytest.raises(HitmarkError, match=match):
        model_card(checkpoint)


def test_unknown_names_and_folders(tmp_path):
    with pytest.raises(HitmarkError, match=r"Unknown model 'svd-x' \(did you mean 'svd-xt'\?\).*Names: "):
        load_pipeline("svd-x")
    with pytest.raises(HitmarkError, match=r"holds no model_index\.json"):
        load_pipeline(tmp_path)
    (tmp_path / "modular_model_index.json").write_text("{}")
    with pytest.raises(HitmarkError, match=r"holds a modular pipeline .*attach\(pipe, scene, controls\)"):
        load_pipeline(tmp_path)
    (tmp_path / "model_index.json").write_text('{"_class_name": "MochiPipeline"}')
    with pytest.raises(HitmarkError, match="is a MochiPipeline; hitmark knows: StableVideoDiffusionPipeline"):
        load_pipeline(tmp_path)
    (tmp_path / "model_index.json").write_text("{")
    with pytest.raises(HitmarkError, match="cannot be read as a pipeline's index"):
        load_pipeline(tmp_path)


def test_half_downloaded_and_damaged_folders(checkpoint):
    weights = checkpoint / "unet" / "diffusion_pytorch_model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(HitmarkError, match="cannot be loaded"):
        load_pipeline(checkpoint)
    weights.unlink()
    with pytest.raises(HitmarkError, match=r"is incomplete: no weights .* in unet/"):
        load_pipeline(checkpoint)
    shutil.rmtree(checkpoint / "vae")
    with pytest.raises(HitmarkError, match="is incomplete"):
        load_pipeline(checkpoint)


def test_a_library_that_is_not_installed_is_named(checkpoint, monkeypatch):
    def missing(*_args, **_options):
        raise ImportError("Reader requires the Torchvision library\nbut it was not found")

    monkeypatch.setattr("diffusers.StableVideoDiffusionPipeline.from_pretrained", missing)
    with pytest.raises(HitmarkError, match=r"needs a library .* Reader requires the Torchvision library but it"):
        load_pipeline(checkpoint)


def test_a_repository_that_cannot_be_reached_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(HitmarkError, match=r"(?s)stable-video-diffusion-img2vid-xt.*What to do") as caught:
        load_pipeline("svd-xt", device="cpu")
    for hint in ("HF_HUB_OFFLINE", "accept its license", "hf auth login", "HF_HOME", "--model PATH"):
        assert hint in str(caught.value)


@pytest.mark.parametrize("wrong", [None, 3, ["sprites-i2v"]])
def test_a_model_that_is_no_name(wrong):
    with pytest.raises(HitmarkError, match=r"model: expected a name, such as 'sprites-i2v', or a folder, got"):
        load_pipeline(wrong)


def test_bad_dtype_and_device(checkpoint):
    with pytest.raises(HitmarkError, match=r"dtype: expected auto, float32.*got 'int8'"):
        load_pipeline(checkpoint, dtype="int8")
    with pytest.raises(HitmarkError, match=r"device: expected auto, cpu.*got 'gpu'"):
        load_pipeline(checkpoint, device="gpu")
    if not torch.cuda.is_available():
        with pytest.raises(HitmarkError, match="finds no CUDA device"):
            load_pipeline(checkpoint, device="cuda")
    for kind in ("mps", "xpu", "meta"):
        if not loading.device_count(kind):
            with pytest.raises(HitmarkError, match=f"torch finds no {kind} device; take cpu or auto"):
                load_pipeline(checkpoint, device=kind)


@pytest.mark.parametrize(("counts", "device"), [({}, "cpu"), ({"mps": 1}, "mps"), ({"cuda": 2, "mps": 1}, "cuda")])
def test_the_device_that_auto_means(monkeypatch, counts, device):
    monkeypatch.setattr(loading, "device_count", lambda kind: counts.get(kind, 0))
    assert loading._device("auto") == device
    if counts:
        with pytest.raises(HitmarkError, match=f"the last one is {device}:{counts[device] - 1}"):
            loading._device(f"{device}:7")


def test_the_embedded_transformer_has_the_settings_of_its_class_and_its_own_on_top():
    embedded, published = model_card("sprites-wan"), model_card("wan2.2-ti2v-5b")
    own = json.loads((embedded.path / "hitmark.json").read_text())["knobs"]
    assert own["peekaboo"]["as_published"] == published.knobs["peekaboo"]["as_published"]
    assert embedded.knobs == published.knobs | own
    assert (embedded.pipeline, embedded.pictured) == (published.pipeline, published.pictured)
    assert (embedded.frames, embedded.width, embedded.height) == (17, 128, 128)
