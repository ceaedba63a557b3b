"""A recipient sees no price, a buyer not what became of the gift, and neither why a person looks at it."""

import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.placed import PlacedLine, PlacedOrder
from domain.returns.gifts import (
    INTERNAL,
    LINE_FIELDS,
    RULING_FIELDS,
    Viewer,
    recipient_choices,
    sees_request,
    shown_line,
    shown_refund,
    shown_ruling,
)
from domain.returns.money import RefundedBefore, ReturnedUnits, exchange_quote, refund_for
from domain.returns.rulings import REFUSALS, LineRuling
from domain.returns.words import Resolution, ReturnKind
from tests.support.rulings import POLICY, judge, make_ask, make_customer, make_line, make_order
from tests.support.tenders import tender

K, V = ReturnKind, Viewer
PRICE = 123_456_789  # stands nowhere else
DEAR = make_line(paid_minor=2 * PRICE)
LINE = {"order_id": "ord_1", "order_name": "#1001", "line_id": "l1", "sku": "TENT", "title": "Tent", "quantity": 2,
        "unit_price_minor": PRICE, "paid_minor": PRICE, "discount_minor": 5, "currency": "USD"}  # fmt: skip


def words_of(value: Any) -> set[str]:
    """Every key and word, however deep."""
    if isinstance(value, dict):
        return set(value) | set().union(*(words_of(each) for each in value.values()))
    if isinstance(value, list):
        return set().union(*(words_of(each) for each in value))
    return {str(value)}


@given(
    st.sampled_from(list(K)), st.sampled_from(list(Resolution)), st.sampled_from(["US", "DE"]), st.integers(0, 30),
    st.booleans(), st.booleans(),
)  # fmt: skip
def test_nothing_that_a_recipient_sees_is_a_price(
    kind: K, resolution: Resolution, country: str, returns: int, disputed: bool, final: bool
) -> None:
    ruling = judge(
        make_ask(kind, resolution=resolution), replace(DEAR, final_sale=final),
        make_order(country, disputed=disputed), make_customer(returns=returns, claims=returns), gift=True,
    )  # fmt: skip

    shown = shown_ruling(ruling, V.RECIPIENT)

    assert not {word for word in words_of(shown) if word.endswith("_minor") or str(PRICE) in word}
    assert not words_of(shown) & {"fees", "currency", "trust", "order_id", "ord_1", "USD", "EUR", *INTERNAL}
    assert shown["verdict"] == str(ruling.verdict)
    json.dumps(shown)


def test_a_recipient_is_told_the_way_out() -> None:
    shown = shown_ruling(judge(make_ask(), DEAR, gift=True), V.RECIPIENT)

    assert shown["next_step"] == "choose_another"
    assert shown["resolutions"] == ["store_credit"]
    assert shown["reasons"] == [{"code": "resolution_not_offered", "offered": ["store_credit"]}]


def test_nobody_outside_is_told_why_a_person_looks() -> None:
    ruling = judge(line=DEAR, customer=make_customer(returns=99))

    assert [reason["code"] for reason in shown_ruling(ruling, V.AGENT)["reasons"]] == [
        "return_value_high",
        "many_returns",
    ]
    for viewer in (V.BUYER, V.RECIPIENT):
        assert shown_ruling(ruling, viewer)["reasons"] == [{"code": "being_reviewed"}]
    assert "reasons" not in shown_ruling(ruling, V.WAREHOUSE)
    assert not INTERNAL & REFUSALS  # a refusal always has its reason


@pytest.mark.parametrize("viewer", list(V))
def test_a_line_shows_prices_to_those_who_pay_or_decide(viewer: Viewer) -> None:
    shown = shown_line(LINE | {"margin_minor": 7}, viewer)

    prices = {name for name in shown if name.endswith("_minor")}
    expected = {"unit_price_minor", "paid_minor", "discount_minor"} if viewer in (V.BUYER, V.AGENT) else set()
    assert prices == expected
    assert ("order_id" in shown) == (viewer is not V.RECIPIENT)
    assert shown["title"] == "Tent"


def test_every_field_of_a_ruling_is_an_agents_and_known() -> None:
    known = {field.name for field in fields(LineRuling)} | {"fee_minor"}

    assert RULING_FIELDS[V.AGENT] == known
    assert all(RULING_FIELDS[viewer] <= known for viewer in V)
    assert set(LINE_FIELDS) == set(V)


def refunded(resolution: Resolution) -> Any:
    order = PlacedOrder("ord_1", "USD", (PlacedLine("l1", "TENT", 1, 1, PRICE),), PRICE,
                        tenders=(tender(captured=PRICE),))  # fmt: skip
    return refund_for(order, [ReturnedUnits("l1", 1, K.RETURN)], RefundedBefore(), resolution, POLICY.money)


def test_a_recipient_learns_what_their_credit_is_worth_when_they_have_it() -> None:
    credit, money = refunded(Resolution.STORE_CREDIT), refunded(Resolution.REFUND)

    assert shown_refund(credit, V.RECIPIENT) == {}
    assert shown_refund(credit, V.RECIPIENT, issued=True) == {"currency": "USD", "store_credit_minor": PRICE + 2500}
    assert shown_refund(money, V.RECIPIENT, issued=True) == {}
    assert shown_refund(money, V.WAREHOUSE, issued=True) == {}
    assert shown_refund(money, V.BUYER) == shown_refund(money, V.AGENT) == money.as_json()


def test_a_gifts_return_is_the_recipients_own_affair() -> None:
    told = replace(POLICY.gifts, tell_buyer=True)

    assert [sees_request(V.BUYER, policy, gift=True) for policy in (POLICY.gifts, told)] == [False, True]
    assert sees_request(V.BUYER, POLICY.gifts, gift=False)
    assert [sees_request(V.RECIPIENT, told, gift=gift) for gift in (True, False)] == [True, False]
    assert all(
        sees_request(viewer, POLICY.gifts, gift=gift) for viewer in (V.AGENT, V.WAREHOUSE) for gift in (True, False)
    )


def test_a_recipient_chooses_among_what_costs_nothing_more() -> None:
    prices = {"CHEAP": 100, "SAME": 500, "DEAR": 501}
    quotes = [
        (sku, exchange_quote(500, price, same_product=False, policy=POLICY.money)) for sku, price in prices.items()
    ]

    assert recipient_choices(quotes) == ("CHEAP", "SAME")
