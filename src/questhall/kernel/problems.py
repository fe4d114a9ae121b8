"""Problem documents (RFC 9457): what every refusal and failure is shown as. Nothing of our insides is in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

import asyncpg
import msgspec
import structlog
from litestar.exceptions import HTTPException, ValidationException

from questhall.kernel.access import NotSignedIn
from questhall.kernel.contract import Refusal
from questhall.kernel.database import is_unavailable

__all__ = ["PROBLEM_TYPE", "Problem", "problem_of"]

PROBLEM_TYPE = "application/problem+json"
ERRORS_SHOWN = 3

Problem = tuple[int, bytes, list[tuple[bytes, bytes]]]
"""Status, body and headers of an answer."""

log = structlog.get_logger(__name__)


def problem_of(error: BaseException, instance: str = "") -> Problem:
    """Status, body and extra headers of the problem document that an exception is shown as."""
    if isinstance(error, Refusal):
        return _of_refusal(error, instance)
    if _is_malformed(error):
        return _plain("malformed_body", "The request can't be read", 400, "the body is no JSON", instance)
    if isinstance(error, ValidationException):
        return _of_validation(error, instance)
    if isinstance(error, HTTPException):
        code, title = _CODES.get(error.status_code, ("error", "The request can't be answered"))
        if error.status_code >= 500:
            code, title = "internal", "Something went wrong on our side"
        return _plain(code, title, error.status_code, title, instance)
    if isinstance(error, asyncpg.CharacterNotInRepertoireError | asyncpg.UntranslatableCharacterError):
        return _plain("invalid", "Some of this can't be used", 422, "a text holds the character U+0000", instance)
    if isinstance(error, asyncpg.DataError) and isinstance(error.__cause__, OverflowError):
        return _plain("invalid", "Some of this can't be used", 422, "a number or a time is out of range", instance)
    if is_unavailable(error):
        status, body, _ = _plain("unavailable", "Please try again soon", 503, "a part is starting or away", instance)
        return status, body, [(b"retry-after", b"2")]
    log.error("request_failed", error=repr(error), exc_info=error)
    return _plain("internal", "Something went wrong on our side", 500, "it was written down", instance)


def _encoded(code: str, title: str, status: int, detail: str, instance: str, extra: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode(
        {
            "type": f"/api/docs#{code}",
            "title": title,
            "status": status,
            "detail": detail,
            "instance": instance,
            "code": code,
            **extra,
        }
    )


def _plain(code: str, title: str, status: int, detail: str, instance: str) -> Problem:
    return status, _encoded(code, title, status, detail, instance, {}), []


def _of_refusal(error: Refusal, instance: str) -> Problem:
    extra: dict[str, Any] = dict(error.extra)
    headers: list[tuple[bytes, bytes]] = list(extra.pop("headers", ()))
    if "retry_after" in extra:
        headers.append((b"retry-after", str(extra.pop("retry_after")).encode()))
    if error.errors:
        extra["errors"] = error.errors
    if isinstance(error, NotSignedIn):
        headers.append((b"www-authenticate", b'Bearer realm="questhall"'))
    return error.status, _encoded(error.code, error.title, error.status, error.detail, instance, extra), headers


_CODES = {
    400: ("malformed_body", "The request can't be read"),
    401: ("not_signed_in", "Please sign in"),
    403: ("forbidden", "This is not allowed for you"),
    404: ("not_found", "There is nothing here"),
    405: ("method_not_allowed", "This can't be done here"),
}
_AT = re.compile(r"^(?P<what>.*?)(?: - at `(?P<path>[^`]*)`)?$", re.DOTALL)
_FIELD = re.compile(r"Object (?:contains unknown|missing required) field `(?P<field>[^`]*)`")


def _is_malformed(error: BaseException) -> bool:
    """Whether the body could not be decoded at all: no JSON, no UTF-8, or nested without end."""
    if isinstance(error, ValidationException):
        cause = error.__cause__
        return isinstance(cause, msgspec.DecodeError) and not isinstance(cause, msgspec.ValidationError)
    if not isinstance(error, UnicodeDecodeError | RecursionError):
        return False
    # Elsewhere these two are failures of ours; here they are only the body's if its decoder raised them.
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_code.co_name == "decode_json"


def _of_validation(error: ValidationException, instance: str) -> Problem:
    errors: list[dict[str, str]] = []
    for item in cast("list[Any]", error.extra or []):
        message = str(item.get("message", "can't be used")) if isinstance(item, dict) else str(item)
        key = str(item.get("key", "")) if isinstance(item, dict) else ""
        if key == "data":
            key = ""  # the name of our parameter: it stands for the whole body
            message = "a JSON body is needed" if message == "'data'" else message
        found = _AT.match(message)
        what, path = (found.group("what"), found.group("path")) if found else (message, None)
        if path and path not in ("$", "key in `$"):
            key = path.removeprefix("$").lstrip(".")
        field = _FIELD.match(what)
        if field is not None:
            key = f"{key}.{field.group('field')}" if key else field.group("field")
        pointer = "/" + re.sub(r"\[(\d+|\.\.\.)\]", r"/\1", key).replace(".", "/").lstrip("/") if key else ""
        errors.append({"pointer": "#" + pointer, "detail": what})
    body = _encoded("invalid", "Some of this can't be used", 422, _first(errors), instance, {"errors": errors})
    return 422, body, []


def _first(errors: list[dict[str, str]]) -> str:
    return "; ".join(
        f"{e['pointer']}: {e['detail']}" if e["pointer"] != "#" else e["detail"] for e in errors[:ERRORS_SHOWN]
    )
