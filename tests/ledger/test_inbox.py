"""The inbox: stored once, handled only by success, forgotten in time."""

from dataclasses import replace
from datetime import timedelta

import pytest

from config.wiring import Wiring
from ledger import inbox
from ledger.claims import LEASE, Claimed
from ledger.inbox import Delivery
from ledger.queue import MAX_ATTEMPTS
from ledger.tables import InboxEvent, ReviewCase
from tests.ledger.support import NOW, REAL, later, race, real_later, row_of, rows_of

DELIVERY = Delivery("shopify", "alpha", "orders/create", "evt-1", "1001", b'{"id": 1001}')


def store(wiring: Wiring, *deliveries: Delivery) -> int:
    return wiring.ledger(inbox.store, list(deliveries), NOW)


def claim(wiring: Wiring, source: str = "shopify", *, seconds: float = 0) -> Claimed:
    return wiring.ledger(inbox.claim_inbox, source, limit=50, now=later(seconds), real_now=real_later(seconds))


@pytest.mark.parametrize(
    ("change", "new"),
    [
        pytest.param({}, 0, id="the same"),
        pytest.param({"body": b"{}"}, 0, id="same id, other body"),
        pytest.param({"delivery_id": "evt-2"}, 1, id="another delivery"),
        pytest.param({"account": "nord"}, 1, id="another shop"),
        pytest.param({"topic": "orders/updated"}, 1, id="another topic"),
    ],
)
def test_second_delivery_is_new_only_under_another_identity(wiring: Wiring, change: dict[str, str], new: int) -> None:
    store(wiring, DELIVERY)

    assert store(wiring, replace(DELIVERY, **change)) == new

    assert rows_of(wiring, InboxEvent)[0]["body"] == DELIVERY.body


def test_same_delivery_on_two_connections_at_once_is_stored_once(wiring: Wiring) -> None:
    assert sorted(race(*[lambda: store(wiring, DELIVERY)] * 2)) == [0, 1]


def test_claim_takes_one_source_oldest_first(wiring: Wiring) -> None:
    wiring.ledger(inbox.store, [replace(DELIVERY, delivery_id="young")], later(5))
    store(wiring, replace(DELIVERY, delivery_id="old"), replace(DELIVERY, source="shipbob"))

    claimed = claim(wiring, seconds=5)

    assert [row["delivery_id"] for row in claimed.rows] == ["old", "young"]
    assert claim(wiring, seconds=5).rows == []
    assert [row["source"] for row in claim(wiring, "shipbob").rows] == ["shipbob"]


def test_handled_is_never_claimed_again(wiring: Wiring) -> None:
    store(wiring, DELIVERY)
    claimed = claim(wiring)

    wiring.ledger(inbox.handled, {claimed.rows[0]["id"]: "done"}, claimed.lease.token, NOW)

    assert claim(wiring, seconds=9999).rows == []
    row = row_of(wiring, InboxEvent)
    assert (row["handled_at"], row["outcome"], row["lease_until"]) == (NOW, "done", None)


def test_dead_handler_marks_nothing(wiring: Wiring) -> None:
    store(wiring, DELIVERY)
    dead = claim(wiring)
    heir = claim(wiring, seconds=LEASE.total_seconds() + 1)

    wiring.ledger(inbox.handled, {dead.rows[0]["id"]: "done"}, dead.lease.token, NOW)
    wiring.ledger(inbox.failed, dead.rows, "boom", dead.lease.token, NOW)

    row = row_of(wiring, InboxEvent)
    assert (row["handled_at"], row["error"], row["lease_token"]) == (None, "", heir.lease.token)


def test_failed_comes_back_after_a_while(wiring: Wiring) -> None:
    store(wiring, DELIVERY)
    claimed = claim(wiring)

    wiring.ledger(inbox.failed, claimed.rows, "vendor_away", claimed.lease.token, NOW, after_s=90)

    assert claim(wiring, seconds=89).rows == []
    assert claim(wiring, seconds=90).rows[0]["attempts"] == 2
    assert rows_of(wiring, ReviewCase) == []


@pytest.mark.parametrize("final", [False, True], ids=["attempt cap", "hopeless"])
def test_worn_out_event_opens_one_case_and_stays_stored(wiring: Wiring, final: bool) -> None:
    store(wiring, DELIVERY, replace(DELIVERY, delivery_id="evt-2"))
    seconds = 0.0
    for _ in range(1 if final else MAX_ATTEMPTS):
        claimed = claim(wiring, seconds=seconds)
        wiring.ledger(inbox.failed, claimed.rows, "no_lines", claimed.lease.token, later(seconds), final=final)
        seconds += 3600

    case = row_of(wiring, ReviewCase)  # both events are about the same order: one case
    assert (case["kind"], case["facts"]["code"], case["facts"]["subject"]) == ("inbox_unreadable", "no_lines", "1001")
    assert claim(wiring, seconds=seconds).rows == []
    assert len(claim(wiring, seconds=seconds + 86400).rows) == 2


def test_purge_forgets_old_handled_bodies_only(wiring: Wiring) -> None:
    for delivery_id, days in [("old", 40), ("young", 3), ("unhandled", 40)]:
        wiring.ledger(inbox.store, [replace(DELIVERY, delivery_id=delivery_id)], NOW - timedelta(days=days))
    claimed = wiring.ledger(inbox.claim_inbox, "shopify", limit=9, now=NOW, real_now=REAL)
    outcomes = {row["id"]: "done" for row in claimed.rows if row["delivery_id"] != "unhandled"}
    wiring.ledger(inbox.handled, outcomes, claimed.lease.token, NOW)

    assert wiring.ledger(inbox.purge_bodies, before=NOW - timedelta(days=30)) == 1

    bodies = {row["delivery_id"]: row["body"] for row in rows_of(wiring, InboxEvent)}
    assert bodies == {"old": None, "young": DELIVERY.body, "unhandled": DELIVERY.body}
