"""Checking a package before its release: what the handler contract demands, and what the package does.

The package runs, as the caller, on this host: on a throw-away machine (``service.stage``), but what it does
outside its folder, such as a service that it makes, is as real as ever. Front ends ask before.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from connectedmachine.agent.host import this_host
from connectedmachine.gallery.inspection import inspect
from connectedmachine.gallery.survey import Survey, names_of, survey, without_signing_info
from connectedmachine.handler.onlooker import Seen, secrets_in
from connectedmachine.model.clock import Clock
from connectedmachine.model.errors import InvalidRequestError, PackageError, RunnerError
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.image import Architecture, OSType, Platform
from connectedmachine.model.policy import PolicyValues
from connectedmachine.model.version import Version
from connectedmachine.service import package_check as judge
from connectedmachine.service.follow import Follower
from connectedmachine.service.json_text import members
from connectedmachine.service.package_check import Finding, Result, finding, not_applicable
from connectedmachine.service.rehearsed import Plan, Release
from connectedmachine.service.stage import Stage, clear_leftovers, raised
from connectedmachine.service.views import os_name

_STEADY = 3.0
_PLACEHOLDER = HandlerName("Placeholder.Publisher", "Package")
_PLACEHOLDER_VERSION = Version((1, 0, 0, 0))
_USUAL_STEPS = 12
_NO_LIMITS: PolicyValues = {}


@dataclass(frozen=True)
class Request:
    """A check that was asked for; what is ``None`` is taken from the package, its file name, or made up."""

    path: Path
    previous: Path | None = None
    publisher: str | None = None
    type: str | None = None
    version: str | None = None
    os: OSType | None = None
    settings: str = "{}"
    protected: str | None = None
    window: float = 30.0


class _StoppedError(Exception):
    """Nobody waits any more."""


def check(
    request: Request, clock: Clock, follow: Follower, limits: PolicyValues = _NO_LIMITS
) -> list[Finding]:
    """Put a package through its life, and find what the contract demands of it and what it did.

    Args:
        limits: Policy values that differ from the preset: how long each command may take.

    Raises:
        NotFoundError: ``ResourceNotFound``, there is no such file.
        InvalidRequestError: ``InvalidName``, ``InvalidVersion``, ``InvalidSettings``,
            ``InvalidRequestContent``.
        RunnerError: ``Cancelled``: nobody waits any more.
    """
    _refuse_nonsense(request)
    secrets = secrets_in(request.protected)
    clear_leftovers(clock, follow.warning)
    with TemporaryDirectory(prefix="azcmlite-package-") as scratch:
        checked = _Check(request, clock, follow, limits, Path(scratch))
        try:
            found = [judge.without_secrets(one, secrets) for one in checked.findings(secrets)]
        except _StoppedError:
            raise RunnerError(
                "Cancelled",
                "The check was stopped, and what ran of the package was ended.",
                target=str(request.path),
                hint="What it made outside its folder, such as a service, may still be there.",
            ) from None
    return judge.completed(found)


def _refuse_nonsense(request: Request) -> None:
    for text, what in ((request.settings, "settings"), (request.protected, "protectedSettings")):
        if text is None:
            continue
        try:
            members(text)
        except InvalidRequestError:
            # Neither the text nor the parser's message: both may hold a secret.
            raise InvalidRequestError(
                "InvalidSettings",
                f"The {what} are not a JSON object.",
                target=what,
                hint='Give a JSON object, for example {"port": 8080}.',
            ) from None
    if not 0 < request.window < math.inf:
        raise InvalidRequestError(
            "InvalidRequestContent",
            f"'{request.window:g}' seconds are no window.",
            target="window",
            hint="Give a duration longer than zero.",
        )


class _Check:
    """One check."""

    def __init__(
        self,
        request: Request,
        clock: Clock,
        follow: Follower,
        limits: PolicyValues,
        scratch: Path,
    ) -> None:
        self._request = request
        self._clock = clock
        self._follow = follow
        self._limits = limits
        self._scratch = scratch
        self._steps = 0

    def findings(self, secrets: Sequence[str]) -> Iterator[Finding]:
        """In the order in which they are come to; what cannot be come to is left out."""
        path = self._request.path
        try:
            surveyed = survey(path)
            handler, version, remarks = self._identity(path, surveyed.signing)
            yield judge.of_identity(handler, version, self._request.os or surveyed.os, remarks)
            yield from judge.of_survey(surveyed)
            inspect(path, handler, version, path.name)
        except PackageError as error:
            yield judge.of_refusal(error)
            return
        yield judge.of_signing(surveyed)
        old, previous = self._previous(handler, version, surveyed)
        yield previous
        os = self._request.os or surveyed.os
        if not Platform(os, Architecture.ANY).runs_on(this_host().platform):
            yield from not_applicable(judge.DYNAMIC, f"It needs {os_name(os)}.")
            return
        plan = Plan(
            handler,
            os_name(os),
            Release(path, version),
            old,
            self._request.settings,
            self._request.protected,
            self._request.window,
            min(_STEADY, self._request.window / 4),
            self._limits,
        )
        yield from self._rehearsed(plan, secrets)

    # What it is.

    def _identity(
        self, path: Path, signing: Mapping[str, str]
    ) -> tuple[HandlerName, Version, tuple[str, ...]]:
        """What it counts as: as given, else as its manifest or its file name says, else a made-up name."""
        given, remarks = self._request, []
        named = names_of(path)
        handler = _PLACEHOLDER if named is None else named[0]
        publisher = given.publisher or signing.get("publisher") or handler.publisher
        type_ = given.type or signing.get("type") or handler.type
        if _PLACEHOLDER.publisher == publisher or _PLACEHOLDER.type == type_:
            remarks.append("Nothing says its publisher and type, so these are made up.")
        version = _version_of(path, given.version, signing)
        if version is None:
            version = _PLACEHOLDER_VERSION
            remarks.append("Nothing says its version, so this is made up.")
        return HandlerName.checked(publisher, type_), version, tuple(remarks)

    def _previous(
        self, handler: HandlerName, version: Version, surveyed: Survey
    ) -> tuple[Release | None, Finding]:
        path = self._request.previous
        if path is None:
            before = lower(version)
            path = self._request.path
            if surveyed.signing:
                path = self._scratch / "previous.zip"
                without_signing_info(self._request.path, path)
            why = f"None was given: the same package plays it, as {before}."
            return Release(path, before), finding("previous package", Result.NOT_APPLICABLE, why)
        try:
            before = _version_of(path, None, survey(path).signing) or lower(version)
            inspect(path, handler, before, path.name)
        except PackageError as error:
            return None, finding("previous package", Result.FAILED, error.message)
        if not before < version:
            raise InvalidRequestError(
                "InvalidVersion",
                f"The previous package is {before}, which is not lower than {version}.",
                target=str(path),
                hint="Give the package of a lower version, or say with -Version what the new one is.",
            )
        return Release(path, before), finding("previous package", Result.PASSED, f"{path.name}, as {before}.")

    # What it does.

    def _rehearsed(self, plan: Plan, secrets: Sequence[str]) -> Iterator[Finding]:
        seen: list[Seen] = []
        with self._stage(plan) as stage:
            life = stage.life(self._show)
        seen.append(life.seen)
        yield from judge.of_life(life, plan.settings)
        works = life.enabled is not None and life.enabled.healthy
        if plan.old is None:
            yield from not_applicable((*judge.UPDATE, *judge.ROLLBACK), "The previous package is of no use.")
        elif not works:
            # Going back from a version that fails is what a rollback is for; going on with it is not.
            yield from not_applicable(judge.UPDATE, "It does not work by itself yet.")
        else:
            with self._stage(plan) as stage:
                update = stage.change(self._show, condemned=False)
            seen.append(update.seen)
            yield from judge.of_update(update, plan.old.version)
        if plan.old is not None:
            if works or self._request.previous is not None:
                with self._stage(plan) as stage:
                    rollback = stage.change(self._show, condemned=True)
                seen.append(rollback.seen)
                yield from judge.of_rollback(rollback, plan.new.version)
            else:
                why = "It does not work by itself yet, and no other package was given to go back to."
                yield from not_applicable(judge.ROLLBACK, why)
        yield judge.of_secrets(secrets, seen)

    def _stage(self, plan: Plan) -> AbstractContextManager[Stage]:
        return raised(plan, self._clock, self._tick, self._follow.warning)

    def _tick(self) -> None:
        if self._follow.cancelled():
            raise _StoppedError

    def _show(self, step: str) -> None:
        self._tick()
        percent = min(99, 100 * self._steps // _USUAL_STEPS)
        self._follow.progress(f"Checking {self._request.path.name}", step, percent)
        self._steps += 1


def _version_of(path: Path, given: str | None, signing: Mapping[str, str]) -> Version | None:
    if given is not None:
        return Version.parse(given)
    if "version" in signing:
        with suppress(InvalidRequestError):  # the inspection says what is wrong with it
            return Version.parse(signing["version"])
    named = names_of(path)
    return None if named is None else named[1]


def lower(version: Version) -> Version:
    """A version below ``version``, for a package that plays its own predecessor.

    Raises:
        InvalidRequestError: ``InvalidVersion`` for the lowest one that there is.
    """
    parts = list(version.parts)
    at = next((index for index in reversed(range(len(parts))) if parts[index] > 0), None)
    if at is None:
        raise InvalidRequestError(
            "InvalidVersion",
            f"There is no version below {version} to update from.",
            target=str(version),
            hint="Give a higher -Version.",
        )
    parts[at] -= 1
    if at + 1 < len(parts):
        parts[at + 1] = 9
    return Version((parts[0], parts[1], parts[2], parts[3]))
