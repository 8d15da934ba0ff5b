from __future__ import annotations

import json
import os
import shutil

from hitmark.backbones.tiny import tiny_wan

BOX = ("--box", "0.1,0.2,0.5,0.6", "--path", "0.7,0.5")


def test_a_dry_run_reads_no_weights_and_writes_nothing(hitmark, checkpoint, picture, tmp_path):
    copy = tmp_path / "model"
    shutil.copytree(checkpoint, copy)
    for path in copy.rglob("*.safetensors"):
        path.write_bytes(b"")
    before = sorted(os.listdir(tmp_path))
    done = hitmark("generate", "--image", picture, *BOX, "--model", copy, "--dry-run")
    assert done.exit_code == 0, done.output
    assert sorted(os.listdir(tmp_path)) == before
    assert "3 frames of 32x24, 2 steps" in done.stdout
    lines = {line[:37].strip(): line[37:].split() for line in done.stdout.splitlines() if len(line) > 37}
    assert lines["denoising"][2] == "2"
    assert lines["passes with gradients"][2] == "1", "one iteration, in the second step"
    assert lines["at the peak (weights and the largest)"][1] == "MiB"
    assert "time: at least 0" in done.stdout


def peak(told: str) -> float:
    """MiB that a dry run prints."""
    return float(next(line for line in told.splitlines() if line.startswith("at the peak")).split()[-2])


def test_what_memory_asks_for_is_done_said_and_recorded(hitmark, tmp_path, monkeypatch):
    tiny_wan().save_pretrained(tmp_path / "wan")
    words = ("--prompt", "a red car", "--subject", "red car", *BOX, "--model", "wan", "--method", "none")
    asked = (*words, "--width", "384", "--height", "384", "--frames", "5", "--steps", "1")
    free, tiled = (peak(hitmark("generate", *asked, *more, "--dry-run").stdout) for more in ((), ("--vae-tiling",)))
    assert tiled < 0.9 * free
    at_once = []
    monkeypatch.setattr("hitmark.run.allocator.return_at_once", lambda: at_once.append(True) or True)
    done = hitmark("generate", *asked, "--memory", f"{1.05 * tiled / 1024:.3f}", "-o", "a.mkv")
    assert done.exit_code == 0, done.output
    assert "vae_tiling: pictures are made in tiles" in done.stderr
    assert "memory is given back as soon as it is free" in done.stderr
    assert at_once == [True]
    assert json.loads((tmp_path / "a.json").read_text())["settings"]["vae_tiling"] is True
    again = hitmark("generate", "a.json", "-o", "b.mkv")
    assert "the same, bit for bit" in again.stdout, again.output
    assert (tmp_path / "a.mkv").read_bytes() == (tmp_path / "b.mkv").read_bytes()


def test_too_little_memory_is_refused_before_anything_is_written(hitmark, checkpoint, picture, tmp_path):
    words = ("--image", picture, *BOX, "--model", checkpoint, "--method", "none")
    done = hitmark("generate", *words, "--memory", "0.001", "-o", "c.mp4")
    assert done.exit_code == 2
    assert "error: memory: this clip takes about" in done.stderr
    assert not (tmp_path / "c.mp4").exists()
    assert hitmark("generate", *words, "--memory", "0").exit_code == 2


def test_too_little_time_is_refused_before_anything_is_written(hitmark, checkpoint, picture, tmp_path, monkeypatch):
    words = ("--image", picture, *BOX, "--model", checkpoint, "--method", "none", "--steps", "3", "-o", "c.mkv")
    monkeypatch.setattr("hitmark.run.rehearsal.multiplications_a_second", lambda _dtype: 10.0)
    done = hitmark("generate", *words, "--time", "0.1")
    assert done.exit_code == 2
    assert "error: time: this clip takes at least" in done.stderr
    assert "and 0.1 min were given; nothing was started" in done.stderr
    assert not (tmp_path / "c.mkv").exists()
    monkeypatch.setattr("hitmark.run.rehearsal.multiplications_a_second", lambda _dtype: 1e18)
    done = hitmark("generate", *words, "--time", "0.1")
    assert done.exit_code == 0, done.output
    assert "time: at least 0.0 s here" in done.stderr


def test_what_the_free_memory_does_not_hold_is_refused_before_anything_is_written(
    hitmark, checkpoint, picture, tmp_path, monkeypatch
):
    size = ("--width", "256", "--height", "192")
    words = ("--image", picture, *BOX, "--model", checkpoint, *size, "--method", "none", "-o", "c.mkv")
    needed = peak(hitmark("generate", *words, "--dry-run").stdout) * 2**20
    monkeypatch.setattr("hitmark.run.rehearsal.room.free_bytes", lambda: int(0.9 * needed))
    done = hitmark("generate", *words)
    assert done.exit_code == 2
    assert "error: memory: this clip takes about" in done.stderr
    assert "GiB are free" in done.stderr
    assert not (tmp_path / "c.mkv").exists()
