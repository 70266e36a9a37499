"""``connectedmachine config`` and ``--provision-after-extensions`` as a process."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from frontends.cli_harness import MACHINE, Cli
from packages import AGENT, end_processes


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Cli]:
    """A connected machine."""
    made = Cli(tmp_path)
    made.connect()
    yield made
    end_processes(tmp_path)


def test_a_configuration_is_listed_set_edited_and_cleared_as_azcmagent_has_it(machine: Cli) -> None:
    def config(verb: str, *words: str) -> Any:
        return machine.run("config", verb, *MACHINE, *words).json()

    listed = {item["property"]: item["current"] for item in config("list")}
    assert listed == {
        "config.mode": "full",
        "extensions.allowlist": [],
        "extensions.blocklist": [],
        "extensions.enabled": True,
    }
    config("set", "extensions.allowlist", "A/B, C/D@1.10")
    shown = config("set", "extensions.allowlist", "E/F", "--add")
    assert shown == {"property": "extensions.allowlist", "current": ["A/B", "C/D@1.10", "E/F"]}
    config("set", "extensions.allowlist", "c/d@1.10", "--remove")
    assert config("get", "extensions.allowlist")["current"] == ["A/B", "E/F"]
    assert config("set", "extensions.enabled", "false")["current"] is False
    assert config("clear", "extensions.enabled")["current"] is True


@pytest.mark.parametrize(
    "words",
    [
        ("set", "extensions.enabled", "perhaps"),
        ("set", "extensions.enabled", "true", "--add"),
        ("set", "proxy.url", "x"),
        ("set", "extensions.allowlist", "nothing"),
        ("import-policy", "no-such-file.json"),
    ],
)
def test_a_configuration_that_is_wrong_is_exit_code_2(machine: Cli, words: tuple[str, ...]) -> None:
    assert machine.run("config", words[0], *MACHINE, *words[1:]).code == 2


def test_a_policy_file_is_imported(machine: Cli) -> None:
    policy = '{"policyVersion": "0.1", "extensionPolicies": {"allowListedExtensionsOnly": true}}'
    done = machine.run("config", "import-policy", *MACHINE, "-", "-o", "table", stdin=policy)
    assert re.search(r"extensions\.allowlist +Allow/None", done.out)


def test_what_the_machine_does_not_admit_is_exit_code_1(machine: Cli) -> None:
    machine.publish(AGENT)
    machine.run("config", "set", *MACHINE, "extensions.blocklist", "Contoso.Sample/Agent").json()
    done = machine.set(AGENT)
    assert done.code == 1
    assert "ExtensionNotAllowed" in done.err


def test_an_extension_is_provisioned_after_others(machine: Cli) -> None:
    machine.publish(AGENT)
    machine.set(AGENT, "--provision-after-extensions", "base", "other")
    assert machine.show("agent")["properties"]["provisionAfterExtensions"] == ["base", "other"]
    machine.run("extension", "update", *MACHINE, "-n", "agent", "--provision-after-extensions").json()
    assert machine.show("agent")["properties"]["typeHandlerVersion"] == AGENT.version
