"""Invoice files as they are found in the wild."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from syncflow.trial.invoices import (
    InvalidOrderFile,
    Invoice,
    InvoiceFile,
    InvoiceLine,
    codes_differing_in_case,
)

HEADER = "InvoiceNo,StockCode,Description,Quantity,UnitPrice,CustomerID,Country\n"
SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def read(tmp_path: Path, content: str | bytes) -> tuple[list[Invoice], InvoiceFile]:
    path = tmp_path / "orders.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    file = InvoiceFile(path)
    return list(file.invoices()), file


def test_lines_of_an_invoice_become_one_order(tmp_path: Path) -> None:
    invoices, file = read(
        tmp_path,
        HEADER
        + "536365,85123A,WHITE HANGING HEART,6,2.55,17850,United Kingdom\n"
        + "536365,71053,LANTERN,2,3.39,17850,United Kingdom\n"
        + "536366,71053,LANTERN,1,3.39,,France\n",
    )
    assert invoices == [
        Invoice(
            "536365",
            "17850",
            (InvoiceLine("85123A", "WHITE HANGING HEART", 6, 255), InvoiceLine("71053", "LANTERN", 2, 339)),
            cancels=False,
        ),
        Invoice("536366", "", (InvoiceLine("71053", "LANTERN", 1, 339),), cancels=False),
    ]
    assert file.lines_read == 3
    assert file.odd == {"blank_customer": 1}


def test_semicolons_decimal_commas_dates_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    invoices, _ = read(
        tmp_path,
        "\ufeffInvoiceNo;StockCode;Description;Quantity;InvoiceDate;UnitPrice;CustomerID;Country\n"
        "536365;85123A;HEART, WHITE;6;1/12/2010 08:26;2,55;17850;United Kingdom\n",
    )
    assert invoices[0].lines == (InvoiceLine("85123A", "HEART, WHITE", 6, 255),)


def test_the_second_edition_of_the_data_set_names_its_columns_differently(tmp_path: Path) -> None:
    invoices, _ = read(
        tmp_path,
        "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"
        "489434,85048,LIGHTS,12,2009-12-01 07:45:00,6.95,13085.0,United Kingdom\n",
    )
    assert invoices[0].customer == "13085.0"
    assert invoices[0].lines == (InvoiceLine("85048", "LIGHTS", 12, 695),)


def test_a_gzip_file_is_known_by_its_content(tmp_path: Path) -> None:
    invoices, _ = read(tmp_path, gzip.compress((HEADER + "1,22423,STAND,1,12.75,1,UK\n").encode()))
    assert [line.sku for line in invoices[0].lines] == ["22423"]


def test_a_line_in_another_encoding_is_read(tmp_path: Path) -> None:
    invoices, _ = read(tmp_path, HEADER.encode() + b"1,22423,FOR \xa35,1,12.75,1,UK\n")
    assert invoices[0].lines[0].title == "FOR £5"


def test_a_code_repeated_in_an_invoice_adds_up(tmp_path: Path) -> None:
    invoices, file = read(tmp_path, HEADER + "1,22423,STAND,1,12.75,1,UK\n1,22423,STAND,4,12.75,1,UK\n")
    assert invoices[0].lines == (InvoiceLine("22423", "STAND", 5, 1275),)
    assert file.odd == {"repeated_code": 1}


def test_codes_that_differ_in_case_stay_different_products(tmp_path: Path) -> None:
    invoices, _ = read(tmp_path, HEADER + "1,84534B,A,1,1,1,UK\n1,84534b,B,1,1,1,UK\n1,22423,C,1,1,1,UK\n")
    codes = [line.sku for line in invoices[0].lines]
    assert codes == ["84534B", "84534b", "22423"]
    assert codes_differing_in_case(codes) == 2


@pytest.mark.parametrize(
    "code", ["POST", "D", "M", "m", "DOT", "C2", "BANK CHARGES", "AMAZONFEE", "S", "gift_0001_50", "TEST001"]
)
def test_codes_that_are_not_products_are_left_out(tmp_path: Path, code: str) -> None:
    invoices, file = read(tmp_path, HEADER + f"1,{code},?,1,15,1,UK\n")
    assert invoices == []
    assert file.odd == {"not_a_product": 1}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1,22423,STAND,-3,12.75,1,UK", "negative_quantity"),
        ("1,22423,STAND,0,12.75,1,UK", "negative_quantity"),
        ("C1,22423,STAND,3,12.75,1,UK", "negative_quantity"),
        ("1,22423,STAND,3,0,1,UK", "no_price"),
        ("1,22423,STAND,3,-11062.06,1,UK", "no_price"),
        ("1,22423,STAND,three,12.75,1,UK", "unreadable"),
        ("1,22423,STAND,1.5,12.75,1,UK", "unreadable"),
        ("1,22423,STAND,NaN,12.75,1,UK", "unreadable"),
        ("1,22423,STAND,1e999999,12.75,1,UK", "unreadable"),
        ("1,22423,STAND,3,,1,UK", "unreadable"),
        ("1,22423", "unreadable"),
        (",22423,STAND,3,12.75,1,UK", "unreadable"),
        ("1,,STAND,3,12.75,1,UK", "unreadable"),
        ('1,"' + "x" * 200_000 + '",STAND,3,12.75,1,UK', "unreadable"),
    ],
)
def test_an_odd_line_is_counted_and_the_rest_is_played(tmp_path: Path, line: str, reason: str) -> None:
    invoices, file = read(tmp_path, HEADER + line + "\n2,22423,STAND,1,12.75,1,UK\n")
    assert [invoice.number for invoice in invoices] == ["2"]
    assert file.odd == {reason: 1}
    assert file.lines_read == 2


def test_a_cancellation_takes_units_back(tmp_path: Path) -> None:
    invoices, _ = read(tmp_path, HEADER + "C536391,22556,PLASTERS,-12,1.65,17548,UK\n")
    assert invoices == [
        Invoice("C536391", "17548", (InvoiceLine("22556", "PLASTERS", 12, 165),), cancels=True)
    ]


@pytest.mark.parametrize(
    "content", ["", "a,b,c\n1,2,3\n", "InvoiceNo,StockCode\n", gzip.compress(b"x" * 999, mtime=0)[:30]]
)
def test_a_file_that_is_no_table_of_invoices_is_refused(tmp_path: Path, content: str | bytes) -> None:
    with pytest.raises(InvalidOrderFile):
        read(tmp_path, content)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidOrderFile):
        list(InvoiceFile(tmp_path / "nowhere.csv").invoices())


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared order data is not beside this folder")
def test_the_real_data_is_read_to_its_last_line() -> None:
    file = InvoiceFile(SHARED / "online_retail_50k.csv.gz")
    invoices = list(file.invoices())
    played = sum(len(invoice.lines) for invoice in invoices)
    left_out = sum(
        file.odd[reason] for reason in ("unreadable", "not_a_product", "no_price", "negative_quantity")
    )
    assert file.lines_read == 50_062
    assert played + left_out + file.odd["repeated_code"] == 50_062
    assert file.odd["unreadable"] == 0
    assert sum(len(invoice.lines) for invoice in invoices if invoice.cancels) > 800


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared order data is not beside this folder")
def test_the_dated_edition_holds_the_same_invoices() -> None:
    dated = list(InvoiceFile(SHARED / "online_retail_10k_dated.csv.gz").invoices())
    plain = list(InvoiceFile(SHARED / "online_retail_50k.csv.gz").invoices())
    shape = [(i.number, [(line.sku, line.quantity) for line in i.lines]) for i in dated[:-1]]
    assert shape == [(i.number, [(line.sku, line.quantity) for line in i.lines]) for i in plain[: len(shape)]]
