"""Accepted requests, so that a poll after a restart gets its answer."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict
from datetime import datetime, timedelta

from connectedmachine.model.clock import from_text, to_text
from connectedmachine.model.request import Awaited, Request, RequestStatus, RequestVerb, Verdict
from connectedmachine.store.columns import time_of, time_text
from connectedmachine.store.database import Database

KEPT_FOR = timedelta(days=7)
"""Longer than any client polls."""


class Requests:
    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, request: Request) -> None:
        """Record a request, and forget those whose answers nobody fetches any more."""
        self._db.run("DELETE FROM requests WHERE accepted < ?", to_text(request.accepted - KEPT_FOR))
        verdict = request.verdict
        self._db.run(
            "INSERT INTO requests (id, subscription, machine_id, verb, extensions, awaited, initiator,"
            " accepted, ended, status, code, message) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            request.id,
            request.subscription,
            request.machine_id,
            request.verb,
            json.dumps(request.extensions),
            json.dumps([asdict(awaited) for awaited in request.awaited]),
            request.initiator,
            to_text(request.accepted),
            time_text(request.ended),
            verdict.status if verdict else None,
            verdict.code if verdict else "",
            verdict.message if verdict else "",
        )

    def find(self, subscription: str, request_id: str) -> Request | None:
        row = self._db.one(
            "SELECT * FROM requests WHERE subscription = ? AND id = ?", subscription, request_id
        )
        return None if row is None else _request(row)

    def end(self, request_id: str, verdict: Verdict, now: datetime) -> None:
        """Record how it ended; of two who find out at once, the first one's word stays."""
        self._db.run(
            "UPDATE requests SET ended = ?, status = ?, code = ?, message = ? WHERE id = ? AND ended IS NULL",
            to_text(now),
            verdict.status,
            verdict.code,
            verdict.message,
            request_id,
        )

    def restart(self, request: Request, now: datetime) -> bool:
        """Record that a runner is started again for it; false when somebody else just did."""
        return bool(
            self._db.run(
                "UPDATE requests SET restarts = restarts + 1, restarted = ? WHERE id = ? AND restarts = ?",
                to_text(now),
                request.id,
                request.restarts,
            )
        )


def _request(row: sqlite3.Row) -> Request:
    return Request(
        id=row["id"],
        subscription=row["subscription"],
        machine_id=row["machine_id"],
        verb=RequestVerb(row["verb"]),
        extensions=tuple(json.loads(row["extensions"])),
        awaited=tuple(Awaited(**awaited) for awaited in json.loads(row["awaited"])),
        initiator=row["initiator"],
        accepted=from_text(row["accepted"]),
        restarts=row["restarts"],
        restarted=time_of(row["restarted"]),
        ended=time_of(row["ended"]),
        verdict=row["status"] and Verdict(RequestStatus(row["status"]), row["code"], row["message"]),
    )
