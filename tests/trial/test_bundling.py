"""Scenarios with bundles: what they are made of, and how much there is of it."""

from __future__ import annotations

from collections import Counter

import pytest
from click.testing import CliRunner

from syncflow.commands.trial import command
from syncflow.trial.generated import generated
from syncflow.trial.player import StockBook
from syncflow.trial.replay import from_invoices
from syncflow.trial.scenario import Buy, CatalogItem, Line, MerchantEdit, Scenario, Wishes, bundles_of
from tests.trial.test_scenario import invoice


def made_up(*, seed: int = 1, bundles: int = 10, edits: bool = False) -> Scenario:
    return generated(Wishes(count=300, rate=20, seed=seed, bundles=bundles, edits=edits), skus=100)


def bought(scenario: Scenario) -> Counter[str]:
    buys = (timed.action for timed in scenario.actions if isinstance(timed.action, Buy))
    return Counter({line.sku: line.quantity for buy in buys for line in buy.lines})


@pytest.mark.parametrize("seed", range(3))
def test_so_many_of_the_skus_are_bundles_of_others_and_of_no_bundle(seed: int) -> None:
    scenario = made_up(seed=seed)
    bundles = bundles_of(scenario.catalog)
    assert len(bundles) == 10
    parts = {sku for components in bundles.values() for sku in components}
    assert not parts & bundles.keys()
    assert parts <= {item.sku for item in scenario.catalog}
    assert all(units >= 1 for components in bundles.values() for units in components.values())


@pytest.mark.parametrize("seed", range(3))
def test_components_are_shared_and_bought_by_themselves_and_so_are_bundles(seed: int) -> None:
    scenario = made_up(seed=seed)
    bundles = bundles_of(scenario.catalog)
    shared = Counter(sku for components in bundles.values() for sku in components)
    assert sum(times > 1 for times in shared.values()) >= len(bundles) // 2
    sold = bought(scenario)
    assert sum(sold[bundle] for bundle in bundles) > 10
    assert sum(sold[part] > 0 for part in shared) > len(shared) / 2
    assert any(units > 1 for components in bundles.values() for units in components.values())
    assert any(len(components) > 1 for components in bundles.values())


def test_without_bundles_the_scenario_of_a_seed_is_what_it_was() -> None:
    plain, with_bundles = made_up(bundles=0), made_up()
    assert bundles_of(plain.catalog) == {}
    assert [item.sku for item in plain.catalog] == [item.sku for item in with_bundles.catalog]
    assert plain.actions == with_bundles.actions


@pytest.mark.parametrize("seed", range(3))
def test_there_is_enough_of_most_components_for_all_their_bundles(seed: int) -> None:
    scenario = made_up(seed=seed)
    book = StockBook(scenario.catalog)
    buys = (timed.action for timed in scenario.actions if isinstance(timed.action, Buy))
    for buy in buys:
        for line in buy.lines:
            book.move({line.sku: -line.quantity})
    plain = [item.sku for item in scenario.catalog if not item.components]
    short = [sku for sku in plain if book.left(sku) <= 0]
    assert len(plain) / 10 <= len(short) <= len(plain) / 3


def test_a_bundle_moves_its_components_in_what_the_players_know() -> None:
    catalog = (
        CatalogItem("cup", "Cup", 100, 0, 10),
        CatalogItem("set", "Set", 100, 1, 4, (Line("cup", 3),)),
    )
    book = StockBook(catalog)
    book.move({"set": -2, "cup": -1})
    assert book.left("cup") == 3


def test_no_merchant_corrects_the_number_of_a_bundle() -> None:
    scenario = made_up(edits=True, bundles=40)
    edited = {timed.action.sku for timed in scenario.actions if isinstance(timed.action, MerchantEdit)}
    assert edited
    assert not edited & bundles_of(scenario.catalog).keys()


def test_of_two_skus_one_can_be_a_bundle_and_of_one_none() -> None:
    wishes = Wishes(count=1, rate=10, seed=1, bundles=50)
    two = from_invoices(lambda: iter([invoice("1", "a", x=1, y=1)]), wishes)
    assert len(bundles_of(two.catalog)) == 1
    one = from_invoices(lambda: iter([invoice("1", "a", x=1)]), wishes)
    assert bundles_of(one.catalog) == {}


@pytest.mark.parametrize(
    ("arguments", "bundles"), [([], 0), (["--bundles"], 10), (["--bundles", "25"], 25), (["--bundles=0"], 0)]
)
def test_the_option_takes_a_percentage_or_none(
    arguments: list[str], bundles: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    wished: list[Wishes] = []

    def stop(_file: object, wishes: Wishes) -> None:
        wished.append(wishes)
        raise SystemExit(0)

    monkeypatch.setattr("syncflow.trial.casting.cast", stop)
    CliRunner().invoke(command, [*arguments, "--count", "1"])
    assert [wishes.bundles for wishes in wished] == [bundles]
