"""Scenarios in a shop with several locations: what lies where, and what happens at which."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from syncflow.commands.trial import command
from syncflow.trial.casting import cast
from syncflow.trial.scenario import (
    KNOWS_LOCATIONS,
    Action,
    Buy,
    FollowUp,
    MerchantEdit,
    Scenario,
    Sequel,
    Wishes,
)
from syncflow.trial.shops import catalog_documents


def made_up(*, locations: int, seed: int = 1, bundles: int = 10) -> Scenario:
    wishes = Wishes(400, 20, seed, skus=100, edits=True, bundles=bundles, locations=locations)
    return cast(None, wishes).scenario


def actions(scenario: Scenario) -> list[Action]:
    return [timed.action for timed in scenario.actions]


@pytest.mark.parametrize("locations", [2, 3, 4])
def test_what_lies_at_the_locations_is_what_there_is_and_is_split_for_some_only(locations: int) -> None:
    plain = [item for item in made_up(locations=locations).catalog if not item.components]
    assert all(sum(item.shares.values()) == item.opening for item in plain)
    assert all(0 in item.shares and set(item.shares) <= set(range(locations)) for item in plain)
    held_at = [[place for place, units in item.shares.items() if units] for item in plain]
    assert sum(len(places) == 1 for places in held_at) > 20
    assert sum(len(places) > 1 for places in held_at) > 20
    assert {place for places in held_at for place in places} == set(range(locations))


def test_a_bundle_is_listed_at_every_location() -> None:
    bundles = [item for item in made_up(locations=3).catalog if item.components]
    assert bundles
    assert all(set(item.shares) == {0, 1, 2} for item in bundles)


def test_with_one_location_the_scenario_of_a_seed_is_what_it_was() -> None:
    one, two = made_up(locations=1), made_up(locations=2)
    assert all(item.shares == {} for item in one.catalog)
    assert [item.opening for item in one.catalog] == [item.opening for item in two.catalog]
    buys = [[a.lines for a in actions(each) if isinstance(a, Buy)] for each in (one, two)]
    assert buys[0] == buys[1]


def test_the_same_seed_places_the_same_and_another_seed_otherwise() -> None:
    assert made_up(locations=2) == made_up(locations=2)
    assert made_up(locations=2, seed=1).actions != made_up(locations=2, seed=2).actions


def test_some_checkouts_name_a_location_and_every_correction_does_where_the_shop_knows_them() -> None:
    there = [a for a in actions(made_up(locations=2)) if a.shop == KNOWS_LOCATIONS]
    checkouts = [a.place for a in there if isinstance(a, Buy)]
    assert {None, 0, 1} == set(checkouts)
    assert {0, 1} == {a.place for a in there if isinstance(a, MerchantEdit)}
    elsewhere = [a for a in actions(made_up(locations=2)) if a.shop != KNOWS_LOCATIONS]
    assert {a.place for a in elsewhere} == {None}


def test_what_comes_back_was_shipped_before_and_comes_to_where_it_is_stocked() -> None:
    scenario = made_up(locations=3)
    stocked = {item.sku: set(item.shares) for item in scenario.catalog}
    shipped: set[int] = set()
    returns: list[FollowUp] = []
    for action in actions(scenario):
        if isinstance(action, FollowUp) and action.kind is Sequel.FULFILL:
            shipped.add(action.order)
        if isinstance(action, FollowUp) and action.place is not None:
            assert action.kind is Sequel.REFUND
            assert action.order in shipped
            assert action.place in stocked[action.lines[0].sku]
            returns.append(action)
    assert len(returns) > 5
    assert len({action.place for action in returns}) > 1


def test_a_shop_with_locations_is_stocked_at_each_and_another_with_all_of_it() -> None:
    scenario = made_up(locations=2, bundles=0)
    opening = {item.sku: item for item in scenario.catalog}
    for places in ([], ["", "72"]):
        for product in catalog_documents(scenario.catalog, places):
            for variant in product["variants"]:
                item = opening[variant["sku"]]
                further = {"72": item.shares[1]} if places and 1 in item.shares else {}
                assert variant.get("stock_elsewhere", {}) == further
                assert variant["stock"] == item.opening - sum(further.values())


@pytest.mark.parametrize(
    ("arguments", "locations"), [([], 1), (["--locations"], 2), (["--locations", "4"], 4)]
)
def test_the_option_takes_a_number_or_none(
    arguments: list[str], locations: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    wished: list[Wishes] = []

    def stop(_file: object, wishes: Wishes) -> None:
        wished.append(wishes)
        raise SystemExit(0)

    monkeypatch.setattr("syncflow.trial.casting.cast", stop)
    CliRunner().invoke(command, [*arguments, "--count", "1"])
    assert [wishes.locations for wishes in wished] == [locations]


@pytest.mark.parametrize("number", ["0", "5", "many"])
def test_a_number_of_locations_that_cannot_be_is_refused(number: str) -> None:
    result = CliRunner().invoke(command, ["--locations", number])
    assert result.exit_code == 2
    assert "--locations" in result.output
