"""What no request may go beyond, whoever sends it; and what a page in a browser cannot do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectedmachine.frontends.rest.limits import BoundedBody, BoundedTime, Limits, Stopped
from rest.support import BASE, PORT, RESOURCE, TOKEN_PATH, Door, error_of


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        f"evil.example:{PORT}",
        "127.0.0.1",
        "127.0.0.1:1",
        "localhost:",
        f"127.0.0.1:{PORT}:{PORT}",
        f"127.0.0.1.evil.example:{PORT}",
        f"user@127.0.0.1:{PORT}",
        f"[127.0.0.1]:{PORT}@evil",
        "",
    ],
)
def test_a_request_for_another_server_is_refused_with_a_token_too(door: Door, host: str) -> None:
    answer = door.call("GET", RESOURCE, token=door.token(), headers={"Host": host})
    assert error_of(answer) == (400, "InvalidHost")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_the_server_answers_to_each_of_its_names(door: Door, host: str) -> None:
    answer = door.call("GET", RESOURCE, token=door.token(), headers={"Host": f"{host}:{PORT}"})
    assert answer.status_code == 200


def test_discovery_does_not_repeat_a_foreign_host(door: Door) -> None:
    path = "/metadata/endpoints?api-version=2022-09-01"
    answer = door.call("GET", path, headers={"Host": "evil.example"})
    assert "evil" not in answer.text


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:8493", ""])
def test_a_page_of_another_server_changes_nothing(door: Door, origin: str) -> None:
    answer = door.call("PUT", RESOURCE, token=door.token(), headers={"Origin": origin})
    assert error_of(answer) == (403, "ForeignOrigin")


def test_a_page_of_another_server_gets_no_token(door: Door) -> None:
    headers = {"Origin": "https://evil.example"}
    answer = door.call("POST", TOKEN_PATH, form=door.credential(), headers=headers)
    assert error_of(answer) == (403, "ForeignOrigin")


def test_a_page_of_another_server_may_not_read_an_answer(door: Door) -> None:
    answer = door.call("GET", RESOURCE, token=door.token(), headers={"Origin": "https://evil.example"})
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_our_own_origin_is_none_of_another_server(door: Door) -> None:
    answer = door.call("PUT", RESOURCE, token=door.token(), headers={"Origin": BASE})
    assert error_of(answer) == (405, "MethodNotAllowed")


def test_headers_that_are_too_large_are_refused(door: Door) -> None:
    answer = door.call("GET", RESOURCE, headers={"X-Large": "a" * door.limits.headers})
    assert error_of(answer) == (431, "RequestHeaderFieldsTooLarge")


def test_a_path_that_is_too_long_is_refused(door: Door) -> None:
    answer = door.call("GET", f"/{'a' * door.limits.headers}")
    assert error_of(answer) == (431, "RequestHeaderFieldsTooLarge")


def test_a_body_that_is_too_large_is_refused(door: Door) -> None:
    answer = door.call("PUT", RESOURCE, token=door.token(), content=b"a" * (door.limits.body + 1))
    assert error_of(answer) == (413, "RequestEntityTooLarge")


def test_nobody_unknown_has_a_body_read(door: Door) -> None:
    answer = door.call("PUT", RESOURCE, content=b"a" * (door.limits.body + 1))
    assert error_of(answer) == (401, "AuthenticationFailed")


def test_a_limit_may_be_set(tmp_path: Path) -> None:
    door = Door(tmp_path / "home", limits=Limits(body=10))
    token = door.token()
    assert door.call("PUT", RESOURCE, token=token, content=b"a" * 11).status_code == 413
    assert door.call("PUT", RESOURCE, token=token, content=b"a" * 10).status_code == 405


def run(app: ASGIApp, *messages: Message, headers: list[tuple[bytes, bytes]] | None = None) -> list[Message]:
    """What an application sends for a body that comes in these messages, and then nothing more."""
    sent: list[Message] = []
    coming: Iterator[Message] = iter(messages)

    async def receive() -> Message:
        for message in coming:
            return message
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "PUT",
        "path": "/",
        "headers": headers or [(b"transfer-encoding", b"chunked")],
    }

    async def call() -> None:
        await app(scope, receive, send)

    asyncio.run(call())
    return sent


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    message = await receive()
    assert not message["more_body"]
    await PlainTextResponse(message["body"])(scope, receive, send)


def part(body: bytes, *, more: bool = True) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


def test_a_body_in_parts_arrives_in_one_piece() -> None:
    _, body = run(BoundedBody(echo, 4, 60.0), part(b"ab"), part(b"cd", more=False))
    assert body["body"] == b"abcd"


def test_a_body_in_parts_without_a_length_is_bounded_too() -> None:
    start, _ = run(BoundedBody(echo, 3, 60.0), part(b"ab"), part(b"cd"))
    assert start["status"] == 413


@pytest.mark.parametrize("length", [b"5", b"9" * 5000])
def test_a_body_that_says_it_is_too_large_is_not_awaited(length: bytes) -> None:
    start, _ = run(BoundedBody(echo, 4, 60.0), headers=[(b"content-length", length)])
    assert start["status"] == 413


def test_a_body_that_does_not_come_is_not_awaited_for_ever() -> None:
    start, _ = run(BoundedBody(echo, 4, 0.01), part(b"a"))
    assert start["status"] == 408


def test_a_request_without_a_body_goes_on_at_once() -> None:
    _, body = run(BoundedBody(echo, 4, 60.0), part(b"", more=False), headers=[(b"host", b"a")])
    assert body["body"] == b""


def test_a_client_that_leaves_half_way_gets_nothing_done() -> None:
    assert run(BoundedBody(echo, 4, 60.0), part(b"a"), {"type": "http.disconnect"}) == []


def test_what_takes_too_long_is_ended() -> None:
    async def hangs(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 # an application
        await asyncio.Event().wait()

    start, _ = run(BoundedTime(hangs, 0.01))
    assert start["status"] == 504


def test_what_a_stop_cuts_off_may_be_tried_again() -> None:
    async def cut_off(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 # an application
        raise asyncio.CancelledError

    start, _ = run(Stopped(cut_off))
    assert start["status"] == 503
    assert (b"retry-after", b"1") in start["headers"]


def test_a_time_out_of_the_application_is_its_own() -> None:
    async def fails(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 # an application
        raise TimeoutError

    with pytest.raises(TimeoutError):
        run(BoundedTime(fails, 60.0))
