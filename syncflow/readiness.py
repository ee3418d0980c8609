"""When a product process is ready: it answers, or it has registered for its queue."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from http import HTTPStatus

import redis
import requests
from rq import Worker

from syncflow.launcher import Ready

WORKER_MODULE = "workers.run"


def product_readiness(
    commands: Mapping[str, Sequence[str]], *, port: int, redis_url: str
) -> dict[str, Ready]:
    """How to tell that each process of the Procfile is ready; those not named are when they run."""
    ready: dict[str, Ready] = {"web": web_answers(port)}
    for name, command in commands.items():
        if WORKER_MODULE in command:
            ready[name] = workers_registered(redis_url)
    return ready


def web_answers(port: int) -> Ready:
    """Ready when /readyz answers that all is well."""

    def ready(_pids: Collection[int]) -> bool:
        try:
            answer = requests.get(f"http://127.0.0.1:{port}/readyz", timeout=5)
        except requests.RequestException:
            return False
        return answer.status_code == HTTPStatus.OK

    return ready


def workers_registered(redis_url: str) -> Ready:
    """Ready when every process is registered as an RQ worker."""

    def ready(pids: Collection[int]) -> bool:
        with redis.Redis.from_url(redis_url) as connection:
            return {worker.pid for worker in Worker.all(connection=connection)}.issuperset(pids)

    return ready
