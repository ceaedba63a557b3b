"""Order files: CSV and JSON Lines, good and bad rows, size and speed."""

import json
import re
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.shops.file_columns import COLUMNS
from connectors.shops.files import Bad, Good, read_orders, total_rows_hint
from domain.order import TransactionKind, TransactionStatus
from tests.connectors.shops.order_files import ROW, csv_text, json_record, read, seen
from tests.support.shared import ROOT

GUIDE = ROOT / "docs" / "guides" / "order-files.md"


@pytest.mark.row("CAP-3")
@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_csv_becomes_normalised_orders(tmp_path: Path, delimiter: str, bom: str) -> None:
    rows = [ROW, ROW | {"sku": "MUG", "quantity": "1", "unit_price": "5", "line_discount": "", "line_tax": ""}]
    text = bom + csv_text(*rows, ROW | {"order_id": "M-2"}, delimiter=delimiter)

    first, second = read(tmp_path, text)

    assert isinstance(first, Good)
    assert isinstance(second, Good)
    assert (2, 4) == (first.line_no, second.line_no)
    order = first.order
    assert ("M-1", "M-1", "EUR", "de") == (order.external_id, order.name, order.currency, order.locale)
    assert datetime(2026, 11, 20, 9, tzinfo=UTC) == order.created_at == order.updated_at
    assert ["M-1:1", "M-1:2"] == [line.external_id for line in order.lines]
    assert ("LIN-1", 'Shirt, "sand"', 2, 1999, 100, 319) == (
        (line := order.lines[0]).sku,
        line.title,
        line.quantity,
        line.unit_price_minor,
        line.discount_minor,
        line.tax_minor,
    )
    assert 3898 + 319 + 500 + 490 + 78 == order.total_minor
    assert (397, 490, 78, 100) == (
        order.tax_minor,
        order.shipping_minor,
        order.shipping_tax_minor,
        order.discount_minor,
    )
    assert order.shipping_address is not None
    assert ("Torstraße 5", "DE") == (order.shipping_address.line1, order.shipping_address.country)
    assert order.billing_address is None


@pytest.mark.row("CAP-3")
def test_json_lines_say_the_same_as_csv(tmp_path: Path) -> None:
    [from_csv] = read(tmp_path, csv_text(ROW))
    [from_json] = read(tmp_path, json.dumps(json_record()) + "\n")

    assert isinstance(from_csv, Good)
    assert isinstance(from_json, Good)
    assert from_csv.order == from_json.order


def test_json_numbers_are_read_exactly(tmp_path: Path) -> None:
    text = json.dumps(json_record()).replace('"19.99"', "19.99").replace('"quantity": "2"', '"quantity": 2')
    [row] = read(tmp_path, text)

    assert isinstance(row, Good)
    assert 1999 == row.order.lines[0].unit_price_minor


@pytest.mark.parametrize(
    ("status", "kind", "state", "gateway"),
    [
        ("paid", TransactionKind.SALE, TransactionStatus.SUCCESS, "file"),
        ("authorized", TransactionKind.AUTHORIZATION, TransactionStatus.SUCCESS, "file"),
        ("pending", TransactionKind.SALE, TransactionStatus.PENDING, "file"),
        ("cod", TransactionKind.SALE, TransactionStatus.PENDING, "cash_on_delivery"),
    ],
)
def test_payment_status(
    tmp_path: Path, status: str, kind: TransactionKind, state: TransactionStatus, gateway: str
) -> None:
    [row] = read(tmp_path, csv_text(ROW | {"payment_status": status}))

    assert isinstance(row, Good)
    [payment] = row.order.transactions
    assert (kind, state, gateway, row.order.total_minor, "M-1:payment") == (
        payment.kind,
        payment.status,
        payment.gateway,
        payment.amount_minor,
        payment.external_id,
    )


@pytest.mark.parametrize(
    ("currency", "price", "minor"), [("JPY", "1999", 1999), ("KWD", "1.999", 1999), ("usd", "20", 2000)]
)
def test_amounts_follow_the_currency(tmp_path: Path, currency: str, price: str, minor: int) -> None:
    plain = {"line_discount": "", "line_tax": "", "shipping_price": "", "shipping_tax": ""}
    [row] = read(tmp_path, csv_text(ROW | plain | {"currency": currency, "unit_price": price}))

    assert isinstance(row, Good)
    assert minor == row.order.lines[0].unit_price_minor


def test_quoted_line_breaks_keep_line_numbers(tmp_path: Path) -> None:
    text = csv_text(ROW | {"title": "two\nlines"}, ROW | {"order_id": "M-2", "quantity": "x"})

    assert [(2, "M-1"), (4, "not_a_quantity", "quantity")] == seen(read(tmp_path, text))


def test_header_alone_is_no_orders(tmp_path: Path) -> None:
    assert [] == read(tmp_path, csv_text())


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_after_the_header_end_in_rows(tmp_path_factory: pytest.TempPathFactory, junk: bytes) -> None:
    for start in (csv_text(ROW), json.dumps(json_record()) + "\n"):
        rows = read(tmp_path_factory.getbasetemp(), start.encode() + junk)

        assert all(isinstance(row, Good | Bad) for row in rows)
        str(rows).encode()  # nothing that a log could not write


def big_file(tmp_path: Path, rows: int) -> Path:
    path = tmp_path / "big.csv"
    header, line = csv_text(ROW).splitlines()
    path.write_text("\n".join([header, *(line.replace("M-1", f"M-{n // 2}", 1) for n in range(rows))]), "utf-8")
    return path


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = big_file(tmp_path, 20_000)
    tracemalloc.start()
    try:
        for _ in read_orders(path, account="market"):
            pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 3_000_000  # the file has 4 MB; most of the peak are the ids seen
    assert 0 == total_rows_hint(Path("/dev/null"))


def test_guide_names_every_column_and_its_examples_are_read(tmp_path: Path) -> None:
    guide = GUIDE.read_text("utf-8")
    names = set(re.findall(r"^\| `(\w+)`", guide, re.MULTILINE))
    examples = re.findall(r"```(?:csv|json)\n(.*?)```", guide, re.DOTALL)

    assert set(COLUMNS) == names
    assert 2 == len(examples)
    for example in examples:
        rows = read(tmp_path, example)
        assert rows
        assert all(isinstance(row, Good) for row in rows)
