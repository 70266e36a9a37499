"""The command as a process, on real packages: what it prints, and every exit code of a pass."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from frontends.cli_harness import COMMAND, MACHINE, QUICK, Cli, until
from packages import AGENT, CLOCK, commands, end_processes, forget_override, override

DOCUMENTED = """extension set \\
    --resource-group myResourceGroup \\
    --vm-name myVM \\
    --name DependencyAgentLinux \\
    --publisher Microsoft.Azure.Monitoring.DependencyAgent \\
    --version 9.5 \\
    --enable-auto-upgrade true
"""
NEW = replace(AGENT, version="1.1.0.0")
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals and pseudo-terminals of POSIX")


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[Cli]:
    yield Cli(tmp_path)
    end_processes(tmp_path)


@pytest.fixture
def machine(cli: Cli) -> Cli:
    """A connected machine."""
    cli.connect()
    return cli


@pytest.fixture
def agent(machine: Cli) -> Cli:
    """A machine with the agent 1.0 installed and enrolled, and windows of a second."""
    machine.publish(AGENT)
    machine.set(AGENT).json()
    machine.run("policy", "set", *MACHINE, *QUICK, "--rollback-pause", "1h").json()
    return machine


def test_the_words_of_the_documentation_work_as_they_stand(cli: Cli) -> None:
    assert cli.run("connect", "-g", "myResourceGroup", "--name", "myVM").code == 0
    done = cli.run(*shlex.split(DOCUMENTED.replace("\\\n", "")))
    properties = done.json()["properties"]
    assert properties["enableAutomaticUpgrade"] is True
    assert properties["typeHandlerVersion"] == "9.5"
    assert properties["provisioningState"] == "Succeeded"
    assert properties["instanceView"]["status"]["code"] == "NoImage"
    assert "WARNING: No upgrade pass has run on machine 'myVM' yet" in done.err
    assert "'connectedmachine schedule register'" in done.err


def test_a_machine_is_flattened_as_az_has_it(machine: Cli) -> None:
    shown = machine.run("show", "-g", "rg", "--name", "m1").json()
    assert (shown["name"], shown["resourceGroup"], shown["status"]) == ("m1", "rg", "Connected")
    assert "properties" not in shown
    assert machine.run("list").json() == [shown]


def test_this_host_is_connected_under_its_own_name_by_default(cli: Cli) -> None:
    import socket

    assert cli.run("connect", "-g", "rg", "--tags", "env=test").json()["tags"] == {"env": "test"}
    assert cli.run("list").json()[0]["name"] == socket.gethostname().split(".")[0]


def test_an_extension_is_not_flattened_and_its_settings_are_an_object(agent: Cli) -> None:
    shown = agent.show("agent")
    assert shown["resourceGroup"] == "rg"
    assert shown["properties"]["settings"] == {"stateFolder": str(agent.state(AGENT))}
    assert "settingsText" not in shown["properties"]
    assert agent.run("extension", "list", *MACHINE).json() == [shown]


def test_settings_come_from_a_file_and_secrets_from_stdin_and_are_not_read_back(agent: Cli) -> None:
    settings = agent.root / "settings.json"
    settings.write_text(json.dumps({"stateFolder": str(agent.state(AGENT)), "port": 0}), "utf-8")
    done = agent.run(
        "extension", "update", *MACHINE, "-n", "agent", "--settings", f"@{settings}",
        "--protected-settings", "@-", stdin='{"password": "hunter2"}',
    )  # fmt: skip
    assert done.json()["properties"]["settings"]["port"] == 0
    assert "hunter2" not in done.out + done.err
    assert [run.command for run in commands(agent.state(AGENT))] == ["install", "enable", "enable"]


def test_a_table_has_a_header_and_a_line_for_each(agent: Cli) -> None:
    agent.publish(NEW)
    header, rule, row = agent.run("upgrade", "plan", *MACHINE, "-o", "table").out.splitlines()
    assert header.split() == ["Name", "Reason", "From", "To", "Message"]
    assert set(rule) == {"-", " "}
    assert row.split()[:4] == ["agent", "Upgraded", "1.0.0.0", "1.1.0.0"]


def test_an_empty_table_is_no_output(machine: Cli) -> None:
    done = machine.run("extension", "list", *MACHINE, "-o", "table")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_a_table_has_nothing_that_a_terminal_obeys(agent: Cli) -> None:
    agent.run("hold", "add", *MACHINE, "-n", "agent", "--reason", "red \x1b[31m\nalert").json()
    lines = agent.run("hold", "list", *MACHINE, "-o", "table").out.splitlines()
    assert len(lines) == 3
    assert "red  [31m alert" in lines[2]


def test_update_never_creates(machine: Cli) -> None:
    machine.publish(AGENT)
    done = machine.run("extension", "update", *MACHINE, "-n", "agent", "--enable-auto-upgrade")
    assert done.code == 3
    error, hint = done.err.splitlines()
    assert error == "ERROR: (HCRP404) There is no extension 'agent' on machine 'm1'."
    assert "'connectedmachine extension list'" in hint


def test_upgrade_extension_takes_both_spellings_of_az(agent: Cli) -> None:
    agent.publish(NEW)
    for member, version in (("target-version", "1.1"), ("targetVersion", "1.0")):
        targets = json.dumps({"Contoso.Sample.Agent": {member: version}})
        done = agent.run("upgrade-extension", *MACHINE, "--extension-targets", targets)
        assert done.json()[0]["properties"]["typeHandlerVersion"] == f"{version}.0.0"


def test_a_failed_installation_is_exit_code_1(machine: Cli) -> None:
    machine.publish(replace(AGENT, fails=("install",)))
    done = machine.set(AGENT)
    assert done.code == 1
    assert done.out == ""
    assert "ERROR: (HCRP400) " in done.err
    assert "'connectedmachine upgrade history'" in done.err


def test_deletion_without_a_terminal_needs_yes(agent: Cli) -> None:
    done = agent.run("extension", "delete", *MACHINE, "-n", "agent", stdin="y\n")
    assert done.code == 1
    assert done.err.splitlines() == [
        "ERROR: (ConfirmationNeeded) Remove extension 'agent' from machine 'm1'?"
        " There is no terminal to ask on.",
        "Give --yes to say yes.",
    ]
    assert agent.show("agent")["properties"]["provisioningState"] == "Succeeded"
    done = agent.run("extension", "delete", *MACHINE, "-n", "agent", "--yes")
    assert (done.code, done.out) == (0, "")
    assert agent.run("extension", "show", *MACHINE, "-n", "agent").code == 3


def test_galleries_and_what_is_published(cli: Cli) -> None:
    cli.publish(AGENT)
    folder = cli.root / "other"
    assert cli.run("gallery", "add", "--name", "other", "--path", str(folder)).json()["path"] == str(folder)
    assert [gallery["name"] for gallery in cli.run("gallery", "list").json()] == ["default", "other"]
    assert cli.run("gallery", "remove", "-n", "other").code == 0
    image = ("--publisher", "Contoso.Sample", "--type", "Agent", "--version", "1.0")
    assert cli.run("gallery", "images").json()[0]["withdrawn"] is False
    assert cli.run("gallery", "unpublish", *image).json()["withdrawn"] is True
    assert cli.run("gallery", "images", "--gallery-name", "nothing").code == 3


def test_a_policy_is_set_taken_back_and_shown_with_its_sources(agent: Cli) -> None:
    def values() -> dict[str, tuple[object, str]]:
        policy = agent.run("policy", "show", *MACHINE).json()
        return {value["name"]: (value["value"], value["source"]) for value in policy["values"]}

    agent.run("policy", "set", *MACHINE, "--health-window", "PT10M", "--retry-interval", "1.00:00:00").json()
    assert values()["healthWindow"] == (600, "machine")
    assert values()["retryInterval"] == (86_400, "machine")
    agent.run("policy", "set", *MACHINE, "--health-window", "default").json()
    assert values()["healthWindow"] == (300, "arc-2021 preset")
    table = agent.run("policy", "show", *MACHINE, "-o", "table").out
    assert ["healthWindow", "300s", "arc-2021", "preset"] in [line.split() for line in table.splitlines()]


def test_what_handlers_report_is_shown_as_a_document_and_as_a_table(agent: Cli) -> None:
    done = agent.run("status", "-g", "rg", "--name", "m1").json()
    (handler,) = done["aggregateStatus"]["handlerAggregateStatus"]
    assert (handler["handlerName"], handler["status"]) == ("Contoso.Sample.Agent", "Ready")
    header, _, row = agent.run("status", "-g", "rg", "--name", "m1", "-o", "table").out.splitlines()
    assert header.split() == ["Handler", "Version", "Status", "Message", "Reports", "Code", "Says"]
    assert row.split()[:3] == ["Contoso.Sample.Agent", "1.0.0.0", "Ready"]
    assert " success " in row


def test_probes_are_added_listed_and_removed(machine: Cli) -> None:
    added = machine.run(
        "probe", "add", *MACHINE, "-n", "python", "--interval", "2s",
        "--command", sys.executable, "-c", "pass",
    ).json()  # fmt: skip
    assert (added["kind"], added["intervalSeconds"]) == ("Command", 2)
    assert added["target"] == f"{sys.executable} -c pass"
    assert [probe["name"] for probe in machine.run("probe", "list", *MACHINE).json()] == ["python"]
    assert machine.run("probe", "remove", *MACHINE, "-n", "python").code == 0
    assert machine.run("probe", "list", *MACHINE).json() == []
    assert machine.run("probe", "add", *MACHINE, "-n", "none").code == 2


def test_a_hold_keeps_a_version_away_until_it_is_removed(agent: Cli) -> None:
    agent.publish(NEW)
    held = (*MACHINE, "-n", "agent", "--version", "1.1")
    agent.run("hold", "add", *held, "--reason", "breaks us").json()
    assert agent.decisions() == {"agent": "Held"}
    assert agent.run("hold", "remove", *held).code == 0
    assert agent.decisions() == {"agent": "Upgraded"}


def test_a_pin_keeps_a_version_away_from_passes_and_requests(agent: Cli) -> None:
    agent.publish(NEW)
    on = (*MACHINE, "-n", "agent")
    added = agent.run("pin", "add", *on, "--version", "1.1", "--block", "--reason", "breaks us").json()
    assert (added["kind"], added["version"]) == ("Block", "1.1")
    assert agent.decisions() == {"agent": "Pinned"}
    refused = agent.run("extension", "update", *on, "--version", "1.1")
    assert refused.code == 1
    assert "(VersionPinned)" in refused.err
    assert "'connectedmachine pin remove'" in refused.err
    assert "Block  1.1" in agent.run("pin", "list", *MACHINE, "-o", "table").out
    assert agent.run("pin", "remove", *on).code == 0
    retried = agent.run("upgrade", "retry", *on).json()
    assert [(decision["name"], decision["reason"]) for decision in retried] == [("agent", "Upgraded")]


def test_what_waits_can_go_on_in_the_background(machine: Cli) -> None:
    machine.publish(AGENT)
    assert machine.set(AGENT, "--no-wait").json()["properties"]["provisioningState"] == "Creating"
    until(lambda: machine.show("agent")["properties"]["provisioningState"] == "Succeeded")


def test_an_operation_says_who_asked(agent: Cli) -> None:
    operation = agent.run("upgrade", "history", *MACHINE).json()[0]
    assert operation["operation"] == "Install"
    assert operation["initiator"].startswith("CLI: ")
    assert [step["name"] for step in operation["steps"]][-1] == "enable(new)"


# Exit codes of a pass.


def test_a_pass_that_upgrades_is_exit_code_0(agent: Cli) -> None:
    agent.publish(NEW)
    assert agent.decisions() == {"agent": "Upgraded"}
    assert agent.show("agent")["properties"]["typeHandlerVersion"] == "1.1.0.0"


def test_a_pass_that_rolls_back_is_exit_code_0_and_the_other_extension_is_upgraded(agent: Cli) -> None:
    agent.publish(CLOCK)
    agent.set(CLOCK).json()
    agent.publish(replace(NEW, fails=("enable",)))
    agent.publish(replace(CLOCK, version="1.1.0.0"))
    assert agent.decisions() == {"agent": "RolledBack", "clock": "Upgraded"}
    shown = {one["name"]: one["reason"] for one in agent.run("upgrade", "show", *MACHINE).json()}
    assert shown == {"agent": "RolledBack", "clock": "Upgraded"}


def test_a_pending_rollback_is_exit_code_4_until_an_operator_settles_it(agent: Cli) -> None:
    agent.publish(replace(NEW, fails=("enable",)))
    override(agent.state(AGENT), AGENT.version, fails=["enable"])
    assert agent.decisions(code=4) == {"agent": "RollbackPending"}
    forget_override(agent.state(AGENT))
    assert agent.run("upgrade", "resolve", *MACHINE, "-n", "agent", "--choice", "back").code == 0
    until(lambda: agent.run("upgrade", "history", *MACHINE).json()[0]["outcome"] == "RolledBack")
    assert agent.decisions() == {"agent": "RetryNotDue"}


def test_a_pass_without_a_machine_named_is_one_over_this_host(agent: Cli) -> None:
    simulated = ("connect", "-g", "rg", "--name", "played", "--simulated")
    assert agent.run(*simulated).code == 0
    found = agent.run("upgrade", "run").json()
    assert [(one["machine"], one["reason"]) for one in found] == [("m1", "UpToDate")]


def test_a_pass_over_what_does_not_exist_is_exit_code_3(machine: Cli) -> None:
    assert machine.run("upgrade", "run", "-g", "rg", "--machine-name", "other").code == 3
    assert machine.run("upgrade", "run", *MACHINE, "-n", "nothing").code == 3
    assert machine.run("upgrade", "run", "-g", "elsewhere").code == 3


def test_a_pass_with_wrong_arguments_is_exit_code_2(machine: Cli) -> None:
    assert machine.run("upgrade", "run", *MACHINE, "--nonsense").code == 2


def test_a_pass_that_the_service_cannot_do_is_exit_code_1(machine: Cli) -> None:
    store = sqlite3.connect(machine.root / "home" / "store.db")
    store.execute("PRAGMA user_version = 9999")
    store.commit()
    store.close()
    done = machine.run("upgrade", "run")
    assert done.code == 1
    assert done.err.startswith("ERROR: (StoreTooNew) ")
    assert len(done.err.splitlines()) == 2


# Where there is little around it.


@POSIX
def test_a_pass_needs_no_home_no_path_and_no_streams(agent: Cli) -> None:
    agent.publish(NEW)
    line = f"exec {' '.join(COMMAND)} upgrade run <&- >&- 2>&-"
    kept = {name: agent.environment[name] for name in ("AZCMLITE_HOME", "PATH")}
    assert subprocess.run(["/bin/sh", "-c", line], env=kept, check=False).returncode == 0
    assert agent.show("agent")["properties"]["typeHandlerVersion"] == "1.1.0.0"


@POSIX
def test_ctrl_c_ends_the_wait_and_not_the_work(machine: Cli) -> None:
    machine.publish(replace(AGENT, waits=("install",)))
    asked = ("extension", "set", *MACHINE, "-n", "agent", "--publisher", AGENT.publisher, "--type", "Agent")
    settings = json.dumps({"stateFolder": str(machine.state(AGENT))})
    with subprocess.Popen(
        [*COMMAND, *asked, "--settings", settings],
        env=machine.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # A shell starts what runs in its background with SIGINT ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:  # fmt: skip
        until(lambda: commands(machine.state(AGENT)))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out) == (130, "")
    assert err.splitlines()[-1] == "Stopped waiting; what was asked for goes on in the background."
    (machine.state(AGENT) / "go").touch()
    until(lambda: machine.show("agent")["properties"]["provisioningState"] == "Succeeded")


@POSIX
def test_output_that_nobody_reads_is_no_error_to_show(machine: Cli) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*COMMAND, "list"], env=machine.environment, stdout=write, stderr=subprocess.PIPE, check=False
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, b"")


@POSIX
def test_progress_is_shown_on_a_terminal_and_taken_away(machine: Cli) -> None:
    machine.publish(replace(AGENT, slow={"install": 0.5}))
    code, shown = _on_terminal(
        machine,
        "extension",
        "set",
        *MACHINE,
        "-n",
        "agent",
        "--publisher",
        AGENT.publisher,
        "--type",
        "Agent",
    )
    assert code == 0
    assert "\rInstall agent on m1: install(new)" in shown
    assert shown.split("\r")[-2].strip() == ""


@POSIX
@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1), ("\n", 1)])
def test_deletion_asks_on_a_terminal(agent: Cli, answer: str, code: int) -> None:
    ended, shown = _on_terminal(agent, "extension", "delete", *MACHINE, "-n", "agent", typed=answer)
    assert ended == code
    assert "Remove extension 'agent' from machine 'm1'? (y/N): " in shown
    assert len(agent.run("extension", "list", *MACHINE).json()) == (0 if code == 0 else 1)


def _on_terminal(cli: Cli, *arguments: str, typed: str = "") -> tuple[int, str]:
    """Run a command on a terminal of its own; its exit code, and what the terminal showed of its errors."""
    import pty

    master, slave = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, *arguments], env=cli.environment, stdin=slave, stdout=subprocess.DEVNULL, stderr=slave
    ) as process:
        os.close(slave)
        os.write(master, typed.encode())
        shown = b""
        try:
            while chunk := os.read(master, 4096):
                shown += chunk
        except OSError:  # how Linux says that nobody has the other end any more
            pass
    os.close(master)
    return process.returncode, shown.decode()
