"""Fault injection for script authors: a file says which calls go wrong, and how.

The file's schema is ``schemas/rest-scenario.json``. Rules are looked at in order; each counts the calls that
its method and path fit, whatever other rules do. A delay and a failing operation let the call go on, to later
rules too; an answer or a dropped connection ends it. Counts begin anew with each server.
"""

from __future__ import annotations

import asyncio
import fnmatch
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from connectedmachine.frontends.rest.errors import arm_error
from connectedmachine.model.errors import InvalidRequestError
from connectedmachine.service.json_schema import violation

_LARGEST_FILE = 1 << 20


@dataclass(frozen=True)
class Answer:
    """An answer in place of the real one."""

    status: int
    code: str
    message: str
    retry_after: int | None


@dataclass(frozen=True)
class Rule:
    """What happens to which calls.

    Attributes:
        method: ``None`` is any.
        path: Matches the path alone, in lower case.
        call: Which call that fits, from 1; ``None`` is every one.
        delay: Seconds before anything else happens.
        fail_operation: Code and message of the end of the operation that the call starts.
    """

    method: str | None
    path: re.Pattern[str]
    call: int | None
    delay: float = 0.0
    answer: Answer | None = None
    drop: bool = False
    fail_operation: tuple[str, str] | None = None

    def fits(self, method: str, path: str) -> bool:
        """Say whether it is about such calls."""
        return self.method in (None, method) and self.path.fullmatch(path.lower()) is not None


def read_scenario(path: Path) -> tuple[Rule, ...]:
    """The rules of a scenario file.

    Raises:
        InvalidRequestError: ``InvalidScenario``, naming the place.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise _invalid(path, f"it cannot be read: {error.strerror}") from error
    if len(content) > _LARGEST_FILE:
        raise _invalid(path, f"it is larger than {_LARGEST_FILE} bytes")
    try:
        document = json.loads(content.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        raise _invalid(path, f"line {error.lineno}, column {error.colno}: {error.msg}") from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise _invalid(path, "it is not JSON in UTF-8") from error
    wrong = violation("rest-scenario", document)
    if wrong is not None:
        raise _invalid(path, wrong)
    return tuple(_rule(found) for found in document["rules"])


class Faults:
    """Lets calls go wrong as the rules say; sets ``request.state.fail_operation``. Pure ASGI middleware."""

    def __init__(self, app: ASGIApp, rules: Sequence[Rule]) -> None:
        self._app, self._rules, self._counts = app, rules, [0] * len(rules)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        due = self._due(scope["method"], scope["path"])
        for rule in due:
            if rule.delay:
                await asyncio.sleep(rule.delay)
            if rule.drop:
                await _drop(scope, receive)
                return
            if rule.answer is not None:
                await _answered(rule.answer, scope, receive, send)
                return
            if rule.fail_operation is not None:
                scope["state"]["fail_operation"] = rule.fail_operation
        await self._app(scope, receive, send)

    def _due(self, method: str, path: str) -> list[Rule]:
        """The rules that this call meets; it is counted before anything waits."""
        due = []
        for position, rule in enumerate(self._rules):
            if rule.fits(method, path):
                self._counts[position] += 1
                if rule.call in (None, self._counts[position]):
                    due.append(rule)
        return due


async def _drop(scope: Scope, receive: Receive) -> None:
    scope["state"]["abort_connection"]()
    while (await receive())["type"] != "http.disconnect":
        pass


async def _answered(answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
    retry = {} if answer.retry_after is None else {"retry-after": str(answer.retry_after)}
    await arm_error(answer.status, answer.code, answer.message, headers=retry)(scope, receive, send)


def _rule(found: Mapping[str, object]) -> Rule:
    method, path, call, does = found.get("method"), found.get("path", "*"), found.get("call"), found["do"]
    assert isinstance(path, str)
    assert isinstance(does, Mapping)
    failing = does.get("failOperation")
    return Rule(
        method=str(method) if method else None,
        path=re.compile(fnmatch.translate(path.lower())),
        call=call if isinstance(call, int) else None,
        delay=does.get("delaySeconds", 0.0),
        drop=does.get("dropConnection", False),
        answer=_answer(does) if "status" in does else None,
        fail_operation=(failing["code"], failing["message"]) if failing else None,
    )


def _answer(does: Mapping[str, object]) -> Answer:
    status, retry_after = does["status"], does.get("retryAfter")
    assert isinstance(status, int)
    code = str(does.get("code", "TooManyRequests" if status == 429 else "InjectedFault"))
    message = str(does.get("message", "The scenario of this server says so."))
    return Answer(status, code, message, retry_after if isinstance(retry_after, int) else None)


def _invalid(path: Path, why: str) -> InvalidRequestError:
    return InvalidRequestError(
        "InvalidScenario",
        f"The scenario '{path}' cannot be used: {why}.",
        target=str(path),
        hint="docs/rest.md says how a scenario is written.",
    )
