"""How often somebody may try to sign in. Counted in Redis; without Redis, in each process."""

from __future__ import annotations

from flask import request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

SIGN_IN_PER_ADDRESS = "60 per minute"
SIGN_IN_PER_USER = "10 per minute"


def user_and_address() -> str:
    """Per address too, or a stranger could lock a user out."""
    document = request.get_json(silent=True)
    email = document.get("email") if isinstance(document, dict) else None
    return f"{get_remote_address()} {str(email).strip().lower()[:200]}"


limiter = Limiter(
    get_remote_address,
    storage_options={"socket_timeout": 2, "socket_connect_timeout": 2},
    strategy="fixed-window",
    in_memory_fallback_enabled=True,
    key_prefix="syncflow",
)
