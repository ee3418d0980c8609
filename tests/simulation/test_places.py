"""Stock in the warehouse and in the cellar: of shops that know both, and of those with one number."""

from __future__ import annotations

from app.domain.orders import PartKind
from tests.simulation.scenes import judged
from tests.simulation.shops import Kind, ModelShop
from tests.simulation.world import Network, World

MAIN, CELLAR = "71", "72"


def beginning(world: World, kind: Kind, main: int, cellar: int) -> tuple[ModelShop, ModelShop]:
    """A shop of this kind, and one that knows both places; both sell MUG, and everything is in order."""
    other = world.connect(Kind.KEYED, {"MUG": main}, elsewhere={"MUG": cellar})
    first = world.connect(kind, {"MUG": main}, elsewhere={"MUG": cellar})
    world.start()
    world.run(10)
    return first, other


def levels(world: World) -> dict[str, int]:
    """What is available at each place."""
    rows = world.rows(
        """
        SELECT p.name, l.on_hand - l.committed AS units
        FROM stock_levels l JOIN locations p ON p.id = l.location_id
        """
    )
    return {row.name: row.units for row in rows}


def test_what_is_short_in_the_warehouse_is_kept_back_in_the_cellar(world: World, kind: Kind) -> None:
    first, other = beginning(world, kind, 2, 2)
    first.buy({"MUG": 2})
    other.buy({"MUG": 2}, place=MAIN)
    judged(world)
    assert levels(world) in ({"Main": -2, "Cellar": 2}, {"Main": 0, "Cellar": 0})
    assert other.number("MUG", CELLAR) == 0


def test_the_last_units_of_each_place_on_two_channels(world: World, kind: Kind) -> None:
    first, other = beginning(world, kind, 3, 3)
    first.buy({"MUG": 3})
    world.run(5)
    other.buy({"MUG": 2}, place=CELLAR)
    world.run(5)
    first.buy({"MUG": 1}, place=first.places[-1])
    judged(world)
    assert levels(world) == {"Main": 0, "Cellar": 0}


def test_an_order_that_is_shipped_from_elsewhere_after_all(world: World) -> None:
    """Two lines of it vanish at one place and come at the other; nothing is sold, and nothing comes back."""
    first, other = beginning(world, Kind.KEYED, 5, 5)
    order = first.buy({"MUG": 2})
    assert order is not None
    world.run(5)
    first.ship_from(order.external_id, CELLAR)
    world.run(5)
    assert levels(world) == {"Main": 5, "Cellar": 3}
    first.change(order.external_id, PartKind.FULFILLED)
    judged(world)
    assert (other.number("MUG", MAIN), other.number("MUG", CELLAR)) == (5, 3)


def test_what_is_carried_to_the_cellar_while_both_places_sell(world: World, kind: Kind) -> None:
    first, other = beginning(world, kind, 9, 2)
    other.carry("MUG", 4)
    first.buy({"MUG": 1})
    other.buy({"MUG": 1}, place=CELLAR)
    judged(world)
    assert sum(levels(world).values()) == 9
    assert levels(world)["Cellar"] == 5


def test_a_count_of_one_place_and_a_sale_of_the_other(world: World, kind: Kind) -> None:
    first, other = beginning(world, kind, 6, 6)
    other.type_number("MUG", 9, CELLAR)
    first.buy({"MUG": 6})
    world.run(1)
    other.buy({"MUG": 2}, place=CELLAR)
    judged(world)
    assert levels(world) == {"Main": 0, "Cellar": 7}


def test_sales_that_one_place_alone_does_not_have(world: World) -> None:
    """A shop with one number sells them; what one place is short of is not sold at the other."""
    first, other = beginning(world, Kind.BLIND, 3, 4)
    first.buy({"MUG": 5})
    judged(world)
    assert levels(world) == {"Main": -2, "Cellar": 4}
    assert (other.number("MUG", MAIN), other.number("MUG", CELLAR)) == (0, 2)


def test_a_shop_that_counts_both_places_in_one_number_came_first(world: World) -> None:
    """What the others' locations show lies in its number already."""
    first = world.connect(Kind.BLIND, {"MUG": 4}, elsewhere={"MUG": 3})
    other = world.connect(Kind.KEYED, {"MUG": 4}, elsewhere={"MUG": 3})
    world.start()
    world.run(10)
    first.buy({"MUG": 1})
    judged(world)
    assert (other.number("MUG", MAIN), other.number("MUG", CELLAR)) == (6, 0)


def test_a_change_in_the_cellar_that_no_webhook_told_of(world: World, kind: Kind) -> None:
    _first, other = beginning(world, kind, 3, 3)
    world.network = Network(lost=1.0)
    other.type_number("MUG", 5, CELLAR)
    judged(world)
    assert levels(world) == {"Main": 3, "Cellar": 5}
