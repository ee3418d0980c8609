"""`python -m workers.run QUEUE`: one worker process, one queue.

Jobs run in this process (no fork: a fork per job costs three quarters of the throughput). A job that
was killed with its worker is not waited for: its rows are still there, and the sweeper wakes them.
"""

from __future__ import annotations

import gc
import sys

import structlog
from redis import Redis
from rq import Queue, SimpleWorker
from rq.timeouts import TimerDeathPenalty

from app import create_app
from workers.queues import QUEUES

WORKER_TTL_SECONDS = 20
MAINTENANCE_SECONDS = 5


class Worker(SimpleWorker):
    """Runs jobs in this process; a timer ends those that overrun."""

    death_penalty_class = TimerDeathPenalty


def main(argv: list[str]) -> int:
    if len(argv) != 1 or argv[0] not in QUEUES:
        sys.stderr.write(f"usage: python -m workers.run {{{'|'.join(QUEUES)}}}\n")
        return 2
    app = create_app()
    gc.collect()
    gc.freeze()  # what was loaded stays: the collector need not walk through it again and again
    # A worker blocks on its queue for longer than the application's Redis calls may take.
    connection = Redis.from_url(app.extensions["settings"].redis_url)
    with app.app_context():
        structlog.contextvars.bind_contextvars(queue=argv[0])
        worker = Worker(
            [Queue(argv[0], connection=connection)],
            connection=connection,
            worker_ttl=WORKER_TTL_SECONDS,
            maintenance_interval=MAINTENANCE_SECONDS,
        )
        worker.work(with_scheduler=False, logging_level="WARNING")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
