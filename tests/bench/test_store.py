"""A run's folder: a job is there whole or not at all, whatever ends the process that makes it."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from hitmark.bench.store import PARTIAL, RESULT, Store
from hitmark.errors import HitmarkError


def finish(store: Store, job: str, value: object) -> None:
    with store.writing(job) as folder:
        (folder / "clip.mkv").write_bytes(b"frames")
        (folder / RESULT).write_text(json.dumps({"value": value}))


def test_a_finished_job_is_there_with_all_of_its_files(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.claimed():
        assert not store.is_done("a")
        finish(store, "a", 1)
    assert store.result("a") == {"value": 1}
    assert sorted(path.name for path in store.place("a").iterdir()) == ["clip.mkv", RESULT]
    assert [path.name for path in tmp_path.glob(f"{PARTIAL}*")] == []


def test_an_error_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def fail() -> None:
        with store.writing("a") as folder:
            (folder / RESULT).write_text("{}")
            raise KeyError

    with store.claimed(), pytest.raises(KeyError):
        fail()
    assert not store.place("a").exists()
    assert list(tmp_path.glob(f"{PARTIAL}*")) == []


@pytest.mark.parametrize("torn", [b"", b'{"value": ', b"[]", b"\xff\xfe"])
def test_a_torn_result_counts_as_missing_and_is_replaced(tmp_path: Path, torn: bytes) -> None:
    store = Store(tmp_path)
    with store.claimed():
        finish(store, "a", 1)
        (store.place("a") / RESULT).write_bytes(torn)
        assert not store.is_done("a")
        finish(store, "a", 2)
    assert store.result("a") == {"value": 2}
    assert [path.name for path in store.jobs.iterdir()] == ["a"]


def test_failures_are_kept_until_the_job_succeeds_or_they_are_forgotten(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.claimed():
        store.fail("a", "no memory")
        store.fail("b", "no picture")
        assert (store.error("a"), store.error("c")) == ("no memory", None)
        finish(store, "a", 1)
        assert store.error("a") is None
        assert store.forget_failures() == 1
        assert store.error("b") is None


def test_one_run_at_a_time(tmp_path: Path) -> None:
    with Store(tmp_path).claimed(), pytest.raises(HitmarkError, match="another run"), Store(tmp_path).claimed():
        pass
    with Store(tmp_path).claimed():
        pass


def _killed_at_work(folder: Path) -> None:
    store = Store(folder)
    with store.claimed(), store.writing("a") as partial:
        (partial / RESULT).write_text("{}")
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_process_leaves_no_job_and_no_lock(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_killed_at_work, args=(tmp_path,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    store = Store(tmp_path)
    assert len(list(tmp_path.glob(f"{PARTIAL}*"))) == 1
    with store.claimed():
        assert list(tmp_path.glob(f"{PARTIAL}*")) == []
        assert not store.is_done("a")


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HitmarkError, match="not a folder"), Store(tmp_path / "file" / "run").claimed():
        pass


@pytest.mark.parametrize("name", ["plan.json", "jobs.json"])
def test_files_that_no_run_wrote_are_not_replaced(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with (
        pytest.raises(HitmarkError, match=rf"expected a new folder.*with another {name}.*\(-o\)"),
        Store(tmp_path).claimed(),
    ):
        pass
    assert [path.name for path in tmp_path.iterdir()] == [name], "nothing is made there either"
    (tmp_path / "jobs").mkdir()  # as in a run whose plan.json is torn, or was copied without empty folders
    with Store(tmp_path).claimed():
        pass
