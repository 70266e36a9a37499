"""The transport: framing, order, cancelling, errors. What a method does is not looked at here."""

from __future__ import annotations

import threading

import pytest

from connectedmachine import __version__
from connectedmachine.frontends.rpc import FRAME_LIMIT, Follower
from connectedmachine.model.errors import (
    ConflictError,
    DiskFullError,
    HandlerError,
    InvalidRequestError,
    NotFoundError,
    NotSupportedError,
    PackageError,
    PermissionDeniedError,
    RunnerError,
    StoreError,
)
from frontends.rpc_harness import Client, Frame, answering, data_of, error_of


def echo(method: str, arguments: Frame, _: Follower) -> object:
    return {"method": method, "arguments": arguments}


def test_hello_comes_first_and_before_the_service_is_opened() -> None:
    opened = threading.Event()

    def slow_open() -> object:
        opened.wait(timeout=30)
        return echo

    with Client(slow_open) as client:  # type: ignore[arg-type]
        assert client.hello["method"] == "hello"
        params = client.hello["params"]
        assert isinstance(params, dict)
        assert (params["protocol"], params["version"]) == (1, __version__)
        opened.set()


def test_a_request_reaches_the_service_in_snake_case() -> None:
    with Client(answering(echo)) as client:
        reply = client.call("machine.list", {"resourceGroup": "rg", "subscriptionId": "s"}, "a-7")
    assert reply == {
        "jsonrpc": "2.0",
        "id": "a-7",
        "result": {"method": "machine.list", "arguments": {"resource_group": "rg", "subscription_id": "s"}},
    }


def test_replies_are_ascii_whatever_they_say() -> None:
    text = "\u00e9 \u4e2d \U0001f600 \u2028"
    with Client(answering(lambda *_: {"text": text})) as client:
        client.send(id="1", method="gallery.list", params={})
        line = client.output.readline()
    assert line.isascii()
    assert b"\\ud83d\\ude00" in line


def test_non_ascii_requests_arrive_as_they_were_sent() -> None:
    text = "\u00e9 \u4e2d \U0001f600"
    with Client(answering(echo)) as client:
        client.write(
            b'{"jsonrpc":"2.0","id":"1","method":"gallery.list","params":{"name":"' + text.encode() + b'"}}\n'
        )
        assert client.read()["result"] == {"method": "gallery.list", "arguments": {"name": text}}


def test_a_byte_order_mark_before_the_first_request_is_passed_over() -> None:
    with Client(answering(echo)) as client:
        client.write(b'\xef\xbb\xbf{"jsonrpc":"2.0","id":"1","method":"gallery.list"}\r\n')
        assert "result" in client.read()


def test_a_request_may_arrive_in_pieces() -> None:
    with Client(answering(echo)) as client:
        for byte in b'{"jsonrpc":"2.0","id":"1","method":"gallery.list"}\n':
            client.write(bytes([byte]))
        assert client.read()["id"] == "1"


def test_blank_lines_are_nothing() -> None:
    with Client(answering(echo)) as client:
        client.write(b"\n\r\n")
        assert client.call("gallery.list")["id"] == "1"


@pytest.mark.parametrize(
    ("line", "number"),
    [
        (b"not json", -32700),
        (b'{"jsonrpc":"2.0","id":"1",', -32700),
        (b"\xff\xfe{}", -32700),
        (b"[" * 100_000, -32700),
        (b"[]", -32600),
        (b'{"id":"1","method":"gallery.list"}', -32600),
        (b'{"jsonrpc":"2.0","id":"1","method":7}', -32600),
        (b'{"jsonrpc":"2.0","id":"1","method":"gallery.list","params":[]}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"gallery.list"}', -32600),
        (b'{"jsonrpc":"2.0","method":"gallery.list"}', -32600),
        (b'{"jsonrpc":"2.0","id":"1","method":"gallery.burn"}', -32601),
        (b'{"jsonrpc":"2.0","id":"1","method":"gallery.list","params":{"colour":"red"}}', -32602),
    ],
)
def test_a_malformed_request_is_refused_and_the_stream_stays_usable(line: bytes, number: int) -> None:
    with Client(answering(echo)) as client:
        client.write(line + b"\n")
        assert error_of(client.read())["code"] == number
        assert client.call("gallery.list", request_id="after")["id"] == "after"


def test_a_request_over_the_limit_is_refused_and_the_stream_stays_usable() -> None:
    with Client(answering(echo)) as client:
        client.write(b"x" * (2 * FRAME_LIMIT + 5) + b"\n")
        assert data_of(client.read())["code"] == "FrameTooLarge"
        assert client.call("gallery.list", request_id="after")["id"] == "after"


def test_a_request_at_the_limit_is_served() -> None:
    head, tail = b'{"jsonrpc":"2.0","id":"1","method":"gallery.list","params":{"name":"', b'"}}\n'
    with Client(answering(lambda *_: {})) as client:
        client.write(head + b"x" * (FRAME_LIMIT - len(head) - len(tail)) + tail)
        assert client.read()["result"] == {}


def test_an_answer_over_the_limit_becomes_an_error() -> None:
    with Client(answering(lambda *_: {"text": "x" * FRAME_LIMIT})) as client:
        assert data_of(client.call("gallery.list"))["code"] == "ReplyTooLarge"
        assert client.call("gallery.list", request_id="2")["id"] == "2"


def test_requests_are_done_one_at_a_time_and_in_order() -> None:
    running = threading.Semaphore(1)

    def alone(_: str, arguments: Frame, __: Follower) -> object:
        assert running.acquire(blocking=False)
        running.release()
        return arguments

    with Client(answering(alone)) as client:
        for number in range(20):
            client.send(id=str(number), method="gallery.list", params={"name": str(number)})
        replies = [client.read() for _ in range(20)]
    assert [reply["result"] for reply in replies] == [{"name": str(number)} for number in range(20)]


def test_an_id_that_is_still_open_is_refused() -> None:
    release = threading.Event()

    def wait(*_: object) -> object:
        release.wait(timeout=30)
        return {}

    with Client(answering(wait)) as client:
        client.send(id="1", method="gallery.list")
        assert error_of(client.call("gallery.list"))["code"] == -32600
        release.set()
        assert client.read()["result"] == {}


def test_progress_and_warnings_come_before_the_reply_and_name_their_request() -> None:
    def work(_: str, __: Frame, follower: Follower) -> object:
        follower.progress("Install", "unpacking", 40)
        follower.warning("Quote it.")
        return {}

    with Client(answering(work)) as client:
        progress, log, reply = client.call("gallery.list", request_id="9"), client.read(), client.read()
    assert progress == {
        "jsonrpc": "2.0",
        "method": "progress",
        "params": {"id": "9", "activity": "Install", "status": "unpacking", "percent": 40},
    }
    assert log["params"] == {"id": "9", "level": "warning", "message": "Quote it."}
    assert reply["result"] == {}


def until_cancelled(_: str, __: Frame, follower: Follower) -> object:
    follower.progress("Waiting", "begun")
    while not follower.cancelled():
        threading.Event().wait(0.01)
    return {"state": "as it stood"}


def test_cancel_ends_a_wait_and_the_next_request_is_served() -> None:
    with Client(answering(until_cancelled)) as client:
        assert client.call("gallery.list")["method"] == "progress"
        client.send(method="cancel", params={"id": "1"})
        data = data_of(client.read())
        assert (data["code"], data["category"]) == ("Cancelled", "OperationStopped")
        client.send(id="2", method="gallery.list")
        assert client.read()["method"] == "progress"
        client.send(method="cancel", params={"id": "2"})
        client.read()


def test_a_request_that_is_cancelled_before_its_turn_is_not_done() -> None:
    done: list[object] = []
    release = threading.Event()

    def work(_: str, arguments: Frame, __: Follower) -> object:
        done.append(arguments.get("name"))
        release.wait(timeout=30)
        return {}

    with Client(answering(work)) as client:
        client.send(id="1", method="gallery.list", params={"name": "first"})
        client.send(id="2", method="gallery.list", params={"name": "second"})
        client.send(method="cancel", params={"id": "2"})
        client.send(id="3", method="nothing")  # its refusal says that the cancel was read
        assert client.read()["id"] == "3"
        release.set()
        assert client.read()["id"] == "1"
        assert data_of(client.read())["code"] == "Cancelled"
    assert done == ["first"]


def test_cancelling_what_is_unknown_is_nothing() -> None:
    with Client(answering(echo)) as client:
        client.send(method="cancel", params={"id": "77"})
        assert client.call("gallery.list")["id"] == "1"


def test_the_end_of_input_ends_a_wait_with_the_state_as_it_stands() -> None:
    with Client(answering(until_cancelled)) as client:
        client.call("gallery.list")
        client.close_input()
        assert client.read()["result"] == {"state": "as it stood"}
        assert client.output.read() == b""


def test_what_was_received_before_the_end_of_input_is_done() -> None:
    with Client(answering(echo)) as client:
        client.send(id="1", method="gallery.list")
        client.send(id="2", method="gallery.list")
        client.close_input()
        assert [client.read()["id"], client.read()["id"]] == ["1", "2"]


def test_half_a_request_at_the_end_of_input_is_not_done() -> None:
    done: list[object] = []
    with Client(answering(lambda *call: done.append(call))) as client:
        client.write(b'{"jsonrpc":"2.0","id":"1","method":"gallery.list"')
        client.close_input()
        assert error_of(client.read())["code"] == -32700
    assert done == []


def test_a_reader_that_has_gone_away_ends_nothing_but_the_answers() -> None:
    done = threading.Event()

    def work(*_: object) -> object:
        done.set()
        return {}

    with Client(answering(work)) as client:
        client.output.close()
        client.send(id="1", method="gallery.list")
        assert done.wait(timeout=30)


@pytest.mark.parametrize(
    ("family", "category"),
    [
        (NotFoundError, "ObjectNotFound"),
        (InvalidRequestError, "InvalidArgument"),
        (ConflictError, "ResourceBusy"),
        (NotSupportedError, "NotImplemented"),
        (PackageError, "InvalidData"),
        (HandlerError, "InvalidResult"),
        (StoreError, "ResourceUnavailable"),
        (PermissionDeniedError, "PermissionDenied"),
        (RunnerError, "ResourceUnavailable"),
        (DiskFullError, "LimitsExceeded"),
    ],
)
def test_every_family_of_errors_has_its_category(family: type[NotFoundError], category: str) -> None:
    def fail(*_: object) -> object:
        raise family("SomeCode", "It did not work.", target="it", hint="Try this.")

    with Client(answering(fail)) as client:
        error = error_of(client.call("gallery.list"))
    assert (error["code"], error["message"]) == (-32000, "It did not work.")
    assert error["data"] == {"code": "SomeCode", "category": category, "target": "it", "hint": "Try this."}


def test_an_error_of_our_own_reaches_the_log_and_not_the_user(capfd: pytest.CaptureFixture[str]) -> None:
    def fail(*_: object) -> object:
        raise ZeroDivisionError("secret-detail")

    with Client(answering(fail)) as client:
        error = error_of(client.call("gallery.list"))
    assert error["code"] == -32603
    assert "secret-detail" not in str(error)
    assert "ZeroDivisionError: secret-detail" in capfd.readouterr().err


def test_a_service_that_cannot_be_opened_says_so_at_each_call_and_is_tried_again() -> None:
    tries: list[int] = []

    def open_dispatch() -> object:
        tries.append(1)
        if len(tries) < 3:
            raise StoreError("StoreTooNew", "The store is of a newer version.", target="store.db")
        return echo

    with Client(open_dispatch) as client:  # type: ignore[arg-type]
        assert data_of(client.call("gallery.list"))["code"] == "StoreTooNew"
        assert "result" in client.call("gallery.list", request_id="2")
