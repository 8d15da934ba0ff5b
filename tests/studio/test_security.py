"""Who is served: hosts, origins, the header of changes, the token, and the headers of every answer."""

from __future__ import annotations

import socket

import pytest
from fastapi.testclient import TestClient

from hitmark.errors import HitmarkError
from hitmark.studio.folder import Folder
from hitmark.studio.security import Access, is_loopback
from hitmark.studio.server import application
from hitmark.studio.studio import Studio
from tests.studio.conftest import ADDRESS, png

EVERY_KIND = ["/", "/assets/nothing.js", "/api/jobs", "/api/jobs/none", "/nothing", "/openapi.json"]


@pytest.mark.parametrize("path", EVERY_KIND)
def test_every_answer_carries_the_policy(client, path):
    answer = client.get(path)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "path", ["/assets/shell/main.js", "/assets/server/stream_worker.js", "/assets/styles/page.css"]
)
def test_parts_of_the_page_may_do_nothing_but_ask_this_server(client, path):
    answer = client.get(path)
    assert answer.headers["content-security-policy"] == "default-src 'none'; connect-src 'self'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["content-type"] in ("text/javascript; charset=utf-8", "text/css; charset=utf-8")
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8188", "127.0.0.1.evil.example", "10.0.0.7:8188", "", "["]
)
def test_a_foreign_host_is_refused(refused, host):
    assert "host: expected" in refused(403, "GET", "/api/jobs", headers={"Host": host})


@pytest.mark.parametrize("host", ["localhost:9000", "127.0.0.1", "[::1]:8188", "LOCALHOST:8188"])
def test_names_of_this_machine_are_served(client, host):
    assert client.get("/api/jobs", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://127.0.0.1:9999", "https://127.0.0.1:8188", "http://localhost:8188", ""],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_foreign_origin_is_refused(refused, origin, method):
    assert "origin: expected" in refused(403, method, "/api/jobs", headers={"Origin": origin})


def test_the_own_origin_is_served(client):
    assert client.get("/api/jobs", headers={"Origin": ADDRESS}).status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_pictures_and_links_of_other_sites_are_refused(refused, site):
    assert "other sites" in refused(403, "GET", "/api/jobs", headers={"Sec-Fetch-Site": site})


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/api/jobs"), ("PUT", "/api/projects/a"), ("DELETE", "/api/projects/a"), ("POST", "/api/pictures")],
)
def test_changes_need_the_header(refused, method, path):
    assert "X-Hitmark" in refused(403, method, path, headers={"X-Hitmark": "0"}, content=b"")


def test_a_preflight_gets_no_permission(client):
    answer = client.options("/api/jobs", headers={"Origin": ADDRESS, "Access-Control-Request-Method": "POST"})
    assert answer.status_code == 405
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.0.0.2", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("box", False)],
)
def test_which_addresses_are_loopback(host, expected):
    assert is_loopback(host) is expected
    assert (Access.of(host, 1).token is None) is expected


@pytest.fixture
def guarded(studio):
    studio.access = Access.of("0.0.0.0", 8188)
    with TestClient(application(studio, start=False), base_url="http://10.1.2.3:8188", follow_redirects=False) as made:
        yield made, studio.access.token


@pytest.mark.parametrize("path", [*EVERY_KIND, "/?token=wrong", "/?token=", "/?token=%ff", "/api/jobs?token=right"])
def test_without_the_token_nothing_is_served(guarded, path):
    client, token = guarded
    answer = client.get(path.replace("right", token))
    assert answer.status_code == 401
    assert "token" in answer.json()["error"]
    assert "set-cookie" not in answer.headers


def test_the_token_becomes_a_strict_cookie(guarded):
    client, token = guarded
    answer = client.get(f"/?token={token}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("hitmark-studio-8188=")
    assert {"HttpOnly", "SameSite=Strict"} <= set(cookie.split("; "))
    assert client.get("/api/jobs").status_code == 200  # the client keeps the cookie
    client.cookies.clear()
    assert client.get("/api/jobs").status_code == 401


@pytest.mark.parametrize(
    "cookie", ["hitmark-studio-8188=wrong", "hitmark-studio-8188=", ";;=;", "hitmark-studio-8188=\xff"]
)
def test_wrong_cookies_do_not_help(guarded, cookie):
    client, _token = guarded
    assert client.get("/api/jobs", headers={b"cookie": cookie.encode("latin-1")}).status_code == 401


def test_a_program_shows_the_token_itself(guarded):
    client, token = guarded
    assert client.get("/api/jobs", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_an_open_address_serves_no_foreign_names(guarded):
    client, token = guarded
    headers = {"Authorization": f"Bearer {token}", "Host": "evil.example:8188"}
    assert client.get("/api/jobs", headers=headers).status_code == 403


def test_tokens_differ():
    assert len({Access.of("0.0.0.0", 1).token for _ in range(20)}) == 20


def test_a_picture_keeps_the_policy_too(client):
    url = client.post("/api/pictures", content=png()).json()["url"]
    answer = client.get(url)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_an_address_for_other_machines_is_printed(monkeypatch, host):
    from hitmark.cli.studio import addresses
    from hitmark.studio import security

    outward = {socket.AF_INET: "192.0.2.7", socket.AF_INET6: None}
    monkeypatch.setattr(security, "_outward", lambda family, _elsewhere: outward[family])
    access = Access.of(host, 8188)
    here, elsewhere = addresses(access, 8188)
    assert here == f"http://localhost:8188/?token={access.token}"
    assert elsewhere == f"http://192.0.2.7:8188/?token={access.token}"
    assert access.serves("192.0.2.7")  # it works there


def test_an_address_of_ones_own_is_printed_once_for_each(monkeypatch):
    from hitmark.cli.studio import addresses

    assert addresses(Access.of("127.0.0.1", 8188), 8188) == ["http://127.0.0.1:8188/"]
    one = addresses(Access.of("192.0.2.7", 1, token="t" * 20), 1)
    assert one == [f"http://192.0.2.7:1/?token={'t' * 20}"] * 2


def test_a_name_is_served_once_it_is_allowed():
    access = Access.of("127.0.0.1", 8188, ["Studio.Example"])
    assert access.serves("studio.example")
    assert not access.serves("evil.example")
    assert access.token  # what others can reach asks for the token
    assert Access.of("127.0.0.1", 8188).token is None


@pytest.mark.parametrize("name", ["http://a.example", "a.example:80", "*.example", "a/b", "", " "])
def test_what_is_no_name_is_not_allowed(name):
    with pytest.raises(HitmarkError, match="--allow-host: expected the name alone"):
        Access.of("127.0.0.1", 8188, [name])


def test_behind_a_proxy_the_page_may_be_https(tmp_path):
    studio = Studio(tmp_path / "studio", Access.of("127.0.0.1", 8188, ["studio.example"], token="t" * 20))
    headers = {"Host": "studio.example", "Authorization": f"Bearer {'t' * 20}", "X-Hitmark": "1"}
    with TestClient(application(studio, start=False), base_url="http://127.0.0.1:8188") as client:
        own = headers | {"Origin": "https://studio.example"}
        assert client.post("/api/check", headers=own, json={"scene": {}}).status_code == 200
        foreign = headers | {"Origin": "https://evil.example"}
        assert client.post("/api/check", headers=foreign, json={"scene": {}}).status_code == 403


def test_a_token_that_is_kept_is_the_same_next_time_and_its_owners_alone(tmp_path):
    first = Folder(tmp_path / "studio").token()
    assert Folder(tmp_path / "studio").token() == first
    assert ((tmp_path / "studio" / ".studio-token").stat().st_mode & 0o077) == 0
    assert Access.of("0.0.0.0", 1, token=first).token == first
    (tmp_path / "studio" / ".studio-token").write_text("short")
    assert Folder(tmp_path / "studio").token() not in ("short", first)
