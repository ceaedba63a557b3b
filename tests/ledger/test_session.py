"""Errors of the database name no person, on either database."""

import pytest
import sqlalchemy as sa

from config.wiring import Wiring
from ledger.rows import insert_rows
from ledger.tables import Customer
from tests.ledger.support import NOW


def test_a_violated_constraint_does_not_quote_the_row(wiring: Wiring) -> None:
    person = {"email": "zzmail@example.com", "phone": "", "name": "Zzname", "locale": "en", "created_at": NOW}
    wiring.ledger(insert_rows, Customer, [{"id": "cus_1", **person}])

    with pytest.raises(sa.exc.IntegrityError) as caught:
        wiring.ledger(insert_rows, Customer, [{"id": "cus_2", **person}])

    told = f"{caught.value} {caught.value.orig} {caught.value.orig.args} {caught.value.__cause__!r}"
    assert "zzmail" not in told.lower()
    assert "zzname" not in told.lower()
    assert "customer" in told.lower()
