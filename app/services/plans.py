"""What an account's plan allows: everything, until there is billing. Whoever limits something asks here."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.errors import SyncFlowError


class PlanLimit(SyncFlowError):
    """Your plan does not include more of this."""

    code = "plan_limit"


@dataclass(frozen=True, slots=True)
class Limits:
    """None is without a limit. `channels`: shops connected at a time."""

    channels: int | None = None
    orders_per_month: int | None = None


OFFERED = (Limits(),)
"""What can be had. For as long as there is no billing the first one is every account's, and costs nothing."""


def limits(account_id: int) -> Limits:
    """The same for every account, for as long as there is no billing."""
    return OFFERED[0]


def require_channel(session: Session, account_id: int) -> None:
    """Raises PlanLimit unless one shop more may be connected. Of two that ask, one waits until the other's
    transaction has ended."""
    most = limits(account_id).channels
    if most is None:
        return
    session.execute(_LOCK, {"id": account_id})
    if session.execute(_CONNECTED, {"id": account_id}).scalar_one() >= most:
        raise PlanLimit(f"Your plan includes {most} connected shops.")


_LOCK = text("SELECT 1 FROM accounts WHERE id = :id FOR NO KEY UPDATE")
_CONNECTED = text(
    "SELECT count(*) FROM connections WHERE account_id = :id AND state NOT IN ('connecting', 'disconnected')"
)
