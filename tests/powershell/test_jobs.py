"""``-AsJob``: real jobs of the session, what reaches them, what comes back, and what stopping one stops."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

import psutil
import pytest

from packages import AGENT, build, end_processes
from powershell.conftest import environment_for, open_shell
from powershell.engine import Shell, wait_until

RG = "-ResourceGroupName rg"
M = f"{RG} -MachineName web1"
E = f"{M} -Name agent"
INSTALL = (
    f"Set-AzConnectedMachineExtension {E} -Publisher Contoso.Sample -ExtensionType Agent -Location local"
)
TARGET = "-ExtensionTarget @{ 'Contoso.Sample.Agent' = @{ targetVersion = '1.0' } }"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A shell on a connected host with one installed extension, whose next version installs slowly."""
    folder = tmp_path_factory.mktemp("jobs")
    slow = replace(AGENT, version="1.1.0.0", slow={"install": 3, "update": 3})
    with open_shell(environment_for(folder / "home")) as shell:
        outcome = shell.run(
            f"Connect-AzConnectedMachine {RG} -Name web1 -Location local\n"
            + "".join(
                f"Publish-AzConnectedExtensionPackage -Path '{build(folder, spec)}' -Publisher Contoso.Sample"
                f" -ExtensionType Agent -Version '{spec.version}' -OperatingSystem {AGENT.os.capitalize()}\n"
                for spec in (replace(AGENT, version="1.0.0.0"), slow)
            )
            + f"{INSTALL} -TypeHandlerVersion '1.0'"
        )
        assert not outcome.problems
        yield shell
    end_processes(folder / "home")


def children_that(have: str) -> Iterator[psutil.Process]:
    """What runs below this process with such an argument."""
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if have in process.cmdline():
                yield process


def test_a_job_is_one_of_the_session_and_hands_over_the_typed_result(server: Shell) -> None:
    outcome = server.run(
        "$setting = @{ deep = @{ list = @(1, @{ text = 'gr\u00fc\u00dfe' }) } };"
        f"$job = {INSTALL} -TypeHandlerVersion 1.0 -Setting $setting -AsJob;"
        "$job -is [Management.Automation.Job]; (Get-Job -Id $job.Id).Name; (Wait-Job $job).State;"
        "$extension = Receive-Job $job; $extension.PSObject.TypeNames[0];"
        "$extension.Setting.deep.list[1].text; $extension.ProvisioningState;"
        "Remove-Job $job; @(Get-Job).Count"
    )
    assert not outcome.problems
    assert outcome.output == [
        "True",
        "Set-AzConnectedMachineExtension 'agent'",
        "Completed",
        "Deserialized.AzConnectedMachineLite.MachineExtension",
        "gr\u00fc\u00dfe",
        "Succeeded",
        "0",
    ]


@pytest.mark.parametrize(
    ("call", "written"),
    [
        (f"New-AzConnectedMachineExtension {E} -Location local -AsJob", ["agent"]),
        (f"Get-AzConnectedMachineExtension {M} | Update-AzConnectedMachineExtension -AsJob", ["agent"]),
        (f"Get-AzConnectedMachine | Update-AzConnectedExtension {TARGET} -PassThru -AsJob", ["True"]),
        (f"Start-AzConnectedMachineUpgrade {M} -AsJob", ["agent"]),
        ("Get-AzConnectedMachine | Remove-AzConnectedMachineExtension -Name none -PassThru -AsJob", ["True"]),
        (f"Remove-AzConnectedMachineExtension {M} -Name none -AsJob", []),
    ],
)  # fmt: skip
def test_every_long_cmdlet_has_jobs(server: Shell, call: str, written: list[str]) -> None:
    outcome = server.run(
        f"$job = {call} | Wait-Job; $job.State; Receive-Job $job |"
        " ForEach-Object { if ($_ -is [bool]) { $_ } else { $_.Name } }; Remove-Job $job"
    )
    assert not outcome.problems
    assert outcome.output == ["Completed", *written]


def test_each_piped_extension_is_a_job(server: Shell) -> None:
    outcome = server.run(
        "$jobs = @(@{ Id = '/none' }, 'one', 'two' | ForEach-Object {"
        " if ($_ -isnot [string]) { $_ } else {"
        "   @{ ResourceGroupName = 'rg'; MachineName = 'web1'; ExtensionName = $_ } } }"
        " | Remove-AzConnectedMachineExtension -AsJob -PassThru);"
        "$jobs.Count; Receive-Job $jobs -Wait -AutoRemoveJob"
    )
    # What is no identity is refused in the session, at once; the others have their jobs.
    assert outcome.problem.id == "InvalidIdentity,Remove-AzConnectedMachineExtension"
    assert outcome.output == ["2", "True", "True"]


def test_what_fails_has_failed_the_job_with_the_error_as_it_is_without_one(server: Shell) -> None:
    call = f"Update-AzConnectedMachineExtension {M} -Name none -EnableAutomaticUpgrade"
    plain = server.run(call).problem
    outcome = server.run(f"$job = {call} -AsJob | Wait-Job; $job.State; Receive-Job $job; Remove-Job $job")
    assert outcome.output == ["Failed"]
    assert outcome.problem == plain


def test_warnings_of_a_job_arrive(server: Shell) -> None:
    outcome = server.run(
        f"$job = Set-AzConnectedMachineExtension {M} -Name other -Location local -EnableAutomaticUpgrade"
        " -AsJob -Publisher Microsoft.Azure.Monitoring.DependencyAgent -ExtensionType DependencyAgentLinux;"
        "(Wait-Job $job).State; $job.ChildJobs[0].Warning | ForEach-Object Message;"
        f"Remove-AzConnectedMachineExtension {M} -Name other; Remove-Job $job"
    )
    assert outcome.output[0] == "Completed"
    assert "No gallery offers" in outcome.output[1]


def test_what_if_starts_no_job(server: Shell) -> None:
    outcome = server.run(f"Remove-AzConnectedMachineExtension {E} -AsJob -WhatIf; @(Get-Job).Count")
    assert outcome.only() == "0"


def test_with_no_wait_the_job_ends_when_the_wish_is_stored(server: Shell) -> None:
    outcome = server.run(
        f"(Receive-Job ({INSTALL} -ForceRerun once -NoWait -AsJob) -Wait -AutoRemoveJob).ProvisioningState;"
        f"({INSTALL} -ForceRerun once).ProvisioningState"
    )
    assert outcome.output == ["Updating", "Succeeded"]


def test_stopping_a_job_stops_the_waiting_and_not_the_work(server: Shell) -> None:
    server.run(f"$job = {INSTALL} -TypeHandlerVersion '1.1' -AsJob")
    wait_until(lambda: server.run("$job.ChildJobs[0].Progress.Count -gt 0").only() == "True")
    activity, step, share = server.run(
        "$p = $job.ChildJobs[0].Progress[0]; $p.Activity; $p.StatusDescription; $p.PercentComplete"
    ).output
    assert activity == "ChangeVersion agent on web1"
    assert step
    assert 0 <= int(share) < 100
    assert server.run("Stop-Job $job; $job.State").only() == "Stopped"
    ended = server.run(f"Remove-Job $job; $e = {INSTALL}; $e.TypeHandlerVersion, $e.ProvisioningState")
    assert ended.output == ["1.1.0.0", "Succeeded"]
    # The job's engine and its backend are gone; the session's own backend is not.
    wait_until(lambda: len(list(children_that("connectedmachine.frontends.rpc"))) == 1)
    assert not list(children_that("-NoLogo"))


def test_stopping_a_command_stops_the_waiting_and_not_the_work(server: Shell) -> None:
    """What Ctrl+C does."""
    pipeline = server.start(f"{INSTALL} -TypeHandlerVersion '1.0'")
    running = pipeline.BeginInvoke()
    wait_until(lambda: pipeline.Streams.Progress.Count > 0)
    pipeline.Stop()
    assert running.IsCompleted
    assert server.run(f"(Get-AzConnectedMachineExtension {E}).ProvisioningState").only() == "Updating"
    ended = server.run(f"$e = {INSTALL}; $e.TypeHandlerVersion, $e.ProvisioningState")
    assert ended.output == ["1.0.0.0", "Succeeded"]


def test_what_no_wait_writes_can_be_waited_for(server: Shell) -> None:
    state = "Update-AzConnectedMachineExtension | ForEach-Object ProvisioningState"
    outcome = server.run(f"$e = {INSTALL} -ForceRerun twice -NoWait; $e.ProvisioningState; $e | {state}")
    assert outcome.output == ["Updating", "Succeeded"]
    outcome = server.run(
        f"$list = Update-AzConnectedExtension {M} {TARGET.replace('1.0', '1.1')} -NoWait;"
        f"$list.Name; $list.ProvisioningState; $list | {state};"
        f"(Get-AzConnectedMachineExtension {E}).TypeHandlerVersion"
    )
    assert outcome.output == ["agent", "Updating", "Succeeded", "1.1.0.0"]
