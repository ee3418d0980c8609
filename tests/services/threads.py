"""Races: several threads at once, each with a transaction of its own that really commits."""

from __future__ import annotations

import threading
from collections.abc import Callable

from flask import current_app


def in_threads(*works: Callable[[], None]) -> None:
    """Run all of them at once, wait, and raise what the first of them raised."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    faults: list[BaseException] = []

    def run(work: Callable[[], None]) -> None:
        with app.app_context():
            try:
                work()
            except BaseException as err:
                faults.append(err)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    if faults:
        raise faults[0]
