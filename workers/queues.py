"""The queues. One worker process consumes one queue: on several it could lose a job in a crash."""

QUEUES = ("intake", "hints", "push", "sync", "retries", "notify", "reports")
