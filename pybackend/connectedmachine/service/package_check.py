"""From what a package is and did to findings: what the handler contract demands, and what was seen. Pure.

Each finding names the section of the handler contract that demands it; ``design`` stands for this product's
own promise, as that nothing of a version runs after its uninstall.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from connectedmachine.agent.rehearsal import Ran
from connectedmachine.gallery.survey import Survey
from connectedmachine.handler.onlooker import Seen, spellings
from connectedmachine.handler.status import INVALID_STATUS
from connectedmachine.model.errors import PackageError
from connectedmachine.model.handler import AGENT_COMMANDS, Command, StatusKind
from connectedmachine.model.health import Health
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.image import OSType
from connectedmachine.model.operation import Outcome, StepName, StepOutcome
from connectedmachine.model.version import Version
from connectedmachine.service.rehearsed import Change, Life, Look
from connectedmachine.service.views import os_name

_SHOWN = 300
_NOT_EXECUTED = 126  # a shell's word for it: as on a noexec mount (handler contract 2.1)


class Result(StrEnum):
    """How a package stands to one demand."""

    PASSED = "Passed"
    WARNING = "Warning"
    FAILED = "Failed"
    NOT_APPLICABLE = "NotApplicable"


@dataclass(frozen=True)
class Finding:
    """One demand, and what was observed of it."""

    name: str
    demand: str
    observed: str
    result: Result
    section: str


# Name to demand and section. One list, so that a demand that could not be come to is shown too.
DEMANDS = {
    "identity": ("Publisher, type and version are known; they name its folder.", "1.1"),
    "package": ("A whole zip whose entries stay in their folder.", "1.1"),
    "manifest": ("HandlerManifest.json is found and can be read.", "1.2"),
    **{
        f"program of {command}": (f"{command}Command names a program in the package.", "2.1")
        for command in AGENT_COMMANDS
    },
    "signingInfo": ("Publisher, type and version agree with what the package counts as.", "1.2"),
    "previous package": ("The package that is updated from can be used.", "1.2"),
    "install": ("Exit code 0 in time.", "2.1"),
    "enable": ("Exit code 0 in time, with the settings in config/.", "2.1"),
    "status": ("Success is reported for the number of these settings.", "1.5"),
    "status form": ("The status file is an array with one status as the contract has it.", "1.6"),
    "status whole": ("The status file is replaced whole: no reader ever sees half of one.", "1.6"),
    "heartbeat": ("A fresh heartbeat says ready, when reportHeartbeat is true.", "1.7"),
    "enable again": ("Enable with the same settings succeeds, as at each start of the agent.", "1.5"),
    "new settings": ("Enable alone takes new settings; success is reported for their number.", "1.5"),
    "non-ASCII settings": ("Settings with any characters are taken.", "1.4"),
    "disable": ("Exit code 0 in time.", "2.1"),
    "enable after disable": ("Enable brings it back.", "2.3"),
    "uninstall": ("Exit code 0 in time.", "2.1"),
    "processes after uninstall": ("Nothing of the version runs any more.", "design"),
    "files after uninstall": ("Nothing is left beside the version folder.", "2.6"),
    "update": ("Disable, update, uninstall, install, enable succeed, in this order.", "2.5"),
    "update: previous processes": ("Nothing of the previous version runs after its uninstall.", "design"),
    "update: status": ("The new version reports success.", "1.6"),
    "update: mrseq": ("The number of the applied settings goes on to the new version.", "1.5"),
    "rollback": ("A version that fails can be undone, and the previous one is back.", "design"),
    "rollback: new version's commands": ("Its disable, update back and uninstall succeed.", "2.5"),
    "rollback: status": ("The previous version reports success again.", "1.6"),
    "secrets": ("Protected settings show in no log, status, output or argument list.", "1.4"),
}  # fmt: skip

DYNAMIC = tuple(DEMANDS)[tuple(DEMANDS).index("install") :]
UPDATE = tuple(name for name in DEMANDS if name.startswith("update"))
ROLLBACK = tuple(name for name in DEMANDS if name.startswith("rollback"))
_OF_WHAT_WORKS = DYNAMIC[DYNAMIC.index("status") : DYNAMIC.index("uninstall")]


def finding(name: str, result: Result, observed: str) -> Finding:
    """What was observed of the demand called ``name``."""
    demand, section = DEMANDS[name]
    return Finding(name, demand, observed, result, section)


def not_applicable(names: Iterable[str], why: str) -> list[Finding]:
    """The demands that nothing can be said about."""
    return [finding(name, Result.NOT_APPLICABLE, why) for name in names]


def completed(found: Sequence[Finding]) -> list[Finding]:
    """``found`` in the order of the demands, with those that were not come to."""
    by_name = {one.name: one for one in found}
    missing = not_applicable(
        (name for name in DEMANDS if name not in by_name), "An earlier demand is not met."
    )
    by_name |= {one.name: one for one in missing}
    return [by_name[name] for name in DEMANDS]


def without_secrets(found: Finding, secrets: Sequence[str]) -> Finding:
    """A finding that repeats no protected setting, also when the package itself shouted it out."""
    observed = found.observed
    for secret in secrets:
        for text in spellings(secret):
            observed = observed.replace(text, "***")
    return replace(found, observed=observed)


# The package as it lies there.


def of_identity(handler: HandlerName, version: Version, os: OSType, remarks: Sequence[str]) -> Finding:
    """As what the package is checked; ``remarks`` say what of it is made up."""
    observed = " ".join([f"{handler} {version} for {os_name(os)}.", *remarks])
    return finding("identity", Result.WARNING if remarks else Result.PASSED, observed)


def of_signing(survey: Survey) -> Finding:
    """What a package that passed its inspection says of itself."""
    if survey.signing:
        return finding("signingInfo", Result.PASSED, "It agrees.")
    return finding("signingInfo", Result.NOT_APPLICABLE, "The manifest has none.")


def of_survey(survey: Survey) -> Iterator[Finding]:
    """Findings about a package that could be opened."""
    yield finding("package", Result.PASSED, "It is.")
    quirks = "; ".join(survey.quirks)
    yield finding(
        "manifest",
        Result.WARNING if quirks else Result.PASSED,
        f"{survey.manifest}: {quirks}." if quirks else f"{survey.manifest}.",
    )
    for command, program in survey.programs.items():
        if program.problem:
            observed = f"{program.line}: {program.problem}" if program.line else program.problem
            yield finding(f"program of {command}", Result.FAILED, observed)
        else:
            result = Result.WARNING if program.remark else Result.PASSED
            yield finding(f"program of {command}", result, f"{program.line}: {program.remark}".rstrip(": "))


def of_refusal(error: PackageError) -> Finding:
    """What keeps a package from being published."""
    name = {
        "ManifestNotFound": "manifest",
        "MalformedManifest": "manifest",
        "SigningInfoMismatch": "signingInfo",
    }.get(error.code, "package")
    return finding(name, Result.FAILED, error.message)


# The first act.


def of_life(life: Life, settings: str) -> Iterator[Finding]:
    """Findings about one version from install to uninstall."""
    by_command = {ran.command: ran for ran in life.first}
    install, enable = by_command.get(Command.INSTALL), by_command.get(Command.ENABLE)
    yield of_command("install", install)
    yield of_command("enable", enable)
    if life.enabled is None:
        yield from not_applicable(_OF_WHAT_WORKS, "It could not be enabled.")
    else:
        yield of_status("status", life.enabled)
        yield _form(life.enabled)
        yield _whole(life)
        yield _heartbeat(life.enabled)
        yield of_command("enable again", life.again)
        yield _enabled("new settings", life.configured)
        yield _non_ascii(settings, life.enabled)
        yield of_command("disable", life.disabled)
        yield _enabled("enable after disable", life.enabled_again)
    # Also a first install that failed is cleaned up with an uninstall.
    uninstalls = [ran for ran in (*life.first, *life.removed) if ran.command is Command.UNINSTALL]
    yield of_command("uninstall", uninstalls[-1] if uninstalls else None)
    yield _strays("processes after uninstall", uninstalls)
    if life.left:
        yield finding("files after uninstall", Result.WARNING, f"In the library: {', '.join(life.left)}.")
    else:
        yield finding("files after uninstall", Result.PASSED, "The library is empty.")


def of_command(name: str, ran: Ran | None) -> Finding:
    """How one command did."""
    if ran is None:
        return finding(name, Result.NOT_APPLICABLE, "It was not run, since an earlier step failed.")
    if not ran.succeeded:
        return finding(name, Result.FAILED, _failure(ran))
    remarks = _remarks(ran)
    result = Result.WARNING if remarks else Result.PASSED
    return finding(name, result, " ".join([f"Exit code 0 after {ran.seconds:.1f} s.", *remarks]))


def of_status(name: str, look: Look) -> Finding:
    """Whether a version that was enabled says so itself."""
    said = f"{look.status.kind} in {look.seq}.status, steady after {look.seconds:.1f} s."
    if look.healthy:
        result = Result.WARNING if look.status.kind is StatusKind.WARNING else Result.PASSED
        return finding(name, result, said)
    if look.source.health is Health.INITIALIZING and look.status.written is None:
        return finding(name, Result.FAILED, f"No {look.seq}.status within {look.seconds:.0f} s.")
    return finding(name, Result.FAILED, f"After {look.seconds:.0f} s: {_short(look.source.message)}")


def _form(look: Look) -> Finding:
    if look.status.written is None:
        return finding("status form", Result.NOT_APPLICABLE, "There is no status file.")
    if look.status.code == INVALID_STATUS:
        return finding("status form", Result.FAILED, _short(look.status.message))
    return finding("status form", Result.PASSED, f"status: {look.status.kind}, code: {look.status.code}.")


def _whole(life: Life) -> Finding:
    seen = life.seen
    if seen.torn:
        return finding(
            "status whole", Result.FAILED, f"Half of it was read at a moment: {', '.join(seen.torn)}."
        )
    if not seen.reads:
        return finding("status whole", Result.NOT_APPLICABLE, "No status file was there to be read.")
    return finding("status whole", Result.PASSED, f"No half of one in {seen.reads} reads.")


def _heartbeat(look: Look) -> Finding:
    if not look.manifest.report_heartbeat:
        return finding("heartbeat", Result.NOT_APPLICABLE, "reportHeartbeat is false.")
    if look.heartbeat is None:
        return finding("heartbeat", Result.FAILED, "There is no heartbeat file.")
    if not look.heartbeat.ready:
        return finding("heartbeat", Result.FAILED, _short(look.heartbeat.message))
    return finding("heartbeat", Result.PASSED, f"Ready, {look.heartbeat.age:.0f} s old.")


def _enabled(name: str, done: tuple[Ran, Look] | None) -> Finding:
    if done is None or not done[0].succeeded:
        return of_command(name, None if done is None else done[0])
    return of_status(name, done[1])


def _non_ascii(settings: str, look: Look) -> Finding:
    if settings.isascii() and "\\u" not in settings:
        why = "The settings that were given hold ASCII alone; a handler may refuse any that it does not know."
        return finding("non-ASCII settings", Result.NOT_APPLICABLE, why)
    if not look.healthy:
        why = "With such settings it does not report success; with others it may."
        return finding("non-ASCII settings", Result.WARNING, why)
    return finding("non-ASCII settings", Result.PASSED, "The rows above were seen with such settings.")


def _strays(name: str, uninstalls: Sequence[Ran]) -> Finding:
    strays = " ".join(ran.strays for ran in uninstalls if ran.strays)
    if not uninstalls:
        return finding(name, Result.NOT_APPLICABLE, "There was no uninstall.")
    if strays:
        return finding(name, Result.FAILED, strays)
    return finding(name, Result.PASSED, "Nothing does.")


# The second and the third act.


def of_update(change: Change, previous: Version) -> Iterator[Finding]:
    """Findings about the way from the previous version to the new one."""
    operation = change.operation
    if operation is None:
        yield from not_applicable(UPDATE, _no_previous(change))
        return
    failed = next((ran for ran in change.ran if not ran.succeeded), None)
    if operation.outcome is Outcome.SUCCEEDED and failed is None:
        remarks = [f"{ran.command}: {text}" for ran in change.ran for text in _remarks(ran)]
        result = Result.WARNING if remarks else Result.PASSED
        yield finding("update", result, " ".join([f"{_order(change)}.", *remarks]))
    elif operation.outcome is Outcome.SUCCEEDED and failed is not None:
        yield finding("update", Result.WARNING, f"{_order(change)}; it went on after {_failure(failed)}")
    else:
        why = _failure(failed) if failed is not None else _why(change)
        yield finding("update", Result.FAILED, f"{_order(change)}: {why}")
    olds = [ran for ran in change.ran if ran.command is Command.UNINSTALL and ran.version == previous]
    yield _strays("update: previous processes", olds)
    if operation.outcome is Outcome.SUCCEEDED and change.after is not None:
        yield of_status("update: status", change.after)
    else:
        yield finding("update: status", Result.FAILED, "The new version did not stay: see update.")
    yield _mark(change)


def of_rollback(change: Change, new: Version) -> Iterator[Finding]:
    """Findings about the way to the new version and back."""
    operation = change.operation
    if operation is None:
        yield from not_applicable(ROLLBACK, _no_previous(change))
        return
    if operation.outcome is Outcome.ROLLED_BACK:
        yield finding("rollback", Result.PASSED, f"{_order(change)}.")
    else:
        yield finding("rollback", Result.FAILED, f"{_order(change)}: {_why(change)}")
    undone = [r for r in operation.journal if r.round == 1 and r.step is not None]
    names = {StepName.DISABLE, StepName.UPDATE, StepName.UNINSTALL}
    broken = [
        f"{r.step} failed: {_short(r.message) or 'it says nothing'}"
        for r in undone
        if r.step is not None and r.step.name in names and r.outcome is StepOutcome.FAILED
    ]
    # Passed over by a rollback, which needs the old version alone; Azure's agent has none to pass over it.
    strays = " ".join(ran.strays for ran in change.ran if ran.version == new and ran.strays)
    remarks = " ".join([*broken, strays]).strip()
    yield finding(
        "rollback: new version's commands",
        Result.WARNING if remarks else Result.PASSED,
        remarks or "They do.",
    )
    if change.after is not None:
        yield of_status("rollback: status", change.after)
    else:
        yield finding("rollback: status", Result.FAILED, "The previous version is not back.")


def of_secrets(secrets: Sequence[str], acts: Sequence[Seen]) -> Finding:
    """Whether a protected setting showed anywhere that was looked at."""
    if not secrets:
        why = "No protected settings with a text of six characters or more were given."
        return finding("secrets", Result.NOT_APPLICABLE, why)
    leaks = sorted({leak for seen in acts for leak in seen.leaks})
    if leaks:
        return finding("secrets", Result.FAILED, f"Seen in: {', '.join(leaks)}.")
    return finding("secrets", Result.PASSED, "Seen nowhere.")


def _no_previous(change: Change) -> str:
    failed = next((ran for ran in change.first if not ran.succeeded), None)
    why = f" {failed.command}: {_failure(failed)}" if failed is not None else ""
    return f"The previous version could not be brought to work.{why}"


def _order(change: Change) -> str:
    return ", ".join(f"{ran.command} {ran.version}" for ran in change.ran)


def _why(change: Change) -> str:
    operation = change.operation
    assert operation is not None
    if operation.message:
        return _short(operation.message)
    failed = [r for r in operation.journal if r.outcome is StepOutcome.FAILED]
    return _short(failed[-1].message) if failed else "It did not come to an end."


def _mark(change: Change) -> Finding:
    before, after = change.marks
    if before is None:
        return finding("update: mrseq", Result.NOT_APPLICABLE, "The previous version writes none.")
    if after is None or (before.isdecimal() and after.isdecimal() and int(after) < int(before)):
        return finding("update: mrseq", Result.FAILED, f"{before} before, {after or 'none'} after.")
    return finding("update: mrseq", Result.PASSED, f"{before} before, {after} after.")


def _failure(ran: Ran) -> str:
    result = ran.result
    said = _short(result.message)
    if result.exit_code == _NOT_EXECUTED:
        said = f"{said} Perhaps no program may run in the folder for temporary files; TMPDIR names another."
    if result.exit_code is not None:
        return f"Exit code {result.exit_code} after {ran.seconds:.1f} s. {said}".strip()
    return said or "It failed and said nothing."


def _remarks(ran: Ran) -> list[str]:
    remarks = []
    if ran.seconds > ran.limit / 2:
        remarks.append(f"That is more than half of the {ran.limit:g} s that it has.")
    if ran.talkative:
        remarks.append("It wrote more than 3200 bytes; the rest is shown to nobody.")
    return remarks


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _SHOWN else f"{flat[:_SHOWN]}..."
