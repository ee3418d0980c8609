"""Whether this container's process is alive, for a HEALTHCHECK: run by path, standard library only.

A web process is when it answers /healthz. Every other kind is while it runs: one that ends takes its
container along, and whether its queue is worked off is told by /readyz and the metrics.
"""

from __future__ import annotations

import os
import sys
import urllib.request
from pathlib import Path

PATIENCE_SECONDS = 5
FIRST_PROCESS = Path("/proc/1/cmdline")


def main(first: Path = FIRST_PROCESS) -> int:
    if b"gunicorn" not in first.read_bytes():
        return 0
    address = f"http://127.0.0.1:{os.environ.get('PORT') or 8000}/healthz"
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE_SECONDS):
            return 0
    except OSError as err:
        sys.stderr.write(f"{address}: {err}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
