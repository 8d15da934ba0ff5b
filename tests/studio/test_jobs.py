"""Ordering clips and the queue: everything checked before it waits, every state on disk, nothing finished ever lost."""

from __future__ import annotations

import json
import shutil

import pytest

from hitmark.errors import HitmarkError
from hitmark.scene.schema import Scene
from hitmark.studio.job import RESULT, Job
from hitmark.studio.jobs import MOST_WAITING, Queue
from hitmark.studio.runner import ended
from hitmark.studio.worker import Maker
from tests.studio.conftest import RESULTS, moving, order, png, text_scene


def finish(queue: Queue, job: Job) -> None:
    """As the worker does: the files, the result last, then the word."""
    (queue.place(job) / "clip.mp4").write_bytes(b"0123456789")
    (queue.place(job) / RESULT).write_text(RESULTS.model_dump_json())
    assert queue.heard(job, {"event": "done"})


def test_a_job_tells_what_will_be_made(client, studio):
    (job,) = order(client, steps=3, project="film")
    assert (job["state"], job["role"], job["step"], job["steps"]) == ("queued", "controlled", 0, 3)
    assert (job["frames"], job["width"], job["height"], job["model"], job["method"]) == (
        8,
        64,
        64,
        "sprites-t2v",
        "ivg-da",
    )
    assert [track["name"] for track in job["tracks"]] == ["heart"]
    assert job["scene"]["method"]["name"] == "ivg-da"  # by its name, whatever "auto" means some day
    assert list(job["files"]) == ["scene.json"]
    assert client.get(f"/api/jobs/{job['id']}").json() == job
    assert client.get("/api/jobs").json() == {"jobs": [job], "total": 1, "unreadable": []}
    assert Scene.from_dict(client.get(job["files"]["scene.json"]).json()).to_dict() == job["scene"]
    assert (studio.folder.root / "jobs" / job["id"] / "job.json").is_file()


def test_variants_and_baselines_share_a_group(client):
    jobs = order(client, variants=2, baseline=True, scene=text_scene(seed=5))
    assert [(job["seed"], job["role"]) for job in jobs] == [
        (5, "controlled"), (5, "baseline"), (6, "controlled"), (6, "baseline"),
    ]  # fmt: skip
    assert {job["group"] for job in jobs} == {jobs[0]["id"]}
    assert [job["method"] for job in jobs] == ["ivg-da", "none"] * 2
    assert [job["id"] for job in client.get("/api/jobs").json()["jobs"]] == [job["id"] for job in jobs]


def test_the_scene_of_a_job_stands_on_its_own(client, studio):
    picture = client.post("/api/pictures", content=png()).json()["id"]
    (job,) = order(client, scene={"image": f"pictures/{picture}.png", "subjects": [moving()]})
    (studio.folder.root / "pictures" / f"{picture}.png").unlink()
    path = studio.folder.root / "jobs" / job["id"] / "scene.json"
    assert Scene.load(path).image_file(path).is_file()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"scene": text_scene(model="/etc")}, "model: expected one of"),
        ({"scene": text_scene(model="svd")}, "svd cannot be used"),
        ({"scene": text_scene(prompt="")}, "prompt"),
        ({"scene": text_scene(model="sprites-i2v")}, "starts from a picture"),
        ({"scene": text_scene(image="../x.png")}, "image: expected"),
        ({"scene": text_scene(image="pictures/" + "0" * 24 + ".png")}, "load the picture"),
        ({"scene": text_scene(method={"name": "nonsense"})}, "Unknown method"),
        ({"scene": text_scene(method={"name": "sg-i2v"})}, "image-to-video"),
        ({"scene": text_scene(method={"name": "peekaboo", "knobs": {"masked_steps": -1}})}, "masked_steps"),
        ({"scene": text_scene(method={"name": "peekaboo", "knobs": {"nonsense": 1}})}, "Unknown knob"),
        ({"scene": text_scene(width=65)}, "width: sprites-t2v makes multiples of 8 px, got 65; use 64 or 72"),
        ({"scene": text_scene(width=4)}, "use 8"),
        ({"scene": text_scene(), "call": {"nonsense": 1}}, "takes no argument"),
        ({"scene": text_scene(), "call": {"guidance_scale": "high"}}, "must be a number"),
        ({"scene": text_scene(), "call": {"guidance_scale": 1e300}}, "must be a number"),
        ({"scene": text_scene(), "call": {"guidance_scale": []}}, "must be a number"),
        ({"scene": text_scene(), "steps": 0}, "steps"),
        ({"scene": text_scene(), "steps": 10**30}, "steps"),
        ({"scene": text_scene(), "variants": 9}, "variants"),
        ({"scene": text_scene(seed=2**63 - 1), "variants": 2}, "seed"),
        ({"scene": text_scene(), "project": "../../etc"}, "project"),
        ({"scene": text_scene(), "baseline": 1}, "baseline"),
        ({}, "scene: required"),
    ],
)
def test_what_cannot_be_made_is_not_queued(client, refused, studio, body, words):
    assert words in refused(422, "POST", "/api/jobs", json=body)
    assert client.get("/api/jobs").json()["jobs"] == []
    assert list((studio.folder.root / "jobs").iterdir()) == []


def test_the_queue_has_an_end(client, refused):
    for _ in range(MOST_WAITING // 8):
        order(client, variants=8)
    sentence = refused(409, "POST", "/api/jobs", json={"scene": text_scene(), "variants": 8})
    assert str(MOST_WAITING) in sentence


def test_a_waiting_job_is_cancelled_retried_and_removed(client, refused, studio):
    (job,) = order(client)
    path = f"/api/jobs/{job['id']}"
    assert "cancel it" in refused(409, "DELETE", path)
    assert "queued" in refused(409, "POST", f"{path}/retry")
    assert client.post(f"{path}/cancel").json()["state"] == "cancelled"
    assert client.post(f"{path}/cancel").json()["state"] == "cancelled"
    assert client.post(f"{path}/retry").json()["state"] == "queued"
    client.post(f"{path}/cancel")
    assert client.delete(path).json() == {}
    assert "removed" in refused(404, "GET", path)
    assert list((studio.folder.root / "jobs").iterdir()) == []


ACTIONS = [("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("POST", "/retry"), ("GET", "/files/clip.mp4")]


@pytest.mark.parametrize("identity", ["none", "%2e%2e", "000001", "%00", "é", "x" * 5000])
@pytest.mark.parametrize(("method", "end"), ACTIONS)
def test_unknown_jobs_are_not_found(client, identity, method, end):
    answer = client.request(method, f"/api/jobs/{identity}{end}")
    assert answer.status_code in (404, 405)
    assert answer.json()["error"]


def test_a_finished_job_gives_its_files_in_parts_and_whole(client, studio):
    (job,) = order(client)
    taken = studio.queue.take(studio.runner.stopping)
    finish(studio.queue, taken)
    told = client.get(f"/api/jobs/{job['id']}").json()
    assert (told["state"], told["seconds"], told["found"]) == ("done", 1.5, {"a": [[1.0, 2.0], None]})
    url = told["files"]["clip.mp4"]
    whole = client.get(url)
    assert (whole.content, whole.headers["content-type"]) == (b"0123456789", "video/mp4")
    part = client.get(url, headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.content, part.headers["content-range"]) == (206, b"234", "bytes 2-4/10")
    assert client.get(url, headers={"Range": "bytes=50-60"}).status_code == 416
    assert client.get(url, headers={"Range": "bytes=nonsense"}).status_code in (200, 400)
    attached = client.get(url, params={"download": "1"}).headers["content-disposition"]
    assert attached == f'attachment; filename="{job["id"]}-clip.mp4"'


BAD_FILES = [
    "job.json", "result.json", "%2e%2e%2fjob.json", "..%2f..%2f..%2fetc%2fpasswd", "preview-1.webp%00", "pictures",
    "preview-99999.webp", "preview-../a.webp", "clip.mp4%2f..", "scene.json.", "CLIP.MP4", "%2e%2e",
]  # fmt: skip


@pytest.mark.parametrize("name", BAD_FILES)
def test_only_named_files_of_a_job_are_served(client, name):
    (job,) = order(client)
    assert client.get(f"/api/jobs/{job['id']}/files/{name}").status_code in (404, 405)


def test_a_link_in_a_job_does_not_lead_outside(client, studio, tmp_path):
    (job,) = order(client)
    (tmp_path / "secret.txt").write_text("secret")
    (studio.folder.root / "jobs" / job["id"] / "clip.gif").symlink_to(tmp_path / "secret.txt")
    finish(studio.queue, studio.queue.take(studio.runner.stopping))
    answer = client.get(f"/api/jobs/{job['id']}/files/clip.gif")
    assert answer.status_code == 404
    assert "secret\n" not in answer.text


def test_the_states_of_a_run(client, studio):
    heard = []
    studio.queue.publish = lambda kind, data: heard.append((kind, data.get("state"), data.get("step")))
    order(client)
    queue = studio.queue
    job = queue.take(studio.runner.stopping)
    assert not queue.heard(job, {"event": "step", "step": 0, "steps": 2})
    assert not queue.heard(job, {"event": "preview", "step": 1, "name": "preview-1.webp"})
    assert not queue.heard(job, {"event": "step", "step": 1, "steps": 2})
    assert job.eta is not None
    assert not queue.heard(job, {"event": "saving"})
    finish(queue, job)
    assert heard == [
        ("job", "queued", 0), ("job", "loading", 0), ("job", "running", 0), ("preview", None, 1), ("job", "running", 1),
        ("job", "saving", 1), ("job", "done", 2),
    ]  # fmt: skip
    assert job.shown(queue.place(job))["preview"] == f"/api/jobs/{job.id}/files/preview-1.webp"


def test_a_cancel_between_two_looks_of_the_runner_is_not_lost(client, studio):
    order(client)
    runner = studio.runner
    job = studio.queue.take(runner.stopping)
    runner.cancel(job.id)  # the runner has not yet said that it is at this job

    class Nobody:
        alive = True

        def send(self, message):
            raise AssertionError(message)

    runner.worker = Nobody()
    runner._run(job)
    runner.worker = None
    assert job.state == "cancelled"


def test_a_job_whose_folder_was_removed_by_hand_can_be_removed(client, studio):
    (job,) = order(client)
    client.post(f"/api/jobs/{job['id']}/cancel")
    shutil.rmtree(studio.folder.root / "jobs" / job["id"])
    assert client.delete(f"/api/jobs/{job['id']}").status_code == 200
    assert client.get("/api/jobs").json()["jobs"] == []


def test_done_without_files_is_failed(client, studio):
    order(client)
    job = studio.queue.take(studio.runner.stopping)
    assert studio.queue.heard(job, {"event": "done"})
    assert (job.state, "missing" in job.error) == ("failed", True)


def test_a_crash_is_told_with_its_likely_reason():
    sentence, hint = ended(-9)
    assert "SIGKILL" in sentence
    assert "memory" in hint
    assert "exit status 3" in ended(3)[0]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (HitmarkError("no memory.", hint="Try less."), {"error": "no memory.", "hint": "Try less."}),
        (HitmarkError("no memory. What needs less: all"), {"error": "no memory. What needs less: all", "hint": None}),
        (OSError("disk full"), {"error": "disk full", "hint": None}),
    ],
)
def test_what_may_help_is_told_beside_the_error(monkeypatch, error, told):
    class Heard:
        """A channel to nobody."""

        def tell(self, **message):
            messages.append(message)

    messages = []

    def fail(*_):
        raise error

    monkeypatch.setattr(Maker, "_make", fail)
    Maker(Heard()).run({"id": "a"})
    assert messages == [{"id": "a", "event": "failed", **told}]


def test_job_files_are_json_that_people_can_read(client, studio):
    (job,) = order(client)
    kept = json.loads((studio.folder.root / "jobs" / job["id"] / "job.json").read_text())
    assert kept["id"] == job["id"]
    assert kept["scene"] == job["scene"]


@pytest.mark.parametrize("broken", ["_prepare", "save"])
def test_a_refused_order_leaves_no_folder(client, refused, studio, monkeypatch, broken):
    """The second of four jobs meets a full disk."""
    from hitmark.studio import orders

    prepare, save, made = orders._prepare, Job.save, []

    def full(*given):
        made.append(given)
        if len(made) > 1:
            raise OSError(28, "No space left on device")
        return (prepare if broken == "_prepare" else save)(*given)

    monkeypatch.setattr(orders if broken == "_prepare" else Job, broken, full)
    assert "No space left" in refused(409, "POST", "/api/jobs", json={"scene": text_scene(), "variants": 4})
    assert client.get("/api/jobs").json()["total"] == 0
    assert list((studio.folder.root / "jobs").iterdir()) == []


def test_jobs_come_in_pages_newest_first(client):
    ids = [job["id"] for job in order(client, variants=5)]
    for identity in ids:
        client.post(f"/api/jobs/{identity}/cancel")
    other = order(client, project="film")[0]["id"]

    def asked(**query):
        told = client.get("/api/jobs", params=query).json()
        return [job["id"] for job in told["jobs"]], told["total"]

    assert asked(limit=2) == ([ids[4], other], 6)
    assert asked(limit=3, before=ids[4]) == (ids[1:4], 6)
    assert asked(before=ids[0]) == ([], 6)
    assert asked(project="film") == ([other], 1)
    assert asked(project="", limit=1) == ([ids[4]], 5)
    client.post(f"/api/jobs/{ids[1]}/retry")  # an old one that waits is on the first page
    assert asked(limit=2) == ([ids[1], ids[4], other], 6)
    assert asked(limit=1, before=ids[3]) == ([ids[2]], 6)
    *_, brief = client.get("/api/jobs", params={"limit": 1, "brief": True}).json()["jobs"]
    assert "scene" not in brief
    assert "tracks" not in brief


def test_names_and_stars_stay_with_a_job(client, refused, studio):
    first, second = order(client, variants=2)
    path = f"/api/jobs/{first['id']}"
    assert client.patch(path, json={"title": "  the good one ", "star": True}).json()["title"] == "the good one"
    assert client.patch(path, json={"title": "映画"}).json()["star"] is True
    again = Queue(studio.folder).get(first["id"])
    assert (again.title, again.star) == ("映画", True)
    assert [job["id"] for job in client.get("/api/jobs", params={"star": True}).json()["jobs"]] == [first["id"]]
    assert client.patch(path, json={"title": ""}).json()["title"] is None
    assert "title" in refused(422, "PATCH", path, json={"title": "x" * 201})
    assert "star" in refused(422, "PATCH", path, json={"star": "yes"})
    assert client.get(f"/api/jobs/{second['id']}").json()["star"] is False
