"""The extension that the reading measures ask for, and the backend without the module."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

GROUP, MACHINE, NAME = "bench", "here", "dependency"

GET = f"Get-AzConnectedMachineExtension -ResourceGroupName {GROUP} -MachineName {MACHINE} -Name {NAME}"
"""The call that is measured, as a line of PowerShell."""

_BODY = {
    "properties": {
        "publisher": "Microsoft.Azure.Monitoring.DependencyAgent",
        "type": "DependencyAgentLinux",
        "enableAutomaticUpgrade": True,
        "settings": {"enableAMA": "true", "proxy": {"mode": "none"}},
    }
}


@dataclass(frozen=True)
class Exchange:
    """A request and its reply, each one line without its end."""

    request: str
    reply: str


def prepare() -> Exchange:
    """Put the extension on a machine where nothing can be installed, and read it back."""
    machine: dict[str, object] = {"resourceGroup": GROUP, "machine": MACHINE}
    *_, read = converse(
        ("machine.connect", {"resourceGroup": GROUP, "name": MACHINE, "simulated": True, "osType": "Linux"}),
        ("extension.put", machine | {"name": NAME, "bodyText": json.dumps(_BODY)}),
        ("extension.get", machine | {"name": NAME}),
    )
    return read


def converse(*calls: tuple[str, Mapping[str, object]]) -> list[Exchange]:
    """Make calls, methods and their parameters, of a backend of their own.

    Raises:
        RuntimeError: One of them failed.
    """
    requests = [
        json.dumps({"jsonrpc": "2.0", "id": str(number), "method": method, "params": params})
        for number, (method, params) in enumerate(calls)
    ]
    backend = [sys.executable, "-I", "-X", "utf8", "-m", "connectedmachine.frontends.rpc"]
    done = subprocess.run(
        backend,
        input="".join(f"{request}\n" for request in requests),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    replies = {
        reply["id"]: (reply, line) for line in done.stdout.splitlines() if "id" in (reply := json.loads(line))
    }
    for reply, _ in replies.values():
        if "error" in reply:
            raise RuntimeError(f"The backend answered {reply['error']}")
    return [Exchange(request, replies[str(number)][1]) for number, request in enumerate(requests)]
