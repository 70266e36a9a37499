"""The routes of the ARM resources.

What every request has in common is here: its api-version, its body, the thread it is done on, and how it is
refused. Who may call is decided before (``request.state.caller``).
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from connectedmachine.frontends.rest import openapi, versions
from connectedmachine.frontends.rest.auth import header_of
from connectedmachine.frontends.rest.call import Call, Heard, Reply
from connectedmachine.frontends.rest.errors import arm_error, refusal
from connectedmachine.frontends.rest.paths import NAMESPACE, AnyCaseRoute, what_it_names
from connectedmachine.frontends.rest.table import OPERATIONS, Operation
from connectedmachine.frontends.rest.threads import workers_of
from connectedmachine.model.errors import ConnectedMachineError, InvalidRequestError, NotSupportedError
from connectedmachine.service import Service

WARNING_HEADER = "x-ms-azcmlite-warning"

_CONDITIONS = (b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since")
_LONGEST_HEADER = 2048

_log = logging.getLogger(__name__)


def routes() -> list[BaseRoute]:
    """What is served under ``/subscriptions`` and ``/providers``, and ``/openapi.json``.

    The application's state must have ``home``; a request's must have ``caller`` with a ``name``, and may have
    ``fail_operation``.
    """
    by_path: dict[str, dict[str, Operation]] = {}
    for operation in OPERATIONS:
        by_path.setdefault(operation.path, {})[operation.method] = operation
    return [
        *(AnyCaseRoute(path, _endpoint(methods)) for path, methods in by_path.items()),
        AnyCaseRoute("/subscriptions/{rest:path}", _not_offered),
        AnyCaseRoute("/providers/{rest:path}", _not_offered),
        Route("/openapi.json", _openapi),
    ]


def _endpoint(methods: Mapping[str, Operation]) -> Callable[[Request], Awaitable[Response]]:
    offered = ", ".join(methods)

    async def endpoint(request: Request) -> Response:
        operation = methods.get("GET" if request.method == "HEAD" else request.method)
        if operation is None:
            return arm_error(
                405,
                "MethodNotAllowed",
                f"{request.method} is not offered here; what is: {offered}.",
                headers={"Allow": offered},
            )
        heard = Heard()
        version = ""
        given = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
        query = {name.lower(): value for name, value in given}
        try:
            version = versions.checked(query.get("api-version"), ours=operation.ours)
            response = await _answer(operation, request, query, version, heard)
        except ConnectedMachineError as error:
            response = refusal(error)
        except ClientDisconnect:
            raise
        except Exception:
            _log.exception("%s failed.", operation.id)
            response = arm_error(500, "InternalServerError", "The server met an error of its own.")
        response.headers.update(versions.notes(version))
        if heard.warnings:
            response.headers[WARNING_HEADER] = _header_text(" ".join(heard.warnings))
        return response

    return endpoint


async def _answer(
    operation: Operation, request: Request, query: Mapping[str, str], version: str, heard: Heard
) -> Response:
    _refuse_what_is_not_offered(operation, request, query)
    body = _text(await request.body()) if operation.body else ""
    names = dict(request.path_params)
    failing = getattr(request.state, "fail_operation", None)
    initiator = f"REST: {request.state.caller.name}"
    # Not base_url, which costs a tenth of the request; the name was checked before.
    base, path = f"{request.scope['scheme']}://{header_of(request.scope, b'host')}", request.scope["path"]

    def work(service: Service) -> Reply:
        return operation.answer(
            Call(service, base, path, names, query, version, body, initiator, failing, heard)
        )

    workers = workers_of(request.app)
    if operation.quick:
        reply = workers.reader.read((operation.id, *names.values()), work)
    else:
        reply = await workers.run(work)
    media_type = "application/json" if reply.text else None
    return Response(reply.text, reply.status, dict(reply.headers), media_type)


def _refuse_what_is_not_offered(operation: Operation, request: Request, query: Mapping[str, str]) -> None:
    """Strict by default: what would be passed over in silence is refused by name."""
    for field, _ in request.scope["headers"]:
        if field in _CONDITIONS:
            name = field.decode("ascii")
            raise NotSupportedError(
                "ConditionNotSupported", f"The header '{name}' is not supported.", target=name
            )
    for name in query:
        if name not in ("api-version", "$skiptoken") and not (name == "$expand" and operation.expands):
            raise NotSupportedError(
                "InvalidQueryParameter", f"{operation.id} takes no query parameter '{name}'.", target=name
            )
    if query.get("$expand", "instanceView").lower() != "instanceview":
        raise InvalidRequestError(
            "InvalidExpand", f"'{query['$expand']}' cannot be expanded.", target="$expand"
        )
    if not operation.body:
        return
    media_type = request.headers.get("content-type", "application/json").split(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise NotSupportedError(
            "UnsupportedMediaType", f"A body of '{media_type}' is not supported; send JSON.", target="body"
        )


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidRequestError(
            "InvalidRequestContent", "The request body is not UTF-8.", target="body", hint="Send UTF-8."
        ) from error


def _header_text(text: str) -> str:
    """``text`` as a header can carry it: printable ASCII, and not too long."""
    ascii_only = "".join(letter if " " <= letter <= "~" else "?" for letter in text)
    return ascii_only[:_LONGEST_HEADER]


async def _not_offered(request: Request) -> Response:
    what = what_it_names(request.method, request.url.path)
    in_namespace = what.lower().startswith(f"{NAMESPACE.lower()}/")
    return arm_error(
        404,
        "InvalidResourceType" if in_namespace else "ResourceNotFound",
        f"'{what}' is not offered by Az.ConnectedMachineLite.",
        target=what,
    )


async def _openapi(_: Request) -> Response:
    return JSONResponse(openapi.document())
