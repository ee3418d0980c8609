"""The queues. One worker process consumes one queue: on several it could lose a job in a crash."""

QUEUES = ("intake", "push", "sync", "retries", "notify", "reports")
