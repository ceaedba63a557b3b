"""Controls: each check of a chaos run catches what it is there for, and lets a good run pass."""

from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.chaos import checks
from tests.chaos.evidence import Evidence

NOW = datetime(2026, 4, 1, tzinfo=UTC)


def good() -> Evidence:
    """One mug bought in one shop, sent by the 3PL, told about and delivered."""
    return Evidence(
        accepted={
            "shipbob": {"POST /2026-01/order": {"ful_1.1": 1}},
            "easypost": {"POST /v2/shipments": {"ful_1": 2}},
            "smtp": {"DATA": {"<eff_1@shop>": 1}},
        },
        shop_orders=[("alpha", shop_order())],
        node_orders=[
            {
                "reference_id": "ful_1.1",
                "shipments": [{"stage": "shipped", "tracking_number": "T1", "lines": [{"sku": "MUG", "quantity": 1}]}],
            }
        ],
        labels=[{"tracking_code": "T1", "reference": "ful_1", "shipment_id": "shp_1", "refunded": False}],
        mails=["<eff_1@shop>"],
        shown=[("alpha", "Reno", "MUG", 4)],
        nodes={("alpha", "Reno"): "cicero"},
        free={("cicero", "MUG"): 4},
        orders=[{"id": "ord_1", "account": "alpha", "external_id": "gid/1", "name": "#1", "state": "completed"}],
        lines=[
            {
                "order_id": "ord_1",
                "sku": "MUG",
                "ordered": 1,
                "cancelled": 0,
                "shipped": 1,
                "reserved": 0,
                "requires_shipping": True,
            }
        ],
        payments=[{"order_id": "ord_1", "captured_minor": 1000, "refunded_minor": 0}],
        parts=[{"id": "ful_1", "order_id": "ord_1", "attempt": 1, "location_id": "cicero", "accepted_at": NOW}],
        parcels=[
            {
                "order_id": "ord_1",
                "tracking_number": "T1",
                "state": "delivered",
                "polling": False,
                "label_document_id": "doc_1",
            }
        ],
        effects=[effect("eff_1", "mail.send", "msg_1", "done")],
        messages=[{"id": "msg_1", "kind": "order_confirmed", "subject_id": "ord_1", "state": "sent"}],
        balance=[{"currency": "USD", "account": name, "minor": minor} for name, minor in (("cash", 5), ("sales", -5))],
        invariants={"books_balance": []},
    )


def shop_order(**changes: Any) -> dict[str, Any]:
    part = {"tracking_number": "T1", "status": "SUCCESS", "lines": [{"sku": "MUG", "quantity": 1}]}
    return {
        "id": "gid/1", "name": "#1", "captured": "10.00", "refunded": "0.00", "currency": "USD", "held": False,
        "fulfillments": [part], **changes,
    }  # fmt: skip


def effect(effect_id: str, kind: str, subject: str, state: str) -> dict[str, Any]:
    known = {"id": effect_id, "kind": kind, "subject_id": subject, "state": state}
    return {**known, "key": "k", "error": "", "external_id": ""}


def test_a_good_run_passes() -> None:
    assert checks.reckon(good()).broken == []
    assert checks.ends(good()) == {"completed": 1}


def lost(e: Evidence) -> None:
    e.shop_orders = [*e.shop_orders, ("alpha", shop_order(id="gid/2", name="#2", captured="0.00", fulfillments=[]))]


def twice_in_the_ledger(e: Evidence) -> None:
    e.orders = [*e.orders, {**e.orders[0], "id": "ord_2"}]


def nobody_owns(e: Evidence) -> None:
    e.orders = [{**e.orders[0], "state": "in_fulfilment"}]
    e.parcels = [{**e.parcels[0], "state": "lost"}]


def hold_without_owner(e: Evidence) -> None:
    e.orders = [{**e.orders[0], "state": "held"}]
    e.parcels = []
    e.holds = [{"order_id": "ord_1", "owner": "", "due_at": NOW}]


def done_twice(e: Evidence) -> None:
    e.accepted = {"shopify": {"orderCapture": {"ord_1": 2}}}


def twice_at_the_node(e: Evidence) -> None:
    e.node_orders = [*e.node_orders, {"reference_id": "ful_1.1", "shipments": []}]


def unknown_at_the_node(e: Evidence) -> None:
    e.node_orders = []


def only_at_the_node(e: Evidence) -> None:
    e.node_orders = [*e.node_orders, {"reference_id": "ful_9.1", "shipments": []}]


def second_parcel(e: Evidence) -> None:
    again = deepcopy(e.node_orders[0]["shipments"][0]) | {"tracking_number": "T2"}
    e.node_orders = [*e.node_orders, {"reference_id": "ful_1.2", "shipments": [again]}]


def fulfilled_twice(e: Evidence) -> None:
    part = e.shop_orders[0][1]["fulfillments"][0]
    e.shop_orders = [("alpha", shop_order(fulfillments=[part, part]))]


def parcel_not_told(e: Evidence) -> None:
    e.shop_orders = [("alpha", shop_order(fulfillments=[]))]


def parcel_that_never_left(e: Evidence) -> None:
    e.node_orders = [{"reference_id": "ful_1.1", "shipments": []}]


def other_units_in_the_shop(e: Evidence) -> None:
    part = e.shop_orders[0][1]["fulfillments"][0] | {"lines": [{"sku": "MUG", "quantity": 2}]}
    e.shop_orders = [("alpha", shop_order(fulfillments=[part]))]


def label_not_bought(e: Evidence) -> None:
    e.labels = []


def unknown_attempt(e: Evidence) -> None:
    e.node_orders = [*e.node_orders, {"reference_id": "ful_1.2", "shipments": []}]


def second_label(e: Evidence) -> None:
    e.labels = [*e.labels, {**e.labels[0], "tracking_code": "T3"}]


def captured_twice(e: Evidence) -> None:
    e.shop_orders = [("alpha", shop_order(captured="20.00"))]


def refunded_too_much(e: Evidence) -> None:
    e.shop_orders = [("alpha", shop_order(refunded="20.00"))]
    e.payments = [{"order_id": "ord_1", "captured_minor": 1000, "refunded_minor": 2000}]


def entry_off(e: Evidence) -> None:
    e.unbalanced = ["jrn_1"]


def books_off(e: Evidence) -> None:
    e.balance = e.balance[:1]


def mail_twice(e: Evidence) -> None:
    e.mails = ["<eff_1@shop>", "<eff_1@shop>"]


def mail_of_nobody(e: Evidence) -> None:
    e.mails = [*e.mails, "<eff_1-again@shop>"]


def mail_never_sent(e: Evidence) -> None:
    e.mails = []


def mail_of_a_failed_message(e: Evidence) -> None:
    e.messages = [{**e.messages[0], "state": "failed"}]


def mail_in_doubt_without_case(e: Evidence) -> None:
    e.effects = [effect("eff_1", "mail.send", "msg_1", "parked")]


def said_under_two_keys(e: Evidence) -> None:
    e.messages = [*e.messages, {**e.messages[0], "id": "msg_2"}]
    e.effects = [*e.effects, effect("eff_2", "mail.send", "msg_2", "done")]
    e.mails = [*e.mails, "<eff_2@shop>"]


def two_voices(e: Evidence) -> None:
    lost = {"id": "msg_2", "kind": "parcel_lost", "subject_id": "shp_1", "state": "sent", "sent_at": "2026-11-21"}
    e.messages = [*e.messages, lost, {**lost, "id": "msg_3", "kind": "parcel_out_for_delivery"}]


def still_sending(e: Evidence) -> None:
    e.effects = [*e.effects, effect("eff_3", "label.buy", "ful_1", "sending")]


def held_for_ever(e: Evidence) -> None:
    e.shop_orders = [("alpha", shop_order(held=True))]


def shown_too_much(e: Evidence) -> None:
    e.shown = [("alpha", "Reno", "MUG", 5)]


def invariant(e: Evidence) -> None:
    e.invariants = {"books_balance": ["jrn_1"]}


CONTROLS: list[tuple[Callable[[Evidence], None], str]] = [
    (lost, "nothing lost"),
    (twice_in_the_ledger, "nothing lost"),
    (nobody_owns, "everybody has an owner"),
    (hold_without_owner, "everybody has an owner"),
    (done_twice, "nothing done twice"),
    (twice_at_the_node, "told nodes once"),
    (unknown_at_the_node, "told nodes once"),
    (only_at_the_node, "told nodes once"),
    (unknown_attempt, "told nodes once"),
    (second_parcel, "sent no unit twice"),
    (fulfilled_twice, "shops know their parcels"),
    (parcel_not_told, "shops know their parcels"),
    (parcel_that_never_left, "shops know their parcels"),
    (other_units_in_the_shop, "shops know their parcels"),
    (second_label, "labels have parcels"),
    (label_not_bought, "labels have parcels"),
    (captured_twice, "money agrees"),
    (refunded_too_much, "money agrees"),
    (entry_off, "books balance"),
    (books_off, "books balance"),
    (mail_twice, "said once"),
    (mail_of_nobody, "said once"),
    (mail_never_sent, "said once"),
    (mail_of_a_failed_message, "said once"),
    (mail_in_doubt_without_case, "said once"),
    (said_under_two_keys, "said once"),
    (two_voices, "one voice"),
    (still_sending, "effects have ended"),
    (mail_in_doubt_without_case, "effects have ended"),
    (held_for_ever, "holds are gone"),
    (shown_too_much, "shops show what is free"),
    (invariant, "invariants hold"),
]


@pytest.mark.row("TRU-1", bad_input=True)
@pytest.mark.row("TRU-5", bad_input=True)
@pytest.mark.parametrize(("plant", "check"), CONTROLS, ids=lambda value: getattr(value, "__name__", value))
def test_a_planted_fault_is_seen(plant: Callable[[Evidence], None], check: str) -> None:
    evidence = good()
    plant(evidence)

    assert check in {sentence.partition(":")[0] for sentence in checks.reckon(evidence).broken}


def test_every_check_has_a_control() -> None:
    controls = {check for _, check in CONTROLS}
    assert controls == {check.__name__.replace("_", " ") for check in checks.CHECKS}


def test_each_check_tells_how_much_it_compared() -> None:
    names = {check.__name__.replace("_", " ") for check in checks.CHECKS}

    assert {name for name, count in checks.reckon(good()).compared.items() if count} == names
    assert checks.reckon(Evidence()) == checks.Reckoning([], dict.fromkeys(names, 0))


def test_goods_that_no_node_is_known_for_are_not_compared() -> None:
    evidence = good()
    evidence.nodes = {("alpha", "Elsewhere"): "cicero"}

    assert checks.reckon(evidence).compared["shops show what is free"] == 0


def test_what_waits_for_a_person_is_no_fault() -> None:
    evidence = good()
    nobody_owns(evidence)
    evidence.cases = [{"order_id": "ord_1", "owner": "ops", "kind": "parcel_lost", "subject_id": "shp_1"}]

    assert checks.reckon(evidence).broken == []
    assert checks.ends(evidence) == {"with a person": 1}


def test_a_doubtful_mail_with_a_case_is_no_fault() -> None:
    evidence = good()
    mail_in_doubt_without_case(evidence)
    evidence.cases = [{"order_id": "ord_1", "owner": "ops", "kind": "effect_parked", "subject_id": "eff_1"}]

    assert checks.reckon(evidence).broken == []
