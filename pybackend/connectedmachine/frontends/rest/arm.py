"""The resources: to be replaced at the merge."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route


async def _subscriptions(request: Request) -> Response:
    await request.body()
    fails = getattr(request.state, "fail_operation", None)
    return JSONResponse({"value": [], "caller": request.state.caller.name, "fails": fails})


def routes() -> list[BaseRoute]:
    """Every resource that is served."""
    return [
        Route("/subscriptions", _subscriptions, methods=["GET", "PUT"]),
        Route("/{path:path}/publishers/{name}", _subscriptions, methods=["PUT"]),
    ]
