"""Work beside the current thread."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from typing import TypeVar

from flask import current_app

T = TypeVar("T")


def in_this_app(act: Callable[[], T]) -> Callable[[], T]:
    """For another thread: the current application, and what is bound to logs, are known in this one only."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # the proxy is of this thread
    context = copy_context()

    def run() -> T:
        with app.app_context():
            return act()

    return lambda: context.copy().run(run)
