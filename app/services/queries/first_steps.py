"""How far an account has come on its way to shops in step, as its rows say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from sqlalchemy import text

from app.domain.matching import UnlinkedReason
from app.services.queries.paging import Row, read
from app.services.workplace.members import Member

DECIDED = (
    UnlinkedReason.BY_HAND,
    UnlinkedReason.UNTRACKED,
    UnlinkedReason.BUNDLE_PARENT,
    UnlinkedReason.VANISHED,
)
"""Why a listing may stay unlinked: a person wants it so, or the shop keeps no number of it."""


class Step(StrEnum):
    """In this order."""

    CONNECT = "connect"
    MATCH = "match"
    """Every listing is linked, or it is decided that it is not."""
    FIRST_SYNC = "first_sync"
    """Somebody chose whose numbers are right, saw what would change, and agreed."""
    SWITCH_ON = "switch_on"
    """Every number of that first sync is with its shop."""


class Stand(StrEnum):
    DONE = "done"
    OPEN = "open"
    WAITING = "waiting"
    """SyncFlow is at it."""
    LATER = "later"
    """An earlier step comes first."""


def first_steps(member: Member) -> Row:
    """Each step with where it stands, the first shop that it is about and how many things there are to do;
    and what the member put away."""
    shops = read(_SHOPS, account_id=member.account_id, decided=[reason.value for reason in DECIDED])
    dismissed = {row["kind"] for row in read(_DISMISSED, **member.key)}
    steps = list(_steps(shops))
    return {
        "steps": steps,
        "done": all(step["state"] == Stand.DONE for step in steps),
        "hidden": "first_steps" in dismissed,
        "tour_taken": "tour" in dismissed,
    }


def _steps(shops: Sequence[Row]) -> Iterable[Row]:
    connected, started = bool(shops), bool(shops) and all(shop["started"] for shop in shops)
    read_in = [shop for shop in shops if shop["state"] == "importing"]
    to_link = [shop for shop in shops if shop["to_link"]]
    to_start = [shop for shop in shops if not shop["started"] and shop not in read_in]
    to_write = [shop for shop in shops if shop["to_write"]]
    held = [shop for shop in to_write if shop["state"] != "active"]
    yield _step(Step.CONNECT, Stand.DONE if connected else Stand.OPEN)
    yield _step(Step.MATCH, _stand(connected, to_link, read_in), to_link, sum(s["to_link"] for s in to_link))
    yield _step(Step.FIRST_SYNC, _stand(connected, to_start, read_in), to_start, len(to_start))
    yield _step(
        Step.SWITCH_ON,
        _stand(started, held, to_write),
        held or to_write,
        sum(shop["to_write"] for shop in to_write),
    )


def _stand(ready: bool, to_do: Sequence[Row], at_it: Sequence[Row]) -> Stand:
    if not ready:
        return Stand.LATER
    if to_do:
        return Stand.OPEN
    return Stand.WAITING if at_it else Stand.DONE


def _step(step: Step, state: Stand, shops: Sequence[Mapping[str, int]] = (), count: int = 0) -> Row:
    return {
        "step": step,
        "state": state,
        "connection_id": shops[0]["id"] if shops else None,
        "count": count,
    }


# What came to a shop after its first sync is no first step, and neither is a number that it changed since.
_SHOPS = text(
    """
    WITH shops AS (
        SELECT c.id, c.state, r.created_at AS agreed_at, r.finished_at AS started_at,
            c.state IN ('active', 'paused', 'sample') OR (c.state = 'needs_auth' AND EXISTS (
                SELECT 1 FROM stock_cells s WHERE s.connection_id = c.id AND s.state <> 'waiting'
            )) AS started
        FROM connections c LEFT JOIN LATERAL (
            SELECT created_at, coalesce(finished_at, now()) AS finished_at FROM sync_runs
            WHERE connection_id = c.id AND kind = 'first_sync' ORDER BY id DESC LIMIT 1
        ) r ON true
        WHERE c.account_id = :account_id AND c.state NOT IN ('connecting', 'disconnected')
    )
    SELECT s.id, s.state, s.started,
        (SELECT count(*) FROM listings l
         WHERE l.connection_id = s.id AND l.variant_id IS NULL AND l.unlinked_reason <> ALL(:decided)
         AND (NOT s.started OR l.created_at <= s.agreed_at)) AS to_link,
        (SELECT count(*) FROM stock_cells k WHERE k.connection_id = s.id AND k.state = 'active'
         AND k.dirty_since <= s.started_at) AS to_write
    FROM shops s ORDER BY s.id
    """
)
_DISMISSED = text("SELECT kind FROM dismissals WHERE account_id = :account_id AND user_id = :user_id")
