"""Credentials of the REST API: who may use it, for what and until when. A secret is shown once.

The command line alone offers this: the answer holds a secret, and the PowerShell bridge keeps its answers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

from connectedmachine.model.clock import to_text
from connectedmachine.model.credential import Credential, Scope
from connectedmachine.model.errors import (
    ConflictError,
    InvalidRequestError,
    NotFoundError,
)
from connectedmachine.service.base import ServiceBase
from connectedmachine.service.views import Json

LONGEST_LIFETIME_DAYS = 3650

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)


class CredentialService(ServiceBase):
    def credential_create(
        self, *, name: str, scopes: Sequence[str] = (Scope.READ,), expires_in_days: int = 365
    ) -> Json:
        """Make a credential. The answer alone holds its secret, as ``clientSecret``.

        Raises:
            ConflictError: ``CredentialExists``.
            InvalidRequestError: ``InvalidName``, ``InvalidRequestContent``.
        """
        if not _NAME.fullmatch(name):
            raise InvalidRequestError(
                "InvalidName",
                f"'{name}' is not a valid credential name.",
                target=name,
                hint="Use 1 to 64 letters, digits, '-', '_' or '.'.",
            )
        if not 1 <= expires_in_days <= LONGEST_LIFETIME_DAYS:
            raise InvalidRequestError(
                "InvalidRequestContent",
                f"A credential cannot be valid for {expires_in_days} days.",
                target="expiresInDays",
                hint=f"Give a number from 1 to {LONGEST_LIFETIME_DAYS}.",
            )
        import uuid

        from connectedmachine.service.proofs import new_proof  # scrypt and AES are slow to import

        now = self.clock.now()
        credential = Credential(
            client_id=str(uuid.uuid4()),
            name=name,
            scopes=_scopes(scopes),
            created=now,
            expires=now + timedelta(days=expires_in_days),
        )
        secret, proof = new_proof(self.store.home, credential.client_id)
        with self.store.transaction():
            if self.store.credentials.named(name) is not None:
                raise ConflictError(
                    "CredentialExists",
                    f"There is a credential '{name}' already.",
                    target=name,
                    hint="Revoke it first, or choose another name.",
                )
            self.store.credentials.add(credential, proof)
        return {**_view(credential), "clientSecret": secret}

    def credential_list(self) -> Json:
        """Every credential by name, expired ones included, without secrets."""
        return {"value": [_view(credential) for credential in self.store.credentials.list()]}

    def credential_revoke(self, *, name: str) -> Json:
        """End a credential and every token that it got.

        Raises:
            NotFoundError: ``ResourceNotFound``.
        """
        if not self.store.credentials.remove(name):
            raise NotFoundError(
                "ResourceNotFound",
                f"There is no credential '{name}'.",
                target=name,
                hint="'connectedmachine credential list' lists them.",
            )
        return {"revoked": True}


def _scopes(words: Sequence[str]) -> frozenset[Scope]:
    try:
        found = frozenset(Scope(word.lower()) for word in words)
    except ValueError as error:
        raise _wrong_scopes() from error
    if not found:
        raise _wrong_scopes()
    return found


def _wrong_scopes() -> InvalidRequestError:
    return InvalidRequestError(
        "InvalidRequestContent",
        "A credential needs scopes, and each is one that there is.",
        target="scopes",
        hint=f"Use {', '.join(Scope)}.",
    )


def _view(credential: Credential) -> Json:
    return {
        "name": credential.name,
        "clientId": credential.client_id,
        "scopes": sorted(credential.scopes),
        "created": to_text(credential.created),
        "expires": to_text(credential.expires),
        "lastUsed": to_text(credential.last_used) if credential.last_used else None,
    }
