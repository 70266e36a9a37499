"""The application: what is in front of the resources, put together."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, Router

from connectedmachine.agent.clock import SystemClock
from connectedmachine.frontends.rest.access_log import AccessLog, Write, log_file
from connectedmachine.frontends.rest.auth import Authenticated, Failures
from connectedmachine.frontends.rest.errors import arm_error
from connectedmachine.frontends.rest.faults import Faults, Rule
from connectedmachine.frontends.rest.limits import Addressed, BoundedBody, BoundedTime, Limits, Stopped
from connectedmachine.frontends.rest.names import LOOPBACK
from connectedmachine.frontends.rest.threads import workers_of
from connectedmachine.frontends.rest.tokens import TokenRoutes, tenants
from connectedmachine.model.clock import Clock
from connectedmachine.model.credential import Credential
from connectedmachine.service.tokens import TokenService
from connectedmachine.store import Store

LOG_FILE = "rest-access.log"


def build(
    home: Path,
    *,
    port: int,
    names: frozenset[str] = frozenset(LOOPBACK),
    rules: Sequence[Rule] = (),
    limits: Limits | None = None,
    clock: Clock | None = None,
    access_log: Write | None = None,
) -> Starlette:
    """The application on the store in ``home``.

    Args:
        port: That clients name in ``Host``.
        names: That clients may name in ``Host``, in lower case.
        rules: Of a scenario.

    Raises:
        PermissionDeniedError, StoreError: The store cannot be used.
    """
    from connectedmachine.frontends.rest import arm

    bounds, now = limits or Limits(), clock or SystemClock()
    # The event loop checks tokens and must not wait for a thread that writes: each has its own connection.
    checking, issuing = Store.open(home), Store.open(home)
    guarded = [
        Middleware(
            Authenticated,
            check=_checker(TokenService(checking, now)),
            failures=Failures(now),
            own_uid=_own_uid(),
        ),
        Middleware(BoundedBody, size=bounds.body, seconds=bounds.body_time),
        Middleware(BoundedTime, seconds=bounds.request_time),
    ]
    resources = Router([Route("/tenants", tenants, methods=["GET"]), *arm.routes()], redirect_slashes=False)

    @asynccontextmanager
    async def until_stopped(app: Starlette) -> AsyncIterator[None]:
        yield
        workers_of(app).close()
        checking.close()
        issuing.close()

    app = Starlette(
        routes=[
            *TokenRoutes(TokenService(issuing, now), Failures(now), bounds).routes,
            Mount("/", resources, middleware=guarded),
        ],
        middleware=[
            Middleware(AccessLog, write=access_log or log_file(home / LOG_FILE), clock=now),
            Middleware(Stopped),
            Middleware(Addressed, names=names, port=port, headers=bounds.headers),
            Middleware(Faults, rules=rules),
        ],
        exception_handlers={HTTPException: _not_served, Exception: _failed},
        lifespan=until_stopped,
    )
    app.router.redirect_slashes = False
    app.state.home = home
    return app


def _checker(service: TokenService) -> Callable[[str], Credential]:
    return lambda token: service.token_check(token=token)


def _own_uid() -> int | None:
    if sys.platform == "win32":
        return None
    return os.geteuid()


async def _not_served(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        return arm_error(
            405, "MethodNotAllowed", "The resource does not have this method.", headers=error.headers
        )
    return arm_error(error.status_code, "ResourceNotFound", "There is no such resource here.")


async def _failed(_: Request, __: Exception) -> Response:
    # The traceback goes to the log of the server.
    return arm_error(
        500, "InternalServerError", "The server met an error of its own; its log has the details."
    )
