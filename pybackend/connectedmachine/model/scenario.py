"""What the handlers of a simulated machine do: how long commands take, which fail, how health goes.

A play is a pure function of the scenario, of how often a command was tried, and of the seconds since an
enable: nothing of its own says where it is, so that a runner which was killed plays on the same. The JSON
form is ``schemas/scenario.json``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from connectedmachine.model.handler import Command
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.version import Version, VersionRequest

SIMULATED = "Simulated."


class Reports(StrEnum):
    """What a version says of itself when it is up."""

    SUCCESS = "success"
    ERROR = "error"
    NOTHING = "nothing"


class Saying(StrEnum):
    """What a version says at one moment."""

    SUCCESS = "success"
    TRANSITIONING = "transitioning"
    ERROR = "error"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Attempt:
    """One try of a command, or one life of an enabled version.

    Attributes:
        machine: Its resource group and name: machines with one scenario differ, and do so every time.
        number: From 1 on, over the whole history of the machine; asked for only where it matters.
    """

    machine: str
    extension: str
    handler: HandlerName
    version: Version
    number: Callable[[], int]


_EVERY = VersionRequest()


@dataclass(frozen=True)
class Fit:
    """What a rule is about; everything, unless it says otherwise.

    Attributes:
        handler: Key of a handler, ``None`` for every one.
        versions: Which versions of it.
        times: The first so many attempts only.
        chance: The part of the attempts that it is about, from 0 to 1.
    """

    handler: str | None = None
    versions: VersionRequest = _EVERY
    times: int | None = None
    chance: float = 1.0


@dataclass(frozen=True)
class CommandRule:
    """How a command goes. ``seconds`` may be more than it is allowed to take; ``hangs`` is always so."""

    fit: Fit = Fit()
    command: Command | None = None
    seconds: float = 0.0
    exit_code: int = 0
    hangs: bool = False
    message: str = SIMULATED


@dataclass(frozen=True)
class HealthRule:
    """How a version is after its enable; seconds are counted from where the enable began.

    ``unhealthy_from``: ``None`` for never.
    """

    fit: Fit = Fit()
    healthy_after: float = 0.0
    unhealthy_from: float | None = None
    reports: Reports = Reports.SUCCESS
    message: str = SIMULATED

    def says(self, since: float) -> Saying:
        """What it says so many seconds after its enable."""
        if self.reports is Reports.NOTHING:
            return Saying.NOTHING
        if since < self.healthy_after:
            return Saying.TRANSITIONING
        turned = self.unhealthy_from is not None and since >= self.unhealthy_from
        return Saying.ERROR if turned or self.reports is Reports.ERROR else Saying.SUCCESS


@dataclass(frozen=True)
class Scenario:
    """Of the rules about something the first that fits decides; without one all goes well at once."""

    seed: int = 0
    commands: tuple[CommandRule, ...] = ()
    health: tuple[HealthRule, ...] = ()

    def command(self, command: Command, attempt: Attempt) -> CommandRule:
        """How an attempt at a command goes."""
        of_command = (rule for rule in self.commands if rule.command in (None, command))
        return next((r for r in of_command if self._fits(r.fit, attempt, command)), _COMMAND)

    def after_enable(self, attempt: Attempt) -> HealthRule:
        """How a version is after an enable; ``attempt`` is that enable."""
        return next((rule for rule in self.health if self._fits(rule.fit, attempt, "health")), _HEALTH)

    def _fits(self, fit: Fit, attempt: Attempt, what: str) -> bool:
        return (
            fit.handler in (None, attempt.handler.key)
            and fit.versions.matches(attempt.version)
            and (fit.times is None or attempt.number() <= fit.times)
            and (fit.chance >= 1.0 or self._share(attempt, what) < fit.chance)
        )

    def _share(self, attempt: Attempt, what: str) -> float:
        """A number from 0 to 1 that looks like chance, and is the same whenever it is asked for."""
        words: Iterable[object] = (
            self.seed, attempt.machine, attempt.extension.lower(), attempt.version, what, attempt.number()
        )  # fmt: skip
        digest = hashlib.sha256("\n".join(map(str, words)).encode()).digest()
        return int.from_bytes(digest[:6]) / 2**48

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Scenario:
        """Read a document that is valid by ``schemas/scenario.json``.

        Raises:
            InvalidRequestError: ``InvalidVersion``.
        """
        return cls(
            int(_number(data, "seed", 0)),
            tuple(map(_command_rule, _rules(data, "commands"))),
            tuple(map(_health_rule, _rules(data, "health"))),
        )


_COMMAND = CommandRule()
_HEALTH = HealthRule()


def _rules(data: Mapping[str, object], name: str) -> list[Mapping[str, object]]:
    rules = data.get(name, [])
    assert isinstance(rules, list)
    return rules


def _number(data: Mapping[str, object], name: str, default: float) -> float:
    value = data.get(name, default)
    assert isinstance(value, int | float)
    return value


def _fit(rule: Mapping[str, object]) -> Fit:
    handler = str(rule.get("handler", "*"))
    return Fit(
        None if handler == "*" else handler.lower(),
        VersionRequest.parse(str(rule.get("version", ""))),
        int(_number(rule, "times", 0)) or None,
        _number(rule, "chance", 1.0),
    )


def _command_rule(rule: Mapping[str, object]) -> CommandRule:
    command = rule.get("command")
    return CommandRule(
        _fit(rule),
        None if command is None else Command(str(command)),
        _number(rule, "seconds", 0.0),
        int(_number(rule, "exitCode", 0)),
        bool(rule.get("hangs", False)),
        str(rule.get("message", SIMULATED)),
    )


def _health_rule(rule: Mapping[str, object]) -> HealthRule:
    return HealthRule(
        _fit(rule),
        _number(rule, "healthyAfter", 0.0),
        _number(rule, "unhealthyFrom", 0.0) if "unhealthyFrom" in rule else None,
        Reports(str(rule.get("reports", Reports.SUCCESS))),
        str(rule.get("message", SIMULATED)),
    )
