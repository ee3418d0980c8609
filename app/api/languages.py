"""In which language a caller wants to read what is written to them."""

from __future__ import annotations

from flask import request

from app.models.accounts import LANGUAGES


def language() -> str | None:
    """The first of LANGUAGES that Accept-Language asks for (de-AT is German); None if it asks for none."""
    for tag, quality in request.accept_languages:
        spoken = tag.partition("-")[0].lower()
        if quality > 0 and spoken in LANGUAGES:
            return spoken
    return None
