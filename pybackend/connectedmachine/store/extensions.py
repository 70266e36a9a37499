"""Extensions: the wish and what is installed, in one row; and their settings by generation."""

from __future__ import annotations

import sqlite3
from functools import lru_cache

from connectedmachine.model.clock import from_text, to_text
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.resource import Extension, Installed, ProvisioningState, Settings, Status
from connectedmachine.store.columns import (
    manifest_of,
    manifest_text,
    names_of,
    names_text,
    request_in,
    tags_of,
    tags_text,
    time_of,
    time_text,
    version_of,
    version_text,
)
from connectedmachine.store.database import Database, Value


class Extensions:
    def __init__(self, database: Database) -> None:
        self._db = database

    def find(self, machine_id: str, name: str) -> Extension | None:
        row = self._db.one(f"{_SELECT} WHERE e.machine_id = ? AND e.name = ?", machine_id, name)
        return None if row is None else _extension(row)

    def of_machine(self, machine_id: str) -> list[Extension]:
        rows = self._db.all(f"{_SELECT} WHERE e.machine_id = ? ORDER BY e.name", machine_id)
        return [_extension(row) for row in rows]

    def of_handler(self, machine_id: str, handler: HandlerName) -> list[Extension]:
        """The extensions of a machine that share a handler."""
        rows = self._db.all(
            f"{_SELECT} WHERE e.machine_id = ? AND e.handler_key = ? ORDER BY e.name", machine_id, handler.key
        )
        return [_extension(row) for row in rows]

    def save(self, extension: Extension) -> None:
        """Add or replace by machine and name."""
        values = _columns(extension)
        names = ", ".join(values)
        marks = ", ".join("?" * len(values))
        changes = ", ".join(f"{name} = excluded.{name}" for name in values if name not in _KEY)
        self._db.run(
            f"INSERT INTO extensions ({names}) VALUES ({marks})"  # noqa: S608 # column names are ours
            f" ON CONFLICT (machine_id, name) DO UPDATE SET {changes}",
            *values.values(),
        )
        settings = extension.settings
        self._db.run(
            "INSERT INTO settings VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            extension.machine_id,
            extension.name,
            settings.seq,
            settings.public,
            settings.protected,
        )

    def settings(self, machine_id: str, name: str, seq: int) -> Settings:
        """One generation of settings that is still kept."""
        row = self._db.one(
            "SELECT public, protected FROM settings WHERE machine_id = ? AND extension = ? AND seq = ?",
            machine_id,
            name,
            seq,
        )
        return Settings(seq) if row is None else Settings(seq, row["public"], row["protected"])

    def forget_settings(self, machine_id: str, name: str, before: int) -> None:
        """Drop the generations that no operation can need any more."""
        self._db.run(
            "DELETE FROM settings WHERE machine_id = ? AND extension = ? AND seq < ?",
            machine_id,
            name,
            before,
        )

    def delete(self, machine_id: str, name: str) -> None:
        self._db.run("DELETE FROM extensions WHERE machine_id = ? AND name = ?", machine_id, name)


_SELECT = (
    "SELECT e.*, s.public, s.protected FROM extensions e LEFT JOIN settings s"
    " ON s.machine_id = e.machine_id AND s.extension = e.name AND s.seq = e.settings_seq"
)
_KEY = ("machine_id", "name", "created")


def _columns(extension: Extension) -> dict[str, Value]:
    installed = extension.installed
    status = extension.status
    return {
        "machine_id": extension.machine_id,
        "name": extension.name,
        "publisher": extension.handler.publisher,
        "type": extension.handler.type,
        "handler_key": extension.handler.key,
        "location": extension.location,
        "tags": tags_text(extension.tags),
        "requested": str(extension.requested),
        "target": version_text(extension.target),
        "target_initiator": extension.target_initiator,
        "auto_upgrade_minor": int(extension.auto_upgrade_minor),
        "automatic_upgrade": int(extension.automatic_upgrade),
        "force_update_tag": extension.force_update_tag,
        "settings_seq": extension.settings.seq,
        "settings_tried": extension.settings_tried,
        "removing": int(extension.removing),
        "stopped": int(extension.stopped),
        "reset_requested": int(extension.reset_requested),
        "installed_version": str(installed.version) if installed else None,
        "installed_sha256": installed.sha256 if installed else None,
        "installed_manifest": manifest_text(installed.manifest if installed else None),
        "installed_enabled": int(bool(installed and installed.enabled)),
        "installed_enabled_at": time_text(installed.enabled_at if installed else None),
        "installed_settings_seq": installed.settings_seq if installed else 0,
        "provisioning": extension.provisioning,
        "status_code": status.code,
        "status_level": status.level,
        "status_display": status.display,
        "status_message": status.message,
        "status_time": time_text(status.time),
        "created": to_text(extension.created),
        "changed": to_text(extension.changed),
        "provision_after": names_text(extension.provision_after),
        "ignore_window": int(extension.ignore_window),
    }


# The same rows are read again and again, and most have not changed since.
@lru_cache(maxsize=256)
def _extension(row: sqlite3.Row) -> Extension:
    version, manifest = version_of(row["installed_version"]), manifest_of(row["installed_manifest"])
    installed = None
    if version is not None and manifest is not None:
        installed = Installed(
            version,
            row["installed_sha256"],
            manifest,
            bool(row["installed_enabled"]),
            time_of(row["installed_enabled_at"]),
            row["installed_settings_seq"],
        )
    return Extension(
        machine_id=row["machine_id"],
        name=row["name"],
        handler=HandlerName(row["publisher"], row["type"]),
        location=row["location"],
        tags=tags_of(row["tags"]),
        requested=request_in(row["requested"]),
        target=version_of(row["target"]),
        target_initiator=row["target_initiator"],
        auto_upgrade_minor=bool(row["auto_upgrade_minor"]),
        automatic_upgrade=bool(row["automatic_upgrade"]),
        force_update_tag=row["force_update_tag"],
        settings=Settings(row["settings_seq"], row["public"], row["protected"]),
        settings_tried=row["settings_tried"],
        removing=bool(row["removing"]),
        stopped=bool(row["stopped"]),
        reset_requested=bool(row["reset_requested"]),
        installed=installed,
        provisioning=ProvisioningState(row["provisioning"]),
        status=Status(
            row["status_code"],
            row["status_level"],
            row["status_display"],
            row["status_message"],
            time_of(row["status_time"]),
        ),
        created=from_text(row["created"]),
        changed=from_text(row["changed"]),
        provision_after=names_of(row["provision_after"]),
        ignore_window=bool(row["ignore_window"]),
    )
