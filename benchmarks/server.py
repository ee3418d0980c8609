"""The product's web processes, as the Procfile starts them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


@contextmanager
def server(environ: Mapping[str, str], app: str, *, ready: str) -> Iterator[None]:
    """gunicorn with the WSGI application `app`, once it answers for the path `ready`."""
    running = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", "syncflow/gunicorn.py", app],
        env={**os.environ, **environ, "LOG_LEVEL": "ERROR"},
    )
    try:
        _wait_until_ready(f"http://127.0.0.1:{environ['PORT']}{ready}")
        yield
    finally:
        running.terminate()
        running.wait(30)


def _wait_until_ready(url: str) -> None:
    give_up = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.1)
