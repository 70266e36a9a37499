"""Machines and extensions as the store keeps them; ``service.views`` gives them their ARM form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from connectedmachine.model.handler import HandlerManifest
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.image import Platform
from connectedmachine.model.version import Version, VersionRequest


@dataclass(frozen=True)
class Machine:
    """A server.

    Attributes:
        os_machine_id: Names the host that a local machine is; effects elsewhere are refused.
        details: Members of the resource that clients set and that mean nothing here, by their wire names.
        scenario: What a simulated machine plays, JSON text by ``schemas/scenario.json``.
    """

    id: str
    subscription: str
    resource_group: str
    name: str
    location: str
    tags: Mapping[str, str]
    simulated: bool
    platform: Platform
    os_name: str
    os_version: str
    fqdn: str
    os_machine_id: str
    created: datetime
    details: Mapping[str, object] = field(default_factory=dict)
    scenario: str | None = None


class ProvisioningState(StrEnum):
    CREATING = "Creating"
    UPDATING = "Updating"
    DELETING = "Deleting"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


@dataclass(frozen=True)
class Status:
    """``instanceView.status``. ``level`` is Information, Warning or Error."""

    code: str = ""
    level: str = "Information"
    display: str = ""
    message: str = ""
    time: datetime | None = None


@dataclass(frozen=True)
class Installed:
    """What is on the machine.

    Attributes:
        sha256: The zip it came from, pinned in ``packages/``.
        enabled: Whether its last enable succeeded and no disable followed.
        enabled_at: When that enable began.
        settings_seq: Of the settings that were applied last.
    """

    version: Version
    sha256: str
    manifest: HandlerManifest
    enabled: bool
    enabled_at: datetime | None
    settings_seq: int


@dataclass(frozen=True)
class Settings:
    """One generation of an extension's settings.

    Attributes:
        seq: Grows with each change.
        public: JSON text as the user wrote it, or ``None``.
        protected: Ciphertext of the protected settings' JSON text, or ``None``.
    """

    seq: int = 0
    public: str | None = None
    protected: bytes | None = None

    @property
    def has_any(self) -> bool:
        """Whether there are settings at all, so that the handler owes a status."""
        return self.public is not None or self.protected is not None

    @property
    def wire_seq(self) -> int:
        """What a handler sees: without settings the file is ``0.settings`` (handler contract 1.4)."""
        return self.seq if self.has_any else 0


@dataclass(frozen=True)
class Extension:
    """What the user wants, and what there is.

    Attributes:
        requested: As last requested by the user.
        target: A version that a user's request resolved to and that no operation has tried yet.
        target_initiator: Who asked for ``target``, a settings change or the installation.
        settings: The latest, numbered; the applied number is in ``installed``.
        settings_tried: Number of the latest settings that an operation has tried to apply.
        removing: The user asked for removal; an operation does it.
        stopped: An operator gave up on a pending rollback; nothing happens until the user asks again.
        provision_after: Names of the extensions that are to be ready before it is installed.
        reset_requested: The user asked for a reset of its state; an operation does it.
        ignore_window: ``target`` is not to wait for a maintenance window.
    """

    machine_id: str
    name: str
    handler: HandlerName
    location: str
    tags: Mapping[str, str]
    requested: VersionRequest
    target: Version | None
    target_initiator: str
    auto_upgrade_minor: bool
    automatic_upgrade: bool
    force_update_tag: str | None
    settings: Settings
    settings_tried: int
    removing: bool
    stopped: bool
    reset_requested: bool
    installed: Installed | None
    provisioning: ProvisioningState
    status: Status
    created: datetime
    changed: datetime = field(compare=False)
    provision_after: tuple[str, ...] = ()
    ignore_window: bool = False
