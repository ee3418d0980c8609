"""Random histories from fixed seeds; `make soak` goes on with others."""

from __future__ import annotations

import pytest

from tests.simulation.histories import play, random_history
from tests.simulation.stage import Stage

SEEDS = 40


@pytest.mark.parametrize("seed", range(SEEDS))
def test_ends_with_every_number_right(stage: Stage, seed: int) -> None:
    play(stage, random_history(seed))


@pytest.mark.slow
def test_one_seed_is_one_history(stage: Stage) -> None:
    history = random_history(7)
    assert play(stage, history) == play(stage, history)
