"""Things to put into a store."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from connectedmachine.model.handler import Command, HandlerManifest
from connectedmachine.model.identity import HandlerName, machine_id
from connectedmachine.model.image import Architecture, OSType, Platform
from connectedmachine.model.operation import Instance, Operation, OperationKind, PackageRef
from connectedmachine.model.policy import ARC_2021
from connectedmachine.model.resource import (
    Extension,
    Installed,
    Machine,
    ProvisioningState,
    Settings,
    Status,
)
from connectedmachine.model.version import Version, VersionRequest

NOW = datetime(2026, 11, 25, 8, 0, 0, 123456, tzinfo=UTC)
MACHINE = machine_id("s", "g", "m")
AGENT = HandlerName("Contoso.Sample", "Agent")
MANIFEST = HandlerManifest({command: f"bin/{command} -x" for command in Command}, report_heartbeat=True)
V1, V2 = PackageRef(Version.parse("1.0"), "a" * 64), PackageRef(Version.parse("1.1"), "b" * 64)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def a_machine(name: str = "m", *, simulated: bool = False) -> Machine:
    return Machine(
        id=machine_id("s", "g", name),
        subscription="s",
        resource_group="g",
        name=name,
        location="westus",
        tags={"team": "ops"},
        simulated=simulated,
        platform=Platform(OSType.LINUX, Architecture.X64),
        os_name="Debian",
        os_version="12",
        fqdn=f"{name}.contoso.com",
        os_machine_id="host",
        created=NOW,
    )


def an_extension(name: str = "agent", *, handler: HandlerName = AGENT) -> Extension:
    return Extension(
        machine_id=MACHINE,
        name=name,
        handler=handler,
        location="westus",
        tags={},
        requested=VersionRequest.parse("1.0"),
        target=None,
        target_initiator="",
        auto_upgrade_minor=True,
        automatic_upgrade=False,
        force_update_tag=None,
        settings=Settings(),
        settings_tried=0,
        removing=False,
        stopped=False,
        reset_requested=False,
        installed=None,
        provisioning=ProvisioningState.SUCCEEDED,
        status=Status(),
        created=NOW,
        changed=NOW,
    )


def installed(ref: PackageRef = V1) -> Installed:
    return Installed(ref.version, ref.sha256, MANIFEST, enabled=True, enabled_at=NOW, settings_seq=1)


def an_operation(
    id_: str = "operation",
    *,
    began: datetime = NOW,
    extension: str = "agent",
    handler: HandlerName = AGENT,
    machine: str = MACHINE,
) -> Operation:
    return Operation(
        id=id_,
        machine_id=machine,
        extension=extension,
        handler=handler,
        kind=OperationKind.CHANGE_VERSION,
        old=V1,
        new=V2,
        old_manifest=MANIFEST,
        instances=(Instance(extension, 2, 1, old_enabled=True),),
        automatic=True,
        initiator="somebody",
        policy=replace(ARC_2021, health_window=12.5, healthy_for=3.0),
        began=began,
        pass_id="pass",
    )


def run_python(code: str, *arguments: Path | str) -> subprocess.CompletedProcess[str]:
    """Run code in another process; its arguments are ``sys.argv[1:]``."""
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=False
    )
