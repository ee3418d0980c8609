"""`python -m workers.run QUEUE`: one worker process, one queue."""

from __future__ import annotations

import gc
import os
import sys
import threading
import time

import structlog
from redis import Redis
from rq import Queue

from app import create_app
from app.measures.meter import Meter
from app.services.leases import give_back_all
from app.tracing import stop_tracing
from workers.queues import QUEUES, spare_threads_of, threads_of
from workers.worker import Worker


def main(argv: list[str]) -> int:
    if len(argv) != 1 or argv[0] not in QUEUES:
        sys.stderr.write(f"usage: python -m workers.run {{{'|'.join(QUEUES)}}}\n")
        return 2
    app = create_app(web=False)
    gc.collect()
    gc.freeze()  # what was loaded stays: the collector need not walk through it again and again
    settings = app.extensions["settings"]
    # A worker blocks on its queue for longer than the application's Redis calls may take.
    connection = Redis.from_url(settings.redis_url)
    structlog.contextvars.bind_contextvars(queue=argv[0])
    worker = Worker(
        Queue(argv[0], connection=connection),
        app=app,
        threads=threads_of(argv[0], settings.worker_threads),
        spare=spare_threads_of(argv[0], settings.worker_threads),
    )
    meter: Meter = app.extensions["meter"]
    meter.process = argv[0]
    ended = worker.run()
    meter.add()
    stop_tracing()
    with app.app_context():
        if not (ended and _others_end(worker.give_up_at())):
            give_back_all()
            sys.stderr.flush()
            os._exit(0)  # what hangs is left: its rows, and the job in the queue, are taken up by others
    return 0


def _others_end(until: float) -> bool:
    """Wait for calls that a job did not wait for: they write down what they bring. Whether all have ended."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join(max(until - time.monotonic(), 0.0))
            if thread.is_alive():
                return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
