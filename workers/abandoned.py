"""Jobs whose worker was killed: another worker of the queue puts them back at its head."""

from __future__ import annotations

import time
from typing import cast

import structlog
from redis.client import Pipeline
from rq import Queue
from rq.exceptions import NoSuchJobError
from rq.executions import ExecutionRegistry
from rq.job import Job, JobStatus
from rq.utils import as_text, current_timestamp, parse_composite_key
from rq.worker import BaseWorker

log = structlog.get_logger()

SILENT_SECONDS = 15
"""A job that was not told of for so long has no worker any more."""
EXECUTION_SECONDS = 30
"""How long RQ keeps a record that is not renewed. Longer than SILENT_SECONDS: RQ would let the job fail."""
CLAIM_SECONDS = 60
"""How long others leave a job to the worker that puts it back; then that one has died, too."""
MOST_ABANDONED = 2
"""How often one is put back: a job that takes its workers with it fails then."""
LOST_WORDS = "rq.exceptions.AbandonedJobError: Its worker ended in the middle of it, three times."


class Abandoned:
    """As one worker sees those of its queue."""

    def __init__(self, worker: BaseWorker, queue: Queue) -> None:
        self._worker, self._queue, self._connection = worker, queue, queue.connection
        self._taken: dict[str, float] = {}
        """Jobs that some worker has taken from the queue and told nothing of, and since when."""

    def bring_back(self) -> None:
        """Every few seconds."""
        self._bring_back_silent()
        self._bring_back_taken()

    def _bring_back_silent(self) -> None:
        """Their records were not renewed."""
        registry = self._queue.started_job_registry
        silent = current_timestamp() + EXECUTION_SECONDS - SILENT_SECONDS
        for found in self._connection.zrangebyscore(registry.key, 0, silent):
            entry = as_text(cast(bytes, found))
            job_id, execution_id = parse_composite_key(entry)
            with self._connection.pipeline() as pipeline:
                pipeline.zrem(registry.key, entry)
                pipeline.zrem(ExecutionRegistry(job_id, self._connection).key, execution_id)
                self._put_back(job_id, entry, JobStatus.STARTED, pipeline)

    def _bring_back_taken(self) -> None:
        """They have none: their worker died in that moment. RQ would let them fail after a minute."""
        taken = self._queue.intermediate_queue
        now = time.monotonic()
        self._taken = {job_id: self._taken.get(job_id, now) for job_id in taken.get_job_ids()}
        for job_id, since in self._taken.items():
            if now - since >= SILENT_SECONDS and job_id not in self._queue.started_job_registry:
                with self._connection.pipeline() as pipeline:
                    pipeline.lrem(taken.key, 1, job_id)
                    self._put_back(job_id, job_id, JobStatus.QUEUED, pipeline)

    def _put_back(self, job_id: str, entry: str, left_as: JobStatus, pipeline: Pipeline) -> None:
        """Carry the pipeline out; if the job is still as it was left, it is back in its queue by the same
        transaction: whoever does this may be killed, too."""
        if not self._connection.set(f"syncflow:putting_back:{entry}", 1, nx=True, ex=CLAIM_SECONDS):
            return
        job = self._fetched(job_id)
        fails = False
        if job is not None and job.get_status(refresh=False) == left_as:
            times = job.meta.get("abandoned", 0)
            log.warning("job_abandoned", job=job.func_name, job_id=job.id, times=times + 1)
            fails = times >= MOST_ABANDONED
            if not fails:
                job.meta["abandoned"] = times + 1
                self._queue._enqueue_job(job, pipeline=pipeline, at_front=True)
        if job is not None and fails:
            self._worker.handle_job_failure(job, self._queue, exc_string=LOST_WORDS)
        pipeline.execute()

    def _fetched(self, job_id: str) -> Job | None:
        try:
            return Job.fetch(job_id, connection=self._connection, serializer=self._queue.serializer)
        except NoSuchJobError:
            return None
