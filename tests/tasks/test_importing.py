"""Orders from files into the ledger, through the command that an operator types."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apps.cli import importing, run
from config.wiring import Wiring
from connectors.shops.files import Bad
from ledger.tables import (
    AuditEvent,
    Hold,
    MoneyTransaction,
    Order,
    OrderContact,
    OrderLine,
    Payment,
    ShopFulfilment,
    Work,
)
from tasks.importing import Imported, import_file
from tests.connectors.shops.test_files import ROW, csv_text
from tests.ledger.support import row_of, rows_of

Import = Callable[..., int]


@pytest.fixture
def orders_file(tmp_path: Path) -> Callable[..., Path]:
    def write(*rows: dict[str, str], name: str = "orders.csv") -> Path:
        path = tmp_path / name
        path.write_text(csv_text(*rows), encoding="utf-8")
        return path

    return write


@pytest.fixture
def imported(wiring: Wiring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Import:
    """Runs `aftercart import` and gives its exit code."""
    monkeypatch.setattr("apps.cli.SANDBOX_ENV", tmp_path / "no.env")

    def command(path: Path, *more: str) -> int:
        with pytest.raises(SystemExit) as ended:
            run(["import", str(path), "--account", "market", "--errors", str(tmp_path / "errors.csv"), *more])
        return int(ended.value.code or 0)

    return command


def order(number: int, **changes: str) -> dict[str, str]:
    return {**ROW, "order_id": f"M-{number}", **changes}


def everything(wiring: Wiring) -> dict[str, list[dict[str, Any]]]:
    tables = (Order, OrderLine, OrderContact, Hold, Payment, MoneyTransaction, ShopFulfilment, Work, AuditEvent)
    return {model.__name__: [dict(row) for row in rows_of(wiring, model)] for model in tables}


@pytest.mark.row("CAP-3")
def test_orders_of_a_file_are_captured_whole(
    wiring: Wiring, imported: Import, orders_file: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = orders_file(order(1), order(1, sku="LIN-2", quantity="1"), order(2, currency="JPY", unit_price="1999",
                       line_discount="0", line_tax="0", shipping_price="0", shipping_tax="0"))  # fmt: skip

    assert imported(path) == 0

    first = row_of(wiring, Order, external_id="M-1")
    assert (first["source"], first["account"], first["state"]) == ("file", "market", "received")
    assert [line["sku"] for line in rows_of(wiring, OrderLine, order_id=first["id"])] == ["LIN-1", "LIN-2"]
    assert row_of(wiring, Order, external_id="M-2")["total_minor"] == 3998
    assert {row["stage"] for row in rows_of(wiring, Work, subject_id=first["id"])} == {"validate", "reconcile"}
    assert rows_of(wiring, ShopFulfilment) == []
    assert row_of(wiring, Hold, order_id=first["id"])["name"] == "edit_window"
    assert "new" in capsys.readouterr().out


@pytest.mark.row("CAP-3")
def test_the_same_file_again_changes_nothing(
    wiring: Wiring, imported: Import, orders_file: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = orders_file(*(order(number) for number in range(250)))
    assert imported(path) == 0
    before = everything(wiring)
    capsys.readouterr()

    assert imported(path) == 0

    assert everything(wiring) == before
    shown = capsys.readouterr().out
    assert "unchanged" in shown
    assert "250" in shown


@pytest.mark.row("CAP-3", bad_input=True)
def test_bad_rows_are_named_by_line_and_the_good_ones_kept(
    wiring: Wiring,
    imported: Import,
    orders_file: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bad = [order(number, quantity="minus two") for number in range(100, 130)]
    path = orders_file(order(1), order(2, currency="E$"), order(3, unit_price="-1"), order(4, created_at="yesterday"),
                       order(5), *bad)  # fmt: skip

    assert imported(path) == 1

    assert [row["external_id"] for row in rows_of(wiring, Order)] == ["M-1", "M-5"]
    with (tmp_path / "errors.csv").open(encoding="utf-8", newline="") as out:
        listed = list(csv.DictReader(out))
    assert len(listed) == 33
    assert [(row["line"], row["column"], row["order_id"]) for row in listed[:3]] == [
        ("3", "currency", "M-2"), ("4", "unit_price", "M-3"), ("5", "created_at", "M-4"),
    ]  # fmt: skip
    shown = capsys.readouterr().out
    assert shown.count("not_a_quantity") == importing.SHOWN - 3
    assert "33" in shown
    assert "Torstraße" not in shown


@pytest.mark.row("CAP-3", bad_input=True)
@pytest.mark.parametrize(
    ("content", "named"),
    [
        pytest.param(b"", "empty_file", id="empty"),
        pytest.param(b"order_id,currency\n1,EUR\n", "missing_column", id="column missing"),
        pytest.param("order_id".encode("utf-16"), "not_utf8", id="utf-16"),
        pytest.param(json.dumps([ROW]).encode(), "json_array", id="array"),
    ],
)
def test_a_file_that_cannot_be_taken_is_a_clear_line(
    wiring: Wiring, imported: Import, tmp_path: Path, content: bytes, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(content)

    assert imported(path) == 2

    said = capsys.readouterr().err
    assert named in said
    assert "Traceback" not in said
    assert rows_of(wiring, Order) == []


def test_a_missing_file_is_a_clear_line(imported: Import, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert imported(tmp_path / "gone.csv") == 2

    assert "there is no file" in capsys.readouterr().err


@pytest.mark.row("CAP-3")
def test_an_import_that_was_stopped_goes_on_where_it_was(
    wiring: Wiring, imported: Import, orders_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    path = orders_file(*(order(number) for number in range(250)))
    import_all = import_file

    def stopped(path: Path, *, on_progress: Callable[[Imported], None], **more: Any) -> Imported:
        def interrupt(state: Imported) -> None:
            on_progress(state)
            if state.total == 200:
                raise KeyboardInterrupt

        return import_all(path, on_progress=interrupt, **more)

    monkeypatch.setattr(importing, "import_file", stopped)
    assert imported(path) == 130
    assert len(rows_of(wiring, Order)) == 200
    assert "import the file again" in capsys.readouterr().err

    monkeypatch.setattr(importing, "import_file", import_all)
    assert imported(path) == 0
    assert len(rows_of(wiring, Order)) == 250


def test_transactions_hold_at_most_a_hundred_orders(wiring: Wiring, orders_file: Callable[..., Path]) -> None:
    path = orders_file(*(order(number) for number in range(250)))
    totals: list[int] = []
    bad: list[Bad] = []

    result = import_file(
        path, account="market", wiring=wiring, on_bad=bad.append, on_progress=lambda state: totals.append(state.total)
    )

    assert totals == [100, 200, 250]
    assert (result.orders, result.bad_rows, bad) == ({"new": 250}, 0, [])
