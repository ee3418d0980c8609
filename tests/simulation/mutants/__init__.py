"""The rules of the design, each broken once."""

from __future__ import annotations

from tests.simulation.mutants import beliefs, choices, orders, places
from tests.simulation.mutants.mutant import Mutant

MUTANTS: tuple[Mutant, ...] = orders.MUTANTS + beliefs.MUTANTS + choices.MUTANTS + places.MUTANTS
