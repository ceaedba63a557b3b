"""Orders: one writer of the state, holds by name, fences that nobody goes past."""

from datetime import timedelta

import pytest
from sqlmodel import Session

from config.wiring import Wiring
from domain.order import Address
from domain.states import IllegalTransition
from domain.validation import WantedHold
from ledger import orders
from ledger.orders import EDIT_WINDOW, Fenced
from ledger.tables import AuditEvent, Hold, Order, OrderContact, OrderLine
from tests.ledger.support import NOW, Rival, later, make_order, race, row_of, rows_of

FRAUD = WantedHold("fraud", "risk", "risk_high", NOW + timedelta(hours=4))
ADDRESS = WantedHold("address", "customer", "address_format", NOW + timedelta(hours=24))


def advance(session: Session, order_id: str, to: str, cause: str = "test") -> None:
    orders.advance_orders(session, [(orders.lock_orders(session, [order_id])[order_id], to, cause)], NOW)


def place(wiring: Wiring, order_id: str, *holds: WantedHold) -> int:
    return len(wiring.ledger(orders.place_holds, [(order_id, hold) for hold in holds], placed_by="validate", now=NOW))


def test_advance_writes_state_version_and_trail(wiring: Wiring) -> None:
    order_id = make_order(wiring)

    wiring.ledger(advance, order_id, "validating", "captured")

    row = row_of(wiring, Order)
    assert (row["state"], row["version"]) == ("validating", 2)
    event = row_of(wiring, AuditEvent, aggregate="order")
    assert (event["from_state"], event["to_state"], event["cause"]) == ("received", "validating", "captured")


def test_advance_to_the_state_it_has_is_nothing(wiring: Wiring) -> None:
    order_id = make_order(wiring, state="held")

    wiring.ledger(advance, order_id, "held")

    assert row_of(wiring, Order)["version"] == 1
    assert rows_of(wiring, AuditEvent) == []


def test_illegal_transition_writes_nothing_for_anyone(wiring: Wiring) -> None:
    fine, ended = make_order(wiring, state="validating"), make_order(wiring, state="cancelled")

    def both(session: Session) -> None:
        rows = orders.lock_orders(session, [fine, ended])
        orders.advance_orders(session, [(rows[fine], "accepted", ""), (rows[ended], "accepted", "")], NOW)

    with pytest.raises(IllegalTransition, match="cancelled -> accepted"):
        wiring.ledger(both)
    assert {row["state"] for row in rows_of(wiring, Order)} == {"validating", "cancelled"}


def test_rivals_take_the_order_one_after_the_other(wiring: Wiring) -> None:
    order_id = make_order(wiring, state="accepted")

    outcomes = race(
        lambda: wiring.ledger(advance, order_id, "routing"), lambda: wiring.ledger(advance, order_id, "held")
    )

    # routing may still be held, but what is held is never routed past its hold
    trail = [row["to_state"] for row in rows_of(wiring, AuditEvent, aggregate="order")]
    assert (trail, outcomes) in [(["routing", "held"], [None, None])] or (
        trail == ["held"] and isinstance(outcomes[0], IllegalTransition)
    )


def test_stale_row_is_refused(wiring: Wiring) -> None:
    order_id = make_order(wiring, state="validating")
    stale = wiring.ledger(orders.lock_orders, [order_id])[order_id]
    wiring.ledger(advance, order_id, "held")

    with pytest.raises(RuntimeError, match="moved without its lock"):
        wiring.ledger(orders.advance_orders, [(stale, "accepted", "")], NOW)

    assert row_of(wiring, Order)["state"] == "held"


def test_hold_stands_once_per_name(wiring: Wiring) -> None:
    order_id = make_order(wiring)

    assert place(wiring, order_id, FRAUD, ADDRESS) == 2
    assert place(wiring, order_id, FRAUD) == 0

    assert sorted(row["name"] for row in rows_of(wiring, Hold)) == ["address", "fraud"]


def test_hold_named_twice_in_one_breath_is_one(wiring: Wiring) -> None:
    order_id = make_order(wiring)

    assert place(wiring, order_id, FRAUD, FRAUD) == 1


def test_released_hold_may_be_placed_again(wiring: Wiring) -> None:
    order_id = make_order(wiring)
    place(wiring, order_id, FRAUD, ADDRESS)

    ended = wiring.ledger(
        orders.release_holds, [order_id], ["fraud", "stock"], by="agent:7", cause="person", now=later(60)
    )

    assert ended == 1
    assert [h["name"] for h in wiring.read(orders.open_holds, [order_id])[order_id]] == ["address"]
    released = row_of(wiring, Hold, name="fraud")
    assert (released["released_at"], released["released_by"]) == (later(60), "agent:7")
    assert place(wiring, order_id, FRAUD) == 1
    trail = [(e["from_state"], e["to_state"]) for e in rows_of(wiring, AuditEvent, aggregate="hold")]
    assert trail == [("", "fraud"), ("", "address"), ("fraud", ""), ("", "fraud")]


def fence(wiring: Wiring, order_id: str, *, token: str = "t1", base_version: int = 1) -> None:
    wiring.ledger(orders.fence, order_id, by="edit_1", token=token, base_version=base_version)


def test_second_fence_is_refused_until_the_first_is_lifted_by_its_owner(wiring: Wiring) -> None:
    order_id = make_order(wiring)
    fence(wiring, order_id)
    with pytest.raises(Fenced):
        fence(wiring, order_id, token="t2")

    wiring.ledger(orders.unfence, order_id, token="t2")
    assert row_of(wiring, Order)["fence_token"] == "t1"

    wiring.ledger(orders.unfence, order_id, token="t1")
    fence(wiring, order_id, token="t2")
    assert row_of(wiring, Order)["fence_token"] == "t2"


def test_rival_edits_fence_once(wiring: Wiring) -> None:
    order_id = make_order(wiring)

    outcomes = race(*(lambda t=t: fence(wiring, order_id, token=t) for t in ("t1", "t2")))

    assert [type(outcome) for outcome in outcomes if outcome] == [Fenced]


def test_order_that_moved_on_since_the_quote_is_not_fenced(wiring: Wiring) -> None:
    order_id = make_order(wiring)
    wiring.ledger(advance, order_id, "validating")

    with pytest.raises(Fenced):
        fence(wiring, order_id, base_version=1)


@pytest.mark.parametrize(
    ("hold", "refused"),
    [(FRAUD, True), pytest.param(WantedHold(EDIT_WINDOW, "ops", EDIT_WINDOW, NOW), False, id="edit window")],
)
def test_nothing_is_fenced_past_an_open_hold(wiring: Wiring, hold: WantedHold, refused: bool) -> None:
    order_id = make_order(wiring)
    place(wiring, order_id, hold)

    if refused:
        with pytest.raises(Fenced):
            fence(wiring, order_id)
    else:
        fence(wiring, order_id)


def test_fence_waits_for_whoever_holds_the_orders_lock(wiring: Wiring) -> None:
    order_id = make_order(wiring, state="validating")

    def release_first(session: Session) -> Rival:
        orders.lock_orders(session, [order_id])
        rival = Rival(lambda: fence(wiring, order_id))
        rival.until_blocked()
        advance(session, order_id, "accepted")
        return rival

    with pytest.raises(Fenced):
        wiring.ledger(release_first).result()


def test_contact_versions_are_added_and_the_shipping_one_is_current(wiring: Wiring) -> None:
    order_id = make_order(wiring)
    order = row_of(wiring, Order)

    def add(kind: str, country: str) -> str:
        address = Address(line1="1 Main St", city="Troy", country=country)
        return wiring.ledger(orders.add_contact, order, kind, address, email="", origin="customer", now=NOW)

    first, billing, second = add("shipping", "US"), add("billing", "DE"), add("shipping", "CA")

    assert (first, billing, second) == tuple(f"{order_id}:{v}" for v in ("shipping:1", "billing:1", "shipping:2"))
    row = row_of(wiring, Order)
    assert (row["contact_id"], row["country"]) == (second, "CA")
    assert len(rows_of(wiring, OrderContact)) == 3
    assert orders.address_of(row_of(wiring, OrderContact, id=second)) == Address(
        line1="1 Main St", city="Troy", country="CA"
    )


def test_units_are_added_per_line_and_column(wiring: Wiring) -> None:
    make_order(wiring, {"id": "l1", "ordered": 3}, {"id": "l2", "ordered": 1})

    wiring.ledger(orders.count_units, [("l1", "reserved", 2), ("l1", "reserved", 1), ("l2", "shipped", 1)])

    units = {row["id"]: (row["reserved"], row["shipped"]) for row in rows_of(wiring, OrderLine)}
    assert units == {"l1": (3, 0), "l2": (0, 1)}
