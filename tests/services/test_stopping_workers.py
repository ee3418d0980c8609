"""A worker process, a real one, is told to stop in the midst of a big import and of a call that hangs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rq import Queue
from rq.registry import FailedJobRegistry, StartedJobRegistry

from app.models import Connection
from app.services import shops, work
from app.services.credentials import vault
from app.services.nudge import Drain, nudge
from app.services.uow import unit_of_work
from tests.runtime.waiting import wait_for
from tests.services.sandboxes import NO_FAULTS, WooSandbox
from tests.services.world import World

PROJECT = Path(__file__).parents[2]
PRODUCTS = 500
# The worker as it is, less patient.
COMMAND = """
import sys
from workers import run, worker
worker.STOP_SECONDS = 6.0
sys.exit(run.main(["sync"]))
"""
Start = Callable[[], subprocess.Popen[bytes]]


@pytest.fixture
def start(environ: dict[str, str]) -> Iterator[Start]:
    """Starts workers of the queue `sync`."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        settings = {**os.environ, **environ, "ALLOW_PRIVATE_SHOPS": "true"}
        started.append(subprocess.Popen([sys.executable, "-c", COMMAND], cwd=PROJECT, env=settings))
        return started[-1]

    yield start
    for worker in started:
        worker.kill()
        worker.wait()


@pytest.fixture
def sandboxes(tmp_path: Path) -> Iterator[tuple[WooSandbox, WooSandbox]]:
    """A big shop and another one."""
    big, other = WooSandbox(tmp_path / "big"), WooSandbox(tmp_path / "other")
    yield big, other
    big.stop()
    other.stop()


def add(world: World, sandbox: WooSandbox) -> int:
    with unit_of_work() as uow:
        connection = Connection(
            account_id=world.account_id,
            platform=sandbox.platform.slug,
            external_shop_id=sandbox.shop_id,
            name="A sandbox",
            state="importing",
            credentials=vault().seal(sandbox.keys),
            webhook_secret=vault().seal_text("secret"),
        )
        uow.session.add(connection)
        uow.session.flush()
        uow.commit()
    return connection.id


def listings(world: World, connection_id: int) -> int:
    found = world.one("SELECT count(*) AS seen FROM listings WHERE connection_id = :id", id=connection_id)
    return int(found.seen)


def is_at_work(world: World, connection_id: int) -> bool:
    return bool(
        world.rows("SELECT 1 FROM drain_leases WHERE connection_id = :id AND until > now()", id=connection_id)
    )


def state(world: World, connection_id: int) -> str:
    return str(world.one("SELECT state FROM connections WHERE id = :id", id=connection_id).state)


@pytest.mark.timeout(300)
def test_a_worker_that_imports_and_hangs_in_a_call_ends_in_time_and_the_next_goes_on(
    world: World,
    sandboxes: tuple[WooSandbox, WooSandbox],
    start: Start,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    big, other = sandboxes
    monkeypatch.setattr(work, "open_channel", shops.open_channel)
    variants = [
        {"sku": f"BIG-{n}", "title": f"BIG-{n}", "price": "9.99", "stock": 5} for n in range(PRODUCTS)
    ]
    big.control("POST", "catalog", products=[{"title": v["sku"], "variants": [v]} for v in variants])
    other.stock(20)
    imported, hanging = add(world, big), add(world, other)
    big.control("PUT", "faults", latency_ms=2000)
    other.control("PUT", "faults", call_timeout=1.0, call_hang_s=120)
    queue = Queue("sync", connection=world.redis)
    under_way = StartedJobRegistry(queue=queue)
    worker = start()
    nudge(Drain.IMPORT, imported)
    wait_for(lambda: listings(world, imported), what="the first page", within_seconds=120)
    nudge(Drain.IMPORT, hanging)
    wait_for(lambda: is_at_work(world, hanging), what="the call", within_seconds=60)
    assert len(under_way.get_job_ids(cleanup=False)) == 2
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=30) == 0
    seen = listings(world, imported)
    assert 0 < seen < PRODUCTS
    assert (state(world, imported), state(world, hanging)) == ("importing", "importing")
    assert len(queue.get_job_ids()) == 2
    assert not under_way.get_job_ids(cleanup=False)
    big.control("PUT", "faults", latency_ms=0)
    other.control("PUT", "faults", **NO_FAULTS)
    start()
    for connection_id in (imported, hanging):
        wait_for(
            lambda one=connection_id: state(world, one) == "review", what="the import", within_seconds=120
        )
    assert listings(world, imported) == PRODUCTS
    assert not FailedJobRegistry(queue=queue).get_job_ids()
