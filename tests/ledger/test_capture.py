"""What a shop says again of orders that we know: echoes cost a chunk some statements, a change is never lost."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from config.policies import load_policies
from config.wiring import Wiring
from domain.order import Address, IncomingLine, IncomingOrder, IncomingTransaction, TransactionKind, TransactionStatus
from ledger.capture import Captured, capture_orders
from ledger.tables import MoneyTransaction, Order, OrderContact, OrderLine, Work
from tests.ledger.support import NOW, later, row_of, rows_of


def bought(number: int, **changes: Any) -> IncomingOrder:
    home = Address(name="Ada", line1=f"{number} Main Street", city="Boston", postal_code="02110", country="US")
    paid = IncomingTransaction(f"t{number}", TransactionKind.SALE, TransactionStatus.PENDING, 1500, "card", NOW)
    order = IncomingOrder(
        external_id=f"o{number}", name=f"#{number}", created_at=NOW, updated_at=NOW, currency="USD", total_minor=1500,
        lines=(IncomingLine(f"l{number}", "MUG", "Mug", 2, 750),), shipping_address=home, transactions=(paid,),
        email=f"c{number}@example.com",
    )  # fmt: skip
    return replace(order, **changes)


def capture(wiring: Wiring, orders: Sequence[IncomingOrder], *, account: str = "alpha") -> Captured:
    policies = load_policies(wiring.settings.policies_dir)
    captured: Captured = wiring.ledger(
        capture_orders, orders, source="shopify", account=account, policies=policies, now=NOW
    )
    return captured


@contextmanager
def counted(wiring: Wiring) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    sa.event.listen(wiring.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(wiring.engine, "before_cursor_execute", note)


def test_many_echoes_cost_no_more_statements_than_one(wiring: Wiring) -> None:
    capture(wiring, [bought(n) for n in range(20)])

    with counted(wiring) as one:
        capture(wiring, [bought(0, updated_at=later(1))])
    with counted(wiring) as many:
        capture(wiring, [bought(n, updated_at=later(2)) for n in range(20)])

    assert len(many) == len(one)
    assert {row["source_updated_at"] for row in rows_of(wiring, Order)} == {later(2)}


def test_changes_among_echoes_are_taken_over(wiring: Wiring) -> None:
    capture(wiring, [bought(n) for n in range(5)])
    said = [bought(n, updated_at=later(1)) for n in range(5)]
    elsewhere = replace(said[1].shipping_address or Address(), city="Salem")
    said[1] = replace(said[1], shipping_address=elsewhere)
    said[2] = replace(said[2], lines=(replace(said[2].lines[0], quantity=1),), total_minor=750)
    said[3] = replace(said[3], transactions=(replace(said[3].transactions[0], status=TransactionStatus.SUCCESS),))
    said[4] = replace(said[4], cancelled_at=later(1))

    outcomes = capture(wiring, said).outcomes

    assert outcomes == {"o0": "updated", "o1": "updated", "o2": "updated", "o3": "updated", "o4": "cancelled"}
    moved = row_of(wiring, Order, external_id="o1")
    assert row_of(wiring, OrderContact, id=moved["contact_id"])["city"] == "Salem"
    assert row_of(wiring, OrderLine, external_id="l2")["ordered"] == 1
    assert row_of(wiring, MoneyTransaction, external_id="t3")["status"] == "success"
    assert row_of(wiring, Order, external_id="o4")["state"] == "cancelled"


def test_same_second_is_compared_and_an_older_statement_is_not(wiring: Wiring) -> None:
    capture(wiring, [bought(0), bought(1), bought(2)])
    fewer = (replace(bought(1).lines[0], quantity=1),)
    earlier = NOW - timedelta(seconds=1)

    outcomes = capture(wiring, [bought(0), bought(1, lines=fewer), bought(2, lines=fewer, updated_at=earlier)]).outcomes

    assert outcomes == {"o0": "stale", "o1": "updated", "o2": "stale"}
    assert row_of(wiring, OrderLine, external_id="l1")["ordered"] == 1
    assert row_of(wiring, OrderLine, external_id="l2")["ordered"] == 2


def test_one_id_in_two_shops_is_two_orders(wiring: Wiring) -> None:
    capture(wiring, [bought(0)])

    mixed = capture(wiring, [bought(0), bought(1)], account="beta")

    assert set(mixed.outcomes.values()) == {"created"}
    assert len(rows_of(wiring, Order)) == 3
    assert len(rows_of(wiring, Work, stage="validate")) == 3
