"""Is the money there? Each tender is folded from its transactions, then the order is judged."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.order import IncomingTransaction, TransactionKind, TransactionStatus
from domain.payments import PaymentVerdict, TenderFacts, judge_payment, tender_facts

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
K, S, V = TransactionKind, TransactionStatus, PaymentVerdict


def txn(kind: TransactionKind, amount: int, external_id: str = "t", **changes: object) -> IncomingTransaction:
    values = {"external_id": external_id, "kind": kind, "status": S.SUCCESS, "amount_minor": amount,
              "gateway": "card", "processed_at": NOW} | changes  # fmt: skip
    return IncomingTransaction(**values)  # type: ignore[arg-type]


def tender(**changes: object) -> TenderFacts:
    values = {"gateway": "card", "authorised_minor": 0, "captured_minor": 0, "refunded_minor": 0,
              "authorisation_external_id": "", "authorisation_expires_at": None, "declined_code": ""}  # fmt: skip
    return TenderFacts(**(values | changes))  # type: ignore[arg-type]


def test_authorisation_counts_until_it_is_captured_or_voided() -> None:
    first, second = txn(K.AUTHORIZATION, 500, "a1"), txn(K.AUTHORIZATION, 300, "a2")
    assert tender_facts("card", [first, second]).authorised_minor == 800

    captured = tender_facts("card", [first, second, txn(K.CAPTURE, 500, "c1", parent_external_id="a1")])
    assert (captured.authorised_minor, captured.captured_minor) == (300, 500)
    assert captured.authorisation_external_id == "a2"

    voided = tender_facts("card", [first, txn(K.VOID, 500, "v1", parent_external_id="a1")])
    assert (voided.authorised_minor, voided.authorisation_external_id) == (0, "")


def test_only_success_is_money() -> None:
    facts = tender_facts("card", [txn(K.SALE, 500, status=S.PENDING), txn(K.AUTHORIZATION, 500, status=S.FAILED),
                                  txn(K.CHANGE, 100)])  # fmt: skip

    assert (facts.authorised_minor, facts.captured_minor, facts.refunded_minor) == (0, 0, 0)


@pytest.mark.parametrize(
    ("later", "code"),
    [
        pytest.param([], "card_declined", id="declined"),
        pytest.param([txn(K.SALE, 500, "s2")], "", id="second try went through"),
        pytest.param([txn(K.AUTHORIZATION, 500, "a2")], "", id="second try was authorised"),
        pytest.param([txn(K.SALE, 5, "s2", status=S.FAILED)], "declined", id="last refusal, without a code"),
    ],
)
def test_decline(later: list[IncomingTransaction], code: str) -> None:
    refused = txn(K.SALE, 500, "s1", status=S.FAILED, error_code="card_declined")

    assert tender_facts("card", [refused, *later]).declined_code == code


def test_captured_and_refunded_are_sums() -> None:
    facts = tender_facts("card", [txn(K.SALE, 500, "s"), txn(K.REFUND, 120, "r1"), txn(K.REFUND, 30, "r2")])

    assert (facts.captured_minor, facts.refunded_minor) == (500, 150)


@pytest.mark.parametrize(
    ("tenders", "verdict"),
    [
        pytest.param([tender(captured_minor=1000)], V.PAID, id="paid"),
        pytest.param([tender(captured_minor=600), tender(captured_minor=400)], V.PAID, id="two tenders"),
        pytest.param([tender(captured_minor=1000, refunded_minor=1)], V.PARTLY, id="a cent refunded"),
        pytest.param([tender(authorised_minor=1000)], V.AUTHORISED, id="authorised for ever"),
        pytest.param([tender(captured_minor=400), tender(authorised_minor=600)], V.AUTHORISED, id="gift card and card"),
        pytest.param([tender(authorised_minor=999)], V.PARTLY, id="a cent short"),
        pytest.param([], V.PENDING, id="nothing yet"),
        pytest.param([tender(declined_code="x")], V.DECLINED, id="declined"),
        pytest.param([tender(captured_minor=10), tender(declined_code="x")], V.PARTLY, id="a part is there"),
        pytest.param([tender(authorised_minor=1000, authorisation_expires_at=NOW)], V.EXPIRED, id="expires now"),
        pytest.param(
            [tender(authorised_minor=1000, authorisation_expires_at=NOW + timedelta(microseconds=1))],
            V.AUTHORISED, id="last instant",
        ),
    ],
)  # fmt: skip
def test_verdict(tenders: list[TenderFacts], verdict: PaymentVerdict) -> None:
    assert judge_payment(1000, tenders, NOW) is verdict
    assert judge_payment(1000, tenders[::-1], NOW) is verdict


def test_free_order_is_paid() -> None:
    assert judge_payment(0, [], NOW) is V.PAID


@given(st.lists(st.integers(0, 700), max_size=4), st.lists(st.integers(0, 700), max_size=4))
def test_good_verdict_needs_the_whole_amount(captured: list[int], authorised: list[int]) -> None:
    tenders = [tender(captured_minor=c) for c in captured] + [tender(authorised_minor=a) for a in authorised]

    good = judge_payment(1000, tenders, NOW) in (V.PAID, V.AUTHORISED)

    assert good == (sum(captured) + sum(authorised) >= 1000)
