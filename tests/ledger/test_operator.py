"""What a person may do by hand, and what is refused."""

from typing import Any

import pytest

from config.wiring import Wiring
from domain.ids import new_id
from domain.states import EffectState
from ledger import audit, operator
from ledger.cases import CaseDraft, open_cases
from ledger.operator import Refused
from ledger.tables import AuditEvent, Effect, FulfilmentOrder, Hold, Order, Payment, ReviewCase, ShopFulfilment, Work
from tests.ledger.support import NOW, later, make_order, put, row_of, rows_of


@pytest.fixture(autouse=True)
def person() -> Any:
    token = audit.actor.set("person:ada")
    yield
    audit.actor.reset(token)


def find(wiring: Wiring, name: str, account: str = "") -> Any:
    return wiring.read(operator.find_order, name, account=account)


def held(wiring: Wiring, **changes: Any) -> Any:
    order = find(wiring, make_order(wiring, {}, **changes))
    wiring.ledger(operator.hold, order, "customer called", NOW)
    return order


def test_an_order_is_found_by_id_and_by_name_with_or_without_hash(wiring: Wiring) -> None:
    order_id = make_order(wiring)

    assert {find(wiring, name)["id"] for name in (order_id, "#1001", "1001")} == {order_id}


def test_a_name_that_several_shops_use_wants_the_account(wiring: Wiring) -> None:
    make_order(wiring)
    nord = make_order(wiring, account="nord")

    with pytest.raises(Refused, match=r"1001 names 2 orders \(shopify/alpha, shopify/nord\); add --account"):
        find(wiring, "1001")
    assert find(wiring, "1001", "nord")["id"] == find(wiring, "1001", "shopify/nord")["id"] == nord
    with pytest.raises(Refused, match="there is no order 1001 in shopify/sued"):
        find(wiring, "1001", "shopify/sued")


def test_a_hold_names_its_person_and_stands_once(wiring: Wiring) -> None:
    order = held(wiring)

    row = row_of(wiring, Hold)
    assert (row["name"], row["owner"], row["placed_by"]) == ("operator", "person:ada", "person:ada")
    assert row_of(wiring, AuditEvent, aggregate="hold")["actor"] == "person:ada"
    with pytest.raises(Refused, match="has an operator's hold already"):
        wiring.ledger(operator.hold, order, "again", NOW)


@pytest.mark.parametrize("state", ["cancelled", "completed"])
def test_an_order_that_has_ended_is_not_held(wiring: Wiring, state: str) -> None:
    order = find(wiring, make_order(wiring, state=state))

    with pytest.raises(Refused, match=f"is {state}"):
        wiring.ledger(operator.hold, order, "why", NOW)


@pytest.mark.parametrize(
    ("state", "stage"),
    [("held", "validate"), ("received", "validate"), ("accepted", "route"), ("routing", "route")],
)
def test_a_released_order_is_in_line_for_the_stage_that_takes_it_next(wiring: Wiring, state: str, stage: str) -> None:
    order = held(wiring, state=state)

    assert wiring.ledger(operator.release, order, "operator", later(60)) == stage

    assert row_of(wiring, Work)["id"] == f"{stage}:{order['id']}"
    assert (row_of(wiring, Hold)["released_by"], row_of(wiring, Hold)["released_at"]) == ("person:ada", later(60))
    assert rows_of(wiring, AuditEvent, aggregate="hold")[-1]["cause"] == "person:ada"


def test_a_fence_is_never_passed(wiring: Wiring) -> None:
    order = held(wiring, state="held", fence_token="tok", fenced_by="edit")
    [case] = wiring.ledger(
        open_cases, [CaseDraft("k", "stage_failing", order_id=order["id"], choices=["retry", "cancel"])], NOW
    )

    with pytest.raises(Refused, match="being changed by an edit"):
        wiring.ledger(operator.release, order, "operator", NOW)
    with pytest.raises(Refused, match="being changed by an edit"):
        wiring.ledger(operator.resolve_case, case, "cancel", NOW)

    assert row_of(wiring, Hold)["released_at"] is None
    assert row_of(wiring, ReviewCase)["state"] == "open"
    assert rows_of(wiring, Effect) == []


def test_a_hold_that_is_not_there_is_refused_with_those_that_are(wiring: Wiring) -> None:
    order = held(wiring)

    with pytest.raises(Refused, match="no hold named fraud; open: operator"):
        wiring.ledger(operator.release, order, "fraud", NOW)
    with pytest.raises(Refused, match="edit window of #1001 ends by itself"):
        wiring.ledger(operator.release, order, "edit_window", NOW)


def effect(order_id: str, state: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": new_id("eff"), "key": new_id("key"), "kind": "shop.hold", "target": "shopify/alpha", "order_id": order_id,
        "subject_id": "", "request": {}, "state": state, "response": {}, "external_id": "", "created_at": NOW,
        "due_at": later(3600), "attempts": 8, "lease_token": 0, "error": "", **changes,
    }  # fmt: skip


def test_retry_pulls_forward_what_waits_and_tries_again_what_was_parked(wiring: Wiring) -> None:
    order = find(wiring, make_order(wiring))
    put(wiring, Work, {"id": f"route:{order['id']}", "stage": "route", "subject_id": order["id"], "due_at": later(900),
                       "priority": 5, "attempts": 3, "lease_token": 0, "error": "down"})  # fmt: skip
    put(wiring, Effect, *(effect(order["id"], state) for state in ("planned", "parked", "done", "unknown")))
    parked = row_of(wiring, Effect, state="parked")["id"]
    wiring.ledger(open_cases, [CaseDraft("p", "effect_parked", subject_id=parked, choices=["retry"])], NOW)

    assert wiring.ledger(operator.retry, order, NOW) == (1, 3)

    assert row_of(wiring, Work)["due_at"] == NOW
    assert sorted(row["state"] for row in rows_of(wiring, Effect)) == ["done", "planned", "planned", "unknown"]
    assert {row["due_at"] for row in rows_of(wiring, Effect) if row["state"] != "done"} == {NOW}
    assert row_of(wiring, ReviewCase)["resolution"] == "retry"


@pytest.mark.parametrize(
    ("choice", "state"),
    [("retry", EffectState.PLANNED), ("mark_done", EffectState.DONE), ("drop", EffectState.REJECTED)],
)
def test_a_choice_on_a_parked_effect_moves_it(wiring: Wiring, choice: str, state: str) -> None:
    put(wiring, Effect, effect("", "parked", id="eff_1"))
    choices = ["retry", "mark_done", "drop"]
    [case] = wiring.ledger(open_cases, [CaseDraft("p", "effect_parked", subject_id="eff_1", choices=choices)], NOW)

    wiring.ledger(operator.resolve_case, case, choice, NOW)

    assert row_of(wiring, Effect)["state"] == state
    resolved = row_of(wiring, ReviewCase)
    assert (resolved["state"], resolved["resolution"]) == ("resolved", choice)
    assert rows_of(wiring, AuditEvent, aggregate="review_case")[-1]["actor"] == "person:ada"


def test_cancel_asks_the_shop_once(wiring: Wiring) -> None:
    order_id = make_order(wiring, {}, state="held")
    mirror = {"id": "m", "order_id": order_id, "external_id": "1", "status": "open", "hold_external_id": "",
              "hold_state": "none", "lines": []}  # fmt: skip
    put(wiring, ShopFulfilment, mirror)
    draft = CaseDraft("k", "stage_failing", order_id=order_id, choices=["retry", "cancel"])
    [case] = wiring.ledger(open_cases, [draft], NOW)

    assert wiring.ledger(operator.resolve_case, case, "cancel", NOW) == "the shop is asked to cancel"

    assert row_of(wiring, Effect)["key"] == f"shop_cancel:{order_id}"
    assert row_of(wiring, Order)["state"] == "held"


def test_reroute_and_retry_put_the_order_in_line(wiring: Wiring) -> None:
    order_id = make_order(wiring, state="accepted")
    [case] = wiring.ledger(open_cases, [CaseDraft("k", "node_refused", order_id=order_id, choices=["reroute"])], NOW)

    assert wiring.ledger(operator.resolve_case, case, "reroute", NOW) == "in line for route"


@pytest.mark.parametrize("choice", ["reroute", "correct_address"])
def test_units_that_a_node_gave_back_are_routed_although_another_node_has_the_rest(wiring: Wiring, choice: str) -> None:
    order_id = make_order(wiring, {"ordered": 2, "reserved": 1}, state="in_fulfilment")
    [case] = wiring.ledger(open_cases, [CaseDraft("k", "node_refused", order_id=order_id, choices=[choice])], NOW)

    assert wiring.ledger(operator.resolve_case, case, choice, NOW) == "in line for route"

    assert ["route"] == [row["stage"] for row in rows_of(wiring, Work)]


def test_a_hold_ends_for_what_is_promised_and_for_what_is_not(wiring: Wiring) -> None:
    order_id = make_order(wiring, {"ordered": 2, "reserved": 1}, state="routing")
    scheduled = {
        "id": "ful_1", "order_id": order_id, "location_id": "cicero", "state": "scheduled",
        "request_state": "unsubmitted", "release_at": NOW, "priority": 5, "attempt": 1, "node_external_id": "",
        "pick_list_id": "", "created_at": NOW,
    }  # fmt: skip
    put(wiring, FulfilmentOrder, scheduled)
    wiring.ledger(operator.hold, find(wiring, order_id), "customer called", NOW)

    assert wiring.ledger(operator.release, find(wiring, order_id), "operator", NOW) == "route"

    assert {"route", "fulfil"} == {row["stage"] for row in rows_of(wiring, Work)}


def test_a_choice_without_an_automatic_meaning_is_recorded(wiring: Wiring) -> None:
    [case] = wiring.ledger(open_cases, [CaseDraft("k", "differs", choices=["ignore"])], NOW)

    assert wiring.ledger(operator.resolve_case, case, "ignore", NOW) == "recorded"


def test_wrong_cases_and_choices_are_refused(wiring: Wiring) -> None:
    [case] = wiring.ledger(open_cases, [CaseDraft("k", "differs", choices=["ignore", "correct"])], NOW)

    with pytest.raises(Refused, match="there is no case case_none"):
        wiring.ledger(operator.resolve_case, "case_none", "ignore", NOW)
    with pytest.raises(Refused, match="does not offer 'burn'; choose one of: ignore, correct"):
        wiring.ledger(operator.resolve_case, case, "burn", NOW)
    wiring.ledger(operator.resolve_case, case, "ignore", NOW)
    with pytest.raises(Refused, match="was resolved before: ignore"):
        wiring.ledger(operator.resolve_case, case, "correct", NOW)


def test_an_order_from_a_file_has_no_shop_and_is_cancelled_at_once(wiring: Wiring) -> None:
    order_id = make_order(wiring, {}, source="file", account="market", state="held")
    [case] = wiring.ledger(open_cases, [CaseDraft("k", "stage_failing", order_id=order_id, choices=["cancel"])], NOW)

    assert wiring.ledger(operator.resolve_case, case, "cancel", NOW) == "the order is cancelled"

    assert row_of(wiring, Order)["state"] == "cancelled"
    assert rows_of(wiring, Effect) == []


def test_money_about_to_lapse_is_taken_at_a_persons_word(wiring: Wiring) -> None:
    order_id = make_order(wiring, state="routing")
    payment = {
        "id": "pay_1",
        "order_id": order_id,
        "gateway": "card",
        "currency": "USD",
        "authorised_minor": 4500,
        "authorisation_external_id": "auth_1",
        "authorisation_expires_at": later(600),
    }
    put(wiring, Payment, payment)
    draft = CaseDraft("k", "authorisation_expiring", order_id=order_id, subject_id="pay_1", choices=["capture_now"])
    [case] = wiring.ledger(open_cases, [draft], NOW)

    assert wiring.ledger(operator.resolve_case, case, "capture_now", NOW) == "the shop is asked to take the money"

    effect = row_of(wiring, Effect, kind="shop.capture")
    assert (effect["request"]["amount_minor"], effect["request"]["authorization"]) == (4500, "auth_1")
