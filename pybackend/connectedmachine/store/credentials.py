"""The credentials of the REST API: their secrets hashed, the keys of their tokens sealed."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from connectedmachine.model.clock import from_text, to_text
from connectedmachine.model.credential import Credential, Scope
from connectedmachine.store.columns import time_of
from connectedmachine.store.database import Database


@dataclass(frozen=True, repr=False)
class Proof:
    """What a credential is recognised by.

    Attributes:
        salt: Of ``secret_hash``.
        secret_hash: Of the client secret.
        token_key: Key that its tokens are signed with, sealed.
    """

    salt: bytes
    secret_hash: bytes
    token_key: bytes


class Credentials:
    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, credential: Credential, proof: Proof) -> None:
        self._db.run(
            "INSERT INTO credentials"
            " (client_id, name, scopes, salt, secret_hash, token_key, created, expires)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            credential.client_id,
            credential.name,
            " ".join(sorted(credential.scopes)),
            proof.salt,
            proof.secret_hash,
            proof.token_key,
            to_text(credential.created),
            to_text(credential.expires),
        )

    def list(self) -> list[Credential]:
        """Every credential, by name; expired ones too."""
        return [_credential(row) for row in self._db.all("SELECT * FROM credentials ORDER BY name")]

    def named(self, name: str) -> Credential | None:
        row = self._db.one("SELECT * FROM credentials WHERE name = ?", name)
        return None if row is None else _credential(row)

    def find(self, client_id: str) -> tuple[Credential, Proof] | None:
        row = self._db.one("SELECT * FROM credentials WHERE client_id = ?", client_id)
        if row is None:
            return None
        return _credential(row), Proof(row["salt"], row["secret_hash"], row["token_key"])

    def used(self, client_id: str, now: datetime) -> None:
        self._db.run("UPDATE credentials SET last_used = ? WHERE client_id = ?", to_text(now), client_id)

    def remove(self, name: str) -> bool:
        """Forget a credential, and with it the key of its tokens. Says whether there was one."""
        return bool(self._db.run("DELETE FROM credentials WHERE name = ?", name))


def _credential(row: sqlite3.Row) -> Credential:
    return Credential(
        client_id=row["client_id"],
        name=row["name"],
        scopes=frozenset(Scope(word) for word in row["scopes"].split()),
        created=from_text(row["created"]),
        expires=from_text(row["expires"]),
        last_used=time_of(row["last_used"]),
    )
