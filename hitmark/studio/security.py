"""Who may talk to the server, checked before any route is looked at, and the headers of every answer."""

from __future__ import annotations

import ipaddress
import json
import secrets
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

from hitmark.errors import HitmarkError

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    b"content-security-policy": CONTENT_SECURITY_POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-resource-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"x-frame-options": b"DENY",
}
PARTS = (b"text/javascript", b"text/css")  # of a document, whose own policy rules them; a shared worker has this one
HEADERS_OF_PARTS = {
    b"content-security-policy": b"default-src 'none'; connect-src 'self'",
    b"x-content-type-options": b"nosniff",
    b"cross-origin-resource-policy": b"same-origin",
}
YEAR = 365 * 24 * 3600  # seconds that a browser keeps a token; of one that is not kept here it is worth nothing
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
EVERYWHERE = ("0.0.0.0", "::")
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Access:
    """Where the server listens and whom it serves.

    Attributes:
        host: the address that it is bound to.
        token: what a browser or program must show; None on loopback.
        cookie: name of the cookie that holds the token: of its own for each port, since cookies are of a host.
        names: further names under which browsers reach this server, in lower case: a proxy's, a tunnel's.
    """

    host: str
    token: str | None = None
    cookie: str = "hitmark-studio"
    names: frozenset[str] = frozenset()

    @classmethod
    def of(cls, host: str, port: int, names: Iterable[str] = (), token: str | None = None) -> Access:
        """The access to a server: with a token, a new one unless it is given, where others than this machine come.

        Raises:
            HitmarkError: a name that no browser sends as `Host`.
        """
        known = frozenset(checked_name(name) for name in names)
        needed = not is_loopback(host) or bool(known)
        return cls(host, (token or new_token()) if needed else None, f"hitmark-studio-{port}", known)

    def serves(self, name: str) -> bool:
        """Whether a `Host` of that name means this server. A foreign name may be a page's trick (DNS rebinding)."""
        if name in LOOPBACK_NAMES or name == self.host.lower() or name in self.names:
            return True
        if is_loopback(self.host):
            return False
        own = socket.gethostname().lower()
        return _is_address(name) or name in (own, f"{own}.local")


def new_token() -> str:
    """A token that nobody guesses."""
    return secrets.token_urlsafe(24)


def checked_name(name: str) -> str:
    """Return a host's name as browsers send it. Raises `HitmarkError` for an address with a scheme, port or path."""
    plain = _name_of(name.strip())
    if not plain or plain != name.strip().lower().strip("[]") or "*" in plain:
        raise HitmarkError(
            f"--allow-host: expected the name alone that stands in the browser's address, as in studio.example, "
            f"got {name!r:.100}"
        )
    return plain


def own_addresses(host: str) -> list[str]:
    """The names or addresses under which other machines reach a server that listens on `host`, the likeliest first."""
    if host not in EVERYWHERE:
        return [] if is_loopback(host) else [host]
    found = [_outward(socket.AF_INET, "192.0.2.1")]
    if host == "::":
        found.append(_outward(socket.AF_INET6, "2001:db8::1"))
    return [address for address in found if address is not None] or [socket.gethostname()]


def _outward(family: socket.AddressFamily, elsewhere: str) -> str | None:
    """The address of this machine towards other networks; nothing is sent. None when there is no such network."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((elsewhere, 9))
            address = str(probe.getsockname()[0])
    except OSError:
        return None
    return None if ipaddress.ip_address(address).is_loopback else address


def is_loopback(host: str) -> bool:
    """Whether only programs of this machine can reach a server bound to `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class Guard:
    """ASGI middleware: refuses foreign hosts, origins and clients without the token, and adds the headers."""

    def __init__(self, app: Any, access: Access) -> None:
        self.app = app
        self.access = access

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
                return
            await self.app(scope, receive, send)
            return

        async def guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower(): value for name, value in message.get("headers", [])}
                wanted = HEADERS_OF_PARTS if present.get(b"content-type", b"").startswith(PARTS) else HEADERS
                extra = [(name, value) for name, value in wanted.items() if name not in present]
                message = {**message, "headers": [*message.get("headers", []), *extra]}
            await send(message)

        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._foreign(scope, headers) or self._unproven(scope, headers)
        if refusal is None:
            await self.app(scope, receive, guarded)
        else:
            await _answer(guarded, *refusal)

    def _foreign(self, scope: Any, headers: dict[str, str]) -> tuple[int, str, dict[str, str]] | None:
        """What is asked under another name, by another site's page, or without the header that forms cannot send."""
        host = headers.get("host", "")
        if not self.access.serves(_name_of(host)):
            return 403, f"host: expected the address that the studio printed, got {host!r:.100}; open that one", {}
        origin = headers.get("origin")
        if origin is not None and not self._own_origin(origin.lower(), host.lower(), scope.get("scheme", "http")):
            return 403, f"origin: expected the studio's own page, got {origin!r:.100}", {}
        api = scope["path"].startswith("/api/")
        if api and headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return 403, "origin: requests of other sites are refused; open the studio's own page", {}
        if scope["method"] not in SAFE_METHODS and headers.get("x-hitmark") != "1":
            return 403, "X-Hitmark: expected the header `X-Hitmark: 1` on every request that changes something", {}
        return None

    def _own_origin(self, origin: str, host: str, scheme: str) -> bool:
        """Whether a page of that origin is the studio's own; a proxy under an allowed name may speak https for it."""
        return origin == f"{scheme}://{host}" or (_name_of(host) in self.access.names and origin == f"https://{host}")

    def _unproven(self, scope: Any, headers: dict[str, str]) -> tuple[int, str, dict[str, str]] | None:
        """Whoever does not show the token; `/?token=...` puts it into a cookie and goes on to the page."""
        if self.access.token is None:
            return None
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        if scope["path"] == "/" and self._matches(query.get("token", [""])[0]):
            cookie = f"{self.access.cookie}={self.access.token}; HttpOnly; SameSite=Strict; Path=/; Max-Age={YEAR}"
            return 303, "the token is kept in a cookie", {"location": "/", "set-cookie": cookie}
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        if self._matches(_cookie(headers.get("cookie", ""), self.access.cookie)) or self._matches(bearer):
            return None
        return 401, "token: open the whole address that the studio printed, with ?token=... at its end", {}

    def _matches(self, given: str) -> bool:
        return secrets.compare_digest(given.encode("utf-8", "replace"), str(self.access.token).encode())


def _name_of(host: str) -> str:
    """The name in a `Host` header, without its port, in lower case; "" for what is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _cookie(header: str, name: str) -> str:
    try:
        found = SimpleCookie(header).get(name)
    except CookieError:
        return ""
    return "" if found is None else found.value


async def _answer(send: Any, status: int, sentence: str, headers: dict[str, str]) -> None:
    body = json.dumps({"error": sentence}).encode()
    sent = {"content-type": "application/json", "content-length": str(len(body)), "cache-control": "no-store"} | headers
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in sent.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
