"""What the demo's reckoning says of parcels that went astray."""

from typing import Any

from apps.demo.delay_checks import amends, found, shared
from apps.demo.mishaps import FOUND, HELD_BY_STORM, LOST, SENT_AGAIN, STORM, STUCK, Mishap, mishaps
from apps.demo.purchases import FEWEST, Purchase, whole_day
from apps.demo.straying import Strayed


def strayed(
    name: str,
    *troubles: dict[str, Any],
    state: str = "delivered",
    incidents: tuple[str, ...] = (),
    offers: tuple[dict[str, Any], ...] = (),
) -> Strayed:
    trouble = "stuck" if name in (STUCK, STORM) else "lost_declared"
    mishap = Mishap(name, trouble, "lost" if name == LOST else state)
    shop = Purchase("alpha", {}, name="#1")
    shared = [{"id": i, "closed_at": "then"} for i in incidents]
    return Strayed(shop, mishap, {"state": state}, troubles, shared, offers)


def test_what_was_seen_and_is_over_is_well() -> None:
    seen = {"kind": "stuck", "state": "cleared"}
    lost = strayed(LOST, {"kind": "lost_declared", "state": "open"}, state="lost")

    assert [] == list(found([strayed(STUCK, seen), lost]))


def test_what_nobody_saw_or_ended_is_named() -> None:
    unseen, standing = strayed(STUCK), strayed(STUCK, {"kind": "stuck", "state": "open"})

    assert [
        "#1 (stuck): nobody has seen that it was stuck",
        "#1 (stuck) has arrived and is stuck all the same",
    ] == list(found([unseen, standing]))
    assert ["#1 (lost) is in_transit, not lost"] == list(found([strayed(LOST, state="in_transit")]))


def test_a_storm_in_two_incidents_is_named() -> None:
    together = [strayed(STORM, incidents=("inc_1",)), strayed(STORM, incidents=("inc_1",))]

    assert [] == list(shared(together))
    assert ["2 parcels of one storm are in 2 incidents, 2 times in all"] == list(
        shared([together[0], strayed(STORM, incidents=("inc_2",))])
    )


def test_a_loss_is_made_good_once_and_what_comes_after_all_is_not() -> None:
    again = {"kind": "replacement", "state": "executed", "replacement_external_id": "gid/2"}
    lost = strayed(LOST, offers=(again, {"kind": "refund", "state": "declined"}))
    back = strayed(FOUND, offers=({"kind": "replacement", "state": "withdrawn"},))
    sent, waits = ({"gid/2": {"name": "#2", "fulfillment_status": word}} for word in ("FULFILLED", "UNFULFILLED"))

    assert [] == list(amends([lost, back], sent, 1))
    assert ["#1 (lost): #2, which replaces it, is UNFULFILLED"] == list(amends([lost], waits, 1))
    assert ["#1 (lost): its shop has no order that replaces it"] == list(amends([lost], {}, 1))
    assert ["the shops made 2 replacements for 1 parcels"] == list(amends([lost], sent, 2))
    assert ["#1 (lost): 0 offers were carried out, not one replacement"] == list(amends([strayed(LOST)], {}, 1))
    twice = strayed(FOUND, offers=(again,))
    assert ["#1 (lost and found) came after all, and its offers are executed"] == list(amends([twice], sent, 0))
    assert ["#1 (lost and found) came after all, and its offers are none"] == list(amends([strayed(FOUND)], sent, 0))


def test_the_day_has_each_mishap_within_its_orders() -> None:
    purchases = whole_day(FEWEST + 40)
    astray = [purchase.mishap for purchase in purchases if purchase.mishap]

    assert FEWEST + 40 == len(purchases) + SENT_AGAIN
    assert [mishap.name for mishap in mishaps()] == [mishap.name for mishap in astray]
    assert HELD_BY_STORM == sum(mishap.name == STORM for mishap in astray)
    mails = [purchase.body["customer"]["email"] for purchase in purchases if purchase.mishap]
    assert len(mails) == len(set(mails)), "each is another customer"
