from __future__ import annotations

import json

import numpy as np
import pytest

from hitmark.errors import HitmarkError
from hitmark.run import record
from hitmark.run.record import (
    RecordError,
    RunRecord,
    fingerprint,
    frames_sha256,
    is_record,
    picture_sha256,
    this_machine,
)
from hitmark.scene import Scene


@pytest.fixture
def run():
    return RunRecord(
        hitmark="0.1.0",
        python="3.12.1",
        packages={"torch": "2.13.0", "diffusers": "0.42.1"},
        machine=record.Machine(system="Linux", architecture="x86_64", processor="A", threads=2, device="cpu"),
        created="2026-01-01T00:00:00+00:00",
        model=record.Model(name="svd", fingerprint="a" * 64),
        image=record.Picture(path="clip.image.png", sha256="b" * 64),
        settings=record.Settings(steps=3, dtype="float32", device="cpu", call={"fps": 7}, knobs={"step_size": None}),
        output=record.Output(video="clip.mp4", frames_sha256="c" * 64, seconds=1.5, peak_memory=10**9),
        scene=Scene(width=64, height=32, frames=8).to_dict(),
    )


def test_a_record_comes_back_as_it_was(run, tmp_path):
    run.save(tmp_path / "clip.json")
    assert is_record(tmp_path / "clip.json")
    assert RunRecord.load(tmp_path / "clip.json") == run
    assert run.to_scene("clip.json") == Scene(width=64, height=32, frames=8)


def test_a_scene_is_no_record(tmp_path):
    Scene().save(tmp_path / "scene.json")
    (tmp_path / "words.txt").write_text('"kind": "hitmark run"')
    for path in (tmp_path / "scene.json", tmp_path / "words.txt", tmp_path / "missing.json", tmp_path):
        assert not is_record(path)
    with pytest.raises(RecordError, match="expected a run record"):
        RunRecord.load(tmp_path / "scene.json")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": 2}, "update hitmark"),
        ({"settings": {"steps": "many"}}, "settings"),
        ({"output": None}, "output"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_what_is_wrong_with_a_record_is_named(run, tmp_path, change, words):
    path = tmp_path / "clip.json"
    path.write_text(json.dumps(run.model_dump(mode="json") | change))
    with pytest.raises(HitmarkError, match=words) as caught:
        RunRecord.load(path)
    assert "clip.json" in str(caught.value)


def test_a_wrong_scene_in_a_record_is_named(run):
    broken = run.model_copy(update={"scene": {"frames": 1}})
    with pytest.raises(HitmarkError, match=r"clip\.json: scene: frames"):
        broken.to_scene("clip.json")


def test_differences_name_what_changed(run):
    assert run.differences(run) == []
    machine = run.machine.model_copy(update={"threads": 8})
    other = run.model_copy(update={"packages": run.packages | {"torch": "3.0"}, "machine": machine, "python": "3.13.0"})
    other = other.model_copy(update={"model": record.Model(name="svd", fingerprint="d" * 64)})
    lines = run.differences(other)
    assert len(lines) == 4
    assert "torch: 2.13.0 then, 3.0 now" in lines
    assert "threads: 2 then, 8 now" in lines
    assert any(line.startswith("model files: aaaaaaaaaaaa…") for line in lines)


def test_hashes_depend_on_shape_and_content():
    frames = np.arange(2 * 3 * 4 * 3, dtype=np.uint8).reshape(2, 3, 4, 3)
    same = np.asfortranarray(frames)
    assert frames_sha256(frames) == frames_sha256(same)
    assert frames_sha256(frames) != frames_sha256(frames.reshape(2, 4, 3, 3))
    assert frames_sha256(frames) != frames_sha256(frames[::-1])
    assert len(picture_sha256(frames[0])) == 64


def test_fingerprint_tells_checkpoints_apart(tmp_path):
    (tmp_path / "unet").mkdir()
    weights = tmp_path / "unet" / "weights.safetensors"
    weights.write_bytes(bytes(2_000_000))
    (tmp_path / "model_index.json").write_text("{}")
    seen = {fingerprint(tmp_path)}
    assert fingerprint(tmp_path) in seen
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "note").write_text("x")
    assert fingerprint(tmp_path) in seen
    weights.write_bytes(bytes(1_999_999) + b"x")
    seen.add(fingerprint(tmp_path))
    weights.write_bytes(b"x" + bytes(1_999_999))
    seen.add(fingerprint(tmp_path))
    weights.write_bytes(bytes(2_000_001))
    seen.add(fingerprint(tmp_path))
    (tmp_path / "model_index.json").write_text("{ }")
    seen.add(fingerprint(tmp_path))
    weights.rename(tmp_path / "unet" / "other.safetensors")
    seen.add(fingerprint(tmp_path))
    assert len(seen) == 6


def test_this_machine_and_versions():
    machine = this_machine(3, "cpu")
    assert (machine.threads, machine.device) == (3, "cpu")
    assert all([machine.system, machine.architecture, machine.processor])
    versions = record.package_versions()
    assert versions["torch"].startswith("2.")
    assert "missing" not in versions.values()


@pytest.mark.parametrize("separators", [None, (",", ":")])
def test_a_record_is_known_however_its_json_is_written(run, tmp_path, separators):
    fields = run.model_dump(mode="json")
    written = json.dumps(dict(reversed(fields.items())), separators=separators)
    (tmp_path / "clip.json").write_text(written)
    assert is_record(tmp_path / "clip.json")
    assert RunRecord.load(tmp_path / "clip.json") == run
