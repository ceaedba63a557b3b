"""Statements compiled once give the same values as the database keeps, on both databases."""

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from config.wiring import Wiring
from ledger import rows
from ledger.prepared import Prepared, listed
from ledger.tables import Decision, Order, ParcelForecast, ReviewCase, SyncCursor, Work
from ledger.tables.base import table_of
from tests.ledger.support import NOW, later, make_order, put, row_of

CASE = {
    "id": "case_1", "key": "k", "kind": "x", "severity": "high", "order_id": "", "subject_id": "s", "owner": "ops",
    "due_at": NOW, "state": "open", "facts": {"units": [1, 2], "name": "Bär"}, "choices": ["a"], "resolution": "",
    "created_at": NOW,
}  # fmt: skip
_work = table_of(Work)


def test_values_come_back_as_they_were(wiring: Wiring) -> None:
    """Times, truth values, JSON and nothing, by the short way and by SQLAlchemy's own."""
    order_id = make_order(wiring, {"requires_shipping": False}, test=True)
    put(wiring, ReviewCase, CASE)

    [case] = wiring.ledger(rows.select_by, ReviewCase, "id", ["case_1"])
    [order] = wiring.ledger(rows.select_by, Order, "id", [order_id])

    assert {name: case[name] for name in CASE} == CASE
    assert case["due_at"].tzinfo is not None
    assert order["test"] is True
    assert order["cancelled_at"] is None
    assert dict(row_of(wiring, ReviewCase)) == dict(case)


@pytest.mark.parametrize("chance", [0.25, 1.0, None])
def test_a_number_with_a_fraction_comes_back_as_one(wiring: Wiring, chance: float | None) -> None:
    put(wiring, ParcelForecast, {"id": "shp_1", "order_id": "o", "due_at": NOW, "late_probability": chance})

    [row] = wiring.ledger(rows.select_by, ParcelForecast, "id", ["shp_1"])

    assert row["late_probability"] == chance
    assert type(row["late_probability"]) is type(chance)


def test_a_time_of_another_zone_is_kept_as_utc(wiring: Wiring) -> None:
    there = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    put(wiring, SyncCursor, {"id": "c", "since": there})

    [cursor] = wiring.ledger(rows.select_by, SyncCursor, "id", ["c"])

    assert (cursor["since"], cursor["since"].utcoffset()) == (NOW, timedelta(0))


def test_the_hour_that_comes_twice_is_kept_as_two(wiring: Wiring) -> None:
    """Python takes both for the same: where clocks are put back, they differ by `fold` alone."""
    first = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    for name, moment in (("one", first), ("two", first.replace(fold=1))):
        put(wiring, SyncCursor, {"id": name, "since": moment})

    cursors = {row["id"]: row["since"] for row in wiring.ledger(rows.select_by, SyncCursor, "id", ["one", "two"])}

    assert timedelta(hours=1) == cursors["two"] - cursors["one"]


def test_a_time_without_a_zone_is_refused(wiring: Wiring) -> None:
    with pytest.raises((ValueError, sa.exc.StatementError)):
        put(wiring, SyncCursor, {"id": "c", "since": datetime(2026, 3, 1, 12, 0)})  # noqa: DTZ001


def test_what_the_database_refuses_has_sqlalchemys_name_and_no_values(wiring: Wiring) -> None:
    put(wiring, SyncCursor, {"id": "somebody@example.com", "since": NOW})

    with pytest.raises(sa.exc.IntegrityError) as refused:
        put(wiring, SyncCursor, {"id": "somebody@example.com", "since": NOW})

    assert "INSERT INTO sync_cursor" in str(refused.value)
    assert "somebody" not in str(refused.value)


def test_a_table_that_is_missing_is_the_databases_trouble(wiring: Wiring) -> None:
    missing = Prepared(sa.text("SELECT id FROM no_such_table"))

    with pytest.raises((sa.exc.OperationalError, sa.exc.ProgrammingError)):
        wiring.ledger(missing.scalars)


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_connection_that_was_lost_is_not_used_again(wiring: Wiring) -> None:
    def cut(session: Session) -> None:
        mine = session.connection().scalar(sa.text("SELECT pg_backend_pid()"))
        wiring.ledger(lambda other: other.connection().execute(sa.text(f"SELECT pg_terminate_backend({mine}, 5000)")))
        rows.select_by(session, SyncCursor, "id", ["c"])

    with pytest.raises(sa.exc.OperationalError) as lost:
        wiring.ledger(cut)

    assert lost.value.connection_invalidated
    assert [] == wiring.ledger(rows.select_by, SyncCursor, "id", ["c"])


def test_whoever_listens_hears_every_statement(wiring: Wiring) -> None:
    heard: list[str] = []
    sa.event.listen(wiring.engine, "before_cursor_execute", lambda _c, _cursor, text, *_more: heard.append(text))

    put(wiring, SyncCursor, {"id": "c", "since": NOW})

    assert any(text.startswith("INSERT INTO sync_cursor") for text in heard)


def test_columns_that_a_row_does_not_name_get_their_default(wiring: Wiring) -> None:
    put(
        wiring,
        Decision,
        {
            "id": "d",
            "workflow": "route",
            "order_id": "o",
            "policy_version": "1",
            "inputs_digest": "",
            "decided_at": NOW,
        },
    )

    row = row_of(wiring, Decision)

    assert (row["inputs"], row["candidates"]) == ({}, [])


def test_new_rows_are_told_from_those_that_stood(wiring: Wiring) -> None:
    put(wiring, ReviewCase, CASE)
    others = [{**CASE, "id": f"case_{n}", "key": f"k{n % 2 or ''}"} for n in (2, 3)]

    assert wiring.ledger(rows.insert_new, ReviewCase, others) == {"case_3"}
    assert wiring.ledger(rows.insert_new, ReviewCase, [{**CASE, "id": "case_4"}]) == set()
    assert wiring.ledger(rows.insert_missing, ReviewCase, [{**CASE, "id": "case_5", "key": "n"}]) == 1


def test_one_statement_serves_any_number_of_values(wiring: Wiring) -> None:
    find = Prepared(sa.select(_work.c.id).where(listed(_work.c.id, "ids"), _work.c.priority < sa.bindparam("below")))
    put(wiring, Work, *({**work("route", n), "priority": n} for n in range(3)))

    def found(session: Session, ids: list[str]) -> list[str]:
        return sorted(find.scalars(session, ids=ids, below=2))

    assert wiring.ledger(found, ["route:0", "route:2"]) == ["route:0"]
    assert wiring.ledger(found, []) == []
    assert wiring.ledger(found, [f"route:{n}" for n in range(100)]) == ["route:0", "route:1"]


def work(stage: str, number: int) -> rows.Row:
    return {
        "id": f"{stage}:{number}", "stage": stage, "subject_id": str(number), "due_at": later(0), "attempts": 0,
        "lease_token": 0, "error": "",
    }  # fmt: skip


def test_a_fixed_list_is_part_of_the_statement(wiring: Wiring) -> None:
    """Beside a value that is given later, and with a type whose values are turned on their way."""
    for number in range(3):
        put(wiring, SyncCursor, {"id": f"c{number}", "since": NOW + timedelta(days=number)})
    cursor = table_of(SyncCursor)
    statement = Prepared(
        sa.select(cursor.c.id)
        .where(cursor.c.since.in_([NOW, NOW + timedelta(days=2)]), cursor.c.id != sa.bindparam("but", required=True))
        .order_by(cursor.c.id)
    )

    def read(session: Session, but: str) -> list[str]:
        return statement.scalars(session, but=but)

    assert ["c0", "c2"] == wiring.ledger(read, "c1")
    assert ["c2"] == wiring.ledger(read, "c0")


def test_a_transaction_that_asks_nothing_holds_nobody_up(wiring: Wiring) -> None:
    def asks_nothing(_session: Session) -> None:
        put(wiring, SyncCursor, {"id": "c", "since": NOW})  # a transaction of its own

    wiring.ledger(asks_nothing)

    assert NOW == row_of(wiring, SyncCursor)["since"]
