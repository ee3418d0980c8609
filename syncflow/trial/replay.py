"""Real invoices dealt out to both shops."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from syncflow.trial.invoices import InvalidOrderFile, Invoice, InvoiceLine, codes_differing_in_case
from syncflow.trial.scenario import SHOPS, Buy, FollowUp, Line, Scenario, Sequel, Timed, Wishes
from syncflow.trial.stocking import stocked

GUEST = ""

OrderSource = Callable[[], Iterator[Invoice]]
"""Starts the invoices from the beginning; may be endless."""


def from_invoices(source: OrderSource, wishes: Wishes) -> Scenario:
    """Play real invoices over both shops, from the beginning again until there are enough orders.

    Cancellations become the refund or cancellation of the sale that they most likely take back.
    Raises InvalidOrderFile if there is no sale in the source.
    """
    rng = random.Random(wishes.seed)
    deal = _Deal(rng, wishes)
    while deal.orders < wishes.count:
        before = deal.orders
        deal.forget_sales()
        for invoice in source():
            deal.play(invoice)
            if deal.orders == wishes.count:
                break
        if deal.orders == before:
            raise InvalidOrderFile("The file holds no sale that could be played.")
    deal.tally["codes_differing_in_case"] = codes_differing_in_case(deal.seen)
    return stocked(rng, wishes, deal.seen, deal.actions, deal.tally)


@dataclass(slots=True)
class _Deal:
    """Deals invoices out to the shops and remembers who bought what, for their cancellations."""

    rng: random.Random
    wishes: Wishes
    orders: int = 0
    actions: list[Timed] = field(default_factory=list)
    seen: dict[str, InvoiceLine] = field(default_factory=dict)
    tally: Counter[str] = field(default_factory=Counter)
    _open: dict[int, dict[str, int]] = field(default_factory=dict)
    """Units of each order that were not cancelled, by SKU."""
    _bought: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    """Orders of a customer that hold a SKU, oldest first."""
    _buys: list[Buy] = field(default_factory=list)

    def forget_sales(self) -> None:
        self._bought.clear()

    def play(self, invoice: Invoice) -> None:
        lines = [line for line in invoice.lines if self._is_sold(line)]
        if not lines:
            return
        if invoice.cancels:
            self._cancel(invoice.customer, lines)
        else:
            self._sell(invoice.customer, lines)

    def _is_sold(self, line: InvoiceLine) -> bool:
        if line.sku not in self.seen:
            if self.wishes.skus is not None and len(self.seen) >= self.wishes.skus:
                self.tally["outside_the_catalog"] += 1
                return False
            self.seen[line.sku] = line
        return True

    def _now(self) -> float:
        return self.orders / self.wishes.rate

    def _sell(self, customer: str, lines: Sequence[InvoiceLine]) -> None:
        order, units = self.orders, {line.sku: line.quantity for line in lines}
        buy = Buy(self.rng.choice(SHOPS), order, tuple(Line(*unit) for unit in units.items()))
        self.actions.append(Timed(self._now(), buy))
        self.orders += 1
        self._buys.append(buy)
        self._open[order] = units
        if customer != GUEST:
            for sku in units:
                self._bought.setdefault((customer, sku), []).append(order)

    def _cancel(self, customer: str, lines: Sequence[InvoiceLine]) -> None:
        """Take units back from the customer's latest sales of the code; what nobody bought is counted."""
        taken: dict[int, dict[str, int]] = {}
        for line in lines:
            wanted = line.quantity
            for order in reversed(self._bought.get((customer, line.sku), ())):
                units = min(wanted, self._open[order][line.sku])
                if units:
                    self._open[order][line.sku] -= units
                    taken.setdefault(order, {})[line.sku] = units
                    wanted -= units
            matched = (
                "matched" if wanted == 0 else "unmatched" if wanted == line.quantity else "partly_matched"
            )
            self.tally[f"cancelled_lines_{matched}"] += 1
        for order, units_by_sku in taken.items():
            self._take_back(self._buys[order], units_by_sku)

    def _take_back(self, buy: Buy, units: Mapping[str, int]) -> None:
        whole = units == {line.sku: line.quantity for line in buy.lines}
        kind = Sequel.CANCEL if whole else Sequel.REFUND
        lines = () if whole else tuple(Line(*unit) for unit in units.items())
        self.actions.append(Timed(self._now(), FollowUp(buy.shop, buy.order, kind, lines)))
