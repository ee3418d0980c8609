"""How flags are set."""

from __future__ import annotations

from sqlalchemy import text

from app.services.flags import FOR_ACCOUNTS, WORDS
from app.services.queries.paging import Row, read

MOST_SHOWN = 200


def flags() -> list[Row]:
    """Each flag, and the accounts for which it is set otherwise (the newest of them)."""
    for_everybody = {row["flag"]: row["is_on"] for row in read(_FOR_EVERYBODY)}
    for_accounts = read(_FOR_ACCOUNTS, most=MOST_SHOWN)
    return [
        {
            "flag": flag,
            "words": words,
            "is_on": for_everybody.get(flag, True),
            "for_accounts": flag in FOR_ACCOUNTS,
            "accounts": [row for row in for_accounts if row["flag"] == flag],
        }
        for flag, words in WORDS.items()
    ]


_FOR_EVERYBODY = text("SELECT flag, is_on FROM flag_settings WHERE about_account IS NULL")
_FOR_ACCOUNTS = text(
    """
    SELECT f.flag, f.is_on, f.created_at, f.about_account AS account_id, a.name AS account
    FROM flag_settings f JOIN accounts a ON a.id = f.about_account ORDER BY f.id DESC LIMIT :most
    """
)
