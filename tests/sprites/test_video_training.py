from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from hitmark.errors import HitmarkError
from hitmark.sprites import video_recipe
from hitmark.sprites.configuration import VideoConfiguration, read_configuration
from hitmark.sprites.decoder import decode_causally
from hitmark.sprites.going_on import read_milestone
from hitmark.sprites.train import train
from hitmark.sprites.video_code import fit
from hitmark.sprites.video_networks import VideoModel, build_text_encoder, build_tokenizer
from hitmark.sprites.video_recipe import size_of_step
from hitmark.sprites.video_training import VideoBatch, draw_levels, encode_words, flow_loss, make_video_batch
from hitmark.sprites.words import vocabulary

TINY = """
width = 32
height = 32
frames = 9
latent_channels = 8
heads = 1
head_width = 12
layers = 1
embedding = 16
text_layers = 1
decoder_width = 8
photographs = 0
recognition = 0.2
recognized_after = 0
steps = 4
stages = "windows 1, pictures 1, short 1"
windows = 6
window = 16
pictures = 3
short_frames = 5
short_batch = 2
batch = 2
warmup = 1
decoder_steps = 1
decoder_batch = 1
"""


class Perfect(torch.nn.Module):
    """Knows the clean sample, or is off by `error`; remembers what it was asked."""

    def __init__(self, clean: torch.Tensor, error: float) -> None:
        super().__init__()
        self.clean, self.error = clean, error

    def forward(self, noisy: torch.Tensor, times: torch.Tensor, states: torch.Tensor, return_dict: bool) -> tuple:
        self.asked = noisy, times, states
        return (self.clean + self.error,)


@pytest.fixture(scope="module")
def configuration() -> VideoConfiguration:
    return VideoConfiguration(width=32, height=32, frames=9, latent_channels=8, photographs=0.0, half=False)


def test_loss_is_the_error_of_the_velocity_where_nothing_is_given(configuration: VideoConfiguration) -> None:
    world = configuration.world()
    code = fit(torch.stack([world.render(world.plan(seed, measure=False)) for seed in range(3)]) * 2 - 1, 8)
    batch = make_video_batch(world, configuration.pictured_world(), code, range(4), 9, 2)
    assert batch.given.tolist() == [True, True, False, False]
    tokenizer, encoder = build_tokenizer(), build_text_encoder(configuration)
    network = Perfect(batch.latents, 0.0)
    model = VideoModel(network, encoder)
    assert flow_loss(model, batch, configuration, torch.Generator().manual_seed(0), tokenizer) == 0
    network.error = 0.5
    loss = flow_loss(model, batch, configuration, torch.Generator().manual_seed(0), tokenizer)
    noisy, times, states = network.asked
    grid = times.reshape(4, 3, 2, 2)
    assert (grid[:2, 0] == 0).all()
    assert (grid[:2, 1:] > 0).all()
    assert (grid[2:] > 0).all()
    torch.testing.assert_close(noisy[:2, :, 0], batch.latents[:2, :, 0])
    assert not torch.equal(noisy[2:, :, 0], batch.latents[2:, :, 0])
    assert states.shape[1] in (32, 96, 512)
    level = grid[:, :, :1, :1].expand(-1, -1, 4, 4) / 1000  # of cells, which are twice as many as tokens
    weight = (1 + 2 * batch.covers) * (level > 0)
    wanted = (weight * 0.25 / level.clamp(min=0.1) ** 2).sum() / weight.sum()
    torch.testing.assert_close(loss, wanted)


def test_levels_are_in_range_and_mostly_noisy() -> None:
    levels = draw_levels(20_000, 3.0, 0.25, torch.Generator().manual_seed(0))
    assert levels.min() > 0
    assert levels.max() < 1
    shifted = np.random.default_rng(0).normal(size=200_000)
    shifted = 3 / (3 + np.exp(-shifted))  # shift s of u: s u / (1 + (s - 1) u), u = 1 / (1 + exp(-x))
    assert float(levels.mean()) == pytest.approx(0.75 * shifted.mean() + 0.25 * 0.5, abs=0.01)


def test_clips_have_a_shift_of_their_own() -> None:
    changes = {"shift": 1e-6, "clip_shift": 1e6, "even_levels": 0.0}
    configuration = VideoConfiguration(width=32, height=32, frames=9, latent_channels=8, half=False, **changes)
    encoder, tokenizer = build_text_encoder(configuration), build_tokenizer()
    for frames, nearest in ((1, 0.0), (3, 1000.0)):
        latents = torch.zeros(2, 8, frames, 4, 4)
        known, marks = torch.zeros(2, dtype=torch.bool), torch.zeros(2, frames, 2, 2, 4)
        batch = VideoBatch(latents, latents[:, 0], ["a car", "a cat"], known, marks)
        network = Perfect(latents, 0.5)
        model = VideoModel(network, encoder)
        flow_loss(model, batch, configuration, torch.Generator().manual_seed(0), tokenizer)
        torch.testing.assert_close(network.asked[1], torch.full((2, 4 * frames), nearest), atol=1.0, rtol=0)


def test_words_are_one_token_each_and_zeros_follow(configuration: VideoConfiguration) -> None:
    tokenizer = build_tokenizer()
    text = "a red car and a cat on grass"
    assert tokenizer.tokenize(text) == [f"▁{word}" for word in text.split()]
    assert len({tokenizer.convert_tokens_to_ids(f"▁{word}") for word in vocabulary()}) == len(vocabulary())
    assert tokenizer.unk_token_id not in tokenizer("quixotic zebra!").input_ids
    states = encode_words(build_text_encoder(configuration).eval(), tokenizer, [text, ""], 32)
    assert states.shape == (2, 32, 96)
    lengths = (states.abs().sum(-1) > 0).sum(1).tolist()
    assert lengths == [len(text.split()) + 1, 1]


def test_steps_see_what_the_stages_say() -> None:
    stages = "windows 3, pictures 2, windows 1, short 4"
    shipped = read_configuration(None, "sprites-wan", stages=stages, windows_every=0)
    windows, pictures = (0, shipped.windows // 6), (1, shipped.pictures // 3)
    wanted = [windows] * 3 + [pictures] * 2 + [windows] + [(shipped.short_frames, shipped.short_batch)] * 4
    assert [size_of_step(shipped, step) for step in range(10)] == wanted
    assert size_of_step(shipped, 10) == size_of_step(shipped, 10_000) == (shipped.frames, shipped.batch)
    assert size_of_step(read_configuration(None, "sprites-wan"), 0) == windows
    turns = read_configuration(None, "sprites-wan", stages="whole 2, pictures 2", windows_every=3)
    whole = (turns.frames, turns.batch)
    wanted = [whole, whole, pictures, pictures, windows, whole, whole, windows, whole]
    assert [size_of_step(turns, step) for step in range(9)] == wanted
    for wrong in ("pictures", "films 3", "pictures 1.5", "pictures 3;short 4", ""):
        with pytest.raises(HitmarkError, match="KIND STEPS"):
            size_of_step(read_configuration(None, "sprites-wan", stages=wrong), 0)


def test_a_made_clip_serves_several_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    def make(_world: Any, _pictured: Any, _code: Any, seeds: range, frames: int, given: int) -> VideoBatch:
        made.append(seeds.start // 64)
        latents = torch.full((len(seeds), 1, 1, 1, 1), float(seeds.start // 64))
        given_ones = torch.arange(len(seeds)) < given
        return VideoBatch(latents, latents[:, 0], ["a cat"] * len(seeds), given_ones, latents)

    monkeypatch.setattr(video_recipe, "make_video_batch", make)
    monkeypatch.setattr(video_recipe, "flow_loss", lambda network, batch, *others: batch)
    monkeypatch.setattr(video_recipe, "BETWEEN", 3)
    changes = {
        "stages": "short 4",
        "windows_every": 0,
        "steps": 100,
        "shown": 2,
        "compiled": False,
        "batch": 6,
        "short_batch": 4,
    }
    loss: Any = video_recipe.step_loss(Any, read_configuration(None, "sprites-wan", **changes), "cpu")
    network = SimpleNamespace(recognizer=None)
    batches = [loss(network, step, None) for step in range(20)]
    numbers = [[int(number) for number in batch.latents.flatten()] for batch in batches]
    assert numbers[:5] == [[0, 0, 97, 97], [1, 1, 98, 98], [2, 2, 99, 99], [3, 3, 0, 0], [4, 4, 4, 1, 1, 1]]
    assert all(numbers[step] == [step] * 3 + [step - 3] * 3 for step in range(7, 20))
    assert [made.count(number) for number in range(7, 20)] == [1] * 13
    assert batches[4].given.tolist() == [True, True, False] * 2
    assert len(batches[4].captions) == 6


def test_the_decoder_learns_from_single_frames_and_then_from_whole_clips(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = []
    monkeypatch.setattr(video_recipe, "video_decoder_loss", lambda network, code, videos, *others: seen.append(videos))
    shipped = read_configuration(None, "sprites-wan", decoder_pictures=1)
    loss = video_recipe.decoder_step_loss(None, shipped, "cpu")
    for step in range(3):
        loss(torch.nn.Conv3d(8, 8, 3), step, torch.Generator().manual_seed(0))
    crop, pairs = (3, video_recipe.CROP, video_recipe.CROP), shipped.decoder_batch
    single, whole = (4 * pairs, 1, *crop), (pairs // 2, shipped.frames, *crop)
    assert [each.shape for each in seen] == [single, whole, whole]
    assert not torch.equal(seen[1], seen[2])


def test_the_decoder_begins_as_one_of_single_frames(configuration: VideoConfiguration) -> None:
    """Each frame of a block is what its latent frame alone would be decoded to."""
    decoder = video_recipe.build_decoder(configuration).decoder
    latents = torch.randn(1, configuration.latent_channels, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        video = decode_causally(decoder, latents)
        alone = torch.cat([decode_causally(decoder, latents[:, :, frame : frame + 1]) for frame in range(3)], 1)
    assert video.shape == (1, 9, 3, 32, 32)
    torch.testing.assert_close(video, alone[:, [0, *[1] * 4, *[2] * 4]], atol=1e-5, rtol=0)


def test_one_folder_makes_clips_from_text_and_from_a_picture(tmp_path: Path) -> None:
    """Training writes an ordinary folder that both stock pipelines load."""
    from diffusers import WanImageToVideoPipeline, WanPipeline

    path = tmp_path / "tiny.toml"
    path.write_text(TINY, encoding="utf-8")
    folder = train("sprites-wan", path, tmp_path / "run", "cpu")
    settings = {"height": 32, "width": 32, "num_frames": 9, "num_inference_steps": 2, "output_type": "np"}
    settings |= {"prompt": "a red car on grass", "max_sequence_length": 16}
    text = WanPipeline.from_pretrained(folder, dtype=torch.float32)
    picture = Image.fromarray(read_configuration(path, "sprites-wan").world().clip(0).frames[0])
    pictured = WanImageToVideoPipeline.from_pretrained(folder, dtype=torch.float32)
    for pipeline, given in ((text, {}), (pictured, {"image": picture})):
        pipeline.set_progress_bar_config(disable=True)
        frames = pipeline(**given, **settings).frames
        assert frames.shape == (1, 9, 32, 32, 3)
        assert np.isfinite(frames).all()
    again = train("sprites-wan", path, tmp_path / "again", "cpu", parts=(), start=folder)
    for file in (f"{part}/diffusion_pytorch_model.safetensors" for part in ("transformer", "vae")):
        assert (again / file).read_bytes() == (folder / file).read_bytes()
    old, new = read_milestone(folder), read_milestone(again)
    assert old.counts == new.counts
    assert all(torch.equal(value, new.tensors[name]) for name, value in old.tensors.items())
    assert len(old.tensors) == len(new.tensors) > 4


def test_a_run_begins_from_an_exported_pipeline(tmp_path: Path) -> None:
    path, longer = tmp_path / "tiny.toml", tmp_path / "longer.toml"
    path.write_text(TINY, encoding="utf-8")
    longer.write_text(TINY.replace("\nsteps = 4", "\nsteps = 5"), encoding="utf-8")
    folder = train("sprites-wan", path, tmp_path / "run", "cpu")
    went_on = train("sprites-wan", longer, tmp_path / "next", "cpu", start=folder)
    state = torch.load(tmp_path / "next" / "transformer.pt", weights_only=True)
    assert (state["begun"], state["step"], len(state["losses"])) == (4, 5, 1)
    codes = [torch.load(tmp_path / run / "code.pt", weights_only=True) for run in ("run", "next")]
    assert all(torch.equal(codes[0][name], codes[1][name]) for name in ("mean", "small", "whole", "scales"))
    assert codes[0]["coarse"] == codes[1]["coarse"]
    assert read_milestone(went_on).counts["transformer"] == 5
    with pytest.raises(HitmarkError, match=r"has other sizes than the configuration.*--config"):
        train("sprites-wan", None, tmp_path / "shipped", "cpu", parts=(), start=folder)
    with pytest.raises(HitmarkError, match="expected a pipeline that `hitmark train` wrote"):
        train("sprites-wan", path, tmp_path / "wrong", "cpu", start=tmp_path)
