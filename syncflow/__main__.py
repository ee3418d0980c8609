"""`python -m syncflow`, for processes that start others of it."""

from __future__ import annotations

from syncflow.cli import main

main()
