"""Orders that a restored ledger holds: they may have been released since its backup and nobody can be asked."""

from datetime import timedelta
from typing import Any

import pytest

from config.wiring import Wiring
from ledger import restored
from ledger.gap import Gap
from ledger.tables import FulfilmentOrder, Hold, Location, ShopFulfilment
from tests.ledger.support import NOW, make_order, put, rows_of

LOST = NOW + timedelta(hours=2)
AFTER = LOST + timedelta(hours=1)
PROMISED, PARTLY = {"ordered": 2, "reserved": 2}, {"ordered": 2, "reserved": 1, "backordered": 1}
NOTHING_TO_SHIP = {"ordered": 1, "requires_shipping": False}


def held(wiring: Wiring) -> set[str]:
    safety = wiring.ledger(restored.make_safe, Gap(NOW, LOST), now=AFTER, certain=[], accounts=[])
    ids = {row["order_id"] for row in rows_of(wiring, Hold, name=restored.HOLD)}
    assert safety.held == len(ids)
    return ids


def put_part(wiring: Wiring, order_id: str, place: str, state: str) -> None:
    put(wiring, FulfilmentOrder, {
        "id": f"{order_id}:{place}", "order_id": order_id, "location_id": place, "state": state,
        "request_state": "unsubmitted" if state == "scheduled" else "accepted", "release_at": NOW, "priority": 5,
        "attempt": 1, "node_external_id": "", "pick_list_id": "", "created_at": NOW,
    })  # fmt: skip


@pytest.fixture
def places(wiring: Wiring) -> Wiring:
    for name, ships in (("own", False), ("threepl", True)):
        put(wiring, Location, {
            "id": name, "name": name, "system": name, "account": "main", "node_location": "", "country": "US",
            "region": "NY", "postal_code": "", "time_zone": "UTC", "ships_itself": ships,
        })  # fmt: skip
    return wiring


@pytest.mark.row("TRU-1")
@pytest.mark.parametrize(
    ("state", "line", "parts", "doubtful"),
    [
        ("held", {"ordered": 1}, {}, True),
        ("accepted", {"ordered": 1}, {}, True),
        ("accepted", NOTHING_TO_SHIP, {}, False),
        ("routing", PROMISED, {"threepl": "scheduled"}, False),  # goes there again under its old reference
        ("routing", PROMISED, {"own": "scheduled"}, True),
        ("routing", PARTLY, {"threepl": "scheduled"}, True),
        ("in_fulfilment", PARTLY, {"threepl": "in_progress"}, True),
        ("in_fulfilment", {**PARTLY, "cancelled": 1}, {"threepl": "in_progress"}, False),
        ("in_fulfilment", PROMISED, {"threepl": "in_progress"}, False),
        ("cancelled", {"ordered": 1}, {}, False),
    ],
)
def test_what_may_have_been_released(
    places: Wiring, state: str, line: dict[str, Any], parts: dict[str, str], doubtful: bool
) -> None:
    order_id = make_order(places, line, state=state)
    for place, part in parts.items():
        put_part(places, order_id, place, part)

    assert held(places) == ({order_id} if doubtful else set())


def test_what_was_not_due_at_the_loss_is_free(wiring: Wiring) -> None:
    make_order(wiring, {"ordered": 1}, state="accepted", release_at=LOST + timedelta(seconds=1))

    assert held(wiring) == set()


def test_a_hold_that_the_shop_may_have_had_and_lost_is_not_wanted_again(wiring: Wiring) -> None:
    doubtful = make_order(wiring, {"ordered": 1}, state="accepted")
    free = make_order(wiring, {"ordered": 1}, state="accepted", release_at=AFTER)
    for order_id in (doubtful, free):
        for state in ("wanted", "held"):
            put(wiring, ShopFulfilment, {
                "id": f"{order_id}:{state}", "order_id": order_id, "external_id": state, "status": "open",
                "hold_external_id": "", "hold_state": state, "lines": [],
            })  # fmt: skip

    assert held(wiring) == {doubtful}

    states = {row["id"]: row["hold_state"] for row in rows_of(wiring, ShopFulfilment)}
    assert states == {
        f"{doubtful}:wanted": "none", f"{doubtful}:held": "held", f"{free}:wanted": "wanted", f"{free}:held": "held",
    }  # fmt: skip
