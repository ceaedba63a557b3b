"""The same once more: promised as it is taken, made by the shop, captured, routed with the units it was promised."""

import pytest

from config.wiring import Wiring
from domain.parcels import ParcelState
from ledger.effects import Verdict
from ledger.offers import replacing
from ledger.routing import route_orders
from ledger.tables import Effect, Offer, ReviewCase
from tests.ledger.offers.trouble import Trouble, in_trouble
from tests.ledger.support import row_of, rows_of

NEW = "ext-new"


@pytest.fixture
def taken(wiring: Wiring) -> Trouble:
    """A parcel whose customer has chosen to have it once more."""
    trouble = in_trouble(wiring)
    trouble.propose()
    assert "accepted" == trouble.accept("replacement")
    return trouble


def told(trouble: Trouble, verdict: Verdict, on: object = replacing.replaced) -> None:
    effect = row_of(trouble.wiring, Effect, kind=replacing.KIND)
    trouble.wiring.ledger(on, [(effect, verdict)], trouble.stall.now)


def captured(trouble: Trouble) -> str:
    return trouble.stall.capture(trouble.stall.statement({"CUP": 2}, external_id=NEW, total_minor=0))


@pytest.mark.row("DLY-4")
def test_units_are_promised_and_the_shop_is_asked_by_ids_alone(taken: Trouble) -> None:
    row = taken.offer("replacement")

    assert {("north", "CUP"): 2} == taken.stall.promised("ours", fulfilment_order_id=row["id"])
    effect = row_of(taken.wiring, Effect, kind=replacing.KIND)
    assert row["led_to"] == effect["key"] == f"replacement:{row['id']}"
    assert [{"variant": "CUP", "quantity": 2}] == effect["request"]["lines"]
    assert set(effect["request"]) == {"contact", "shipping_code", "lines"}
    assert 2 == taken.line["written_off"]
    taken.sound()


@pytest.mark.row("DLY-4")
@pytest.mark.parametrize("first", ["answer", "order"])
def test_the_shops_order_is_linked_whichever_is_heard_of_first(taken: Trouble, first: str) -> None:
    if first == "order":
        order_id = captured(taken)
        told(taken, Verdict("done", external_id=NEW))
    else:
        told(taken, Verdict("done", external_id=NEW))
        order_id = captured(taken)

    row = taken.offer("replacement")
    assert ("executed", NEW, order_id) == (
        row["state"],
        row["replacement_external_id"],
        row["replacement_order_id"],
    )


@pytest.mark.row("DLY-4")
def test_routing_hands_the_units_over_in_one_transaction(taken: Trouble) -> None:
    told(taken, Verdict("done", external_id=NEW))
    order_id = captured(taken)
    taken.stall.accept_order(order_id)
    before = taken.stall.free("north", "CUP")

    taken.wiring.ledger(route_orders, [order_id], taken.stall.policies, taken.stall.now)

    assert {} == taken.stall.promised("ours", fulfilment_order_id=taken.offer("replacement")["id"])
    assert 2 == taken.stall.line(order_id, "CUP")["reserved"]
    assert before == taken.stall.free("north", "CUP"), "what was promised stays promised, once"
    taken.sound()


@pytest.mark.row("DLY-4", bad_input=True)
def test_a_shop_that_refuses_frees_the_units_and_asks_a_person(taken: Trouble) -> None:
    told(taken, Verdict("rejected", code="bad_address"), replacing.refused)

    row = taken.offer("replacement")
    assert ("withdrawn", "not_possible") == (row["state"], row["reason"])
    assert {} == taken.stall.promised("ours", fulfilment_order_id=row["id"])
    assert 0 == taken.line["written_off"]
    assert "bad_address" == row_of(taken.wiring, ReviewCase, kind="replacement_refused")["facts"]["code"]
    taken.sound()


def test_what_has_come_before_the_shop_was_asked_is_not_sent_once_more(taken: Trouble) -> None:
    taken.hear(ParcelState.DELIVERED)
    effect = {**row_of(taken.wiring, Effect, kind=replacing.KIND), "attempts": 1}

    refused = taken.wiring.ledger(replacing.guard_replacements, [effect], taken.stall.now)

    assert {effect["id"]: "cancel:arrived"} == refused
    assert ("withdrawn", "arrived") == tuple(taken.offer("replacement")[name] for name in ("state", "reason"))
    assert 0 == taken.line["written_off"]


@pytest.mark.row("DLY-4", bad_input=True)
def test_sold_out_at_the_tap_leaves_the_money(wiring: Wiring) -> None:
    trouble = in_trouble(wiring)
    trouble.propose()
    trouble.stall.buy({"CUP": 8})
    trouble.stall.buy({"CUP": 1})

    assert "sold_out" == trouble.accept("replacement")

    assert ("withdrawn", "sent") == (trouble.states()["replacement"], trouble.states()["refund"])
    assert [] == rows_of(wiring, Effect, kind=replacing.KIND)
    assert "executed" == trouble.accept("refund")
    assert 1 == len([row for row in rows_of(wiring, Offer) if row["state"] == "executed"])
