"""A deadline ends once, whoever else is at it or at its order."""

from datetime import timedelta
from typing import Any

import pytest

from config.wiring import Wiring
from domain.states import DeadlineState
from ledger import deadlines
from ledger.deadlines import DeadlineDraft
from ledger.tables import AuditEvent, Deadline, Order, ReviewCase
from tasks.deadlines import act
from tests.ledger.support import NOW, REAL, later, make_order, real_later, row_of, rows_of


@pytest.fixture
def order_id(wiring: Wiring) -> str:
    """An order without a shop that is not paid, and whose time for that is up."""
    order_id = make_order(wiring, {})
    draft = DeadlineDraft("unpaid", order_id, order_id, NOW, "ops", "cancel_unpaid")
    wiring.ledger(deadlines.set_deadlines, [draft], NOW)
    return order_id


def claim(wiring: Wiring, *, after_s: float = 0) -> list[Any]:
    return wiring.ledger(deadlines.claim_due, limit=25, now=NOW, real_now=real_later(after_s)).rows


def act_on(wiring: Wiring, rows: list[Any]) -> set[str]:
    outcome, _ = wiring.ledger(act, rows, now=later(1), real_now=REAL)
    return set(outcome.values())


def ends(wiring: Wiring) -> list[str]:
    return [row["to_state"] for row in rows_of(wiring, AuditEvent, aggregate="deadline") if row["from_state"]]


def test_one_that_an_order_took_with_it_is_not_ended_again(wiring: Wiring, order_id: str) -> None:
    rows = claim(wiring)
    wiring.ledger(deadlines.end_deadlines, order_id, DeadlineState.CANCELLED, "customer", NOW)

    assert set() == act_on(wiring, rows)

    assert ["cancelled"] == ends(wiring)
    assert "received" == row_of(wiring, Order)["state"]


def test_one_that_another_has_taken_over_is_left_to_it(wiring: Wiring, order_id: str) -> None:
    late, other = claim(wiring), claim(wiring, after_s=60)

    assert set() == act_on(wiring, late)
    assert {"cancelled_unpaid"} == act_on(wiring, other)
    assert set() == act_on(wiring, other)

    assert ["breached"] == ends(wiring)


def test_a_cancel_ends_the_orders_other_deadlines_and_not_its_own_again(wiring: Wiring, order_id: str) -> None:
    draft = DeadlineDraft("authorisation_12h", "pay_1", order_id, later(0.5), "ops", "alert_authorisation")
    wiring.ledger(deadlines.set_deadlines, [draft], NOW)
    claimed = wiring.ledger(deadlines.claim_due, limit=25, now=later(1), real_now=REAL)

    assert {"cancelled_unpaid"} == act_on(wiring, claimed.rows)

    states = {row["kind"]: row["state"] for row in rows_of(wiring, Deadline)}
    assert {"unpaid": "breached", "authorisation_12h": "cancelled"} == states
    assert ["breached", "cancelled"] == sorted(ends(wiring))


def test_one_that_failed_in_late_hands_is_nobodys_case(wiring: Wiring, order_id: str) -> None:
    [late] = claim(wiring)
    [other] = claim(wiring, after_s=60)

    wiring.ledger(deadlines.failed, {**late, "attempts": 99}, "_OwnFault", NOW + timedelta(hours=1))

    row = row_of(wiring, Deadline)
    assert (other["lease_token"], "") == (row["lease_token"], row["error"])
    assert [] == rows_of(wiring, ReviewCase)
