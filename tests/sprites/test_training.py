from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from hitmark.errors import HitmarkError
from hitmark.files import claimed
from hitmark.sprites.configuration import read_configuration
from hitmark.sprites.optimizers import orthogonalize
from hitmark.sprites.train import train
from hitmark.sprites.training import Schedule, Training

# Half of the frames are four: of two, oneDNN's gradient in half precision is not finite on some processors.
TINY = """
width = 16
height = 16
frames = 8
photographs = 0
channels = [32, 32]
heads = [1, 1]
embedding = 16
steps = {steps}
short_steps = 1
batch = 2
warmup = 1
decoder_steps = 1
decoder_batch = 1
"""


def _configuration(folder: Path, steps: int) -> Path:
    path = folder / f"tiny-{steps}.toml"
    path.write_text(TINY.format(steps=steps), encoding="utf-8")
    return path


@pytest.fixture
def few_clips(monkeypatch: pytest.MonkeyPatch) -> None:
    """The code is fitted to few clips; what a training makes of it is the same."""
    monkeypatch.setattr("hitmark.sprites.recipes.CODE_CLIPS", 12)


@pytest.mark.usefixtures("few_clips")
def test_train_exports_a_pipeline_that_loads_and_runs(tmp_path: Path) -> None:
    from diffusers import StableVideoDiffusionPipeline

    from hitmark.sprites.world import SpriteWorld

    folder = train("sprites-i2v", _configuration(tmp_path, 2), tmp_path / "run", "cpu")
    pipeline = StableVideoDiffusionPipeline.from_pretrained(folder, dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    from PIL import Image

    picture = Image.fromarray(SpriteWorld(width=16, height=16, frames=8).clip(0).frames[0])
    frames = pipeline(picture, height=16, width=16, num_frames=8, num_inference_steps=2, output_type="np").frames
    assert frames.shape == (1, 8, 16, 16, 3)
    assert json.loads((tmp_path / "run" / "unet.json").read_text())["step"] == 2


@pytest.mark.usefixtures("few_clips")
def test_train_exports_a_text_to_video_pipeline_that_loads_and_runs(tmp_path: Path) -> None:
    from diffusers import TextToVideoSDPipeline

    path = tmp_path / "tiny.toml"
    tiny = TINY.format(steps=2).replace("photographs = 0", "pictures = 3")
    tiny = tiny.replace("heads = [1, 1]", "head_width = 16").replace("short_steps", "picture_steps")
    path.write_text(tiny, encoding="utf-8")
    folder = train("sprites-t2v", path, tmp_path / "run", "cpu")
    pipeline = TextToVideoSDPipeline.from_pretrained(folder, dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    call = {"height": 16, "width": 16, "num_frames": 8, "num_inference_steps": 2, "output_type": "np"}
    assert pipeline("a red car on grass", **call).frames.shape == (1, 8, 16, 16, 3)
    assert json.loads((tmp_path / "run" / "unet.json").read_text())["step"] == 2
    assert json.loads((folder / "hitmark.json").read_text())["call"] == {"guidance_scale": 4.0}


def test_a_stopped_run_goes_on_as_if_it_had_not_been_stopped(tmp_path: Path) -> None:
    """Three steps at once, and two steps, killed, one more step: the same weights."""

    def loss(network: torch.nn.Module, step: int, generator: torch.Generator) -> torch.Tensor:
        return (network(torch.randn(4, 8, generator=generator)) - step).square().mean()

    def training(folder: str) -> Training:
        torch.manual_seed(0)
        network = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.Linear(16, 8))
        return Training("net", tmp_path / folder, network, Schedule(3, 1, 0.5, 1e-2), 0.9, 0)

    whole = training("whole")
    whole.run(loss)
    halted = training("halted")
    stop = iter([0, 0, 1])

    def dying(network: torch.nn.Module, step: int, generator: torch.Generator) -> torch.Tensor:
        if next(stop):
            raise KeyboardInterrupt
        return loss(network, step, generator)

    with pytest.raises(KeyboardInterrupt):
        halted.run(dying)
    resumed = training("halted")
    assert resumed.step == 2
    resumed.run(loss)
    for old, new in zip(whole.averaged.parameters(), resumed.averaged.parameters(), strict=True):
        assert torch.equal(old, new)
    assert whole.losses == resumed.losses


def test_a_checkpoint_of_an_earlier_version_goes_on(tmp_path: Path) -> None:
    def training() -> Training:
        return Training("net", tmp_path, torch.nn.Linear(8, 8), Schedule(2, 1, 0.5, 1e-2), 0.9, 0)

    begun = training()
    begun.save()
    state = torch.load(begun.checkpoint, weights_only=True)
    state["optimisers"] = state.pop("optimizers")
    torch.save(state | {"step": 1}, begun.checkpoint)
    assert training().step == 1


def test_the_network_that_measures_begins_from_nothing(tmp_path: Path) -> None:
    given: list[dict[str, Any]] = [{"start": tmp_path}, {"parts": ()}, {"processes": 2}]
    for options in given:
        with pytest.raises(HitmarkError, match="leave out --from, --export and --processes"):
            train("sprites-perceptual", None, tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()


def test_a_checkpoint_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    def training() -> Training:
        return Training("net", tmp_path, torch.nn.Linear(8, 8), Schedule(2, 1, 0.5, 1e-2), 0.9, 0)

    begun = training()
    begun.save()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.json", "net.pt"]
    begun.checkpoint.write_bytes(begun.checkpoint.read_bytes()[:-400])
    with pytest.raises(HitmarkError, match=r"net\.pt: expected a checkpoint of this run, .*delete it to begin"):
        training()


def test_two_runs_do_not_share_a_folder(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with claimed(tmp_path / "run" / "training"), pytest.raises(HitmarkError, match="another run is making it"):
        train("sprites-t2v", None, tmp_path / "run")
    assert list((tmp_path / "run").iterdir()) == []


def test_another_network_in_the_folder_is_refused(tmp_path: Path) -> None:
    schedule = Schedule(1, 1, 0.5, 1e-2)
    Training("net", tmp_path, torch.nn.Linear(8, 8), schedule, 0.9, 0).save()
    with pytest.raises(HitmarkError, match="other sizes"):
        Training("net", tmp_path, torch.nn.Linear(8, 9), schedule, 0.9, 0)


def test_schedule_warms_up_and_falls_to_zero() -> None:
    schedule = Schedule(steps=100, warmup=10, decay=0.5, learning_rate=2.0)
    assert schedule.rate(0) == pytest.approx(0.2)
    assert schedule.rate(9) == pytest.approx(2)
    assert schedule.rate(49) == pytest.approx(2)
    assert schedule.rate(75) == pytest.approx(1)
    assert schedule.rate(99) == pytest.approx(0.04)


def test_orthogonalize_brings_singular_values_near_one() -> None:
    matrix = torch.randn(12, 30, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(orthogonalize(matrix[None])[0].float())
    assert values.min() > 0.5
    assert values.max() < 1.4
    assert torch.linalg.svdvals(matrix).max() > 5
    tall = orthogonalize(torch.stack([matrix.T, 2 * matrix.T]))
    torch.testing.assert_close(tall[0], tall[1], atol=0.02, rtol=0)
    torch.testing.assert_close(tall[0], orthogonalize(matrix[None])[0].T, atol=0.02, rtol=0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("stepz = 3", "stepz"), ("steps = 'many'", "steps"), ("steps = 1.5", "steps"), ("steps = ", "TOML")],
)
def test_bad_configurations_name_the_key(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(HitmarkError, match=expected):
        read_configuration(path)


def test_unknown_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HitmarkError, match="sprites-i2v"):
        train("sprites-t3v", None, tmp_path, "cpu")


def test_matrices_have_a_rate_of_their_own(tmp_path: Path) -> None:
    rates = []
    for matrix_rate in (1.0, 3.0):
        training = Training(
            "net", tmp_path / str(matrix_rate), torch.nn.Linear(16, 8), Schedule(1, 1, 0.5, 1e-2), 0.9, 0, matrix_rate
        )
        training.run(lambda network, step, generator: network(torch.ones(2, 16)).square().mean())
        rates.append([group["lr"] for optimizer in training.optimizers for group in optimizer.param_groups])
    assert rates == [pytest.approx([1e-2, 1e-2]), pytest.approx([3e-2, 1e-2])]
