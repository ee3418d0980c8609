"""What can keep the embedded services from running."""

from __future__ import annotations


class EmbeddedError(Exception):
    """The embedded services cannot run; the message says why and what to do."""


class AlreadyRunning(EmbeddedError):
    """Another process runs the services of this folder."""
