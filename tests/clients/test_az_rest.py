"""``az rest``, unmodified, with the REST call of the documentation."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.environments import AZ, made, program
from clients.serving import SUBSCRIPTION, Server
from frontends.cli_harness import until

# The words of the page that this product implements: path, api-version and body.
PATH = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.HybridCompute"
    "/machines/m1/extensions/agent?api-version=2019-12-01"
)
BODY = {
    "name": "extensionName",
    "type": "Microsoft.Compute/HybridMachines/extensions",
    "location": "local",
    "properties": {
        "autoUpgradeMinorVersion": True,
        "enableAutomaticUpgrade": True,
        "publisher": "Microsoft.Azure.Monitoring.DependencyAgent",
        "type": "DependencyAgentWindows",
        "typeHandlerVersion": "9.5",
    },
}


@pytest.fixture(scope="module")
def az(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return program(made(tmp_path_factory, "az", *AZ), "az")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    started = Server(tmp_path, simulated="Windows")
    yield started
    started.end()


def rest(az: Path, server: Server, method: str, path: str, *more: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "AZURE_CONFIG_DIR": str(server.cli.root / "azure"),
        "AZURE_CORE_COLLECT_TELEMETRY": "no",
        "REQUESTS_CA_BUNDLE": server.certificate,
    }
    token = server.token()
    return subprocess.run(
        [
            str(az), "rest", "--method", method, "--url", f"{server.url}{path}",
            "--skip-authorization-header", "--headers", f"Authorization=Bearer {token}", *more,
        ],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_call_of_the_documentation_enrols_the_extension(az: Path, server: Server) -> None:
    put = rest(az, server, "put", PATH, "--body", json.dumps(BODY))
    assert put.returncode == 0, put.stderr

    def enrolled() -> bool:
        got = rest(az, server, "get", PATH)
        assert got.returncode == 0, got.stderr
        properties = json.loads(got.stdout)["properties"]
        assert properties["enableAutomaticUpgrade"] is True
        return bool(properties["provisioningState"] == "Succeeded")

    until(enrolled)


def test_an_error_is_printed_as_it_was_sent(az: Path, server: Server) -> None:
    got = rest(az, server, "get", PATH.replace("m1", "nowhere"))
    assert got.returncode == 1
    assert "ResourceNotFound" in got.stderr
