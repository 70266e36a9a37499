"""The application with these routes only, and short ways to ask it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from anyio.from_thread import BlockingPortal, start_blocking_portal
from httpx import ASGITransport, AsyncClient, Response
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from connectedmachine.frontends.rest.arm import routes
from connectedmachine.frontends.rest.threads import workers_of
from connectedmachine.model.identity import NIL_SUBSCRIPTION

VERSION = "2024-07-10"
GROUP = f"/subscriptions/{NIL_SUBSCRIPTION}/resourceGroups/rg"
PROVIDER = f"/subscriptions/{NIL_SUBSCRIPTION}/providers/Microsoft.HybridCompute"
MACHINES = f"{GROUP}/providers/Microsoft.HybridCompute/machines"
MACHINE = f"{MACHINES}/m1"
AGENT = f"{MACHINE}/extensions/agent"
LOCATION = "/providers/Microsoft.HybridCompute/locations/westeurope"

FAILING_HEADER = "x-test-fail-operation"


@dataclass(frozen=True)
class NamedCaller:
    name: str


class CallerOfTests:
    """Does what the middleware in front of these routes does: says who calls, and what is to fail."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            state = scope.setdefault("state", {})
            state["caller"] = NamedCaller("tests")
            failing = dict(scope["headers"]).get(FAILING_HEADER.encode())
            if failing is not None:
                state["fail_operation"] = (failing.decode(), "A scenario says so.")
        await self._app(scope, receive, send)


def application(home: Path) -> Starlette:
    app = Starlette(routes=routes(), middleware=[Middleware(CallerOfTests)])
    app.state.home = home
    return app


class Client:
    """Asks an application in this process, from one thread and one event loop."""

    def __init__(self, app: Starlette, portal: BlockingPortal) -> None:
        self._client = AsyncClient(transport=ASGITransport(app), base_url="http://testserver")
        self._portal = portal

    def request(
        self,
        method: str,
        url: str,
        *,
        content: str | bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        async def ask() -> Response:
            return await self._client.request(method, url, content=content, headers=headers)

        return self._portal.call(ask)

    def get(self, url: str) -> Response:
        return self.request("GET", url)


@contextmanager
def client_of(app: Starlette) -> Iterator[Client]:
    with start_blocking_portal() as portal:
        yield Client(app, portal)
    workers_of(app).close()


@dataclass(frozen=True)
class Arm:
    """A client that gives an api-version."""

    client: Client

    def ask(
        self,
        method: str,
        path: str,
        body: str | bytes | Mapping[str, object] | None = None,
        *,
        version: str | None = VERSION,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        url = path if version is None else f"{path}{'&' if '?' in path else '?'}api-version={version}"
        given = dict(headers or {})
        content: str | bytes | None = None
        if body is not None:
            content = body if isinstance(body, str | bytes) else json.dumps(body)
            given.setdefault("Content-Type", "application/json")
        return self.client.request(method, url, content=content, headers=given)

    def get(self, path: str) -> dict[str, object]:
        """The document there."""
        answer = self.ask("GET", path)
        assert answer.status_code == 200, answer.text
        found: dict[str, object] = answer.json()
        return found

    def status(self, accepted: Response) -> dict[str, object]:
        """The operation document of a long operation."""
        assert accepted.status_code == 202, accepted.text
        answer = self.client.get(accepted.headers["Azure-AsyncOperation"])
        assert answer.status_code == 200, answer.text
        found: dict[str, object] = answer.json()
        return found

    def result(self, accepted: Response) -> Response:
        return self.client.get(accepted.headers["Location"])

    def done(self, accepted: Response) -> dict[str, object]:
        """The operation document of a long operation that must have succeeded."""
        found = self.status(accepted)
        assert found["status"] == "Succeeded", found
        return found

    def values(self, path: str) -> list[dict[str, object]]:
        """The items of a list."""
        found = self.get(path)["value"]
        assert isinstance(found, list)
        return found


def refused(answer: Response, status: int, code: str) -> dict[str, object]:
    """Check what every refusal owes; returns its error."""
    assert answer.status_code == status, answer.text
    error: dict[str, object] = answer.json()["error"]
    assert error["code"] == code
    assert answer.headers["x-ms-error-code"] == code
    assert str(error["message"]).endswith((".", "'."))
    return error
