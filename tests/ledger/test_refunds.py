"""Money back: granted under the tenders' lock, given back once, whoever tells of it first."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import Session

from config.wiring import Wiring
from domain.order import IncomingLine, IncomingOrder, IncomingTransaction, TransactionKind, TransactionStatus
from domain.payments import tender_facts
from ledger import operator, refunds
from ledger.capture_money import capture_drafts, known_transactions, money_rows, update_money
from ledger.effects import EffectDraft, Verdict
from ledger.invariants import check_all
from ledger.orders import lock_orders
from ledger.rows import insert_rows, update_by
from ledger.tables import Effect, MoneyTransaction, Payment, Refund, ReviewCase, ShopFulfilment
from tests.ledger.support import NOW, later, make_order, put, race, row_of, rows_of

CARD, GIFT = "shopify_payments", "gift_card"
SALE = IncomingTransaction("t1", TransactionKind.SALE, TransactionStatus.SUCCESS, 6000, CARD, NOW)
GIFTED = IncomingTransaction("t2", TransactionKind.SALE, TransactionStatus.SUCCESS, 1500, GIFT, later(1))


def said(*transactions: IncomingTransaction) -> IncomingOrder:
    lines = (IncomingLine("l1", "MUG", "Mug", 2, 3000),)
    return IncomingOrder("1", "#1001", NOW, NOW, "USD", lines, 6000, transactions=transactions)


def paid(wiring: Wiring, *transactions: IncomingTransaction, in_shop: bool = True, **changes: Any) -> str:
    """An order with these transactions; returns its id."""
    order_id = make_order(wiring, state="routing", **changes)
    payments, rows = money_rows(said(*(transactions or (SALE,))), order_id)
    put(wiring, Payment, *payments)
    put(wiring, MoneyTransaction, *rows)
    if in_shop:
        mirror = {"id": f"{order_id}:1", "order_id": order_id, "external_id": "fo", "status": "open", "lines": []}
        put(wiring, ShopFulfilment, mirror | {"hold_external_id": "", "hold_state": "none"})
    return order_id


def grant(wiring: Wiring, order_id: str, amount: int, subject: str = "edr_1") -> list[EffectDraft]:
    def granted(session: Session) -> list[EffectDraft]:
        order = lock_orders(session, [order_id])[order_id]
        drafts = refunds.grant(session, order, amount, subject_id=subject, reason="edit", now=NOW)
        rows = [{"id": f"eff_{draft.key}", **_effect(draft)} for draft in drafts]
        insert_rows(session, Effect, rows)
        return drafts

    return wiring.ledger(granted)


def _effect(draft: EffectDraft) -> dict[str, Any]:
    return {
        "key": draft.key, "kind": draft.kind, "target": draft.target, "order_id": draft.order_id,
        "subject_id": draft.subject_id, "request": draft.request, "state": "planned", "response": {},
        "external_id": "", "created_at": NOW, "due_at": NOW, "attempts": 0, "lease_token": 0, "error": "",
    }  # fmt: skip


def begin(wiring: Wiring, order_id: str) -> Sequence[Mapping[str, Any]]:
    rows = rows_of(wiring, Effect, order_id=order_id)
    wiring.ledger(refunds.begin_refunds, rows, NOW)
    return rows


def done(wiring: Wiring, row: Mapping[str, Any], transaction: str = "r1", status: str = "success") -> None:
    answer = Verdict("done", external_id="refund", data={"status": status, "transaction": transaction})
    wiring.ledger(refunds.refunded, [(row, answer)], NOW)
    wiring.ledger(_ended, row["id"])


def refused(wiring: Wiring, row: Mapping[str, Any]) -> None:
    wiring.ledger(refunds.refund_refused, [(row, Verdict("rejected", code="gateway_refused"))], NOW)
    wiring.ledger(_ended, row["id"])


def _ended(session: Session, effect_id: str) -> None:
    update_by(session, Effect, [{"id": effect_id, "state": "done"}])


def state(wiring: Wiring, order_id: str, *transactions: IncomingTransaction) -> None:
    """The shop's statement with further transactions."""

    def take(session: Session) -> None:
        update_money(session, order_id, said(*transactions), known_transactions(session, [order_id])[order_id])

    wiring.ledger(take)


def back(external_id: str, amount: int, status: str = "success") -> IncomingTransaction:
    kind, ended = TransactionKind.REFUND, TransactionStatus(status)
    return IncomingTransaction(external_id, kind, ended, amount, CARD, later(5), "t1")


def sound(wiring: Wiring) -> bool:
    found = wiring.ledger(check_all, real_now=wiring.real_now())
    return not any(ids for name, ids in found.items() if "refund" in name or "grant" in name or "payments" in name)


def test_the_last_tender_gives_back_first_and_no_more_than_it_took(wiring: Wiring) -> None:
    order_id = paid(wiring, SALE, GIFTED)

    drafts = grant(wiring, order_id, 2000)

    assert {(d.request["gateway"], d.request["parent"], d.request["amount_minor"]) for d in drafts} == {
        (GIFT, "t2", 1500),
        (CARD, "t1", 500),
    }
    assert sum(wiring.read(refunds.granted_by_payment, [order_id]).values()) == 2000
    assert {row["state"] for row in rows_of(wiring, Refund)} == {"granted"}
    assert sound(wiring)


def test_the_same_subject_is_granted_once(wiring: Wiring) -> None:
    order_id = paid(wiring)

    assert len(grant(wiring, order_id, 500)) == 1
    assert grant(wiring, order_id, 500) == []
    assert row_of(wiring, Refund)["amount_minor"] == 500


def test_more_than_is_left_is_never_granted_and_a_person_hears_of_it(wiring: Wiring) -> None:
    order_id = paid(wiring)
    grant(wiring, order_id, 5000)

    [draft] = grant(wiring, order_id, 3000, subject="edr_2")

    assert draft.request["amount_minor"] == 1000
    case = row_of(wiring, ReviewCase)
    assert (case["kind"], case["owner"]) == ("refund_short", "finance")
    assert case["facts"] == {"owed_minor": 3000, "granted_minor": 1000, "currency": "USD"}


def test_a_race_for_the_last_money_grants_it_once(wiring: Wiring) -> None:
    order_id = paid(wiring)

    race(lambda: grant(wiring, order_id, 6000, "edr_1"), lambda: grant(wiring, order_id, 6000, "edr_2"))

    assert row_of(wiring, Refund)["amount_minor"] == 6000


def test_a_tender_of_several_charges_gives_back_charge_by_charge(wiring: Wiring) -> None:
    more = replace(SALE, external_id="t3", amount_minor=700, processed_at=later(9))
    order_id = paid(wiring, SALE, more)

    drafts = grant(wiring, order_id, 1000)

    assert [(d.request["parent"], d.request["amount_minor"]) for d in drafts] == [("t3", 700), ("t1", 300)]
    [again] = grant(wiring, order_id, 100, subject="edr_2")
    assert again.request["parent"] == "t1"


@pytest.mark.parametrize("first", ["answer", "statement"])
def test_money_back_counts_once_whoever_tells_first(wiring: Wiring, first: str) -> None:
    order_id = paid(wiring)
    grant(wiring, order_id, 500)
    [row] = begin(wiring, order_id)

    steps = [lambda: done(wiring, row), lambda: state(wiring, order_id, SALE, back("r1", 500))]
    for step in steps if first == "answer" else reversed(steps):
        step()

    assert row_of(wiring, Payment)["refunded_minor"] == 500
    found = row_of(wiring, Refund)
    assert (found["state"], found["external_id"]) == ("succeeded", "r1")
    assert wiring.read(refunds.granted_by_payment, [order_id]) == {}
    assert sound(wiring)


def test_money_that_somebody_else_gave_back_before_is_not_taken_for_ours(wiring: Wiring) -> None:
    earlier = replace(back("r0", 500), processed_at=later(-3600))
    order_id = paid(wiring, SALE)
    grant(wiring, order_id, 500)
    begin(wiring, order_id)

    state(wiring, order_id, SALE, earlier)

    assert row_of(wiring, Refund)["state"] == "executing"


def test_a_refund_that_its_gateway_still_works_on_ends_by_the_shops_word(wiring: Wiring) -> None:
    order_id = paid(wiring)
    grant(wiring, order_id, 500)
    [row] = begin(wiring, order_id)

    done(wiring, row, status="pending")
    assert row_of(wiring, Refund)["state"] == "unknown"
    assert row_of(wiring, Payment)["refunded_minor"] == 0
    assert sound(wiring)
    state(wiring, order_id, SALE, back("r1", 500))

    assert row_of(wiring, Refund)["state"] == "succeeded"
    assert row_of(wiring, Payment)["refunded_minor"] == 500
    assert sound(wiring)


@pytest.mark.parametrize("late", [False, True], ids=["refused at once", "refused by the gateway later"])
def test_a_refused_refund_is_finances_and_tried_again_under_a_new_key(wiring: Wiring, late: bool) -> None:
    order_id = paid(wiring)
    [draft] = grant(wiring, order_id, 500)
    [row] = begin(wiring, order_id)
    if late:
        done(wiring, row, status="pending")
        state(wiring, order_id, SALE, back("r1", 500, "failed"))
    else:
        refused(wiring, row)

    case = row_of(wiring, ReviewCase)
    assert (case["kind"], case["owner"], row_of(wiring, Refund)["state"]) == ("refund_failed", "finance", "failed")
    assert wiring.read(refunds.granted_by_payment, [order_id]) == {draft.request["payment_id"]: 500}
    assert sound(wiring)

    assert wiring.ledger(operator.resolve_case, case["id"], "retry", NOW) == "the shop is asked again"

    keys = {effect["key"] for effect in rows_of(wiring, Effect)}
    refund = row_of(wiring, Refund)
    assert keys == {f"refund:{refund['id']}:1", f"refund:{refund['id']}:2"}
    [again] = [effect for effect in begin(wiring, order_id) if effect["key"].endswith(":2")]
    done(wiring, again, "r2")
    assert row_of(wiring, Refund)["state"] == "succeeded"
    assert sound(wiring)


def test_what_the_shops_people_gave_back_after_a_refusal_ends_it(wiring: Wiring) -> None:
    order_id = paid(wiring)
    grant(wiring, order_id, 500)
    [row] = begin(wiring, order_id)
    refused(wiring, row)

    state(wiring, order_id, SALE, back("r9", 500))

    assert row_of(wiring, Refund)["state"] == "succeeded"
    assert row_of(wiring, ReviewCase)["state"] == "resolved"
    effects = rows_of(wiring, Effect)
    cancelled = wiring.read(refunds.guard_refunds, effects, NOW)
    assert cancelled == {effects[0]["id"]: "cancel:given_back"}


def test_an_order_without_a_shop_is_refunded_by_a_person(wiring: Wiring) -> None:
    order_id = paid(wiring, in_shop=False, source="file")

    assert grant(wiring, order_id, 500) == []
    case = row_of(wiring, ReviewCase)
    assert (case["kind"], case["owner"]) == ("refund_by_hand", "finance")
    assert sound(wiring)
    wiring.ledger(operator.resolve_case, case["id"], "given_back_by_hand", NOW)

    assert row_of(wiring, Refund)["state"] == "succeeded"
    assert row_of(wiring, Payment)["refunded_minor"] == 500
    assert sound(wiring)


@pytest.mark.parametrize(
    ("total", "captured", "taken"),
    [(6000, 0, [6000]), (4500, 0, [4500]), (6000, 2000, [4000]), (1500, 2000, []), (9000, 0, [6000])],
)
def test_no_more_is_captured_than_the_order_comes_to(total: int, captured: int, taken: list[int]) -> None:
    order = {"id": "ord_1", "source": "shopify", "account": "alpha", "total_minor": total}
    held = {**_payment(CARD), "authorised_minor": 6000, "authorisation_external_id": "a1"}
    gift = {**_payment(GIFT), "captured_minor": captured}

    drafts = capture_drafts(order, [gift, held])

    assert [draft.request["amount_minor"] for draft in drafts] == taken
    assert capture_drafts(order, [gift, held], only=gift["id"]) == []


def _payment(gateway: str) -> dict[str, Any]:
    facts = tender_facts(gateway, ())
    return {
        "id": f"ord_1:pay:{gateway}", "gateway": gateway, "currency": "USD", "refunded_minor": 0,
        "captured_minor": facts.captured_minor, "authorised_minor": 0, "authorisation_external_id": "",
    }  # fmt: skip
