"""Order files that are wrong: a row, a line or all of it, each named with its place."""

import json
from pathlib import Path

import pytest

from connectors.errors import VendorRejected
from connectors.shops.file_columns import LARGEST_CELL, REQUIRED_COLUMNS
from tests.connectors.shops.order_files import ROW, csv_text, json_record, read, seen

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
