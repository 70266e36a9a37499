"""Operations, their journals, and the samples of their health windows."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import lru_cache

from connectedmachine.model.clock import from_text, to_text
from connectedmachine.model.handler import Command
from connectedmachine.model.health import Health, Sample, SourceHealth
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.operation import (
    Choice,
    End,
    Instance,
    Operation,
    OperationKind,
    Outcome,
    PackageRef,
    Side,
    Step,
    StepName,
    StepOutcome,
    StepRecord,
)
from connectedmachine.model.policy import Policy
from connectedmachine.model.version import Version
from connectedmachine.store.columns import (
    manifest_of,
    manifest_text,
    time_of,
    time_text,
    version_in,
    version_text,
)
from connectedmachine.store.database import Database


class Operations:
    def __init__(self, database: Database) -> None:
        self._db = database

    def begin(self, operation: Operation) -> None:
        """Record a new operation's head."""
        with self._db.transaction():
            self._add_head(operation)
            for position, instance in enumerate(operation.instances):
                self._db.run(
                    "INSERT INTO operation_instances VALUES (?, ?, ?, ?, ?, ?)",
                    operation.id,
                    position,
                    instance.name,
                    instance.settings_seq,
                    instance.old_settings_seq,
                    int(instance.old_enabled),
                )

    def _add_head(self, operation: Operation) -> None:
        old = operation.old
        self._db.run(
            "INSERT INTO operations (id, machine_id, extension, publisher, type, kind, old_version,"
            " old_sha256, new_version, new_sha256, old_manifest, automatic, initiator, policy, began,"
            " partial, pass_id)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            operation.id,
            operation.machine_id,
            operation.extension,
            operation.handler.publisher,
            operation.handler.type,
            operation.kind,
            version_text(old.version if old else None),
            old.sha256 if old else None,
            str(operation.new.version),
            operation.new.sha256,
            manifest_text(operation.old_manifest),
            int(operation.automatic),
            operation.initiator,
            _policy_text(operation.policy),
            to_text(operation.began),
            int(operation.partial),
            operation.pass_id,
        )

    def end(self, operation_id: str, end: End, now: datetime) -> None:
        """Record an operation's end."""
        self._db.run(
            "UPDATE operations SET ended = ?, outcome = ?, code = ?, message = ? WHERE id = ?",
            to_text(now),
            end.outcome,
            end.code,
            end.message,
            operation_id,
        )

    def get(self, operation_id: str) -> Operation | None:
        row = self._db.one("SELECT * FROM operations WHERE id = ?", operation_id)
        return None if row is None else self._operation(row)

    def unfinished(self, machine_id: str) -> list[Operation]:
        """Operations that have begun and not ended, oldest first."""
        rows = self._db.all(
            "SELECT * FROM operations WHERE machine_id = ? AND ended IS NULL ORDER BY began, rowid",
            machine_id,
        )
        return [self._operation(row) for row in rows]

    def unfinished_of(self, machine_id: str, extension: str) -> Operation | None:
        """The one that covers an extension, begun for it or for another that shares its handler."""
        return next((o for o in self.unfinished(machine_id) if o.covers(extension)), None)

    def history(self, machine_id: str, extension: str | None = None) -> list[Operation]:
        """Every operation of a machine, or of those that cover one of its extensions, newest first."""
        rows = self._db.all(
            "SELECT * FROM operations o WHERE machine_id = ? AND (? IS NULL OR EXISTS"
            " (SELECT 1 FROM operation_instances i WHERE i.operation_id = o.id AND i.extension = ?))"
            " ORDER BY began DESC, rowid DESC",
            machine_id,
            extension,
            extension,
        )
        return [self._operation(row) for row in rows]

    def latest(
        self, machine_id: str, extension: str, until: datetime, *, to: Version | None = None, most: int = 2
    ) -> list[Operation]:
        """The newest operations that cover an extension and had begun by then, newest first.

        Args:
            to: Only those that lead to this version.
        """
        rows = self._db.all(
            "SELECT * FROM operations o WHERE machine_id = ? AND began <= ?"
            " AND (? IS NULL OR new_version = ?) AND EXISTS (SELECT 1 FROM operation_instances i"
            " WHERE i.operation_id = o.id AND i.extension = ?) ORDER BY began DESC, rowid DESC LIMIT ?",
            machine_id,
            to_text(until),
            version_text(to),
            version_text(to),
            extension,
            most,
        )
        return [self._operation(row) for row in rows]

    def last_id(self, machine_id: str, extension: str) -> str | None:
        """The newest operation that covers an extension."""
        row = self._db.one(
            "SELECT id FROM operations o WHERE machine_id = ? AND EXISTS"
            " (SELECT 1 FROM operation_instances i WHERE i.operation_id = o.id AND i.extension = ?)"
            " ORDER BY began DESC, rowid DESC",
            machine_id,
            extension,
        )
        return None if row is None else str(row["id"])

    def first_after(
        self, machine_id: str, extension: str, before: str | None, *, kind: OperationKind | None = None
    ) -> Operation | None:
        """The oldest operation of an extension, of one kind or any, that began after ``before``."""
        row = self._db.one(
            "SELECT * FROM operations WHERE machine_id = ? AND extension = ? AND (? IS NULL OR kind = ?)"
            " AND rowid > coalesce((SELECT rowid FROM operations WHERE id = ?), 0) ORDER BY rowid",
            machine_id,
            extension,
            kind,
            kind,
            before,
        )
        return None if row is None else self._operation(row)

    def of_pass(self, pass_id: str) -> list[Operation]:
        """What a pass has begun so far, oldest first."""
        rows = self._db.all("SELECT * FROM operations WHERE pass_id = ? ORDER BY began, rowid", pass_id)
        return [self._operation(row) for row in rows]

    def attempts(
        self, machine_id: str, handler: HandlerName, version: Version, command: Command, instance: str | None
    ) -> int:
        """How often a command of a version was begun on a machine; ``instance`` as in ``Step``."""
        row = self._db.one(
            "SELECT count(*) AS number FROM operations o JOIN steps s ON s.operation_id = o.id"
            " WHERE o.machine_id = ? AND lower(o.publisher || '.' || o.type) = ? AND s.step = ?"
            " AND s.instance IS ? AND iif(s.side = ?, o.new_version, o.old_version) = ?",
            machine_id,
            handler.key,
            command,
            instance,
            Side.NEW,
            str(version),
        )
        assert row is not None
        return int(row["number"])

    def latest_time(self, machine_id: str) -> datetime | None:
        """The last moment that anything of a machine's work tells of; ``None`` when there was none."""
        row = self._db.one(
            "SELECT max(moment) AS latest FROM ("
            "SELECT max(began, coalesce(ended, '')) AS moment FROM operations WHERE machine_id = ?1"
            " UNION ALL SELECT time FROM decisions WHERE machine_id = ?1"
            " UNION ALL SELECT max(s.began, coalesce(s.ended, '')) FROM steps s"
            " JOIN operations o ON o.id = s.operation_id WHERE o.machine_id = ?1 AND o.ended IS NULL)",
            machine_id,
        )
        watched = self._db.one(
            "SELECT s.began, max(w.observed) AS observed FROM operations o"
            " JOIN steps s ON s.operation_id = o.id AND s.ended IS NULL"
            " JOIN samples w ON w.operation_id = o.id AND w.seq = s.seq"
            " WHERE o.machine_id = ? AND o.ended IS NULL GROUP BY s.began ORDER BY s.began DESC",
            machine_id,
        )
        moments = [time_of(row["latest"])] if row is not None else []
        if watched is not None:
            moments.append(from_text(watched["began"]) + timedelta(seconds=watched["observed"]))
        return max((moment for moment in moments if moment is not None), default=None)

    def pinned(self) -> set[str]:
        """SHA-256 of the zips that an unfinished operation or an installed version may still need."""
        rows = self._db.all(
            "SELECT old_sha256 AS sha256 FROM operations WHERE ended IS NULL"
            " UNION SELECT new_sha256 FROM operations WHERE ended IS NULL"
            " UNION SELECT installed_sha256 FROM extensions"
        )
        return {row["sha256"] for row in rows if row["sha256"]}

    # The journal.

    def intend(self, operation_id: str, step: Step, round_: int, now: datetime, boot: str = "") -> int:
        """Commit to a step, in that boot of the host, before it is done; returns its position."""
        return self._append(operation_id, step, round_, now, None, boot)

    def choose(self, operation_id: str, choice: Choice, now: datetime) -> None:
        """Record what an operator decided about a pending rollback."""
        self._append(operation_id, None, 0, now, choice, "")

    def _append(
        self,
        operation_id: str,
        step: Step | None,
        round_: int,
        now: datetime,
        choice: Choice | None,
        boot: str,
    ) -> int:
        with self._db.transaction():
            row = self._db.one(
                "SELECT coalesce(max(seq), 0) + 1 AS next FROM steps WHERE operation_id = ?", operation_id
            )
            assert row is not None
            self._db.run(
                "INSERT INTO steps (operation_id, seq, step, side, target, instance, round, began, ended,"
                " choice, boot) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                operation_id,
                row["next"],
                step.name if step else None,
                step.side if step else None,
                step.target if step else None,
                step.instance if step else None,
                round_,
                to_text(now),
                time_text(now if step is None else None),
                choice,
                boot,
            )
            return int(row["next"])

    def conclude(self, operation_id: str, record: StepRecord) -> None:
        """Commit a step's outcome: ``ended``, ``outcome`` and the evidence of ``record``.

        Without a sync: no effect comes before the next intent or the end, whose sync covers it (decision 20).
        """
        with self._db.transaction(synced=False):
            self._db.run(
                "UPDATE steps SET ended = ?, outcome = ?, exit_code = ?, code = ?, message = ?, manifest = ?"
                " WHERE operation_id = ? AND seq = ?",
                time_text(record.ended),
                record.outcome,
                record.exit_code,
                record.code,
                record.message,
                manifest_text(record.manifest),
                operation_id,
                record.seq,
            )

    # Samples.

    def add_sample(self, operation_id: str, seq: int, sample: Sample) -> None:
        """Add a health sample that the step at ``seq`` took."""
        sources = {name: [source.health, source.message] for name, source in sample.sources.items()}
        self._db.run(
            "INSERT INTO samples SELECT ?, ?, count(*) + 1, ?, ?"
            " FROM samples WHERE operation_id = ? AND seq = ?",
            operation_id,
            seq,
            sample.observed,
            json.dumps(sources),
            operation_id,
            seq,
        )

    def samples(self, operation_id: str, seq: int) -> list[Sample]:
        """The samples of one step in the order they were taken."""
        rows = self._db.all(
            "SELECT observed, sources FROM samples WHERE operation_id = ? AND seq = ? ORDER BY number",
            operation_id,
            seq,
        )
        return [
            Sample(
                row["observed"],
                {
                    name: SourceHealth(Health(health), message)
                    for name, (health, message) in json.loads(row["sources"]).items()
                },
            )
            for row in rows
        ]

    def _operation(self, row: sqlite3.Row) -> Operation:
        records = self._db.all("SELECT * FROM steps WHERE operation_id = ? ORDER BY seq", row["id"])
        instances = self._db.all(
            "SELECT * FROM operation_instances WHERE operation_id = ? ORDER BY position", row["id"]
        )
        old = None
        if row["old_version"] is not None:
            old = PackageRef(version_in(row["old_version"]), row["old_sha256"])
        return Operation(
            id=row["id"],
            machine_id=row["machine_id"],
            extension=row["extension"],
            handler=HandlerName(row["publisher"], row["type"]),
            kind=OperationKind(row["kind"]),
            old=old,
            new=PackageRef(version_in(row["new_version"]), row["new_sha256"]),
            old_manifest=manifest_of(row["old_manifest"]),
            instances=tuple(_instance(instance) for instance in instances),
            automatic=bool(row["automatic"]),
            initiator=row["initiator"],
            policy=_policy(row["policy"]),
            began=from_text(row["began"]),
            partial=bool(row["partial"]),
            ended=time_of(row["ended"]),
            outcome=row["outcome"] and Outcome(row["outcome"]),
            code=row["code"],
            message=row["message"],
            pass_id=row["pass_id"],
            journal=tuple(_record(record) for record in records),
        )


@lru_cache(maxsize=256)
def _policy_text(policy: Policy) -> str:
    return json.dumps(asdict(policy))


@lru_cache(maxsize=256)
def _policy(text: str) -> Policy:
    return Policy(**json.loads(text))


def _instance(row: sqlite3.Row) -> Instance:
    return Instance(row["extension"], row["settings_seq"], row["old_settings_seq"], bool(row["old_enabled"]))


# A step that has ended never changes, and its operation is read again and again.
@lru_cache(maxsize=512)
def _record(row: sqlite3.Row) -> StepRecord:
    step = None
    if row["step"] is not None:
        target = row["target"] and Side(row["target"])
        step = Step(StepName(row["step"]), Side(row["side"]), target, row["instance"])
    return StepRecord(
        seq=row["seq"],
        step=step,
        round=row["round"],
        began=from_text(row["began"]),
        ended=time_of(row["ended"]),
        outcome=row["outcome"] and StepOutcome(row["outcome"]),
        exit_code=row["exit_code"],
        code=row["code"],
        message=row["message"],
        manifest=manifest_of(row["manifest"]),
        choice=row["choice"] and Choice(row["choice"]),
        boot=row["boot"],
    )
