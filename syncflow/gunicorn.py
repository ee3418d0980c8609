"""gunicorn's configuration, from SyncFlow's settings. See the Procfile for its use."""

import gc
import os
from pathlib import Path

from app.settings import Settings

_settings = Settings.from_env(os.environ)
_memory = Path("/dev/shm")  # noqa: S108  (heartbeat files of the workers, which a slow disk must not delay)

bind = f"{_settings.bind_host}:{_settings.port}"
workers = _settings.web_workers
worker_class = "gthread"
threads = _settings.web_threads
reuse_port = True
"""The kernel spreads connections over the workers; one port must have one gunicorn all the same."""
worker_tmp_dir = str(_memory) if _memory.is_dir() else None
timeout = 60
graceful_timeout = 20
keepalive = 30
control_socket_disable = True
loglevel = _settings.log_level.lower()
errorlog = "-"
accesslog = None


def post_worker_init(_worker: object) -> None:
    """What was loaded stays: the collector need not walk through it again and again."""
    gc.collect()
    gc.freeze()
