"""The sample account that belongs to an account."""

from __future__ import annotations

from sqlalchemy import text

from app.errors import NotFound
from app.services.queries.paging import Row, read
from app.services.sample_data.accounts import KEPT_DAYS


def sample_data(account_id: int) -> Row:
    """Of an account, or of the one that a sample belongs to. Raises NotFound."""
    rows = read(_SAMPLE, id=account_id, days=KEPT_DAYS)
    if not rows:
        raise NotFound("There is no sample data.")
    return rows[0]


_SAMPLE = text(
    """
    SELECT s.id AS account_id, s.name AS account_name, s.sample_of AS own_account_id, s.created_at,
        s.created_at + make_interval(days => :days) AS expires_at
    FROM accounts a JOIN accounts s ON s.sample_of = coalesce(a.sample_of, a.id) AND s.delete_at IS NULL
    WHERE a.id = :id
    """
)
