"""What of an order can be shipped. Pure."""

from __future__ import annotations

from collections.abc import Mapping


def to_ship(open_units: Mapping[int, int], asked: Mapping[int, int] | None) -> dict[int, int]:
    """Line -> units of a shipment: those asked for, or all that are open. Empty if nothing is."""
    if asked is not None:
        return dict(asked)
    return {line: units for line, units in open_units.items() if units > 0}


def beyond_open(open_units: Mapping[int, int], wanted: Mapping[int, int]) -> dict[int, int]:
    """Line -> by how many units more are wanted than are open. Empty if all can be shipped."""
    return {
        line: units - max(open_units.get(line, 0), 0)
        for line, units in wanted.items()
        if units > max(open_units.get(line, 0), 0)
    }
