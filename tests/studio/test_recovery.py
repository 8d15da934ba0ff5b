"""What a server that was killed leaves behind, as the next one finds it."""

from __future__ import annotations

import shutil

import pytest

from hitmark.studio.job import AT_WORK, RESULT
from hitmark.studio.jobs import Queue
from tests.studio.conftest import RESULTS, order


@pytest.mark.parametrize("state", AT_WORK)
def test_an_interrupted_job_is_begun_again_once(client, studio, state):
    order(client)
    queue = studio.queue
    queue.take(studio.runner.stopping)
    for again in ("queued", "failed"):
        job = queue.all()[0]
        job.state = state
        (queue.place(job) / "clip.mp4").write_bytes(b"half")
        job.save(queue.place(job))
        queue = Queue(studio.folder)  # as the next server does
        assert queue.all()[0].state == again
        if again == "queued":
            assert sorted(path.name for path in queue.place(job).iterdir()) == ["job.json", "scene.json"]
            queue.take(studio.runner.stopping)
    assert "interrupted twice" in queue.all()[0].error
    assert queue.retry(queue.all()[0].id).state == "queued"


def test_a_job_that_was_finished_just_before_the_end_is_kept(client, studio):
    order(client)
    job = studio.queue.take(studio.runner.stopping)
    (studio.queue.place(job) / RESULT).write_text(RESULTS.model_dump_json())  # and nobody heard that it is done
    again = Queue(studio.folder).all()[0]
    assert (again.state, again.result) == ("done", RESULTS)


def test_a_clean_end_does_not_count(client, studio):
    order(client)
    for _ in range(4):
        job = studio.queue.take(studio.runner.stopping)
        studio.queue.put_back(job)
        assert (job.state, job.starts) == ("queued", 0)


def test_foreign_things_among_the_jobs_are_left_alone(client, studio):
    (job,) = order(client)
    jobs = studio.folder.root / "jobs"
    (jobs / "notes").mkdir()
    (jobs / "broken").mkdir()
    (jobs / "broken" / "job.json").write_text("{")
    shutil.copytree(jobs / job["id"], jobs / "a copy")
    (jobs / ".removed-000009-aaaaaa").mkdir()
    assert [each.id for each in Queue(studio.folder).all()] == [job["id"]]
    assert sorted(path.name for path in jobs.iterdir()) == [job["id"], "a copy", "broken", "notes"]


def test_numbers_go_on_after_a_restart(client, studio):
    (first,) = order(client)
    assert Queue(studio.folder).next_number() == int(first["id"].partition("-")[0]) + 1


def test_a_job_that_cannot_be_read_hides_no_other_and_is_told_of(client, studio, tmp_path):
    linked, damaged, directory, whole = order(client, variants=4)
    jobs = studio.folder.root / "jobs"
    (jobs / linked["id"]).rename(tmp_path / "elsewhere")
    (jobs / linked["id"]).symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (jobs / damaged["id"] / "job.json").write_text("{")
    (jobs / directory["id"] / "job.json").unlink()
    (jobs / directory["id"] / "job.json").mkdir()
    assert [each["id"] for each in client.get("/api/jobs").json()["jobs"]] == [
        job["id"]
        for job in (damaged, directory, whole)  # the link came while the server ran
    ]
    (jobs / "999999-ffffff").symlink_to("999999-ffffff")  # leads to itself
    again = Queue(studio.folder)
    assert [each.id for each in again.all()] == [whole["id"]]
    unreadable = [linked["id"], damaged["id"], directory["id"], "999999-ffffff"]
    assert [line.partition(":")[0] for line in again.unreadable] == unreadable


def test_a_job_that_was_being_cancelled_is_not_begun_again(client, studio):
    order(client)
    job = studio.queue.take(studio.runner.stopping)
    assert client.post(f"/api/jobs/{job.id}/cancel").json()["cancelling"] is True
    again = Queue(studio.folder).all()[0]  # the server died before the worker had stopped
    assert (again.state, again.cancelling) == ("cancelled", False)


def test_a_clean_end_while_a_job_is_being_cancelled(client, studio):
    order(client)
    job = studio.queue.take(studio.runner.stopping)
    studio.queue.cancel(job.id)
    studio.queue.put_back(job)
    assert job.state == "cancelled"
