"""Order files: CSV and JSON Lines, good and bad rows, size and speed."""

import json
import re
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.errors import VendorRejected
from connectors.shops.file_columns import COLUMNS, LARGEST_CELL, REQUIRED_COLUMNS
from connectors.shops.files import Bad, FileRow, Good, read_orders, total_rows_hint
from domain.order import TransactionKind, TransactionStatus
from tests.support.shared import ROOT

GUIDE = ROOT / "docs" / "guides" / "order-files.md"
ROW = {
    "order_id": "M-1",
    "created_at": "2026-11-20T10:00:00+01:00",
    "currency": "EUR",
    "email": "eva@example.com",
    "locale": "de",
    "ship_name": "Eva Öz",
    "ship_line1": "Torstraße 5",
    "ship_city": "Berlin",
    "ship_postal_code": "10119",
    "ship_country": "de",
    "sku": "LIN-1",
    "title": 'Shirt, "sand"',
    "quantity": "2",
    "unit_price": "19.99",
    "line_discount": "1.00",
    "line_tax": "3.19",
    "shipping_price": "4.90",
    "shipping_tax": "0.78",
    "payment_status": "paid",
}


def csv_text(*rows: dict[str, str], columns: tuple[str, ...] = tuple(ROW), delimiter: str = ",") -> str:
    def cell(text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if re.search(r'[",;\n]', text) else text

    table = [columns, *(tuple(row.get(column, "") for column in columns) for row in rows)]
    return "".join(delimiter.join(map(cell, row)) + "\n" for row in table)


def read(tmp_path: Path, content: str | bytes) -> list[FileRow]:
    path = tmp_path / "orders.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_orders(path, account="market"))


def seen(rows: list[FileRow]) -> list[tuple[Any, ...]]:
    return [
        (row.line_no, row.order.external_id) if isinstance(row, Good) else (row.line_no, row.code, row.where)
        for row in rows
    ]


def json_record(**changes: Any) -> dict[str, Any]:
    line_columns = ("sku", "title", "quantity", "unit_price", "line_discount", "line_tax")
    record: dict[str, Any] = {key: value for key, value in ROW.items() if key not in line_columns}
    record["lines"] = [{key: ROW[key] for key in line_columns}]
    return record | changes


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


BAD_CELLS = [
    ({"currency": "QQQ"}, "unknown_currency", "currency"),
    ({"currency": ""}, "missing", "currency"),
    ({"quantity": "two"}, "not_a_quantity", "quantity"),
    ({"quantity": "0"}, "not_a_quantity", "quantity"),
    ({"quantity": "-1"}, "not_a_quantity", "quantity"),
    ({"quantity": "1.5"}, "not_a_quantity", "quantity"),
    ({"quantity": ""}, "missing", "quantity"),
    ({"unit_price": ""}, "missing", "unit_price"),
    ({"unit_price": "19,99"}, "not_an_amount", "unit_price"),
    ({"unit_price": "-1"}, "negative_amount", "unit_price"),
    ({"unit_price": "1.999"}, "too_many_decimals", "unit_price"),
    ({"unit_price": "NaN"}, "not_an_amount", "unit_price"),
    ({"unit_price": "1e999999999"}, "not_an_amount", "unit_price"),
    ({"unit_price": "9" * 500}, "not_an_amount", "unit_price"),
    ({"line_discount": "99.99"}, "discount_above_price", "line_discount"),
    ({"created_at": "yesterday"}, "not_a_time", "created_at"),
    ({"created_at": "2026-11-20T10:00:00"}, "time_without_offset", "created_at"),
    ({"created_at": "0001-01-01T00:00:00+10:00"}, "not_a_time", "created_at"),
    ({"payment_status": "perhaps"}, "unknown_payment_status", "payment_status"),
    ({"sku": " "}, "missing", "sku"),
    ({"title": "x" * (LARGEST_CELL + 1)}, "cell_too_long", "title"),
]


@pytest.mark.row("CAP-3", bad_input=True)
@pytest.mark.parametrize(("changes", "code", "where"), BAD_CELLS)
def test_bad_cell_is_named_and_its_neighbours_are_taken(
    tmp_path: Path, changes: dict[str, str], code: str, where: str
) -> None:
    text = csv_text(ROW, ROW | {"order_id": "M-2"} | changes, ROW | {"order_id": "M-3"})

    assert [(2, "M-1"), (3, code, where), (4, "M-3")] == seen(read(tmp_path, text))


@pytest.mark.row("CAP-3", bad_input=True)
@pytest.mark.parametrize(("changes", "code", "where"), BAD_CELLS)
def test_bad_json_value_is_named(tmp_path: Path, changes: dict[str, str], code: str, where: str) -> None:
    [column] = changes
    record = json_record()
    in_line = column in record["lines"][0]
    (record["lines"][0] if in_line else record).update(changes)

    expected = [(1, code, f"lines[1].{where}" if in_line else where), (2, "M-2")]
    assert expected == seen(read(tmp_path, f"{json.dumps(record)}\n{json.dumps(json_record(order_id='M-2'))}"))


@pytest.mark.row("CAP-3", bad_input=True)
@pytest.mark.parametrize(
    ("line", "code", "where"),
    [
        ("{", "not_json", "row"),
        ("[" * 100_000, "not_json", "row"),
        ("3", "not_an_object", "row"),
        (json.dumps(json_record(lines=[])), "missing", "lines"),
        (json.dumps(json_record(lines=["x"])), "not_an_object", "lines[1].line"),
        (json.dumps(json_record(email={"a": 1})), "not_text", "email"),
        (json.dumps(json_record(email="\ud800")), "not_utf8", "email"),
        (json.dumps(json_record(lines=[{}] * 1001)), "too_many_lines", "lines"),
        (json.dumps(json_record(email="x" * 1_100_000)), "line_too_long", "row"),
        (json.dumps({"order_id": "M-1"}), "missing", "currency"),
    ],
)
def test_bad_json_line_is_named(tmp_path: Path, line: str, code: str, where: str) -> None:
    good = json.dumps(json_record(order_id="M-9"))

    assert [(1, "M-9"), (2, code, where)] == seen(read(tmp_path, f"{good}\n{line}\n"))


@pytest.mark.row("CAP-3", bad_input=True)
def test_bad_row_leaves_out_its_whole_order(tmp_path: Path) -> None:
    rows = [ROW, ROW | {"quantity": "x"}, ROW, ROW | {"order_id": "M-2"}]

    assert [(3, "not_a_quantity", "quantity"), (5, "M-2")] == seen(read(tmp_path, csv_text(*rows)))


@pytest.mark.row("CAP-3", bad_input=True)
def test_bad_bytes_are_named(tmp_path: Path) -> None:
    text = csv_text(ROW, ROW | {"order_id": "M-2", "ship_name": "J@rg"}, ROW | {"order_id": "M-3"})
    rows = read(tmp_path, text.encode().replace(b"J@rg", b"J\xf6rg"))

    assert [(2, "M-1"), (3, "not_utf8", "ship_name"), (4, "M-3")] == seen(rows)


@pytest.mark.row("CAP-3", bad_input=True)
@pytest.mark.parametrize(
    ("broken", "code"),
    [
        pytest.param('M-2,"never closed', "open_quote", id="open quote"),
        pytest.param('M-2,"closed"oddly,x', "open_quote", id="text after a quote"),
        pytest.param("M-2,too,few", "wrong_number_of_cells", id="few cells"),
        pytest.param("M-2" + ",x" * 40, "wrong_number_of_cells", id="many cells"),
        pytest.param("M-2," + "x" * 300_000, "line_too_long", id="long line"),
        pytest.param('M-2,"' + "x" * 300_000 + '"', "line_too_long", id="long quoted line"),
    ],
)
def test_broken_row_is_its_own_trouble_only(tmp_path: Path, broken: str, code: str) -> None:
    header, *rows = csv_text(ROW, *(ROW | {"order_id": f"M-{n}"} for n in range(3, 200))).splitlines()

    found = seen(read(tmp_path, "\n".join([header, rows[0], broken, *rows[1:]])))

    assert [(2, "M-1"), (3, code, "row"), (4, "M-3")] == found[:3]
    assert 199 == len(found)


def test_row_of_nobody_stops_the_orders_that_it_could_belong_to(tmp_path: Path) -> None:
    header, *rows = csv_text(*(ROW | {"order_id": f"M-{n}"} for n in (1, 2, 3, 4))).splitlines()

    found = seen(read(tmp_path, "\n".join([header, *rows[:2], '"never closed', *rows[2:]])))

    beside = "beside_unreadable_row"
    assert [(2, "M-1"), (4, "open_quote", "row"), (3, beside, "row"), (5, beside, "row"), (6, "M-4")] == found


def test_continuation_row_without_id_stops_its_order(tmp_path: Path) -> None:
    rows = [ROW, {"sku": "MUG", "quantity": "1", "unit_price": "5"}, ROW | {"order_id": "M-2"}]

    assert [(3, "missing", "order_id"), (4, "M-2")] == seen(read(tmp_path, csv_text(*rows)))


def test_rows_of_an_order_must_be_adjacent_and_agree(tmp_path: Path) -> None:
    rows = [ROW, ROW | {"currency": "USD"}, ROW | {"order_id": "M-2"}, ROW]

    expected = [
        (3, "differs_from_first_row", "currency"),
        (5, "order_id_repeated", "order_id"),
        (4, "M-2"),
    ]
    assert sorted(expected) == sorted(seen(read(tmp_path, csv_text(*rows))))


def test_quoted_line_breaks_keep_line_numbers(tmp_path: Path) -> None:
    text = csv_text(ROW | {"title": "two\nlines"}, ROW | {"order_id": "M-2", "quantity": "x"})

    assert [(2, "M-1"), (4, "not_a_quantity", "quantity")] == seen(read(tmp_path, text))


@pytest.mark.row("CAP-3", bad_input=True)
@pytest.mark.parametrize("missing", REQUIRED_COLUMNS)
def test_missing_column_is_one_clear_error(tmp_path: Path, missing: str) -> None:
    columns = tuple(column for column in ROW if column != missing)

    with pytest.raises(VendorRejected, match=f"column {missing} is missing; columns are order_id, ") as caught:
        read(tmp_path, csv_text(ROW, columns=columns))

    assert "missing_column" == caught.value.reason


@pytest.mark.row("CAP-3", bad_input=True)
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty_file"),
        (b"\xef\xbb\xbf \n\n", "empty_file"),
        (csv_text(ROW).encode("utf-16"), "not_utf8"),
        (b'[{"order_id": 1}]', "json_array"),
        (b"\x00\x01\x02", "missing_column"),
        (b'"' * 7, "missing_column"),
        (csv_text(ROW, columns=(*ROW, "sku")).encode(), "repeated_column"),
    ],
)
def test_useless_file_is_one_clear_error(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(VendorRejected) as caught:
        read(tmp_path, content)

    assert reason == caught.value.reason


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
