"""The application in this process, and ways to call it; ``/tenants`` plays the resource."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from agent.world import FakeClock
from connectedmachine.frontends.rest.app import build
from connectedmachine.frontends.rest.faults import Rule, read_scenario
from connectedmachine.frontends.rest.limits import Limits
from connectedmachine.service import Service
from connectedmachine.store import Store

PORT = 8493
BASE = f"https://127.0.0.1:{PORT}"
RESOURCE = "/tenants"
TOKEN_PATH = "/my-tenant/oauth2/v2.0/token"


@dataclass
class Door:
    """The application on a store of its own.

    Attributes:
        lines: The access log.
    """

    home: Path
    rules: Sequence[Rule] = ()
    limits: Limits = field(default_factory=Limits)
    clock: FakeClock = field(default_factory=FakeClock)
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.service = Service(Store.open(self.home), self.clock)
        self.app: Starlette = build(
            self.home,
            port=PORT,
            rules=self.rules,
            limits=self.limits,
            clock=self.clock,
            access_log=self.lines.append,
        )

    def call(
        self,
        method: str,
        path: str,
        *,
        token: str = "",
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        form: Mapping[str, str] | None = None,
        peer: str = "127.0.0.1",
        state: Mapping[str, object] | None = None,
    ) -> httpx.Response:
        """One request.

        Args:
            state: What the connection knows, as the server hands it to the application.
        """
        named = {**({"Authorization": f"Bearer {token}"} if token else {}), **(headers or {})}
        sent = [(name.encode(), value.encode("latin-1")) for name, value in named.items()]

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(
                _with_state(self.app, state or {}), raise_app_exceptions=False, client=(peer, 1)
            )
            async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
                return await client.request(method, path, headers=sent, content=content, data=form)

        return asyncio.run(ask())

    def credential(self, name: str = "client", *scopes: str, days: int = 365) -> dict[str, str]:
        """The form with which a new credential asks for a token."""
        made = self.service.credential_create(
            name=name, scopes=scopes or ("read", "operate", "publish"), expires_in_days=days
        )
        return {
            "grant_type": "client_credentials",
            "client_id": str(made["clientId"]),
            "client_secret": str(made["clientSecret"]),
            "scope": "https://management.azure.com/.default",
        }

    def last_used(self) -> object:
        """When the only credential got a token."""
        listed = self.service.credential_list()["value"]
        assert isinstance(listed, list)
        (only,) = listed
        return only["lastUsed"]

    def token(self, name: str = "client", *scopes: str, days: int = 365) -> str:
        """A token of a new credential."""
        answer = self.call("POST", TOKEN_PATH, form=self.credential(name, *scopes, days=days))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])


def _with_state(app: ASGIApp, state: Mapping[str, object]) -> ASGIApp:
    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": dict(state)}, receive, send)

    return wrapped


def error_of(answer: httpx.Response) -> tuple[int, str]:
    """Status and code; the body is an error as Azure Resource Manager writes it."""
    error = answer.json()["error"]
    assert error["message"]
    assert answer.headers["x-ms-error-code"] == error["code"]
    return answer.status_code, error["code"]


def scenario(folder: Path, *rules: Mapping[str, object]) -> tuple[Rule, ...]:
    """Rules as a file says them."""
    path = folder / "scenario.json"
    path.write_text(json.dumps({"rules": rules}), encoding="utf-8")
    return read_scenario(path)
