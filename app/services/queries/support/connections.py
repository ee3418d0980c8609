"""Connected shops of all merchants."""

from __future__ import annotations

from sqlalchemy import text

from app.domain.health import FAILURES_IN_A_ROW
from app.domain.masking import masked_words
from app.errors import NotFound
from app.models.connections import CONNECTION_STATES
from app.services.queries.connection_health import health
from app.services.queries.paging import Page, Row, decode, page, read
from app.services.turns import LAST_SUCCESS

STATES = CONNECTION_STATES
_AT_WORK = "c.state IN ('importing', 'review', 'active', 'paused')"
TROUBLES = {
    "failing": f"c.failures > 0 AND {_AT_WORK}",
    "breaker": f"c.failures >= {FAILURES_IN_A_ROW} AND {_AT_WORK}",
    "needs_auth": "c.state = 'needs_auth'",
    "braked": "c.braked_at IS NOT NULL",
}


def connections(
    *,
    limit: int,
    cursor: str | None,
    account_id: int | None = None,
    platform: str | None = None,
    state: str | None = None,
    trouble: str | None = None,
) -> Page:
    """The last connected first. Raises InvalidCursor."""
    (before,) = decode(cursor, int) or (2**62,)
    given = {"account_id": account_id, "platform": platform, "state": state}
    where = [f"c.{name} = :{name}" for name, value in given.items() if value is not None]
    where += [TROUBLES[trouble]] if trouble else []
    rows = read(
        text(_CONNECTIONS.format(where="".join(f" AND {condition}" for condition in where))),
        **{name: value for name, value in given.items() if value is not None},
        before=before,
        limit=limit + 1,
    )
    return page([_masked(row) for row in rows], limit, lambda row: [row["id"]])


def connection(connection_id: int) -> Row | None:
    """One, with its `health` as its merchant sees it."""
    rows = read(_CONNECTION, id=connection_id)
    if not rows:
        return None
    try:
        found = health(rows[0]["account_id"], connection_id)
    except NotFound:
        return None  # removed in between
    light = {**found["light"], "reason": masked_words(found["light"]["reason"])}
    return {**_masked(rows[0]), "health": {**found, "light": light}}


def account_of(connection_id: int) -> int:
    """Whose it is. Raises NotFound."""
    rows = read(_CONNECTION, id=connection_id)
    if not rows:
        raise NotFound("There is no such connection.")
    return int(rows[0]["account_id"])


def _masked(row: Row) -> Row:
    return {**row, "last_error": masked_words(row["last_error"])}


_ROW = f"""
    SELECT c.id, c.account_id, a.name AS account, c.platform, c.name, c.external_shop_id, c.state, c.failures,
        CASE WHEN c.backoff_until > now() THEN c.backoff_until END AS backoff_until, c.last_error,
        {LAST_SUCCESS} AS last_success_at,
        c.webhooks_checked_at, c.created_at
    FROM connections c JOIN accounts a ON a.id = c.account_id
"""  # noqa: S608  (a constant)
_CONNECTIONS = _ROW + " WHERE c.id < :before{where} ORDER BY c.id DESC LIMIT :limit"
_CONNECTION = text(_ROW + " WHERE c.id = :id")
