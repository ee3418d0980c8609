"""Real invoices from a file in the columns of the UCI "Online Retail" data sets.

A source of orders is never clean. What cannot be played as an order is left out and counted by
reason, so that the verdict can say what became of every line; only a file that is no such table at all
is an error.
"""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import BinaryIO, cast

from app.errors import InvalidInput

MOST_DIGITS = 8
GZIP_MAGIC = b"\x1f\x8b"
DELIMITERS = ",;\t"

COLUMNS = {
    "invoice": ("invoiceno", "invoice"),
    "code": ("stockcode",),
    "title": ("description",),
    "quantity": ("quantity",),
    "price": ("unitprice", "price"),
    "customer": ("customerid",),
}
"""The names of both editions of the data set, in lower case and without spaces."""

# Postage, fees, discounts, samples, vouchers and tests carry codes too. Everything else the shop sells
# has a digit in its code.
NOT_PRODUCTS = re.compile(r"c2|gift_.*|test\d*|adjust\d*|[^\d]*", re.IGNORECASE)


class InvalidOrderFile(InvalidInput):
    """The file is not a table of invoice lines."""

    code = "invalid_order_file"


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """`price_minor` in hundredths, at least 1; `quantity` > 0, for a cancellation the units taken back."""

    sku: str
    title: str
    quantity: int
    price_minor: int


@dataclass(frozen=True, slots=True)
class Invoice:
    """The lines of one invoice, each code once. `customer` is "" where the file names nobody."""

    number: str
    customer: str
    lines: tuple[InvoiceLine, ...]
    cancels: bool


@dataclass(slots=True)
class InvoiceFile:
    """A file to read from, and the tally of what was read so far.

    `odd` counts lines by what was odd about them: `unreadable`, `not_a_product`, `no_price` and
    `negative_quantity` lines are left out; `blank_customer` and `repeated_code` lines are played.
    """

    path: Path
    lines_read: int = 0
    odd: Counter[str] = field(default_factory=Counter)

    def invoices(self) -> Iterator[Invoice]:
        """The playable invoices in the file's order, read lazily. Raises InvalidOrderFile."""
        number, gathered = "", list[tuple[str, InvoiceLine]]()
        for row_number, customer, line in self._lines():
            if row_number != number:
                yield from self._invoice(number, gathered)
                number, gathered = row_number, []
            gathered.append((customer, line))
        yield from self._invoice(number, gathered)

    def _lines(self) -> Iterator[tuple[str, str, InvoiceLine]]:
        try:
            with _open(self.path) as stream:
                rows = _rows(stream)
                position = _positions(next(rows, []))
                for row in rows:
                    if not any(row):
                        continue
                    self.lines_read += 1
                    line = self._line(row, position)
                    if line:
                        yield line
        except (OSError, EOFError, zlib.error) as err:
            raise InvalidOrderFile(f"{self.path}: {err}") from err

    def _line(self, row: Sequence[str], position: dict[str, int]) -> tuple[str, str, InvoiceLine] | None:
        """(invoice, customer, line), or None for a line that is counted as odd instead."""
        try:
            cell = {name: row[index].strip() for name, index in position.items()}
            quantity = _whole(cell["quantity"])
            price = _number(cell["price"])
        except (IndexError, InvalidOperation, ValueError, OverflowError):
            self.odd["unreadable"] += 1
            return None
        cancels = cell["invoice"].upper().startswith("C")
        reason = _why_not(cell["invoice"], cell["code"], -quantity if cancels else quantity, price)
        if reason:
            self.odd[reason] += 1
            return None
        if not cell["customer"]:
            self.odd["blank_customer"] += 1
        price_minor = max(1, int((price * 100).to_integral_value()))
        title = cell["title"] or cell["code"]
        return cell["invoice"], cell["customer"], InvoiceLine(cell["code"], title, abs(quantity), price_minor)

    def _invoice(self, number: str, gathered: Sequence[tuple[str, InvoiceLine]]) -> Iterator[Invoice]:
        if not gathered:
            return
        merged: dict[str, InvoiceLine] = {}
        for _, line in gathered:
            earlier = merged.get(line.sku)
            if earlier:
                self.odd["repeated_code"] += 1
                line = replace(earlier, quantity=earlier.quantity + line.quantity)
            merged[line.sku] = line
        yield Invoice(
            number=number,
            customer=gathered[0][0],
            lines=tuple(merged.values()),
            cancels=number.upper().startswith("C"),
        )


def codes_differing_in_case(codes: Iterable[str]) -> int:
    """How many codes have a twin that differs only in upper and lower case. They are different SKUs."""
    folded = Counter(code.casefold() for code in set(codes))
    return sum(twins for twins in folded.values() if twins > 1)


def _why_not(invoice: str, code: str, quantity: int, price: Decimal) -> str | None:
    if not invoice or not code:
        return "unreadable"
    if NOT_PRODUCTS.fullmatch(code):
        return "not_a_product"
    if quantity <= 0:
        return "negative_quantity"
    return "no_price" if price <= 0 else None


def _number(text: str) -> Decimal:
    """A whole or decimal number with either decimal sign. Raises InvalidOperation, ValueError."""
    number = Decimal(text.replace(",", "."))
    if not number.is_finite() or number.adjusted() > MOST_DIGITS:
        raise ValueError(text)
    return number


def _whole(text: str) -> int:
    number = _number(text)
    if number != number.to_integral_value():
        raise ValueError(text)
    return int(number)


def _open(path: Path) -> BinaryIO:
    with path.open("rb") as probe:
        packed = probe.read(2) == GZIP_MAGIC
    return cast(BinaryIO, gzip.open(path, "rb")) if packed else path.open("rb")


def _rows(stream: BinaryIO) -> Iterator[list[str]]:
    text = (_decode(line) for line in stream)
    header = next(text, "").removeprefix("\ufeff")
    delimiter = max(DELIMITERS, key=header.count)
    yield next(csv.reader([header], delimiter=delimiter), [])
    reader = csv.reader(text, delimiter=delimiter)
    while True:
        try:
            yield next(reader)
        except csv.Error:
            yield ["?"]  # Too odd to take apart: too short a row, which is counted as unreadable.
        except StopIteration:
            return


def _decode(line: bytes) -> str:
    """UTF-8, or Latin-1 where a line is not: the published files mix them."""
    try:
        return line.replace(b"\0", b"").decode()
    except UnicodeDecodeError:
        return line.replace(b"\0", b"").decode("latin-1")


def _positions(header: Sequence[str]) -> dict[str, int]:
    names = [name.strip().lower().replace(" ", "") for name in header]
    found = {
        column: names.index(spelling)
        for column, spellings in COLUMNS.items()
        for spelling in spellings
        if spelling in names
    }
    missing = [spellings[0] for column, spellings in COLUMNS.items() if column not in found]
    if missing:
        raise InvalidOrderFile(
            f"The first line must name the columns InvoiceNo, StockCode, Description, Quantity, UnitPrice "
            f"and CustomerID; missing: {', '.join(missing)}."
        )
    return found
