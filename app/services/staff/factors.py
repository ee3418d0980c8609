"""Staff's one-time codes."""

from __future__ import annotations

from app.services.one_time_codes import Factors

ISSUER = "SyncFlow console"
FACTORS = Factors("staff_factors", "staff_user_id")


def reseal_secrets() -> int:
    """Seal every secret anew under the first key; how many. Safe to repeat. Raises CredentialsUnreadable."""
    return FACTORS.reseal()
