"""On what terms something comes back: fees, what is left with the customer, when money goes out, what waits."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.returns.judge import judge_line, judge_request, trust_tier
from domain.returns.policy import FeeCode, FeeRule, Per, When
from domain.returns.rulings import Fee, Goods, LineRuling, NextStep, Verdict
from domain.returns.scope import Scope
from domain.returns.words import Resolution, ReturnKind, ReturnReason
from tests.support.rulings import NOW, POLICY, codes, judge, make_ask, make_customer, make_line, make_order

K = ReturnKind
BULKY = frozenset({"bulky"})


def request(*asks: object, gift: bool = False, country: str = "US", **line: object) -> tuple[LineRuling, ...]:
    """Two lines, l1 and l2, of one order."""
    facts = {("ord_1", each): make_line(line_id=each, **line) for each in ("l1", "l2")}
    order = make_order(country, currency="EUR" if country == "DE" else "USD")
    return judge_request(asks, facts, {"ord_1": order}, make_customer(), POLICY, NOW, gift=gift)  # type: ignore[arg-type]


def test_a_label_is_paid_once_and_shared_by_value() -> None:
    first, second = request(make_ask(quantity=2), make_ask(line_id="l2"))

    assert first.fees == (Fee(FeeCode.LABEL, 460, "fee:label"),)
    assert (first.fee_minor, second.fee_minor) == (460, 230)


@pytest.mark.parametrize(
    ("ask", "fee"),
    [
        pytest.param(make_ask(), 690, id="too small"),
        pytest.param(make_ask(reason=ReturnReason.ARRIVED_LATE), 0, id="our fault"),
        pytest.param(make_ask(resolution=Resolution.STORE_CREDIT), 0, id="store credit"),
        pytest.param(make_ask(K.EXCHANGE, sku="TENT-3P"), 0, id="exchange"),
        pytest.param(make_ask(K.CLAIM), 0, id="claim"),
    ],
)
def test_fees_by_reason_and_kind(ask: object, fee: int) -> None:
    assert [ruling.fee_minor for ruling in request(ask)] == [fee]


def test_only_lines_that_owe_it_share_a_fee() -> None:
    claim, back = request(make_ask(K.CLAIM), make_ask(line_id="l2"))

    assert (claim.fee_minor, back.fee_minor) == (0, 690)
    credit, back = request(make_ask(resolution=Resolution.STORE_CREDIT), make_ask(line_id="l2"))
    assert (credit.fee_minor, back.fee_minor) == (0, 690)


def test_restocking_is_a_share_and_the_law_forbids_it() -> None:
    [here] = request(make_ask(), tags=BULKY)
    [there] = request(make_ask(), tags=BULKY, country="DE")

    assert [(fee.code, fee.amount_minor) for fee in here.fees] == [(FeeCode.RESTOCKING, 1500), (FeeCode.LABEL, 690)]
    assert [(fee.code, fee.amount_minor) for fee in there.fees] == [(FeeCode.LABEL, 490)]
    assert there.overridden == ("fee:bulky",)


def test_a_fee_is_never_more_than_what_was_paid() -> None:
    cheap = make_line(paid_minor=2600, sold=2)
    unkept = make_customer(kept_units=99)

    [ruling] = judge_request([make_ask(reason=ReturnReason.STYLE)], {("ord_1", "l1"): replace(cheap, paid_minor=1000)},
                             {"ord_1": make_order()}, unkept, POLICY, NOW)  # fmt: skip

    assert (ruling.value_minor, ruling.fee_minor, ruling.goods) == (500, 500, Goods.SEND_BACK)


def test_fees_by_unit_stop_at_what_was_paid_and_claims_are_free_by_law() -> None:
    handling = FeeRule("handling", FeeCode.RESTOCKING, Scope(), Per.UNIT, 0, {"USD": 6000, "EUR": 6000})
    policy = replace(POLICY, fees=(handling,))

    def fees(kind: ReturnKind, paid: int, country: str = "US") -> list[int]:
        ask = make_ask(kind, quantity=2)
        line, order = make_line(paid_minor=paid), make_order(country, currency="USD")
        return [fee.amount_minor for fee in judge_line(ask, line, order, make_customer(), policy, NOW).fees]

    assert fees(K.RETURN, 20_000) == [12_000]
    assert fees(K.RETURN, 9000) == [9000]
    assert fees(K.CLAIM, 20_000) == [12_000]
    assert fees(K.CLAIM, 20_000, "DE") == []


@given(st.lists(st.integers(0, 30_000), min_size=1, max_size=6), st.integers(0, 100), st.sampled_from(["USD", "JPY"]))
def test_fees_of_a_request_sum_exactly(values: list[int], percent: int, currency: str) -> None:
    lines = {
        ("ord_1", str(number)): make_line(line_id=str(number), sold=1, shipped=1, delivered=1, paid_minor=value)
        for number, value in enumerate(values)
    }
    fees = tuple(replace(rule, percent=percent) if rule.percent else rule for rule in POLICY.fees)
    asks = [make_ask(line_id=line) for _, line in lines]

    rulings = judge_request(
        asks, lines, {"ord_1": make_order(currency=currency)}, make_customer(kept_units=9), replace(POLICY, fees=fees),
        NOW,
    )  # fmt: skip

    label = {"USD": 690, "JPY": 800}[currency]
    assert sum(ruling.fee_minor for ruling in rulings) == min(label, sum(values))
    assert all(ruling.fee_minor <= ruling.value_minor for ruling in rulings)


def test_what_is_cheap_stays_with_the_customer_up_to_a_cap() -> None:
    kept = judge(line=make_line(paid_minor=2400))
    dearer = judge(line=make_line(paid_minor=2402))
    often = judge(line=make_line(paid_minor=2400), customer=make_customer(kept_units=3))
    much = judge(line=make_line(paid_minor=2400), customer=make_customer(kept_minor={"USD": 2301}))
    elsewhere = judge(line=make_line(paid_minor=2400), customer=make_customer(kept_minor={"EUR": 9999}))

    assert (kept.goods, codes(kept), kept.when, kept.fees) == (Goods.KEEP, ["kept"], When.AT_ONCE, ())
    assert dearer.goods is Goods.SEND_BACK
    assert (often.goods, codes(often)) == (Goods.SEND_BACK, ["keep_cap_reached"])
    assert (much.goods, elsewhere.goods) == (Goods.SEND_BACK, Goods.KEEP)
    assert judge(make_ask(K.EXCHANGE, sku="X"), make_line(paid_minor=2400)).goods is Goods.SEND_BACK


def test_the_cap_counts_within_a_request() -> None:
    asks = [make_ask(line_id=line, reason=reason) for line in ("l1", "l2")
            for reason in (ReturnReason.STYLE, ReturnReason.COLOUR)]  # fmt: skip

    assert [ruling.goods for ruling in request(*asks, paid_minor=2400)] == [
        Goods.KEEP,
        Goods.KEEP,
        *[Goods.SEND_BACK] * 2,
    ]
    assert [ruling.goods for ruling in request(*asks, paid_minor=200)] == [*[Goods.KEEP] * 3, Goods.SEND_BACK]


@pytest.mark.parametrize(
    ("past", "tier", "refund", "exchange"),
    [
        pytest.param({}, "new", When.INSPECTION, When.RECEIPT, id="nothing known"),
        pytest.param({"orders": 2}, "known", When.FIRST_SCAN, When.FIRST_SCAN, id="second order"),
        pytest.param({"orders": 5}, "trusted", When.AT_ONCE, When.AT_ONCE, id="fifth order"),
        pytest.param({"orders": 5, "return_percent": 41}, "known", When.FIRST_SCAN, When.FIRST_SCAN, id="returns much"),
        pytest.param({"orders": 5, "claims": 4}, "new", When.INSPECTION, When.RECEIPT, id="claims much"),
        pytest.param({"orders": 9, "unreturned": 1}, "watched", When.INSPECTION, When.INSPECTION, id="never sent it"),
    ],
)
def test_trust_decides_when(past: dict[str, int], tier: str, refund: When, exchange: When) -> None:
    customer = make_customer(**past)

    assert trust_tier(customer, POLICY).name == tier
    ruling = judge(customer=customer)
    assert (ruling.when, ruling.trust) == (refund, tier)
    assert judge(make_ask(K.EXCHANGE, sku="TENT-3P"), customer=customer).when is exchange
    assert ruling.claw_back_at == (NOW + timedelta(days=21) if refund is When.AT_ONCE else None)


def test_what_is_out_ahead_of_the_goods_is_limited_over_all_returns() -> None:
    trusted = make_customer(orders=9)
    half = make_line(paid_minor=15_000)  # 75.00 each, 150.00 is the limit

    assert judge(make_ask(quantity=2), half, customer=trusted).when is When.AT_ONCE
    assert judge(make_ask(quantity=2), make_line(paid_minor=15_002), customer=trusted).when is When.INSPECTION
    owing = make_customer(orders=9, ahead_minor={"USD": 7_501})
    assert judge(line=half, customer=owing).when is When.INSPECTION
    asks = [make_ask(), make_ask(reason=ReturnReason.STYLE), make_ask(line_id="l2")]
    lines = {("ord_1", each): replace(half, line_id=each) for each in ("l1", "l2")}
    rulings = judge_request(asks, lines, {"ord_1": make_order()}, trusted, POLICY, NOW)
    assert [ruling.when for ruling in rulings] == [When.AT_ONCE, When.AT_ONCE, When.INSPECTION]


@pytest.mark.parametrize(
    ("line", "past", "expected"),
    [
        pytest.param({"paid_minor": 100_000}, {}, [], id="at the limit"),
        pytest.param({"paid_minor": 100_002}, {}, ["return_value_high"], id="above"),
        pytest.param({}, {"returns": 20}, ["many_returns"], id="returns often"),
        pytest.param({}, {"claims": 3}, [], id="claims do not count for returns"),
    ],
)
def test_what_a_person_looks_at(line: dict[str, int], past: dict[str, int], expected: list[str]) -> None:
    ruling = judge(line=make_line(**line), customer=make_customer(**past))

    assert codes(ruling) == expected
    assert ruling.verdict is (Verdict.REVIEW if expected else Verdict.ALLOWED)
    assert ruling.next_step is None


def test_many_claims_and_open_disputes_wait() -> None:
    assert codes(judge(make_ask(K.CLAIM), customer=make_customer(claims=3))) == ["many_claims"]
    assert codes(judge(order=make_order(disputed=True))) == ["dispute_open"]


def test_a_recipient_gets_no_money_and_pays_no_fee() -> None:
    [credit] = request(make_ask(resolution=Resolution.STORE_CREDIT), gift=True)
    [cheap] = request(make_ask(resolution=Resolution.STORE_CREDIT), gift=True, paid_minor=200)
    assert cheap.goods is Goods.SEND_BACK  # that it may be kept would tell what it cost
    [money] = request(make_ask(), gift=True)
    [withdrawn] = request(make_ask(K.WITHDRAWAL), gift=True, country="DE")
    [claim] = request(make_ask(K.CLAIM), gift=True)

    assert (credit.verdict, credit.resolutions, credit.fees) == (Verdict.ALLOWED, (Resolution.STORE_CREDIT,), ())
    assert (codes(money), money.next_step) == (["resolution_not_offered"], NextStep.CHOOSE_ANOTHER)
    assert (codes(withdrawn), withdrawn.next_step) == (["withdrawal_of_buyer"], NextStep.ASK_BUYER)
    assert claim.resolutions == (Resolution.REPLACEMENT, Resolution.STORE_CREDIT)
