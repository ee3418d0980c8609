"""Random histories: what people do, what goes wrong, from a seed; played, judged and made small."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from app.domain.orders import PartKind
from tests.simulation.shops import Faults, Kind, ModelShop
from tests.simulation.stage import Stage
from tests.simulation.world import Network, World, a_world

PAUSES = (0.05, 0.3, 1.0, 4.0, 15.0)
"""Seconds between two acts; a history has its own taste."""


@dataclass(frozen=True)
class Act:
    """`name` is a function of `ACTS`; it takes the numbers as it likes, modulo what there is."""

    after: float
    name: str
    shop: int = 0
    sku: int = 0
    number: int = 0


@dataclass(frozen=True)
class History:
    """All that a run depends on."""

    seed: int
    kinds: tuple[Kind, ...]
    skews: tuple[float, ...]
    stock: tuple[int, ...]
    elsewhere: tuple[int, ...] = ()
    """Units of each SKU in the cellar, where there is one."""
    network: Network = field(default_factory=Network)
    faults: Faults = field(default_factory=Faults)
    acts: tuple[Act, ...] = ()


def random_history(seed: int) -> History:
    dice = random.Random(seed)
    kinds = tuple(dice.choice(list(Kind)) for _shop in range(dice.choice([1, 2, 2, 2, 3])))
    rough = dice.random() < 0.7
    taste = [dice.random() ** 2 for _pause in PAUSES]
    names = [name for name, (_act, weight) in ACTS.items() for _share in range(weight)]
    if dice.random() < 0.3:
        names = [name for name in names if name not in CATASTROPHES]
    history = History(
        seed=seed,
        kinds=kinds,
        skews=tuple(dice.uniform(-1, 1) for _shop in kinds),
        stock=tuple(dice.choice([0, 1, 3, 10, 40]) for _sku in range(dice.choice([1, 2, 4]))),
        network=Network(
            lost=dice.choice([0, 0.1, 0.5]), doubled=dice.choice([0, 0.1]), late=dice.choice([0, 0.2])
        )
        if rough
        else Network(),
        faults=Faults(
            refused=dice.choice([0, 0.05, 0.2]),
            lost_request=dice.choice([0, 0.05]),
            lost_answer=dice.choice([0, 0.05]),
            late=dice.choice([0, 0.03]),
            slow=dice.choice([0, 0.1]),
            failed_reads=dice.choice([0, 0.05, 0.2]),
        )
        if rough and dice.random() < 0.7
        else Faults(),
        acts=tuple(
            Act(
                after=dice.choices(PAUSES, taste)[0] * dice.uniform(0.5, 1.5),
                name=dice.choice(names),
                shop=dice.randrange(100),
                sku=dice.randrange(100),
                number=dice.randrange(1, 100),
            )
            for _act in range(dice.choice([5, 15, 40]))
        ),
    )
    if dice.random() < 0.25:
        return replace(history, elsewhere=tuple(dice.choice([0, 2, 5, 20]) for _sku in history.stock))
    return history


def play(stage: Stage, history: History) -> list[str]:
    """Returns the trace. Raises Wrong, or what the machine or the product raised."""
    with a_world(stage, history.seed) as world:
        _play(world, history)
        return world.machine.trace


def _play(world: World, history: History) -> None:
    stock = {f"K{number}": quantity for number, quantity in enumerate(history.stock)}
    elsewhere = {f"K{number}": units for number, units in enumerate(history.elsewhere)}
    for kind, skew in zip(history.kinds, history.skews, strict=True):
        world.connect(kind, stock, skew=skew, elsewhere=elsewhere or None)
    world.start()
    world.run(10)
    world.network = history.network
    for shop in world.shops.values():
        shop.faults = replace(history.faults, next_writes=[])
    for act in history.acts:
        world.run(act.after)
        shops = list(world.shops.values())
        shop = shops[act.shop % len(shops)]
        world.machine.note(f"{shop.name} {act}")
        ACTS[act.name][0](world, shop, f"K{act.sku % len(stock)}", act.number)
        world.check_sums()
    world.come_to_rest()
    world.check_at_rest()


# ----------------------------------------------------------------------------------------------- acts


def _some(number: int) -> int:
    return 1 + number % 3


def _buy(world: World, shop: ModelShop, sku: str, number: int) -> None:
    shop.buy({sku: _some(number)}, place=_place(shop, number))


def _place(shop: ModelShop, number: int) -> str:
    return shop.places[number // 3 % len(shop.places)]


def _buy_several(world: World, shop: ModelShop, sku: str, number: int) -> None:
    shop.buy(dict.fromkeys(sorted(shop.skus)[: _some(number)], 1))


def _order_unpaid(world: World, shop: ModelShop, sku: str, number: int) -> None:
    shop.buy({sku: _some(number)}, paid=False, place=_place(shop, number))


def _of_an_order(
    act: Callable[[ModelShop, str, int], None],
) -> Callable[[World, ModelShop, str, int], None]:
    def run(world: World, shop: ModelShop, sku: str, number: int) -> None:
        if shop.orders:
            newest = list(shop.orders)[-6:]
            act(shop, newest[number % len(newest)], number)

    return run


def _refund(restock: bool) -> Callable[[ModelShop, str, int], None]:
    kind = PartKind.REMOVED_RESTOCKED if restock else PartKind.REMOVED_LOST
    return lambda shop, order, number: shop.change(order, kind, dict.fromkeys(shop.skus, _some(number)))


def _grow(shop: ModelShop, order: str, number: int) -> None:
    if shop.kind is Kind.KEYED and shop.orders[order].lines:
        first = shop.orders[order].lines[0].listing_external_id or ""
        shop.change(order, PartKind.ORDERED, {first: _some(number)})


def _reopen(shop: ModelShop, order: str, _number: int) -> None:
    if shop.kind is Kind.BLIND:
        shop.reopen(order)


def _type(world: World, shop: ModelShop, sku: str, number: int) -> None:
    place = _place(shop, number)
    shop.type_number(sku, max(shop.number(sku, place) + number % 15 - 5, 0), place)


def _adjust(world: World, shop: ModelShop, sku: str, number: int) -> None:
    world.adjust(sku, number % 9 - 3)


def _crash(world: World, shop: ModelShop, sku: str, number: int) -> None:
    world.crash_next.append(number)


ACTS: dict[str, tuple[Callable[[World, ModelShop, str, int], None], int]] = {
    "buy": (_buy, 12),
    "buy several": (_buy_several, 3),
    "order unpaid": (_order_unpaid, 3),
    "pay": (_of_an_order(lambda shop, order, _number: shop.pay(order)), 3),
    "cancel": (_of_an_order(lambda shop, order, _number: shop.cancel_order(order)), 2),
    "cancel, lost": (_of_an_order(lambda shop, order, _n: shop.cancel_order(order, restock=False)), 1),
    "refund": (_of_an_order(_refund(restock=True)), 1),
    "refund, lost": (_of_an_order(_refund(restock=False)), 1),
    "ship": (_of_an_order(lambda shop, order, _number: shop.change(order, PartKind.FULFILLED)), 3),
    "give back": (
        _of_an_order(lambda shop, order, _n: shop.change(order, PartKind.RETURNED_RESTOCKED)),
        1,
    ),
    "reopen": (_of_an_order(_reopen), 2),
    "grow": (_of_an_order(_grow), 1),
    "type": (_type, 3),
    "adjust": (_adjust, 2),
    "ship from": (_of_an_order(lambda shop, order, n: shop.ship_from(order, _place(shop, n))), 1),
    "crash": (_crash, 2),
    "kill": (lambda world, _shop, _sku, _number: world.kill_somebody(), 2),
    "flush": (lambda world, _shop, _sku, _number: world.flush_redis(), 1),
}
"""Name -> what it does, and how often."""
CATASTROPHES = ("crash", "kill", "flush")


# ---------------------------------------------------------------------------------------------- shrink


def shrink(fails: Callable[[History], bool], history: History) -> History:
    """A history that fails too, with fewer acts, faults and shops."""
    for simpler in (
        {"network": Network()},
        {"faults": Faults()},
        {"skews": tuple(0.0 for _shop in history.kinds)},
    ):
        candidate = replace(history, **simpler)  # type: ignore[arg-type]
        if candidate != history and fails(candidate):
            history = candidate
    size = max(len(history.acts) // 2, 1)
    while True:
        for shorter in _without(history.acts, size):
            candidate = replace(history, acts=shorter)
            if fails(candidate):
                history = candidate
                break
        else:
            if size == 1:
                return history
            size //= 2


def _without(acts: Sequence[Act], size: int) -> Iterator[tuple[Act, ...]]:
    for start in range(0, len(acts), size):
        gone = acts[start : start + size]
        rest = list(acts[start + size :])
        if rest:
            rest[0] = replace(rest[0], after=rest[0].after + sum(act.after for act in gone))
        yield (*acts[:start], *rest)
