"""What goes out to the backend: what was bound, as it was bound, and nothing that was not asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from powershell.conftest import Run

AT = "-ResourceGroupName rg -MachineName m -Name e"
KIND = "-Publisher Microsoft.Azure.Monitoring.DependencyAgent"
BODIES: dict[str, dict[str, object]] = {
    f"New-AzConnectedMachineExtension {AT} -Location x {KIND} -Type DependencyAgentLinux": {
        "location": "x",
        "properties": {
            "publisher": "Microsoft.Azure.Monitoring.DependencyAgent",
            "type": "DependencyAgentLinux",
        },
    },
    f"Set-AzConnectedMachineExtension {AT} -Location x": {"location": "x", "properties": {}},
    f"Set-AzConnectedMachineExtension {AT} -Location x -EnableAutomaticUpgrade:$false": {
        "location": "x",
        "properties": {"enableAutomaticUpgrade": False},
    },
    f"Update-AzConnectedMachineExtension {AT} -EnableAutomaticUpgrade $false": {
        "properties": {"enableAutomaticUpgrade": False}
    },
    f"Update-AzConnectedMachineExtension {AT} -AutoUpgradeMinorVersion -ForceRerun 1 -Tag @{{ a = 1 }}": {
        "tags": {"a": "1"},
        "properties": {"autoUpgradeMinorVersion": True, "forceUpdateTag": "1"},
    },
    f"Update-AzConnectedMachineExtension {AT} -TypeHandlerVersion 9.10 -Setting $null": {
        "properties": {"typeHandlerVersion": "9.10", "settings": None}
    },
}


@pytest.fixture
def sent(run: Run, unwell: Callable[[str], Path]) -> Callable[[str], list[bytes]]:
    """Run a script and return the lines that the backend got of it."""

    def sent(script: str) -> list[bytes]:
        notes = unwell("record")
        run(f"$null = Connect-AzConnectedMachine -ResourceGroupName rg -Name m -Simulated\n{script}")
        return (notes / "in").read_bytes().splitlines()[1:]

    return sent


def test_a_body_has_what_was_bound_and_nothing_else(sent: Callable[[str], list[bytes]]) -> None:
    calls = "\n".join(f"$null = {call} -WarningAction Ignore -ErrorAction Ignore" for call in BODIES)
    requests: list[dict[str, Any]] = [json.loads(line) for line in sent(calls)]
    bodies = [json.loads(request["params"]["bodyText"]) for request in requests]
    assert dict(zip(BODIES, bodies, strict=True)) == BODIES


def test_what_if_asks_for_a_preview_and_nothing_else(sent: Callable[[str], list[bytes]]) -> None:
    lines = sent(
        f"Set-AzConnectedMachineExtension {AT} -Location x {KIND} -WhatIf\n"
        f"Update-AzConnectedMachineExtension {AT} -EnableAutomaticUpgrade -WhatIf\n"
        f"Remove-AzConnectedMachineExtension {AT} -WhatIf\n"
        "Update-AzConnectedExtension -ResourceGroupName rg -MachineName m -WhatIf\n"
        "Update-AzConnectedMachine -ResourceGroupName rg -Name m -Kind x -WhatIf\n"
        "Remove-AzConnectedMachine -ResourceGroupName rg -Name m -WhatIf\n"
    )
    assert {json.loads(line)["method"] for line in lines} == {"extension.preview"}


def test_the_first_byte_of_a_request_is_a_brace(sent: Callable[[str], list[bytes]]) -> None:
    """Not a byte order mark, whatever encoding the console has."""
    lines = sent(
        "$OutputEncoding = [Text.Encoding]::Unicode\n"
        "Remove-Module Az.ConnectedMachineLite\n"
        "[Console]::InputEncoding = [Text.UTF8Encoding]::new($true)\n"
        "Get-AzConnectedMachine\n"
    )
    assert all(line.startswith(b'{"jsonrpc"') for line in lines)
