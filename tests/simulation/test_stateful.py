"""Hypothesis plays the merchant, and makes small what goes wrong."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.simulation.histories import ACTS, PAUSES
from tests.simulation.shops import Faults, Kind
from tests.simulation.stage import Stage
from tests.simulation.world import Network, World, a_world

EXAMPLES = 12
STEPS = 15
SKUS = ("CUP", "MUG")


@pytest.mark.slow
def test_whatever_a_merchant_does_ends_with_every_number_right(stage: Stage) -> None:
    class Merchant(RuleBasedStateMachine):
        world: World

        def __init__(self) -> None:
            super().__init__()
            self.opened = ExitStack()

        @initialize(
            seed=st.integers(0, 2**32),
            kinds=st.lists(st.sampled_from(Kind), min_size=1, max_size=3),
            skew=st.sampled_from([-1.0, 0.0, 1.0]),
            units=st.sampled_from([1, 5, 40]),
            rough=st.booleans(),
        )
        def open_shops(self, seed: int, kinds: list[Kind], skew: float, units: int, rough: bool) -> None:
            self.world = self.opened.enter_context(a_world(stage, seed))
            for kind in kinds:
                self.world.connect(kind, dict.fromkeys(SKUS, units), skew=skew)
            self.world.start()
            self.world.run(10)
            if rough:
                self.world.network = Network(lost=0.2, doubled=0.2, late=0.2)
                for shop in self.world.shops.values():
                    shop.faults = Faults(refused=0.1, lost_request=0.05, lost_answer=0.05, failed_reads=0.1)

        @rule(
            name=st.sampled_from(sorted(ACTS)),
            shop=st.integers(0, 2),
            sku=st.sampled_from(SKUS),
            number=st.integers(1, 40),
        )
        def act(self, name: str, shop: int, sku: str, number: int) -> None:
            shops = list(self.world.shops.values())
            ACTS[name][0](self.world, shops[shop % len(shops)], sku, number)

        @rule(seconds=st.sampled_from(PAUSES))
        def wait(self, seconds: float) -> None:
            self.world.run(seconds)

        @invariant()
        def sums(self) -> None:
            if hasattr(self, "world"):
                self.world.check_sums()

        def teardown(self) -> None:
            with self.opened:
                if hasattr(self, "world"):
                    self.world.come_to_rest()
                    self.world.check_at_rest()

    run_state_machine_as_test(
        Merchant,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
