"""Errors of the database name no person; a transaction that gave way to another is made again."""

import threading

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from config.wiring import Wiring
from ledger.rows import insert_rows, update_by
from ledger.tables import Customer
from tests.ledger.support import NOW, Rival, rows_of
from tests.support.waiting import PATIENCE_S


def test_a_violated_constraint_does_not_quote_the_row(wiring: Wiring) -> None:
    person = {"email": "zzmail@example.com", "phone": "", "name": "Zzname", "locale": "en", "created_at": NOW}
    wiring.ledger(insert_rows, Customer, [{"id": "cus_1", **person}])

    with pytest.raises(sa.exc.IntegrityError) as caught:
        wiring.ledger(insert_rows, Customer, [{"id": "cus_2", **person}])

    told = f"{caught.value} {caught.value.orig} {caught.value.orig.args} {caught.value.__cause__!r}"
    assert "zzmail" not in told.lower()
    assert "zzname" not in told.lower()
    assert "customer" in told.lower()


@pytest.mark.row("TRU-1", bad_input=True)
@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_two_transactions_that_wait_for_each_other_both_come_through(wiring: Wiring) -> None:
    person = {"phone": "", "name": "", "locale": "en", "created_at": NOW}
    wiring.ledger(insert_rows, Customer, [{"id": i, "email": f"{i}@example.com", **person} for i in ("a", "b")])
    both_hold_one, tries = threading.Barrier(2), list[str]()

    def touch(session: Session, first: str, second: str) -> None:
        tries.append(first)
        for row_id in (first, second):
            update_by(session, Customer, [{"id": row_id, "phone": first}])
            if row_id == first and tries.count(first) == 1:
                both_hold_one.wait(PATIENCE_S)

    rivals = [Rival(lambda: wiring.ledger(touch, "a", "b")), Rival(lambda: wiring.ledger(touch, "b", "a"))]

    assert [rival.result() for rival in rivals] == [None, None]
    assert len(tries) > 2, "one of them was given up by the database"
    assert len({row["phone"] for row in rows_of(wiring, Customer)}) == 1
