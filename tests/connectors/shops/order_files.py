"""An order file for tests, written and read."""

import re
from pathlib import Path
from typing import Any

from connectors.shops.files import FileRow, Good, read_orders

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
