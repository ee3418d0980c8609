"""From faults to answers: the only place with HTTP status codes. Every error leaves as problem+json."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from flask import Flask, Response, json, request
from sqlalchemy.exc import DataError
from werkzeug.exceptions import HTTPException

from app.domain.fault_texts import said_of
from app.errors import SyncFlowError
from app.services.error_meter import note_error
from app.services.faults import fault_of

log = structlog.get_logger(__name__)

STATUSES = {
    "invalid_input": 422,
    "invalid_cursor": 422,
    "invalid_rows": 422,
    "wrong_credentials": 401,
    "second_factor_needed": 401,
    "wrong_code": 403,
    "wrong_password": 403,
    "invalid_refresh_token": 401,
    "csrf_header_missing": 403,
    "invalid_token": 422,
    "not_signed_in": 401,
    "invalid_signature": 401,
    "forbidden": 403,
    "switched_off": 403,
    "missing_scope": 403,
    "role_too_low": 403,
    "last_owner": 409,
    "not_found": 404,
    "conflict": 409,
    "plan_limit": 402,
    "sample_account": 409,
    "sku_taken": 409,
    "variant_in_use": 409,
    "import_has_faults": 409,
    "order_cancelled": 409,
    "nothing_to_fulfill": 409,
    "fulfillment_being_sent": 409,
    "unknown_order_line": 422,
    "quantity_exceeds_open": 409,
    "precondition_failed": 412,
    "idempotency_key_reused": 422,
    "idempotency_in_flight": 409,
    "too_many_requests": 429,
    "platform_error": 502,
    "platform_transient": 503,
    "platform_outcome_unknown": 503,
    "platform_permanent": 502,
    "platform_auth_expired": 409,
    "not_stored": 503,
    "too_many_streams": 503,
    "live_unavailable": 503,
    "credentials_unreadable": 500,
    "internal": 500,
}
"""By the `code` of a SyncFlowError."""
CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid_input",
    429: "too_many_requests",
}
"""By the status of what Flask and Werkzeug raise."""
OK, CREATED, ACCEPTED, NO_CONTENT, UNAVAILABLE = 200, 201, 202, 204, 503


class NotSignedIn(SyncFlowError):
    """A valid access token or API key is needed: Authorization: Bearer <token>."""

    code = "not_signed_in"


class Forbidden(SyncFlowError):
    """Your role does not allow this."""

    code = "forbidden"


class SampleAccount(SyncFlowError):
    """This account holds sample data: nothing of it reaches a shop or the outside."""

    code = "sample_account"


class CsrfHeaderMissing(SyncFlowError):
    """With the cookie the header X-CSRF-Protection has to come, with any value."""

    code = "csrf_header_missing"


class MissingScope(SyncFlowError):
    """This API key does not have the scope that this needs."""

    code = "missing_scope"


class TooManyRequests(SyncFlowError):
    """That was tried too often. Please wait a little."""

    code = "too_many_requests"

    def __init__(self, *, retry_after: float) -> None:
        super().__init__()
        self.retry_after = retry_after


def problem(status: int, code: str, detail: str = "", *, errors: Any = None) -> Response:
    """An answer after RFC 9457; `code` is stable and for programs, `detail` is for people. `errors`: what is
    wrong with what, in words."""
    body: dict[str, Any] = {"type": "about:blank", "status": status, "code": code, "detail": detail}
    if said := said_of(detail):
        body["said"] = said
    if errors:
        body |= {"errors": errors, "errors_said": _said(errors)}
    return Response(json.dumps(body), status=status, mimetype="application/problem+json")


def _said(errors: Any) -> Any:
    if isinstance(errors, Mapping):
        return {name: _said(inner) for name, inner in errors.items()}
    if isinstance(errors, list):
        return [_said(inner) for inner in errors]
    return said_of(errors) if isinstance(errors, str) else None


def register_errors(app: Flask) -> None:
    app.register_error_handler(SyncFlowError, _known_fault)
    app.register_error_handler(HTTPException, http_fault)
    app.register_error_handler(DataError, _unusable)
    app.register_error_handler(UnicodeEncodeError, _unusable)
    app.register_error_handler(Exception, _bug)


def _known_fault(error: SyncFlowError) -> Response:
    status = STATUSES.get(error.code, STATUSES["internal"])
    if status == STATUSES["internal"]:
        return _bug(error)
    if status > STATUSES["internal"]:
        _note(error)
    answer = problem(status, error.code, str(error), errors=getattr(error, "errors", None))
    retry_after = getattr(error, "retry_after", None)
    if retry_after:
        answer.headers["Retry-After"] = str(max(int(retry_after), 1))
    return answer


def http_fault(error: HTTPException) -> Response:
    """Werkzeug's own; webargs hangs what is wrong with which field on a 422."""
    if error.code is None or error.code < 400:
        return error.get_response()  # type: ignore[return-value]  # a redirect is a Flask response here
    fields = getattr(error, "data", {}).get("messages")
    detail = "Something in it cannot be used: see `errors`." if fields else error.description or ""
    answer = problem(error.code, CODES.get(error.code, "http"), detail, errors=fields)
    for name, value in error.get_headers():
        if name.lower() in ("allow", "retry-after"):
            answer.headers[name] = value
    return answer


def _unusable(error: DataError | UnicodeEncodeError) -> Response:
    """Text or a number that no column can hold: a NUL, half a character, an id beyond 64 bits."""
    log.warning("request_unusable", error=type(getattr(error, "orig", error)).__name__)
    return problem(STATUSES["invalid_input"], "invalid_input", "A text or number in it cannot be used.")


def _bug(error: Exception) -> Response:
    log.error("request_failed", exc_info=error)
    _note(error)
    return problem(STATUSES["internal"], "internal", "Something went wrong on our side; it was recorded.")


def _note(error: Exception) -> None:
    """Count it among the errors that operators see."""
    rule = request.url_rule.rule if request.url_rule else ""
    connection_id = (request.view_args or {}).get("connection_id")
    note_error(
        fault_of(error),
        kind=f"{request.method} {rule}",
        connection_id=connection_id if isinstance(connection_id, int) else None,
    )
