"""What a browser says and asks for while a test runs."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, Response, WebError


class Watch:
    """Collects every console message, uncaught error, request and refused answer of a context."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self._address = address
        self.context = context
        self.refusals: set[int] = set()  # statuses that a test asks for on purpose
        self.requests: list[str] = []
        self.problems: list[str] = []
        context.on("console", self._said)
        context.on("weberror", self._raised)
        context.on("request", self._asked)
        context.on("requestfailed", self._failed)
        context.on("response", self._answered)

    @property
    def foreign(self) -> list[str]:
        """Addresses of requests that did not go to the studio; what the page made itself is no request."""
        own = (self._address, f"blob:{self._address}", "data:")
        return [url for url in self.requests if not url.startswith(own)]

    def _said(self, message: ConsoleMessage) -> None:
        refused = "Failed to load resource" in message.text and any(
            f" {each} " in message.text for each in self.refusals
        )
        if message.type in ("error", "warning", "assert") and not refused:
            self.problems.append(f"console {message.type}: {message.text} ({message.location})")

    def _raised(self, error: WebError) -> None:
        self.problems.append(f"uncaught: {error.error}")

    def _asked(self, request: Request) -> None:
        self.requests.append(request.url)

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # a reload ends what was on its way
            self.problems.append(f"{request.method} {request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.refusals:
            self.problems.append(f"{response.request.method} {response.url}: status {response.status}")
