"""Box lists run end to end on a random model: what is fine runs, every other clip is refused by a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hitmark.backbones.tiny import tiny_text_to_video
from hitmark.errors import HitmarkError
from hitmark.scene.schema import MethodChoice, Scene
from scripts import check_box_lists
from scripts.check_box_lists import Outcome, Runner, main, outcome_of, records_of, totals

BOXES = [[0.1, 0.2, 0.5, 0.7], [0.2, 0.2, 0.6, 0.7], [0.3, 0.2, 0.7, 0.7]]


def record(number: Any = 7, boxes: Any = None, **changes: Any) -> dict[str, Any]:
    words = {"caption": "A black swan swims", "subject": "Black Swan"}
    return {"id": number, **words, "bboxes": BOXES if boxes is None else boxes, "metadata": {}} | changes


def save(folder: Path, *records: Any, name: str = "boxes.json") -> Path:
    (folder / name).write_text(json.dumps(list(records)))
    return folder / name


@pytest.fixture(scope="module")
def pipe() -> Any:
    return tiny_text_to_video(channels=(32, 32), layers=1, vae_channels=(32, 32))


@pytest.fixture(scope="module")
def runner(pipe: Any) -> Runner:
    return Runner(pipe, "tiny", MethodChoice(name="peekaboo"), width=32, height=24, steps=1)


def run(path: Path, runner: Runner) -> list[Outcome]:
    return [outcome_of(path, position, each, runner) for position, each in enumerate(records_of(path))]


def test_a_clip_runs_with_as_many_frames_as_boxes(
    tmp_path: Path, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hitmark.run import generate

    made, original = [], generate.generate
    monkeypatch.setattr(generate, "generate", lambda *args, **kwargs: made.append(original(*args, **kwargs)))
    (found,) = run(save(tmp_path, record()), runner)
    assert found.line() == "boxes.json#7 | A black swan swims | Black Swan | 3 boxes | ok"
    assert made[0].frames.shape == (3, 24, 32, 3)
    assert made[0].settings.knobs["masked_steps"] == 2


def test_a_subject_that_is_not_in_the_caption_is_refused_by_the_words(tmp_path: Path, runner: Runner) -> None:
    absent, fine = run(save(tmp_path, record(1, subject="Zebra"), record(2)), runner)
    assert absent.result == "refused"
    assert "Zebra" in absent.reason
    assert "A black swan swims" in absent.reason
    assert fine.result == "ran"


def test_boxes_beyond_the_picture_run_and_empty_ones_are_told(tmp_path: Path, runner: Runner) -> None:
    gap = [0.5] * 4
    outside = [[-0.3, -0.1, 0.3, 0.5], [0.7, 0.5, 1.6, 1.5], [1.2, 1.2, 1.5, 1.5]]
    found = run(
        save(tmp_path, record(1, outside), record(2, [gap, *BOXES]), record(3, [gap, gap]), record(4, outside[::-1])),
        runner,
    )
    assert [each.result for each in found] == ["ran", "ran", "refused", "refused"]
    assert "1 placeholder boxes" in found[1].line()
    assert "at least one box with an area" in found[2].reason
    assert "partly in the picture" in found[3].reason


def test_broken_records_stop_no_other(tmp_path: Path, runner: Runner) -> None:
    nameless = {key: value for key, value in record().items() if key != "id"}
    path = save(tmp_path, record(1, "x"), record(2, [[0, 0, 1]] * 3), record(9, subject=""), nameless, record(5), {})
    found = run(path, runner)
    assert [each.result for each in found] == ["refused", "refused", "refused", "ran", "ran", "refused"]
    assert [each.boxes for each in found] == [None, 3, 3, 3, 3, None]
    assert found[3].clip == "boxes.json#3"
    assert "#1: refused: " in totals(found)
    assert totals(found).startswith("6 clips: 2 ran, 4 refused, 0 crashed\n")


def test_what_cannot_be_told_apart_or_is_no_record_is_refused(tmp_path: Path, runner: Runner) -> None:
    nameless = {key: value for key, value in record().items() if key != "id"}
    found = run(save(tmp_path, record(7), record(7)), runner)
    assert all("expected one record with id 7, got 2" in each.reason for each in found)
    found = run(save(tmp_path, record(1), nameless), runner)
    assert [each.result for each in found] == ["ran", "refused"]
    assert "has no id" in found[1].reason
    (found,) = run(save(tmp_path, 5), runner)
    assert "position 0: expected a record" in found.reason


class Careless(Runner):
    def run(self, scene: Scene) -> None:
        raise KeyError(scene.prompt)


def test_a_mistake_of_ours_is_counted_apart(tmp_path: Path) -> None:
    (found,) = run(save(tmp_path, record()), Careless(None, "tiny", MethodChoice()))
    assert found.result == "crashed"
    assert found.line().endswith("CRASH: KeyError: 'A black swan swims'")


def test_the_command_goes_on_behind_an_unreadable_list(
    tmp_path: Path, pipe: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check_box_lists, "load", lambda *_: pipe)
    (tmp_path / "object.json").write_text("{}")
    lists = [tmp_path / "object.json", tmp_path / "missing.json", save(tmp_path, record(1), record(2, subject="Zebra"))]
    with pytest.raises(SystemExit) as ended:
        main(lists, width=32, height=24, steps=1)
    assert ended.value.code == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[0] for line in lines[:2]] == ["boxes.json#1", "boxes.json#2"]
    assert lines[2] == "2 clips: 1 ran, 1 refused, 0 crashed; 2 lists not read"
    main(lists[2:], width=32, height=24, steps=1)
    with pytest.raises(HitmarkError, match="Unknown method"):
        main(lists, method="peekabo")
