"""Errors as ARM has them (REST reference, section 2): ``{"error": {"code", "message", "target"}}``."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import JSONResponse

from connectedmachine.model.errors import (
    ConflictError,
    ConnectedMachineError,
    DiskFullError,
    NotFoundError,
    PermissionDeniedError,
    RunnerError,
    StoreError,
)

_STATUS: tuple[tuple[type[ConnectedMachineError], int], ...] = (
    (NotFoundError, 404),
    (ConflictError, 409),
    (PermissionDeniedError, 403),
    (RunnerError, 503),
    (DiskFullError, 507),
    (StoreError, 500),
)
"""HTTP status by family of errors; every other one is a bad request."""

_BUSY_SECONDS = "2"


def arm_error(
    status: int, code: str, message: str, *, target: str = "", headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """An ARM error answer; its code is in ``x-ms-error-code`` as well."""
    return _answer(status, code, {"code": code, "message": message, **_target(target)}, headers)


def refusal(error: ConnectedMachineError) -> JSONResponse:
    """The answer to a request that the service refused; the hint goes along as additional info."""
    body: dict[str, object] = {"code": error.code, "message": error.message, **_target(error.target)}
    if error.hint:
        body["additionalInfo"] = [{"type": "Hint", "info": {"hint": error.hint}}]
    headers = {}
    status = next((status for family, status in _STATUS if isinstance(error, family)), 400)
    if error.code == "StoreBusy":
        status, headers = 503, {"Retry-After": _BUSY_SECONDS}
    return _answer(status, error.code, body, headers)


def _target(target: str) -> dict[str, str]:
    return {"target": target} if target else {}


def _answer(
    status: int, code: str, error: Mapping[str, object], headers: Mapping[str, str] | None
) -> JSONResponse:
    return JSONResponse({"error": error}, status, {"x-ms-error-code": code, **(headers or {})})
