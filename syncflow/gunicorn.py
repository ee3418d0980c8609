"""gunicorn's configuration, from SyncFlow's settings. See the Procfile for its use."""

import gc
import os
import resource
from pathlib import Path
from typing import Any

from gunicorn.glogging import Logger

from app.logs import configure_logging
from app.services import health
from app.settings import Settings, SettingsError
from app.tracing import stop_tracing

try:
    _settings = Settings.from_env(os.environ)
except SettingsError as err:
    raise SystemExit(str(err)) from None
configure_logging(_settings)
OTHER_FILES = 1024
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


def on_starting(_server: object) -> None:
    """In production no database is used that lets anybody in."""
    if _settings.in_production and health.admits_anybody(_settings):
        raise SystemExit(str(SettingsError([health.OPEN_DATABASE])))


class logger_class(Logger):  # type: ignore[misc]  # noqa: N801  (gunicorn has no types; the setting's name)
    """gunicorn's own words go through SyncFlow's renderer like all others."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


def post_worker_init(_worker: object) -> None:
    """Each live stream is an open file. What was loaded stays: the collector need not walk through it again
    and again."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = OTHER_FILES + _settings.live_clients
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    gc.collect()
    gc.freeze()


def worker_exit(_server: object, worker: Any) -> None:
    """Requests were answered by now; streams end in good order."""
    worker.wsgi.extensions["live"].close()
    worker.wsgi.extensions["meter"].add()
    stop_tracing()
