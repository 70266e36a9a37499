"""Each migration on a store that the release before it filled."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import pytest

from connectedmachine.model.operation import Instance
from connectedmachine.model.policy import ARC_2021
from connectedmachine.store import Store, migrations
from store.support import MACHINE, an_extension

TIME = "2026-11-25T08:00:00.000000Z"
MACHINE_ROW: Mapping[str, object] = {
    "id": MACHINE,
    "subscription": "00000000-0000-0000-0000-000000000000",
    "resource_group": "rg",
    "name": "m1",
    "location": "westus",
    "tags": "{}",
    "simulated": 0,
    "os": "linux",
    "architecture": "x64",
    "os_name": "Debian",
    "os_version": "12",
    "fqdn": "m1.example",
    "os_machine_id": "0123456789abcdef",
    "created": TIME,
}
EXTENSION: Mapping[str, object] = {
    "machine_id": MACHINE,
    "publisher": "Contoso.Sample",
    "location": "westus",
    "tags": "{}",
    "requested": "1.0",
    "target_initiator": "somebody",
    "auto_upgrade_minor": 1,
    "automatic_upgrade": 1,
    "settings_seq": 2,
    "settings_tried": 2,
    "removing": 0,
    "stopped": 0,
    "installed_enabled": 1,
    "installed_settings_seq": 1,
    "provisioning": "Succeeded",
    "status_code": "0",
    "status_level": "Information",
    "status_display": "",
    "status_message": "It serves.",
    "created": TIME,
    "changed": TIME,
}
OPERATION: Mapping[str, object] = {
    "machine_id": MACHINE,
    "extension": "agent",
    "publisher": "Contoso.Sample",
    "type": "Agent",
    "new_version": "1.1.0.0",
    "new_sha256": "b" * 64,
    "automatic": 1,
    "initiator": "somebody",
    "policy": json.dumps(asdict(ARC_2021)),
    "began": TIME,
}


def insert(connection: sqlite3.Connection, table: str, values: Mapping[str, object]) -> None:
    marks = ", ".join("?" * len(values))
    connection.execute(
        f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})",  # noqa: S608 # written here
        tuple(values.values()),
    )


@pytest.fixture
def first_release(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of schema 1 with two extensions, their settings and backoffs, and two operations."""
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:1])
        patch.setattr(migrations, "LATEST", 1)
        Store.open(home).close()
    connection = sqlite3.connect(home / "store.db")
    connection.execute("PRAGMA foreign_keys=ON")
    insert(connection, "machines", MACHINE_ROW)
    for name, type_ in (("agent", "Agent"), ("Clock", "Clock")):
        key = f"contoso.sample.{type_.lower()}"
        insert(connection, "extensions", {**EXTENSION, "name": name, "type": type_, "handler_key": key})
        for seq in (1, 2):
            text = f'{{"seq": {seq}}}'
            values = {"machine_id": MACHINE, "extension": name, "seq": seq, "public": text, "protected": b"x"}
            insert(connection, "settings", values)
        failed = {"version": "1.1.0.0", "failures": 3, "failed_at": TIME}
        insert(connection, "backoffs", {"machine_id": MACHINE, "extension": name, **failed})
    first = {"kind": "Install", "old_enabled": 0, "settings_seq": 1, "old_settings_seq": 0}
    insert(connection, "operations", {**OPERATION, **first, "id": "first", "ended": TIME})
    later = {"kind": "ChangeVersion", "old_enabled": 1, "settings_seq": 2, "old_settings_seq": 1}
    insert(connection, "operations", {**OPERATION, **later, "id": "later"})
    step = {"operation_id": "later", "seq": 1, "step": "fetch", "side": "new", "round": 0, "began": TIME}
    insert(connection, "steps", step)
    insert(
        connection,
        "samples",
        {"operation_id": "later", "seq": 1, "number": 1, "observed": 0.5, "sources": "{}"},
    )
    connection.commit()
    connection.close()
    return home


def rows(home: Path, table: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(home / "store.db")
    try:
        return sorted(connection.execute(f"SELECT * FROM {table}"))  # noqa: S608 # written here
    finally:
        connection.close()


@pytest.mark.parametrize("table", ["settings", "backoffs", "samples"])
def test_several_extensions_of_a_handler_cost_no_row_of_another_table(
    first_release: Path, table: str
) -> None:
    before = rows(first_release, table)
    assert before
    Store.open(first_release).close()
    # Later migrations add columns at the end.
    assert [row[: len(before[0])] for row in rows(first_release, table)] == before


def test_the_first_failure_of_what_failed_before_it_was_noted_is_the_one_that_is_known(
    first_release: Path,
) -> None:
    store = Store.open(first_release)
    (failed,) = store.policies.backoffs(MACHINE, "agent")
    store.close()
    assert (failed.first_failed_at, failed.failures, failed.waived) == (failed.failed_at, 3, False)


def test_several_extensions_of_a_handler_leave_each_extension_as_it_was(first_release: Path) -> None:
    store = Store.open(first_release)
    found = store.extensions.of_machine(MACHINE)
    store.close()
    assert [(e.name, e.settings.seq, e.settings.public, e.reset_requested) for e in found] == [
        ("agent", 2, '{"seq": 2}', False),
        ("Clock", 2, '{"seq": 2}', False),
    ]
    assert {e.status.message for e in found} == {"It serves."}


def test_an_operation_of_the_first_release_covers_the_one_extension_it_was_about(first_release: Path) -> None:
    store = Store.open(first_release)
    first, later = store.operations.get("first"), store.operations.get("later")
    store.close()
    assert first is not None
    assert later is not None
    assert first.instances == (Instance("agent", 1, None, old_enabled=False),)
    assert later.instances == (Instance("agent", 2, 1, old_enabled=True),)
    assert not later.partial


def test_the_rows_of_an_extension_still_go_with_it(first_release: Path) -> None:
    store = Store.open(first_release)
    store.extensions.delete(MACHINE, "agent")
    store.close()
    assert {row[1] for row in rows(first_release, "settings")} == {"Clock"}
    assert {row[1] for row in rows(first_release, "backoffs")} == {"Clock"}


def test_a_second_extension_of_a_handler_can_be_kept(first_release: Path) -> None:
    store = Store.open(first_release)
    store.extensions.save(an_extension("second"))
    names = [e.name for e in store.extensions.of_handler(MACHINE, an_extension().handler)]
    store.close()
    assert names == ["agent", "second"]
