"""Many clients at one machine's extensions: nothing fails, nothing is lost, everything ends.

What ``scripts/rest_load.py`` runs. Each client owns an extension and knows what was last acknowledged of it;
three of them also write a shared one, each a member of its own. At the end the store has to say the same.
Requests are mixed by a seed. A client follows each long operation to its end before it goes on.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import ssl
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import httpx
import psutil

from connectedmachine.agent.clock import SystemClock
from connectedmachine.model.identity import NIL_SUBSCRIPTION
from connectedmachine.service import Service
from connectedmachine.store import Store
from frontends.cli_harness import Cli
from packages import PackageSpec, build
from rest.serving import Server, serving, token_of
from service.support import Heard

PUBLISHER = "Contoso.Load"
MACHINE = f"/subscriptions/{NIL_SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.HybridCompute/machines/m1"
_VERSIONS = ("1.0", "1.1")
_SHARED, _SHARED_TYPE = "shared", "Shared"
_PROPERTIES = ("typeHandlerVersion", "settings", "enableAutomaticUpgrade", "autoUpgradeMinorVersion")
_QUERY = {"api-version": "2024-07-10"}
_ENDS = ("Succeeded", "Failed", "Canceled")
_PAUSE = 0.2
"""Seconds between two polls: less than the server asks for, so that there are more of them."""

_MIX = (
    ("get", 40), ("list", 5), ("tags", 20), ("flag", 15), ("machine", 5), ("settings", 6), ("upgrade", 4),
    ("delete", 2), ("missing", 3),
)  # fmt: skip


@dataclass
class Seen:
    """What came of the requests.

    Attributes:
        answers: By verb and status.
        ends: Of long operations, by status.
    """

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)

    @property
    def requests(self) -> int:
        return sum(self.answers.values())

    @property
    def started(self) -> int:
        return sum(
            count for (verb, status), count in self.answers.items() if status == 202 and verb != "POLL"
        )

    @property
    def server_errors(self) -> int:
        return sum(count for (_, status), count in self.answers.items() if status >= 500)


@dataclass
class Report:
    """All of it.

    Attributes:
        lost: Acknowledged changes that the store does not have.
        unfinished: Operations of the history that have no end.
        memory: Resident bytes of the server before and after.
    """

    seen: Seen
    lost: list[str]
    unfinished: int
    memory: tuple[int, int]
    duration: float

    @property
    def is_good(self) -> bool:
        seen = self.seen
        return not (seen.server_errors or seen.surprises or self.lost or self.unfinished) and (
            seen.started == seen.ends["Succeeded"] == seen.ends.total()
        )

    def __str__(self) -> str:
        seen = self.seen
        rows = [f"{verb:<8} {status}  {count:>6}" for (verb, status), count in sorted(seen.answers.items())]
        p50, p99 = (statistics.quantiles(seen.seconds, n=100)[at - 1] * 1000 for at in (50, 99))
        before, after = (bytes_ / (1 << 20) for bytes_ in self.memory)
        return "\n".join(
            [
                "request  status count",
                *rows,
                f"requests            {seen.requests} in {self.duration:.0f} s",
                f"answers of 5xx      {seen.server_errors}",
                f"not as expected     {len(seen.surprises)} {seen.surprises[:3] or ''}",
                f"operations          {seen.started} started, {dict(seen.ends)}, open {self.unfinished}",
                f"lost updates        {len(self.lost)} {self.lost[:3] or ''}",
                f"answer in ms        p50 {p50:.1f}, p99 {p99:.1f}",
                f"server's memory     {before:.0f} MiB before, {after:.0f} MiB after",
            ]
        )


@dataclass
class User:
    """A client, and what it knows of its extension.

    Attributes:
        state: Acknowledged properties and tags; ``None`` when it was removed.
        shares: The member of the shared extension that it alone writes, if any.
        shared: What it last wrote there.
    """

    name: str
    type: str
    random: random.Random
    state: dict[str, object] | None = None
    shares: str = ""
    shared: object = None
    written: int = 0

    def next(self) -> int:
        """A number that it never wrote before."""
        self.written += 1
        return self.written


def load(folder: Path, clients: int, requests: int, seed: int) -> Report:
    """Run it on a server process and a state root of their own in ``folder``."""
    cli = Cli(folder)
    home = Path(cli.environment["AZCMLITE_HOME"])
    users = [
        User(f"e{number}", f"Type{number}", random.Random(f"{seed} {number}"))  # noqa: S311 # repeatable
        for number in range(clients)
    ]
    for user, member in zip(
        users, ("tags", "enableAutomaticUpgrade", "autoUpgradeMinorVersion"), strict=False
    ):
        user.shares = member
    with closing(Store.open(home)) as store:
        _publish(Service(store, SystemClock()), folder / "zips", [user.type for user in users])
        with serving(cli) as server:
            process = psutil.Process(server.process.pid)
            crowd = _Crowd(server, token_of(server, cli), users, requests)
            began = time.monotonic()
            asyncio.run(crowd.create())
            before = process.memory_info().rss
            asyncio.run(crowd.run())
            duration = time.monotonic() - began
            after = process.memory_info().rss
            lost = asyncio.run(crowd.lost())
        [machine] = store.machines.list(NIL_SUBSCRIPTION, None)
        unfinished = sum(operation.outcome is None for operation in store.operations.history(machine.id))
    return Report(crowd.seen, lost, unfinished, (before, after), duration)


def _publish(service: Service, zips: Path, types: Sequence[str]) -> None:
    follow = Heard()
    service.machine_connect(
        resource_group="rg", name="m1", location="westeurope", simulated=True, os_type="Linux", follow=follow
    )
    for type_, version in product([*types, _SHARED_TYPE], _VERSIONS):
        service.image_publish(
            path=str(build(zips, PackageSpec(PUBLISHER, type_, version, os="linux", noop=True))),
            publisher=PUBLISHER, type=type_, version=version, operating_system="Linux",
            supports_automatic_upgrade=True, follow=follow,
        )  # fmt: skip


class _Crowd:
    """All clients, over TLS, with a connection each."""

    def __init__(self, server: Server, token: str, users: Sequence[User], requests: int) -> None:
        self._server, self._token, self._users, self._requests = server, token, users, requests
        self.seen = Seen()

    async def create(self) -> None:
        """Every extension, the shared one too."""
        async with self._client() as client:
            await self._create(client, User(_SHARED, _SHARED_TYPE, random.Random(0)))  # noqa: S311 # repeatable
        await self._each(self._create)

    async def run(self) -> None:
        """Send requests until there were enough; what was begun is followed to its end."""
        await self._each(self._use)

    async def lost(self) -> list[str]:
        """What was acknowledged and is not there."""
        lost = []
        async with self._client() as client:
            shared = await self._state(client, _SHARED)
            for user in self._users:
                found = await self._state(client, user.name)
                if found != user.state:
                    lost.append(f"{user.name}: {user.state} became {found}")
                if user.shares and user.shared is not None and (shared or {}).get(user.shares) != user.shared:
                    lost.append(f"{user.shares} of {_SHARED}: {user.shared} became {shared}")
        return lost

    async def _each(self, do: Callable[[httpx.AsyncClient, User], Awaitable[None]]) -> None:
        async def one(user: User) -> None:
            async with self._client() as client:
                await do(client, user)

        await asyncio.gather(*map(one, self._users))

    def _client(self) -> httpx.AsyncClient:
        context = ssl.create_default_context(cafile=str(self._server.said["certificate"]))
        return httpx.AsyncClient(
            base_url=self._server.url, verify=context, trust_env=False, timeout=60,
            headers={"Authorization": f"Bearer {self._token}"},
        )  # fmt: skip

    async def _use(self, client: httpx.AsyncClient, user: User) -> None:
        words, weights = zip(*_MIX, strict=True)
        while self.seen.requests < self._requests:
            [what] = user.random.choices(words, weights)
            await getattr(self, f"_{what}")(client, user)

    # What a client does; each is a request or more.

    async def _create(self, client: httpx.AsyncClient, user: User) -> None:
        properties = {
            "publisher": PUBLISHER,
            "type": user.type,
            "typeHandlerVersion": "1.0",
            "settings": {"n": 0},
        }
        state = {"typeHandlerVersion": "1.0.0.0", "settings": {"n": 0}, "enableAutomaticUpgrade": False,
                 "autoUpgradeMinorVersion": False, "tags": {}}  # fmt: skip
        if await self._change(client, "PUT", user.name, {"location": "westeurope", "properties": properties}):
            user.state = state

    async def _get(self, client: httpx.AsyncClient, user: User) -> None:
        found = await self._state(client, user.name)
        if found != user.state:
            self.seen.surprises.append(f"{user.name} is {found} after {user.state}")

    async def _list(self, client: httpx.AsyncClient, _: User) -> None:
        await self._ask(client, "GET", f"{MACHINE}/extensions", 200)

    async def _machine(self, client: httpx.AsyncClient, _: User) -> None:
        await self._ask(client, "GET", MACHINE, 200)

    async def _missing(self, client: httpx.AsyncClient, user: User) -> None:
        await self._ask(client, "GET", f"{MACHINE}/extensions/no-{user.name}", 404)

    async def _tags(self, client: httpx.AsyncClient, user: User) -> None:
        await self._write(client, user, "tags", {"n": str(user.next())})

    async def _flag(self, client: httpx.AsyncClient, user: User) -> None:
        member = user.random.choice(("enableAutomaticUpgrade", "autoUpgradeMinorVersion"))
        await self._write(client, user, member, user.random.random() < 0.5)

    async def _settings(self, client: httpx.AsyncClient, user: User) -> None:
        await self._write(client, user, "settings", {"n": user.next()})

    async def _write(self, client: httpx.AsyncClient, user: User, member: str, value: object) -> None:
        if member == user.shares:
            if await self._change(client, "PATCH", _SHARED, _body(member, value)):
                user.shared = value
        elif user.state is None:
            await self._ask(client, "PATCH", f"{MACHINE}/extensions/{user.name}", 404, _body(member, value))
        elif await self._change(
            client, user.random.choice(("PUT", "PATCH")), user.name, _body(member, value)
        ):
            user.state[member] = value

    async def _upgrade(self, client: httpx.AsyncClient, user: User) -> None:
        if user.state is None:
            await self._create(client, user)
            return
        now = str(user.state["typeHandlerVersion"])
        version = next(version for version in _VERSIONS if not now.startswith(version))
        body = {"extensionTargets": {f"{PUBLISHER}.{user.type}": {"targetVersion": version}}}
        answer = await self._ask(client, "POST", f"{MACHINE}/upgradeExtensions", 202, body)
        if await self._ended(client, answer):
            user.state["typeHandlerVersion"] = f"{version}.0.0"

    async def _delete(self, client: httpx.AsyncClient, user: User) -> None:
        if user.state is None:
            await self._ask(client, "DELETE", f"{MACHINE}/extensions/{user.name}", 204)
            await self._create(client, user)
        elif await self._change(client, "DELETE", user.name, None):
            user.state = None

    # Asking.

    async def _change(self, client: httpx.AsyncClient, verb: str, name: str, body: object) -> bool:
        return await self._ended(
            client, await self._ask(client, verb, f"{MACHINE}/extensions/{name}", 202, body)
        )

    async def _ended(self, client: httpx.AsyncClient, answer: httpx.Response) -> bool:
        """Follow a long operation to its end; says whether that is success."""
        if answer.status_code != 202:
            return False
        url = answer.headers["Azure-AsyncOperation"]
        while True:
            document = (await self._ask(client, "GET", url, 200, verb="POLL")).json()
            if document.get("status") in _ENDS:
                self.seen.ends[document["status"]] += 1
                if document["status"] != "Succeeded":
                    self.seen.surprises.append(f"{document}")
                return bool(document["status"] == "Succeeded")
            await asyncio.sleep(_PAUSE)

    async def _state(self, client: httpx.AsyncClient, name: str) -> dict[str, object] | None:
        answer = await self._ask(client, "GET", f"{MACHINE}/extensions/{name}", None)
        if answer.status_code == 404:
            return None
        found = answer.json()
        return {
            "tags": found.get("tags", {}),
            **{member: found["properties"].get(member) for member in _PROPERTIES},
        }

    async def _ask(
        self,
        client: httpx.AsyncClient,
        method: str,
        url: str,
        expected: int | None,
        body: object = None,
        verb: str = "",
    ) -> httpx.Response:
        query = {} if verb == "POLL" else _QUERY
        began = time.perf_counter()
        answer = await client.request(method, url, params=query or None, json=body)
        self.seen.seconds.append(time.perf_counter() - began)
        self.seen.answers[verb or method, answer.status_code] += 1
        if expected not in (None, answer.status_code):
            self.seen.surprises.append(f"{method} {url}: {answer.status_code} {answer.text[:300]}")
        return answer


def _body(member: str, value: object) -> dict[str, object]:
    return {member: value} if member == "tags" else {"properties": {member: value}}


def main(arguments: Sequence[str]) -> int:
    """Run it and print the table; the exit code is 0 when nothing is amiss."""
    parser = argparse.ArgumentParser(
        prog="rest_load.py", description="Many clients at one machine's extensions."
    )
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="azcmlite-load-") as folder:
        report = load(Path(folder).resolve(), chosen.clients, chosen.requests, chosen.seed)
    print(report)
    return 0 if report.is_good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
