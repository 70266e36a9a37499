"""Whatever is sent, the door answers, never with an error of its own; without a token it shows nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Message

from rest.support import PORT, Door

OURS = f"127.0.0.1:{PORT}".encode()
TEXT = st.binary(max_size=40).map(
    lambda data: data.replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b"")
)
PATHS = st.text(max_size=40).map(lambda text: "/" + text) | st.sampled_from(
    ["/tenants", "/a/oauth2/token", "/a/oauth2/v2.0/token", "/msi/token", "/metadata/endpoints",
     "/common/discovery/instance", "/x/.well-known/openid-configuration", "/subscriptions"]
)  # fmt: skip
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            [b"host", b"authorization", b"origin", b"content-length", b"content-type", b"transfer-encoding",
             b"x-identity-header", b"x-ms-client-request-id", b"user-agent", b"cookie"]
        ),
        TEXT | st.sampled_from([OURS, b"Bearer a.b.c", b"Basic YTpi", b"a:b"]),
    ),
    max_size=6,
)  # fmt: skip


@pytest.fixture(scope="module")
def one_door(tmp_path_factory: pytest.TempPathFactory) -> Door:
    """One for all examples: nothing that they send may change it."""
    return Door(Path(tmp_path_factory.mktemp("any")) / "home")


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from(["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS", "BREW"]),
    PATHS, HEADERS, TEXT, st.binary(max_size=200),
)  # fmt: skip
def test_any_request_is_answered_or_refused(
    one_door: Door, method: str, path: str, headers: list[tuple[bytes, bytes]], query: bytes, body: bytes
) -> None:
    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode("utf-8", "surrogatepass"),
        "query_string": query, "headers": [(b"host", OURS), *headers], "scheme": "https", "root_path": "",
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", PORT), "http_version": "1.1", "state": {},
    }  # fmt: skip
    coming = iter([{"type": "http.request", "body": body, "more_body": False}])
    statuses: list[int] = []

    async def receive() -> Message:
        return next(coming, {"type": "http.disconnect"})

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    async def call() -> None:
        await one_door.app(scope, receive, send)

    one_door.clock.pass_time(3600)  # nobody waits for the failures of the example before
    asyncio.run(call())
    (status,) = statuses
    assert status < 500
    if path.startswith(("/tenants", "/subscriptions")):
        assert status >= 400
