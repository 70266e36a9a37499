"""The REST server over an echo in memory on the same framework and server, over real sockets.

What is asked is what a script asks of it: a GET of one extension, and a PUT that changes a flag of it, which
is durable when it is answered. TLS is left out on both sides: it costs both the same, and would only hide
the difference. Each server keeps to one core where the system can say so.
"""

from __future__ import annotations

import json
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from connectedmachine.agent.clock import SystemClock
from connectedmachine.model.identity import NIL_SUBSCRIPTION
from connectedmachine.service import Service
from connectedmachine.service.tokens import TokenService
from connectedmachine.store import Store
from connectedmachine.store.home import state_root
from speed.extension import GROUP, MACHINE, NAME, prepare
from speed.measure import Result, take_turns
from speed.rest_client import Connection, echo, product, request

_TARGET = (
    f"/subscriptions/{NIL_SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.HybridCompute"
    f"/machines/{MACHINE}/extensions/{NAME}?api-version=2024-07-10"
)
_TURNS = 15
_GETS, _PUTS = 200, 50
_CLIENTS, _EACH = 16, 50
_SLOW_TURNS = 7


def rest_get(folder: Path) -> Result:
    """A GET of an extension."""
    prepared = _prepared(folder)
    with product() as ours, echo(prepared.answer) as floor:
        cost, least = (_one_after_another(port, prepared.gets(port, _GETS)) for port in (ours, floor))
        turns = take_turns(cost, least, _TURNS)
    return Result("rest get", turns.ratio, 2, turns.detail)


def rest_put(folder: Path) -> Result:
    """A PUT that changes a flag; the floor's PUT commits one row as durably."""
    prepared = _prepared(folder)
    with product() as ours, echo(prepared.answer, folder / "floor.db") as floor:
        cost, least = (_one_after_another(port, prepared.puts(port, _PUTS)) for port in (ours, floor))
        turns = take_turns(cost, least, _TURNS)
    return Result("rest put", turns.ratio, 2, turns.detail)


def rest_load(folder: Path) -> Result:
    """A slow GET while many clients ask as fast as they can."""
    prepared = _prepared(folder)
    with product() as ours, echo(prepared.answer) as floor:
        cost, least = (partial(_p99, port, prepared.gets(port, _EACH)) for port in (ours, floor))
        turns = take_turns(cost, least, _SLOW_TURNS)
    return Result(f"rest p99 of {_CLIENTS} clients", turns.ratio, 3, turns.detail)


def rest_start(folder: Path) -> Result:
    """From the start of the process to its first answer."""
    prepared = _prepared(folder)
    turns = take_turns(
        lambda: _first_answer(product(), prepared),
        lambda: _first_answer(echo(prepared.answer), prepared),
        _SLOW_TURNS,
    )
    return Result("rest start to first answer", turns.ratio, 3, turns.detail)


@dataclass(frozen=True)
class _Prepared:
    """What both servers are asked with.

    Attributes:
        answer: A file with what the product answers to a GET.
    """

    token: str
    answer: Path

    def gets(self, port: int, count: int) -> list[bytes]:
        return [request("GET", _TARGET, port, self.token)] * count

    def puts(self, port: int, count: int) -> list[bytes]:
        """Each changes the flag that the one before it set."""
        bodies = [json.dumps({"properties": {"enableAutomaticUpgrade": on}}).encode() for on in (False, True)]
        return [request("PUT", _TARGET, port, self.token, bodies[number % 2]) for number in range(count)]


def _prepared(folder: Path) -> _Prepared:
    prepare()
    with closing(Store.open(state_root())) as store:
        made = Service(store, SystemClock()).credential_create(name="bench", scopes=["operate"])
        issued = TokenService(store, SystemClock()).token_issue(
            client_id=str(made["clientId"]), client_secret=str(made["clientSecret"]), tenant="t", issuer="t",
            audience="t",
        )  # fmt: skip
    prepared = _Prepared(issued.text, folder / "answer")
    with product() as port, closing(Connection(port)) as connection:
        prepared.answer.write_bytes(connection.ask(prepared.gets(port, 1)[0]))
    return prepared


def _one_after_another(port: int, requests: Sequence[bytes]) -> Callable[[], float]:
    """Returns a function that asks all of them and says how many seconds one took."""

    def seconds() -> float:
        with closing(Connection(port)) as connection:
            connection.ask(requests[0])
            began = time.perf_counter()
            for one in requests[1:]:
                connection.ask(one)
            return (time.perf_counter() - began) / (len(requests) - 1)

    return seconds


def _p99(port: int, requests: Sequence[bytes]) -> float:
    """Seconds that all but one in a hundred requests took at most, when many clients send all of them."""
    took: list[float] = []

    def client() -> None:
        with closing(Connection(port)) as connection:
            for one in requests:
                began = time.perf_counter()
                connection.ask(one)
                took.append(time.perf_counter() - began)

    clients = [threading.Thread(target=client) for _ in range(_CLIENTS)]
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    return statistics.quantiles(took, n=100)[-1]


def _first_answer(server: AbstractContextManager[int], prepared: _Prepared) -> float:
    began = time.perf_counter()
    with server as port, closing(Connection(port)) as connection:
        connection.ask(prepared.gets(port, 1)[0])
        return time.perf_counter() - began
