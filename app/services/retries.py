"""How often a kind of work is tried in this installation."""

from __future__ import annotations

import random
from dataclasses import replace

from flask import current_app

from app.domain.backoff import RETRIES, Retries
from app.settings import Settings


def retries(kind: str) -> Retries:
    """As `RETRIES` says, with the operator's number of attempts (RETRY_ATTEMPTS) where there is one."""
    settings: Settings = current_app.extensions["settings"]
    usual = RETRIES[kind]
    return replace(usual, attempts=settings.retry_attempts.get(kind, usual.attempts))


def delay(kind: str, attempt: int, *, at_least: float | None = None) -> float:
    """Seconds to wait after the attempt of that number, which counts from 1."""
    jitter = random.random()  # noqa: S311  (spreads load, guards nothing)
    return RETRIES[kind].delay(attempt, jitter=jitter, at_least=at_least)
