"""Where clients get tokens and find out where that is: OAuth 2.0, OpenID discovery, cloud metadata.

What ``az login`` and azure-identity ask for (REST reference, sections 6 and 7.4), all of it without a token.
The secret of a credential proves who asks: as ``client_secret``, or to the managed identity endpoint as
``CLIENT_ID:SECRET`` in the header that clients fill from ``IDENTITY_HEADER``. Refusals of the token endpoint
are those of RFC 6749, section 5.2.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from urllib.parse import parse_qs, unquote_plus

from anyio import CapacityLimiter, to_thread
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from connectedmachine.frontends.rest.auth import Failures, peer_of, too_many
from connectedmachine.frontends.rest.errors import arm_error
from connectedmachine.frontends.rest.limits import BoundedBody, Limits
from connectedmachine.model.errors import PermissionDeniedError
from connectedmachine.model.identity import NIL_SUBSCRIPTION
from connectedmachine.service.tokens import IssuedToken, TokenService

TENANT = NIL_SUBSCRIPTION
"""The one tenant that is listed; tokens are issued for whichever a client names."""

ARM_AUDIENCE = "https://management.azure.com/"

_TENANT_NAME = re.compile(r"[A-Za-z0-9.-]{1,128}", re.ASCII)
_LONGEST_AUDIENCE = 256
_AT_ONCE = 2
"""Secrets that are checked at the same time: each takes 16 MiB."""


class TokenRoutes:
    """The paths that are open to anybody."""

    def __init__(self, service: TokenService, failures: Failures, limits: Limits) -> None:
        """Serve tokens.

        Args:
            service: Called in threads.
        """
        self._service, self._failures = service, failures
        self._at_once = CapacityLimiter(_AT_ONCE)
        bounded = [Middleware(BoundedBody, size=limits.form, seconds=limits.body_time)]
        self.routes: list[BaseRoute] = [
            Route("/{tenant}/oauth2/v2.0/token", self._token, methods=["POST"], middleware=bounded),
            Route("/{tenant}/oauth2/token", self._token, methods=["POST"], middleware=bounded),
            Route("/msi/token", self._managed_identity, methods=["GET"]),
            Route("/{tenant}/v2.0/.well-known/openid-configuration", _openid_v2, methods=["GET"]),
            Route("/{tenant}/.well-known/openid-configuration", _openid_v1, methods=["GET"]),
            Route("/common/discovery/instance", _instances, methods=["GET"]),
            Route("/metadata/endpoints", _endpoints, methods=["GET"]),
        ]

    async def _token(self, request: Request) -> Response:
        tenant = request.path_params["tenant"]
        form = _form(await request.body())
        basic = _basic(request.headers.get("authorization", ""))
        client_id, secret = basic or (form.get("client_id", ""), form.get("client_secret", ""))
        if not _TENANT_NAME.fullmatch(tenant):
            return _refused(400, "invalid_request", "The tenant is not a name or an id.")
        if form.get("grant_type", "").lower() != "client_credentials":
            return _refused(400, "unsupported_grant_type", "Only client_credentials is offered.")
        if not client_id or not secret:
            return _refused(
                400, "invalid_request", "client_id and client_secret are needed; assertions are not offered."
            )
        audience = form.get("resource") or form.get("scope", "").removesuffix(".default")
        issued = await self._issued(request, client_id, secret, tenant, audience)
        if isinstance(issued, Response):
            return issued
        answer: dict[str, object] = {
            "token_type": "Bearer",
            "expires_in": self._seconds_left(issued),
            "ext_expires_in": self._seconds_left(issued),
            "access_token": issued.text,
        }
        if "resource" in form:  # version 1, in which numbers are texts
            answer |= {
                "expires_in": str(answer["expires_in"]),
                "ext_expires_in": str(answer["ext_expires_in"]),
                "expires_on": str(int(issued.expires.timestamp())),
                "resource": form["resource"],
            }
        return JSONResponse(answer, headers=_NEVER_KEPT)

    async def _managed_identity(self, request: Request) -> Response:
        client_id, _, secret = request.headers.get("x-identity-header", "").partition(":")
        if not client_id or not secret:
            return _refused(
                400, "invalid_request", "X-IDENTITY-HEADER has to be CLIENT_ID:SECRET of a credential."
            )
        audience = request.query_params.get("resource", "")
        issued = await self._issued(request, client_id, secret, TENANT, audience)
        if isinstance(issued, Response):
            return issued
        answer = {
            "access_token": issued.text,
            "expires_on": str(int(issued.expires.timestamp())),
            "resource": audience or ARM_AUDIENCE,
            "token_type": "Bearer",
            "client_id": client_id,
        }
        return JSONResponse(answer, headers=_NEVER_KEPT)

    async def _issued(
        self, request: Request, client_id: str, secret: str, tenant: str, audience: str
    ) -> IssuedToken | Response:
        peer = peer_of(request.scope)
        wait = self._failures.wait(peer)
        if wait:
            return too_many(wait)
        issuer = f"{_base(request)}/{tenant}/v2.0"
        wanted = audience[:_LONGEST_AUDIENCE] or ARM_AUDIENCE
        try:
            return await to_thread.run_sync(
                lambda: self._service.token_issue(
                    client_id=client_id, client_secret=secret, tenant=tenant, issuer=issuer, audience=wanted
                ),
                limiter=self._at_once,
            )
        except PermissionDeniedError as error:
            self._failures.add(peer)
            return _refused(401, "invalid_client", error.message)

    def _seconds_left(self, issued: IssuedToken) -> int:
        return int((issued.expires - self._service.clock.now()).total_seconds())


async def tenants(_: Request) -> Response:
    """The one tenant; asked with a token."""
    tenant = {"id": f"/tenants/{TENANT}", "tenantId": TENANT, "displayName": "This machine"}
    return JSONResponse({"value": [tenant]})


async def _openid_v2(request: Request) -> Response:
    return _openid(request, "/v2.0", "/oauth2/v2.0")


async def _openid_v1(request: Request) -> Response:
    return _openid(request, "", "/oauth2")


def _openid(request: Request, version: str, oauth: str) -> Response:
    tenant = request.path_params["tenant"]
    if not _TENANT_NAME.fullmatch(tenant):
        return _refused(400, "invalid_tenant", "The tenant is not a name or an id.")
    root = f"{_base(request)}/{tenant}"
    return JSONResponse(
        {
            "issuer": f"{root}{version}",
            "authorization_endpoint": f"{root}{oauth}/authorize",
            "token_endpoint": f"{root}{oauth}/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["HS256"],
        }
    )


async def _instances(request: Request) -> Response:
    host = request.headers["host"]
    return JSONResponse(
        {
            "tenant_discovery_endpoint": f"{_base(request)}/common/v2.0/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
        }
    )


async def _endpoints(request: Request) -> Response:
    version = request.query_params.get("api-version", "")
    if not version:
        return arm_error(
            400, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required."
        )
    base = _base(request)
    authentication: dict[str, object] = {"loginEndpoint": base, "audiences": [base, ARM_AUDIENCE]}
    if version < "2016":  # Azure PowerShell's
        return JSONResponse(
            {
                "galleryEndpoint": base, "graphEndpoint": base, "portalEndpoint": base,
                "authentication": authentication,
            }
        )  # fmt: skip
    cloud = {
        "name": "AzConnectedMachineLite",
        "portal": base,
        "authentication": {**authentication, "tenant": "common", "identityProvider": "AAD"},
        "resourceManager": base,
        "graph": base,
        "graphAudience": base,
        "media": base,
        "batch": base,
        "suffixes": {},
    }
    # az crashes at a list where it asked for this version (REST reference, section 7.4).
    return JSONResponse(cloud if version >= "2022-09-01" else [cloud])


_NEVER_KEPT = {"cache-control": "no-store", "pragma": "no-cache"}


def _base(request: Request) -> str:
    """This server as the client named it; the name was checked."""
    return f"{request.scope['scheme']}://{request.headers['host']}"


def _refused(status: int, error: str, description: str) -> Response:
    challenge = {"www-authenticate": 'Basic realm="token"'} if status == 401 else {}
    body = {"error": error, "error_description": description}
    return JSONResponse(body, status, {**_NEVER_KEPT, **challenge})


def _form(body: bytes) -> Mapping[str, str]:
    try:
        found = parse_qs(body.decode("utf-8"), max_num_fields=50)
    except ValueError:
        return {}
    return {name: values[0] for name, values in found.items()}


def _basic(header: str) -> tuple[str, str] | None:
    """Client id and secret of an ``Authorization`` header (RFC 6749, section 2.3.1), if it has them."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(encoded, validate=True).decode("utf-8").partition(":")
    except ValueError:
        return None
    return unquote_plus(name), unquote_plus(secret)
