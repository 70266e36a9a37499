"""Packages that keep the contract and packages that do not, put through their life."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agent.world import HurriedClock
from check.conftest import Check, Listener
from check.shell_handler import POSIX, shell_package
from connectedmachine.agent.clock import SystemClock
from connectedmachine.model.errors import InvalidRequestError, NotFoundError, RunnerError
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.version import Version
from connectedmachine.service.checks import Request, check
from connectedmachine.service.package_check import DEMANDS, DYNAMIC, Finding, Result, of_life, of_update
from connectedmachine.service.rehearsed import Plan, Release
from connectedmachine.service.stage import raised
from packages import AGENT, NOOP, PackageSpec, build, end_processes

SECRET = "correct horse battery staple"
OS = AGENT.os.capitalize()
NEW = replace(AGENT, version="2.0.0.0", report_heartbeat=True)


def results(found: dict[str, Finding], result: Result) -> list[str]:
    return [name for name, one in found.items() if one.result is result]


def at_once(path: Path, give_up_at: str = "never") -> dict[str, Finding]:
    """Check what needs no folder of its own to be looked after."""
    found = check(Request(path, window=0.5), SystemClock(), Listener(give_up_at))
    return {one.name: one for one in found}


def test_a_good_agent_fails_at_nothing(checked: Check, tmp_path: Path) -> None:
    found = checked(
        build(tmp_path, NEW),
        previous=build(tmp_path, AGENT),
        settings='{"port": 0, "greeting": "Grüße, 世界"}',
        protected=f'{{"password": "{SECRET}"}}',
    )
    assert list(found) == list(DEMANDS)
    assert results(found, Result.FAILED) == []
    # The sample writes no mrseq and says nothing of itself; its data stay, for tests to read.
    assert results(found, Result.NOT_APPLICABLE) == ["signingInfo", "update: mrseq"]
    assert results(found, Result.WARNING) == ["files after uninstall"]
    assert found["identity"].observed == f"Contoso.Sample.Agent 2.0.0.0 for {OS}."
    assert found["new settings"].observed.startswith("success in 2.status")
    assert found["update"].observed == (
        "disable 1.0.0.0, update 2.0.0.0, uninstall 1.0.0.0, install 2.0.0.0, enable 2.0.0.0."
    )
    assert found["rollback"].observed.endswith(
        "disable 2.0.0.0, update 2.0.0.0, uninstall 2.0.0.0, install 1.0.0.0, enable 1.0.0.0."
    )


@POSIX
def test_a_package_plays_its_own_predecessor(checked: Check, tmp_path: Path) -> None:
    found = checked(shell_package(tmp_path / "z"), window=0.4)
    assert found["previous package"].observed.endswith("as 1.9.0.0.")
    assert found["update"].observed.startswith("disable 1.9.0.0, update 2.0.0.0,")
    assert results(found, Result.FAILED) == []


def test_a_command_that_fails_is_named_with_what_it_said(checked: Check, tmp_path: Path) -> None:
    found = checked(build(tmp_path, replace(AGENT, fails=("enable",), exit_code=53)))
    assert results(found, Result.FAILED) == ["enable"]
    assert "Exit code 53" in found["enable"].observed
    assert "enable fails, as this package was built to" in found["enable"].observed
    assert found["status"].result is Result.NOT_APPLICABLE
    assert found["uninstall"].result is Result.PASSED


def test_a_command_that_hangs_is_ended_and_the_rest_goes_on(checked: Check, tmp_path: Path) -> None:
    limits = {"disable_timeout": 0.3}
    package = build(tmp_path, replace(AGENT, hangs=("disable",), lies=True))
    found = checked(package, limits=limits, window=0.5)
    assert "did not end within 0.3 s" in found["disable"].observed
    assert found["enable again"].result is Result.PASSED
    assert found["uninstall"].result is Result.PASSED


def test_an_enable_that_does_nothing_is_found_out(checked: Check, tmp_path: Path) -> None:
    found = checked(build(tmp_path, replace(AGENT, lies=True)), window=0.5)
    assert results(found, Result.FAILED) == ["status", "new settings", "enable after disable"]
    assert found["status"].observed.startswith("No 1.status within")


def test_an_agent_that_turns_unhealthy_is_found_out(checked: Check, tmp_path: Path) -> None:
    found = checked(build(tmp_path, replace(AGENT, unhealthy_after_seconds=0.0)), window=0.5)
    assert "is not healthy" in found["status"].observed


@pytest.mark.usefixtures("scratch")
def test_what_runs_after_uninstall_is_named(tmp_path: Path) -> None:
    """One act alone, and in a hurry: a stray takes all of the three seconds that it is given to end."""
    spec = replace(AGENT, leaves_stray=True)
    release = Release(build(tmp_path, spec), Version.parse(spec.version))
    handler = HandlerName(spec.publisher, spec.type)
    plan = Plan(handler, OS, release, None, "{}", None, 20.0, 2.0, {})
    with raised(plan, HurriedClock(), lambda: None, pytest.fail) as stage:
        life = stage.life(lambda _: None)
    found = {one.name: one for one in of_life(life, "{}")}
    assert found["processes after uninstall"].result is Result.FAILED
    assert "python" in found["processes after uninstall"].observed
    assert found["uninstall"].result is Result.PASSED


@POSIX
def test_a_malformed_status_is_named_by_its_field(checked: Check, tmp_path: Path) -> None:
    bad = '[{"status": {"status": "success", "substatus": [{"status": "fine"}]}}]'
    package = shell_package(
        tmp_path / "z", enable=f"echo '{bad}' >status/$ConfigSequenceNumber.status", update="exit 1"
    )
    found = checked(package, window=0.4)
    assert found["status form"].result is Result.FAILED
    assert "status.substatus[0]" in found["status form"].observed
    assert found["status"].result is Result.FAILED


@POSIX
def test_a_status_that_is_written_in_place_is_seen(checked: Check, tmp_path: Path) -> None:
    slow = (
        "f=status/$ConfigSequenceNumber.status; printf '[{' >$f;"
        " [ -e slept ] || { touch slept; sleep 0.3; }; report success"
    )
    found = checked(shell_package(tmp_path / "z", enable=slow, update="exit 1"), window=0.4)
    assert found["status whole"].result is Result.FAILED
    assert "1.status" in found["status whole"].observed


@POSIX
def test_a_secret_that_shows_is_reported_and_not_repeated(checked: Check, tmp_path: Path) -> None:
    """In the output of a command that failed, which the report quotes, in a log, and in an argument list."""
    package = shell_package(
        tmp_path / "z",
        enable=f"""report success
        log=$(sed -n 's/.*"logFolder": "\\(.*\\)",/\\1/p' HandlerEnvironment.json)
        echo 'the password is {SECRET}' >"$log/extension.log"
        [ -e slept ] || {{ touch slept; sh -c 'sleep 0.5; :' '{SECRET}'; }}""",
        disable=f"echo 'no {SECRET}'; exit 1",
        update="exit 1",
    )
    found = checked(package, protected=f'{{"password": "{SECRET}"}}', window=0.4)
    leaks = found["secrets"]
    assert leaks.result is Result.FAILED
    assert (
        leaks.observed == "Seen in: arguments of process sh, log file Contoso.Sample.Shell/extension.log,"
        " output of disable."
    )
    assert "no ***" in found["disable"].observed
    assert not [one for one in found.values() if SECRET in one.observed]


@POSIX
@pytest.mark.usefixtures("scratch")
def test_a_lost_mrseq_is_seen(tmp_path: Path) -> None:
    """By the act of an update alone."""
    writes = "echo $ConfigSequenceNumber >mrseq; report success"
    old = Release(shell_package(tmp_path, "1.zip", enable=writes), Version.parse("1.0"))
    seen: list[tuple[Result, str]] = []
    for update in ("", "rm mrseq"):
        new = Release(shell_package(tmp_path, "2.zip", update=update), Version.parse("2.0"))
        plan = Plan(HandlerName("Contoso.Sample", "Shell"), OS, new, old, "{}", None, 0.4, 0.1, {})
        with raised(plan, SystemClock(), lambda: None, pytest.fail) as stage:
            found = {
                one.name: one for one in of_update(stage.change(lambda _: None, condemned=False), old.version)
            }
        seen.append((found["update: mrseq"].result, found["update: mrseq"].observed))
    assert seen == [(Result.PASSED, "1 before, 1 after."), (Result.FAILED, "1 before, none after.")]


def test_a_version_that_fails_is_seen_rolled_back(checked: Check, tmp_path: Path) -> None:
    new = build(tmp_path, replace(NEW, fails=("enable",)))
    found = checked(new, previous=build(tmp_path, AGENT))
    assert found["enable"].result is Result.FAILED
    assert found["update"].result is Result.NOT_APPLICABLE
    assert found["rollback"].result is Result.PASSED
    assert found["rollback: status"].result is Result.PASSED


@POSIX
def test_a_previous_version_that_cannot_come_back_is_a_failed_rollback(
    checked: Check, tmp_path: Path
) -> None:
    once = "[ ! -e ../was-installed ] && touch ../was-installed"
    old = shell_package(tmp_path / "z", "Contoso.Sample.Shell__1.0.0.0.zip", install=once)
    found = checked(shell_package(tmp_path / "z"), previous=old, window=0.4)
    assert found["update"].result is Result.PASSED
    assert found["rollback"].result is Result.FAILED
    assert found["rollback: status"].result is Result.FAILED


def test_a_package_for_windows_is_looked_at_on_linux_and_not_run(checked: Check, tmp_path: Path) -> None:
    os = "linux" if NOOP.os == "windows" else "windows"
    found = checked(build(tmp_path, replace(NOOP, os=os)))
    assert found["program of install"].result is Result.PASSED
    assert {found[name].observed for name in DYNAMIC} == {f"It needs {os.capitalize()}."}


def test_a_file_that_is_no_zip_is_a_finding(checked: Check, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"no zip")
    found = checked(tmp_path / "a.zip")
    assert results(found, Result.FAILED) == ["package"]
    assert found["install"].observed == "An earlier demand is not met."


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError) as missing:
        at_once(tmp_path / "a.zip")
    assert missing.value.code == "ResourceNotFound"


def test_signing_info_that_disagrees_is_a_finding(checked: Check, tmp_path: Path) -> None:
    spec = replace(NOOP, signing_info={"publisher": "Contoso.Sample", "type": "Noop", "version": "1.0.0.0"})
    found = checked(build(tmp_path, spec), version="1.1")
    assert results(found, Result.FAILED) == ["signingInfo"]


@pytest.mark.parametrize("text", ["[1]", f'{{"password": "{SECRET}"'])
def test_settings_that_are_no_object_are_refused_and_not_repeated(tmp_path: Path, text: str) -> None:
    request = Request(build(tmp_path, NOOP), protected=text)
    with pytest.raises(InvalidRequestError) as refused:
        check(request, SystemClock(), Listener())
    assert refused.value.code == "InvalidSettings"
    assert SECRET not in str(refused.value)


def test_a_previous_package_of_a_higher_version_is_refused(tmp_path: Path) -> None:
    request = Request(build(tmp_path, AGENT), previous=build(tmp_path, NEW))
    with pytest.raises(InvalidRequestError) as refused:
        check(request, SystemClock(), Listener())
    assert refused.value.code == "InvalidVersion"


@pytest.mark.parametrize("step", ["enable again", "disable"])
def test_whoever_stops_waiting_leaves_nothing_behind(scratch: Path, tmp_path: Path, step: str) -> None:
    spec: PackageSpec = replace(AGENT, hangs=("disable",))
    with pytest.raises(RunnerError) as stopped:
        at_once(build(tmp_path, spec), give_up_at=step)
    assert stopped.value.code == "Cancelled"
    assert list(scratch.iterdir()) == []
    assert end_processes(scratch) == []
