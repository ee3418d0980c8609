"""One stage for the run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from syncflow import embedded
from tests.simulation.stage import Stage, staged


@pytest.fixture(scope="session")
def stage(services: embedded.Services) -> Iterator[Stage]:
    with staged(services) as made:
        yield made
