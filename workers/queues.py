"""The queues. One worker process consumes one queue: on several it could lose a job in a crash."""

from app.services.queue_states import QUEUES

__all__ = ["QUEUES", "spare_threads_of", "threads_of"]

SLICED = ("intake", "hints", "push")
"""Their jobs give up their place after a second, unless a shop keeps them waiting."""


def threads_of(queue: str, worker_threads: int) -> int:
    """How many jobs a worker of this queue does at a time. Those of `reports` wait for no shop: they keep the
    database busy, and more of them at a time would only slow each other down."""
    return max(worker_threads // 4, 1) if queue == "reports" else worker_threads


def spare_threads_of(queue: str, worker_threads: int) -> int:
    """How many more it does where so many wait for shops that are slow. They cost little; an import may
    be large, and gets none."""
    return 3 * worker_threads if queue in SLICED else 0
