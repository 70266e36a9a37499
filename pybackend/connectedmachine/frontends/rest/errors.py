"""The body of an error, as Azure Resource Manager writes it (REST reference, section 2)."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import JSONResponse


def arm_error(
    status: int, code: str, message: str, *, target: str = "", headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """An answer with ``status`` and ``{"error": {"code", "message", "target"}}``."""
    error = {"code": code, "message": message, **({"target": target} if target else {})}
    return JSONResponse({"error": error}, status, {"x-ms-error-code": code, **(headers or {})})
