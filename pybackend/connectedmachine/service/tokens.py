"""Tokens of the REST API: got for a secret (RFC 6749, section 4.4), and asked with every request.

A token is signed with a key of its credential's own: a revoked credential takes its key, and so all of its
tokens, with it. Only the REST front end needs this, so it is no part of ``Service``.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectedmachine.model.clock import Clock
from connectedmachine.model.credential import Credential
from connectedmachine.model.errors import PermissionDeniedError
from connectedmachine.service import access_tokens
from connectedmachine.service.base import ServiceBase
from connectedmachine.service.proofs import is_secret, token_key
from connectedmachine.store import Store
from connectedmachine.store.credentials import Proof

TOKEN_LIFETIME = timedelta(hours=1)
"""Azure's."""

_MOST_SEEN = 1000


@dataclass(frozen=True, repr=False)
class IssuedToken:
    """A token and its end."""

    text: str
    expires: datetime


class TokenService(ServiceBase):
    def __init__(self, store: Store, clock: Clock) -> None:
        super().__init__(store, clock)
        # Client and end of tokens whose signature was right, by their digests. That never changes; whether
        # the credential is still there is asked each time.
        self._seen: dict[bytes, tuple[str, int]] = {}
        # Credentials as they are in this version of the store.
        self._version = store.version()
        self._known: dict[str, Credential] = {}

    def token_issue(
        self, *, client_id: str, client_secret: str, tenant: str, issuer: str, audience: str
    ) -> IssuedToken:
        """A token for whoever knows the secret.

        Args:
            client_id: In any case.
            tenant: What the client believes to be in; any.

        Raises:
            PermissionDeniedError: ``InvalidClient``, also for an expired credential.
        """
        found = self.store.credentials.find(client_id.lower())
        now = self.clock.now()
        if (
            not is_secret(client_secret, found[1] if found else None)
            or found is None
            or found[0].expires <= now
        ):
            raise PermissionDeniedError(
                "InvalidClient",
                "The client id or the client secret is wrong, or the credential has expired.",
                target="client_id",
                hint="'connectedmachine credential create' makes a new one.",
            )
        credential, proof = found
        expires = min(now + TOKEN_LIFETIME, credential.expires)
        began = int(now.timestamp())
        claims = {
            "aud": audience, "iss": issuer, "iat": began, "nbf": began, "exp": int(expires.timestamp()),
            "appid": credential.client_id, "oid": credential.client_id, "sub": credential.client_id,
            "tid": tenant, "idtyp": "app", "ver": "1.0", "jti": secrets.token_urlsafe(16),
            # By this az tells a managed identity of the system's from one of the user's.
            "xms_mirid": "/subscriptions/local/resourcegroups/local/providers/Microsoft.HybridCompute"
            f"/machines/{credential.name}",
        }  # fmt: skip
        text = access_tokens.written(claims, self._token_key(credential, proof))
        self.store.credentials.used(credential.client_id, now)
        return IssuedToken(text, expires)

    def token_check(self, *, token: str) -> Credential:
        """Whose token it is.

        Raises:
            PermissionDeniedError: ``InvalidAuthenticationToken``: no token, or its credential was revoked;
                ``ExpiredAuthenticationToken``.
        """
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        client_id, expires = self._seen.get(digest) or self._verified(token, digest)
        found = self._credential(client_id)
        if found is None:
            raise _refused_token()
        now = self.clock.now()
        if expires <= now.timestamp() or found.expires <= now:
            raise PermissionDeniedError(
                "ExpiredAuthenticationToken",
                "The access token has expired.",
                target="Authorization",
                hint="Get a new one from the token endpoint.",
            )
        return found

    def _credential(self, client_id: str) -> Credential | None:
        version = self.store.version()
        if version != self._version:
            self._known.clear()
            self._version = version
        known = self._known.get(client_id)
        if known is None:
            found = self.store.credentials.find(client_id)
            if found is None:
                return None
            known = self._known[client_id] = found[0]
        return known

    def _verified(self, token: str, digest: bytes) -> tuple[str, int]:
        try:
            read = access_tokens.read(token)
        except ValueError as error:
            raise _refused_token() from error
        found = self.store.credentials.find(str(read.claims.get("appid")))
        if found is None or not read.is_signed_with(self._token_key(*found)):
            raise _refused_token()
        expires = read.claims["exp"]
        assert isinstance(expires, int)  # signed by us
        if len(self._seen) == _MOST_SEEN:
            del self._seen[next(iter(self._seen))]
        self._seen[digest] = found[0].client_id, expires
        return self._seen[digest]

    def _token_key(self, credential: Credential, proof: Proof) -> bytes:
        return token_key(self.store.home, credential.client_id, proof)


def _refused_token() -> PermissionDeniedError:
    return PermissionDeniedError(
        "InvalidAuthenticationToken",
        "The access token is invalid.",
        target="Authorization",
        hint="Get one from the token endpoint of this server.",
    )
