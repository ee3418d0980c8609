"""A worker process: it takes jobs from one queue and gives them to a few threads of its own.

No fork: one for each job costs three quarters of the throughput. The main thread alone takes jobs, only when
a thread is free for them, keeps the records of those under way alive, and stops the process:

- told to stop, it takes no more. What is under way ends with its batch, or is left (`app.services.stopping`);
  what is left goes back to the head of its queue. So does, after STOP_SECONDS, what hangs in a slow shop.
- of a worker that was killed nothing renews the records. Another one finds them, and puts the jobs back
  (`workers.abandoned`).
"""

from __future__ import annotations

import contextvars
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import Any, Final

import redis
import structlog
from flask import Flask
from rq import Queue
from rq.exceptions import DequeueTimeout, InvalidJobOperation
from rq.executions import Execution
from rq.job import Job
from rq.suspension import is_suspended
from rq.worker import BaseWorker, WorkerStatus

from app.services import stopping
from app.services.dead_letters.jobs import note_failed_job
from app.services.queues import count_job, is_paused
from app.services.stopping import Stopping
from workers import abandoned
from workers.abandoned import Abandoned
from workers.at_work import at_work
from workers.deadline import Deadline

log = structlog.get_logger()

WORKER_TTL_SECONDS = 20
MAINTENANCE_SECONDS = 5
DEQUEUE_SECONDS = 1
"""How long the queue is waited for at once: as long may pass until the process notices that it shall stop."""
BEAT_SECONDS = 5.0
STOP_SECONDS = 20.0
"""From SIGTERM until what is under way is left. Heroku kills after 30, `syncflow up` after 25."""
OVERDUE_SECONDS = 60.0
"""A thread that does not heed its job's deadline for so long is lost, and the process with it."""
PAUSE_SECONDS = 1.0
LONG_SECONDS = 2.0
"""A job of a queue with spare threads that takes longer waits for its shop."""


@dataclass(frozen=True, slots=True)
class _UnderWay:
    job: Job
    queue: Queue
    execution: Execution
    lost_at: float
    long_at: float


class Worker(BaseWorker):
    """Works on one queue until it is told to stop."""

    death_penalty_class = Deadline

    def __init__(self, queue: Queue, *, app: Flask, threads: int, spare: int = 0) -> None:
        super().__init__(
            [queue],
            connection=queue.connection,
            worker_ttl=WORKER_TTL_SECONDS,
            maintenance_interval=MAINTENANCE_SECONDS,
            exception_handlers=[lambda job, _kind, err, _trace: note_failed_job(job, err)],
        )
        self._queue = queue
        self._app = app
        self._room = threading.Semaphore(threads)
        self._spare: Final = spare
        self._pool = ThreadPoolExecutor(threads + spare, thread_name_prefix="job")
        self._under_way: dict[str, _UnderWay] = {}
        self._lent: set[str] = set()
        """Executions whose place another job has meanwhile."""
        self._ending = threading.Lock()
        self._abandoned = Abandoned(self, queue)
        self._beat_due = self._look_due = 0.0
        self._give_up_at: float | None = None
        self._suspended = False

    def run(self) -> bool:
        """Work until SIGTERM or SIGINT. False if something under way had to be left where it was: the process
        must end without waiting for its threads."""
        self.bootstrap("WARNING")
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.request_stop)
        with self._app.app_context():  # house-keeping tells of jobs that were lost
            return self._work()

    def _work(self) -> bool:
        try:
            while not self._stop_requested:
                try:
                    self._turn()
                except redis.RedisError as err:
                    log.warning("redis_away", error=type(err).__name__)
                    time.sleep(PAUSE_SECONDS)
                except Exception:  # a job that cannot be read, for one, must not end all others
                    log.exception("worker_turn_failed")
                    time.sleep(PAUSE_SECONDS)
            return self._wind_up()
        finally:
            self._quietly(self.teardown)

    def give_up_at(self) -> float:
        """By time.monotonic(); for a worker that was told to stop."""
        assert self._give_up_at is not None
        return self._give_up_at

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """The handler of signals. A second one, later than a second after the first, is impatient."""
        now = time.monotonic()
        if self._give_up_at is None:
            self._give_up_at = now + STOP_SECONDS
        elif now > self._give_up_at - STOP_SECONDS + 1:
            self._give_up_at = now
        self._stop_requested = True
        stopping.ask()

    # -- The main thread.

    def _turn(self) -> None:
        self._keep()  # first: after Redis was away its own jobs look abandoned
        if self.should_run_maintenance_tasks:
            self.run_maintenance_tasks()
        if self._is_suspended():
            time.sleep(DEQUEUE_SECONDS)
            return
        self._lend()
        if self._stop_requested or not self._room.acquire(timeout=DEQUEUE_SECONDS):
            return
        taken = False
        try:
            found = self._next()
            if found is not None:
                self.execute_job(*found)
                taken = True
        finally:
            if not taken:
                self._room.release()

    def _is_suspended(self) -> bool:
        """By `rq suspend`, or this queue in the console. Looked up once a second, not for every job."""
        if self._look_due <= time.monotonic():
            self._look_due = time.monotonic() + DEQUEUE_SECONDS
            self._suspended = bool(is_suspended(self.connection)) or is_paused(
                self.connection, self._queue.name
            )
        return self._suspended

    def _next(self) -> tuple[Job, Queue] | None:
        try:
            return self.queue_class.dequeue_any(
                self.queues,
                DEQUEUE_SECONDS,
                connection=self.connection,
                job_class=self.job_class,
                serializer=self.serializer,
                death_penalty_class=self.death_penalty_class,
            )
        except DequeueTimeout:
            return None

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Have one of the threads do it. The caller holds room for it."""
        execution = self.prepare_execution(job)
        now = time.monotonic()
        lost_at = now + job.timeout + OVERDUE_SECONDS if job.timeout else float("inf")
        self._under_way[execution.id] = _UnderWay(job, queue, execution, lost_at, now + LONG_SECONDS)
        self._pool.submit(contextvars.copy_context().run, self._perform, job, queue, execution)

    def _lend(self) -> None:
        """Give the places of jobs that wait for a slow shop to others: more shops may hang than there are
        threads."""
        now = time.monotonic()
        with self._ending:
            waits = [key for key, each in self._under_way.items() if each.long_at < now]
            for key in [key for key in waits if key not in self._lent][: self._spare - len(self._lent)]:
                self._lent.add(key)
                self._room.release()

    def _keep(self) -> None:
        """Tell that this process and its jobs are alive."""
        if time.monotonic() < self._beat_due:
            return
        due = time.monotonic() + BEAT_SECONDS
        under_way = list(self._under_way.values())
        for each in under_way:
            self.maintain_heartbeats(each.job, each.execution)
        if not self.connection.sismember(self.redis_workers_keys, self.key):  # Redis was emptied
            self.connection.delete(self.key)
            self.register_birth()
        self.heartbeat()
        idle = WorkerStatus.SUSPENDED if self._suspended else WorkerStatus.IDLE
        self.set_state(WorkerStatus.BUSY if under_way else idle)
        self._beat_due = due
        if lost := [each.job.id for each in under_way if each.lost_at < time.monotonic()]:
            log.error("jobs_hang", job_ids=lost)
            self.request_stop(signal.SIGTERM, None)

    def get_heartbeat_ttl(self, job: Job, working_time: float = 0.0) -> int:
        """Short: `_keep` renews it."""
        return abandoned.EXECUTION_SECONDS

    def _wind_up(self) -> bool:
        """Wait for what is under way, until it is time to give up. Whether all of it ended."""
        log.info("worker_stops", under_way=len(self._under_way))
        while self._under_way and time.monotonic() < self.give_up_at():
            self._quietly(self._keep)
            time.sleep(0.05)
        left = list(self._under_way.values())
        for each in left:
            log.warning("job_left", job=each.job.func_name, job_id=each.job.id)
            self._quietly(partial(self._put_back, each.job, each.queue, each.execution))
        self._pool.shutdown(wait=not left)
        return not left

    def _quietly(self, act: Callable[[], object]) -> None:
        """On the way out, with Redis there or not."""
        try:
            act()
        except redis.RedisError as err:
            log.warning("redis_away", error=type(err).__name__)

    # -- A job's thread.

    def _perform(self, job: Job, queue: Queue, execution: Execution) -> None:
        try:
            with self._app.app_context():
                at_work(job, lambda: self.perform_job(job, queue, execution))
            count_job(self.connection, queue.name)
        except Exception:  # Redis, most likely: the job was done, or its rows say what is left of it
            log.exception("job_not_recorded")
        finally:
            self.executions.pop(execution.id, None)
            with self._ending:
                self._under_way.pop(execution.id, None)
                has_place = execution.id not in self._lent
                self._lent.discard(execution.id)
            if has_place:
                self._room.release()

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        """Logged with its traceback as a field; RQ would put it into a message."""
        log.error("job_failed", exc_info=exc_info)

    def _finalize_success(self, job: Job, queue: Queue, execution: Execution, return_value: Any) -> None:
        """What is done did not fail because Redis was emptied meanwhile and knows nothing of it."""
        try:
            super()._finalize_success(job, queue, execution, return_value)
        except InvalidJobOperation:
            self.connection.delete(job.key)  # RQ has noted the job's end there, for ever

    def _finalize_failure(self, job: Job, queue: Queue, execution: Execution, exc_info: Any) -> None:
        """What was left because this process stops did not fail."""
        if isinstance(exc_info[1], Stopping):
            self._put_back(job, queue, execution)
        else:
            super()._finalize_failure(job, queue, execution, exc_info)

    def _put_back(self, job: Job, queue: Queue, execution: Execution) -> None:
        with self.connection.pipeline() as pipeline:
            self.cleanup_execution(job, pipeline=pipeline, execution=execution)
            queue._enqueue_job(job, pipeline=pipeline, at_front=True)
            pipeline.execute()

    # -- What others left.

    def clean_registries(self) -> None:
        """Every MAINTENANCE_SECONDS: what workers that died had under way, then RQ's own house-keeping."""
        self._abandoned.bring_back()
        super().clean_registries()
