"""The one mapping from errors to HTTP. What a stranger sees names a decision, never our inside."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import orjson
import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.chassis import errors
from services.gateway.engine.throttle import Throttled

log = structlog.get_logger()

STATUS: dict[type[errors.SwitchyardError], int] = {
    errors.Invalid: 400,
    errors.Unauthenticated: 401,
    errors.Denied: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Stale: 409,
    errors.Full: 429,
    errors.Internal: 500,
    errors.Unavailable: 503,
}
_DEFECT = errors.Internal("This failed by a defect of ours; the log has the details.")


class TooLarge(HTTPException):
    """The body is larger than this door lets in."""

    def __init__(self, limit: int) -> None:
        super().__init__(413, f"The request is larger than {limit} bytes.")


class Json(Response):
    """orjson, straight to bytes."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content)


def body(error: errors.SwitchyardError) -> dict[str, Any]:
    """`error` as clients see it, in REST and on the socket."""
    return {
        "code": error.code,
        "sentence": error.sentence,
        "field": error.field or None,
        "service": error.service or None,
    }


def answer(error: errors.SwitchyardError) -> Response:
    """The response for an error."""
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 500)
    headers = {}
    if isinstance(error, Throttled):
        headers["Retry-After"] = str(error.retry_after_s)
    elif status in (429, 503):
        headers["Retry-After"] = "2"
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Json({"error": body(error)}, status, headers)


def defect() -> Response:
    """For what nobody foresaw; the caller logs it."""
    return answer(_DEFECT)


def plain(status: int, code: str, sentence: str) -> Response:
    """For what HTTP itself refuses."""
    error = {"code": code, "sentence": sentence, "field": None, "service": None}
    return Json({"error": error}, status)


def install(app: FastAPI) -> None:
    """Every error of every route ends in one of these."""
    app.add_exception_handler(errors.SwitchyardError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


async def _ours(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, errors.SwitchyardError)  # noqa: S101 (for the type checker)
    if isinstance(problem, errors.Internal):
        log.error("request_failed_inside", detail=problem.sentence)
    return answer(problem)


async def _invalid(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, RequestValidationError)  # noqa: S101
    return answer(from_validation(problem.errors()))


async def _http(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, HTTPException)  # noqa: S101
    codes = {404: "not_found", 405: "not_allowed", 413: "too_large"}
    sentence = str(problem.detail)
    if problem.status_code == 404:
        sentence = "There is nothing at this address."
    code = codes.get(problem.status_code, "invalid")
    if code == "invalid" and not sentence:
        sentence = HTTPStatus(problem.status_code).phrase
    return plain(problem.status_code, code, sentence)


def from_validation(found: Any) -> errors.Invalid:
    """The first problem that pydantic found, by field and without the value (it may be a password)."""
    first = found[0]
    path = [str(part) for part in first["loc"] if part not in ("body", "query", "path")]
    field = ".".join(path) or "body"
    if first["type"] in ("json_invalid", "json_type"):
        return errors.Invalid("body", "is not JSON")
    return errors.Invalid(field, _problem(first))


def _problem(first: Any) -> str:
    message = str(first["msg"]).removeprefix("Value error, ")
    if first["type"] == "string_pattern_mismatch":
        message = "has characters or a length that are not allowed here"
    return message[0].lower() + message[1:]
