"""Jobs for workers under test. They tell of themselves in Redis, and wait there for what the test does."""

from __future__ import annotations

import os
import threading
import time

import redis
from flask import current_app

from app.services.stopping import leave_if_asked


def _client() -> redis.Redis:
    client: redis.Redis = current_app.extensions["redis"]
    return client


def tell(word: str) -> None:
    _client().rpush("told", word)


def hold(word: str) -> None:
    """Hangs until the test sets the key `let-go`, and notices nothing meanwhile."""
    tell(f"{word} began")
    while not _client().exists("let-go"):
        time.sleep(0.02)
    tell(f"{word} ended")


def go_on(word: str) -> None:
    """Batch after batch, until the test sets the key `let-go`."""
    tell(f"{word} began")
    while not _client().exists("let-go"):
        leave_if_asked()
        time.sleep(0.02)
    tell(f"{word} ended")


def take_worker_along(word: str) -> None:
    tell(f"{word} began")
    os._exit(1)


def thread_of(word: str) -> None:
    tell(f"{word} {threading.get_ident()}")


def fail(word: str) -> None:
    raise ValueError(word)
