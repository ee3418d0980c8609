"""The queues. One worker process consumes one queue: on several it could lose a job in a crash."""

from app.services.queue_states import QUEUES

__all__ = ["QUEUES", "threads_of"]


def threads_of(queue: str, worker_threads: int) -> int:
    """How many jobs a worker of this queue does at a time. Those of `reports` wait for no shop: they keep the
    database busy, and more of them at a time would only slow each other down."""
    return max(worker_threads // 4, 1) if queue == "reports" else worker_threads
