"""An order's clock of shipping as rows: told, asked, answered, cancelled; its money seen to (16 CFR Part 435)."""

from datetime import timedelta
from typing import Any

import pytest

from config.wiring import Wiring
from domain.ship_promise import Answer
from domain.states import OrderState
from ledger import deadlines, operator, ship_notices
from ledger.orders import lock_orders
from ledger.rows import update_by, update_listed
from ledger.tables import (
    Deadline,
    DelayNotice,
    FulfilmentOrder,
    Message,
    Order,
    OrderContact,
    OrderLine,
    Payment,
    ReviewCase,
)
from tasks.deadlines import act
from tests.ledger.support import NOW, REAL, later, make_order, put, row_of, rows_of

pytestmark = pytest.mark.row("TRU-4")
SHIP_BY = timedelta(days=30)


@pytest.fixture
def order_id(wiring: Wiring) -> str:
    """An order to the United States whose goods are not there, accepted and with its clock started."""
    line = {"id": "lin_1", "backordered": 1}
    order = make_order(wiring, line, state=OrderState.ROUTING, source="file", contact_id="con_1", country="US")
    put(wiring, OrderContact, {
        "id": "con_1", "order_id": order, "kind": "shipping", "version": 1, "origin": "shop", "name": "",
        "company": "", "line1": "", "line2": "", "city": "", "region": "", "postal_code": "", "country": "US",
        "phone": "", "email": "a@example.com", "verdict": "", "created_at": NOW,
    })  # fmt: skip
    put(wiring, Payment, {
        "id": "pay_1", "order_id": order, "gateway": "card", "currency": "USD", "authorised_minor": 0,
        "captured_minor": 5000, "refunded_minor": 0, "authorisation_external_id": "", "declined_code": "",
    })  # fmt: skip
    start(wiring, order)
    return order


def start(wiring: Wiring, order_id: str, **moved: Any) -> None:
    def begin(session: Any) -> None:
        orders = list(lock_orders(session, [order_id]).values())
        ship_notices.start(session, orders, wiring.policies.clocks, later(**moved))

    wiring.ledger(begin)


def work(wiring: Wiring, **moved: Any) -> set[str]:
    """The deadlines that are due then, with what they came to."""
    now = later(**moved)
    claimed = wiring.ledger(deadlines.claim_due, limit=25, now=now, real_now=REAL)
    outcome, _ = wiring.ledger(act, claimed.rows, now=now, real_now=REAL)
    return set(outcome.values())


def state(wiring: Wiring) -> str:
    return str(row_of(wiring, Order)["state"])


def notices(wiring: Wiring) -> list[str]:
    return [row["kind"] for row in rows_of(wiring, DelayNotice)]


def test_an_order_has_one_clock_by_the_time_that_was_stated_when_it_was_ordered(wiring: Wiring, order_id: str) -> None:
    start(wiring, order_id, days=3)

    assert ["promise"] == notices(wiring)
    assert NOW + SHIP_BY == row_of(wiring, DelayNotice)["revised_at"]
    assert NOW + SHIP_BY - wiring.policies.clocks.ship.lead == row_of(wiring, Deadline)["due_at"]


@pytest.mark.row("TRU-4", bad_input=True)
@pytest.mark.parametrize(
    ("line", "order"),
    [
        ({}, {"country": "DE"}),
        ({"requires_shipping": False}, {}),
        ({}, {"placed_at": NOW - SHIP_BY}),  # it came to us when nobody could be told in time any more
    ],
)
def test_orders_that_the_rule_does_not_bind_have_none(wiring: Wiring, line: Any, order: Any) -> None:
    start(wiring, make_order(wiring, line, **order))

    assert [] == rows_of(wiring, Deadline)


def test_without_a_date_the_customer_is_asked_and_without_an_answer_the_order_ends(
    wiring: Wiring, order_id: str
) -> None:
    assert set() == work(wiring, days=28)
    assert {"cannot_ship_in_time"} == work(wiring, days=29)
    assert ["promise", "indefinite"] == notices(wiring)
    message = row_of(wiring, Message)
    assert ("shipping_delayed", True, False) == (
        message["kind"], message["facts"]["silence_cancels"], "ships_on" in message["facts"],
    )  # fmt: skip
    assert "ship_delay_answer" == row_of(wiring, ReviewCase)["kind"]

    assert set() == work(wiring, days=59)
    assert {"no_consent"} == work(wiring, days=60)

    assert "cancelled" == state(wiring)
    refund = row_of(wiring, Deadline, kind="ship_refund")
    assert ("pending", "finance") == (refund["state"], refund["owner"])


def test_a_definite_date_needs_no_answer_and_one_that_fails_does(wiring: Wiring, order_id: str) -> None:
    told = {"order_id": order_id, "number": 1, "kind": "definite", "revised_at": later(days=40), "silence": "consents"}
    rest = {"answer_by": later(days=40), "answer": "", "answered_by": "", "created_at": NOW}
    put(wiring, DelayNotice, {"id": f"{order_id}.1", **told, **rest})

    assert {"until_revised_date"} == work(wiring, days=29)
    assert {"cannot_keep_revised_date"} == work(wiring, days=35)
    assert ["promise", "definite", "renewed"] == notices(wiring)
    assert row_of(wiring, Message)["facts"]["again"]
    assert "routing" == state(wiring)
    assert {"no_consent"} == work(wiring, days=40)
    assert "cancelled" == state(wiring)


def test_with_stock_promised_and_nothing_in_the_way_a_date_is_told_at_the_last_call(
    wiring: Wiring, order_id: str
) -> None:
    wiring.ledger(update_by, OrderLine, [{"id": "lin_1", "reserved": 1, "backordered": 0}])
    put(wiring, FulfilmentOrder, {
        "id": "ful_1", "order_id": order_id, "location_id": "brooklyn", "state": "open", "request_state": "accepted",
        "release_at": NOW, "priority": 5, "attempt": 1, "node_external_id": "1", "pick_list_id": "", "created_at": NOW,
    })  # fmt: skip

    assert {"may_be_in_time"} == work(wiring, days=29)
    assert {"cannot_ship_in_time"} == work(wiring, days=29, hours=22)

    policy = wiring.policies.clocks
    notice = row_of(wiring, DelayNotice, number=1)
    assert ("definite", "consents", later(days=30) + policy.ship.slip) == (
        notice["kind"], notice["silence"], notice["revised_at"],
    )  # fmt: skip
    assert row_of(wiring, Message)["facts"]["ships_on"] == notice["revised_at"].isoformat()
    assert [] == rows_of(wiring, ReviewCase), "no answer is needed"


@pytest.mark.row("TRU-4", bad_input=True)
def test_a_customer_whom_no_mail_reaches_is_a_persons_to_tell(wiring: Wiring, order_id: str) -> None:
    wiring.ledger(update_by, OrderContact, [{"id": "con_1", "email": ""}])

    work(wiring, days=29)

    case = row_of(wiring, ReviewCase)
    assert ("ship_delay_untold", "high") == (case["kind"], case["severity"])
    said = wiring.ledger(operator.resolve_case, case["id"], "customer_cancels", later(days=29, hours=1))
    assert "the order is cancelled within minutes" == said
    assert {"customer_refused"} == work(wiring, days=29, hours=1)


def test_what_was_shipped_in_time_is_left_alone(wiring: Wiring, order_id: str) -> None:
    wiring.ledger(update_by, OrderLine, [{"id": "lin_1", "shipped": 1, "backordered": 0}])

    assert {"shipped_or_ended"} == work(wiring, days=29)
    assert ([], []) == (rows_of(wiring, Message), rows_of(wiring, Deadline, state="pending"))


@pytest.mark.row("TRU-4", bad_input=True)
def test_an_order_that_nobody_was_told_of_in_time_is_cancelled(wiring: Wiring, order_id: str) -> None:
    assert {"not_told_in_time"} == work(wiring, days=30)
    assert "cancelled" == state(wiring)


def answer(wiring: Wiring, order_id: str, what: Answer, **moved: Any) -> bool:
    return wiring.ledger(ship_notices.answered, f"{order_id}.1", what, "agent_1", later(**moved))


def test_a_customer_who_refuses_is_cancelled_at_the_next_look(wiring: Wiring, order_id: str) -> None:
    work(wiring, days=29)

    assert answer(wiring, order_id, Answer.REFUSED, days=31)
    assert {"customer_refused"} == work(wiring, days=31)
    assert "cancelled" == state(wiring)
    assert "resolved" == row_of(wiring, ReviewCase)["state"]


def test_a_customer_who_consents_keeps_the_order_and_may_still_refuse(wiring: Wiring, order_id: str) -> None:
    work(wiring, days=29)

    assert answer(wiring, order_id, Answer.CONSENTED, days=31)
    assert not answer(wiring, order_id, Answer.CONSENTED, days=32), "said once"
    assert {"consented_without_date"} == work(wiring, days=32)
    assert set() == work(wiring, days=80)
    assert answer(wiring, order_id, Answer.REFUSED, days=81)
    assert {"customer_refused"} == work(wiring, days=81)


@pytest.mark.row("TRU-4", bad_input=True)
def test_consent_after_the_time_for_it_counts_no_more(wiring: Wiring, order_id: str) -> None:
    work(wiring, days=29)

    assert not answer(wiring, order_id, Answer.CONSENTED, days=60)
    assert {"no_consent"} == work(wiring, days=60)
    assert not answer(wiring, order_id, Answer.REFUSED, days=61), "it has ended"


@pytest.mark.row("TRU-4", bad_input=True)
def test_the_rest_of_an_order_that_left_in_part_is_a_persons(wiring: Wiring, order_id: str) -> None:
    wiring.ledger(update_by, OrderLine, [{"id": "lin_1", "ordered": 2, "shipped": 1}])

    assert {"not_told_in_time"} == work(wiring, days=30)

    assert "routing" == state(wiring)
    assert "ship_promise_rest" == row_of(wiring, ReviewCase)["kind"]


@pytest.mark.parametrize(("refunded", "said", "cases"), [(5000, "given_back", 0), (0, "alerted", 1)])
def test_the_money_of_an_order_that_ended_is_seen_to(
    wiring: Wiring, order_id: str, refunded: int, said: str, cases: int
) -> None:
    work(wiring, days=30)
    wiring.ledger(update_listed, Payment, ["pay_1"], refunded_minor=refunded)

    assert {said} == work(wiring, days=45)
    assert cases == len(rows_of(wiring, ReviewCase, kind="ship_refund_due"))
