"""The OpenAPI description: complete, true, and a few hundred requests made from it that try to break the server.

`scripts/attack_studio.py` sends ten thousand to a running server.
"""

from __future__ import annotations

import copy

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from hitmark.scene.schema import Scene
from hitmark.studio.server import application
from hitmark.studio.studio import Studio
from tests.studio.conftest import ADDRESS, text_scene

OPERATIONS = [
    "GET /api/info", "GET /api/examples", "POST /api/pictures", "GET /api/pictures/{identity}", "POST /api/check",
    "POST /api/import", "POST /api/export", "GET /api/projects", "GET /api/projects/{name}", "PUT /api/projects/{name}",
    "DELETE /api/projects/{name}", "GET /api/jobs", "POST /api/jobs", "GET /api/jobs/{identity}",
    "DELETE /api/jobs/{identity}", "POST /api/jobs/{identity}/cancel", "POST /api/jobs/{identity}/retry",
    "GET /api/jobs/{identity}/files/{name}", "GET /api/events", "PATCH /api/jobs/{identity}",
    "POST /api/projects/{name}/rename", "POST /api/projects/{name}/duplicate",
]  # fmt: skip
FINITE = [name for name in OPERATIONS if name != "GET /api/events"]


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    studio = Studio(tmp_path_factory.mktemp("schema") / "studio")
    yield application(studio, start=False)
    studio.stop()


@pytest.fixture(scope="module")
def served(app):
    return TestClient(app, base_url=ADDRESS, headers={"X-Hitmark": "1"})


@pytest.fixture(scope="module")
def operations(app):
    description = copy.deepcopy(app.openapi())
    scene = description["components"]["schemas"]["Scene"]  # its whole schema costs a tenth of a second a case to draw
    scene["properties"] = {name: {"type": ["string", "number", "array", "null"]} for name in scene["properties"]}
    schema = schemathesis.openapi.from_dict(description)
    return {found.ok().label: found.ok() for found in schema.get_all_operations()}


def test_every_route_is_described(operations):
    assert sorted(operations) == sorted(OPERATIONS)


def test_the_description_holds_the_scene_and_the_header(app):
    description = app.openapi()
    schemas = description["components"]["schemas"]
    assert set(schemas["Scene"]["properties"]) == set(Scene.model_fields)
    assert schemas["JobsRequest"]["properties"]["scene"] == {"$ref": "#/components/schemas/Scene"}
    for path in description["paths"].values():
        for method, operation in path.items():
            names = [each["name"] for each in operation.get("parameters", [])]
            assert ("X-Hitmark" in names) is (method != "get")
            assert operation["summary"]


def send(served, case):
    """The answer to a case; its own headers, but past the first gate."""
    keywords = case.as_transport_kwargs(base_url=ADDRESS)
    keywords["headers"] = {**(keywords.get("headers") or {}), "X-Hitmark": "1", "Host": "127.0.0.1:8188"}
    keywords.pop("cookies", None)
    data = keywords.pop("data", None)
    content = data if isinstance(data, (bytes, str)) else None
    files = keywords.pop("files", None)
    return served.request(**keywords, **({"content": content} if content is not None else {"files": files}))


def documented(operation, status: int) -> bool:
    return str(status) in operation.definition.raw["responses"] or status in (404, 405)


@pytest.mark.parametrize("label", FINITE)
@pytest.mark.parametrize("mode", [GenerationMode.NEGATIVE, GenerationMode.POSITIVE])
def test_requests_from_the_description_are_answered_as_described(operations, served, label, mode):
    operation = operations[label]
    described = operation.definition.raw
    if mode is GenerationMode.NEGATIVE and not described.get("parameters") and "requestBody" not in described:
        mode = GenerationMode.POSITIVE  # nothing to break
    statuses = []

    @settings(max_examples=8, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case):
        try:
            answer = send(served, case)
        except (UnicodeError, ValueError):  # headers that no client can send
            return
        statuses.append(answer.status_code)
        assert documented(operation, answer.status_code), (answer.status_code, answer.text[:300])
        if answer.status_code >= 400 and answer.status_code != 416:
            assert isinstance(answer.json()["error"], str)

    ask()
    assert statuses
    assert max(statuses) < 500


PARTS = st.sampled_from(
    ["..", "%2e%2e", "..%2f", "%2f", "%5c", "..\\", "etc", "passwd", "%00", "scene.json", "pictures", "projects", "",
     "jobs", ".", "~", "%c0%ae", "\u2025", "job.json", "C:", "file:", "|", "$HOME", "%25%32%65", "a", " "]
)  # fmt: skip
PREFIXES = st.sampled_from(
    ["/api/pictures/", "/api/projects/", "/api/jobs/", "/assets/", "/api/", "/", "/api/jobs/a/files/"]
)


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(
    prefix=PREFIXES,
    parts=st.lists(PARTS, min_size=1, max_size=8),
    method=st.sampled_from(["GET", "PUT", "DELETE", "POST"]),
)
def test_no_path_leads_to_a_file(served, app, prefix, parts, method):
    before = sorted(app.state.studio.folder.root.parent.iterdir())
    path = (prefix + "/".join(parts)).replace("//", "/")
    if path.rstrip("/").endswith("events"):
        return
    answer = served.request(method, path, json={"scene": {}} if method == "PUT" else None)
    assert answer.status_code < 500
    assert b"root:" not in answer.content
    assert sorted(app.state.studio.folder.root.parent.iterdir()) == before


TRAVERSALS = [
    "../../../../etc/passwd",
    "/etc/passwd",
    "..\\..\\x",
    "pictures/../../x.png",
    "file:///etc/passwd",
    "\x00",
    "a\x00.png",
]


@pytest.mark.parametrize("value", TRAVERSALS)
@pytest.mark.parametrize(
    "field", ["image", "model", "prompt", "negative_prompt", "name", "phrase", "method", "format", "project", "notes"]
)
def test_traversal_in_every_field_reads_nothing(served, app, tmp_path, field, value):
    scene = text_scene()
    if field in ("image", "model", "prompt", "negative_prompt"):
        scene[field] = value
    elif field in ("name", "phrase"):
        scene["subjects"][0] = {**scene["subjects"][0], field: value}
    elif field == "method":
        scene["method"] = {"name": value, "knobs": {value: value}}
    elif field == "notes":
        scene["notes"] = {value: {"image": value, "remarks": [value]}}
    root = app.state.studio.folder.root
    requests = [
        ("POST", "/api/check", {"scene": scene}),
        ("POST", "/api/export", {"scene": scene, "format": value if field == "format" else "hitmark"}),
        ("POST", "/api/export", {"scene": scene, "format": "sg-i2v"}),
        ("PUT", "/api/projects/film", {"scene": scene, "force": True}),
        ("POST", "/api/jobs", {"scene": scene, "project": value if field == "project" else None, "steps": 1}),
        ("POST", "/api/import", scene),
    ]
    for method, path, body in requests:
        answer = served.request(method, path, json=body, headers={"X-Name": value.replace("\x00", "0")})
        assert answer.status_code in (200, 404, 422), (path, answer.text)
        assert b"root:" not in answer.content
    outside = [path for path in root.parent.iterdir() if path != root]
    assert outside == []
    allowed = {"scene.json", "job.json"}
    assert {path.name for path in root.rglob("*") if path.is_file() and path.parent.name != "pictures"} <= {
        *allowed,
        ".studio.lock",
        ".studio-id",
    }


def test_requests_that_change_nothing_leave_no_trace(served, app):
    root = app.state.studio.folder.root
    before = sorted(root.rglob("*"))
    for path in ("/api/check", "/api/export"):
        served.post(path, json={"scene": text_scene()})
    assert sorted(root.rglob("*")) == before
