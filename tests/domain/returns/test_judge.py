"""What may come back by the shop's own rules, and why not."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.decisions import REASON_TEXT
from domain.returns.asks import ReturnError
from domain.returns.judge import judge_request
from domain.returns.policy import When
from domain.returns.rulings import REFUSALS, Goods, NextStep, Verdict
from domain.returns.words import NOT_THERE, REASONS, Condition, Resolution, ReturnKind, ReturnReason
from tests.support.rulings import (
    DELIVERED,
    NOW,
    POLICY,
    codes,
    judge,
    make_ask,
    make_customer,
    make_line,
    make_order,
)

K = ReturnKind
LATE = NOW - timedelta(days=40)


def days_after(days: int, country: str = "US") -> list[str]:
    """The verdict just before and at the end of the window that lasts so many days."""
    ruling = judge(order=make_order(country))
    assert ruling.window_end is not None
    ends = [ruling.window_end - timedelta(seconds=1), ruling.window_end]
    assert ends[1] - DELIVERED < timedelta(days=days + 1)
    return [str(judge(order=make_order(country), now=end).verdict) for end in ends]


def test_an_ordinary_return() -> None:
    ruling = judge()

    assert (ruling.verdict, ruling.rule, ruling.reasons) == (Verdict.ALLOWED, "window:standard", ())
    assert ruling.resolutions == (Resolution.REFUND, Resolution.STORE_CREDIT)
    assert (ruling.goods, ruling.when, ruling.value_minor) == (Goods.SEND_BACK, When.INSPECTION, 10_000)
    assert (ruling.next_step, ruling.claw_back_at, ruling.refund_by) == (None, None, None)


def test_a_window_includes_its_last_local_day() -> None:
    assert days_after(30) == ["allowed", "refused"]
    assert days_after(45, "JP") == ["allowed", "refused"]


@pytest.mark.parametrize(
    ("changes", "customer", "kind", "rule"),
    [
        pytest.param({}, {}, K.RETURN, "window:standard", id="standard"),
        pytest.param({"category": "electronics > Lamps"}, {}, K.RETURN, "window:electronics", id="by category"),
        pytest.param({"category": "Electronics2"}, {}, K.RETURN, "window:standard", id="another category"),
        pytest.param({}, {"tier": "gold"}, K.RETURN, "window:gold", id="by tier"),
        pytest.param({"category": "Electronics"}, {"tier": "gold"}, K.RETURN, "window:electronics", id="first fits"),
        pytest.param({}, {}, K.EXCHANGE, "window:exchange", id="by kind"),
    ],
)
def test_the_first_window_that_fits_counts(
    changes: dict[str, object], customer: dict[str, object], kind: ReturnKind, rule: str
) -> None:
    ask = make_ask(kind, sku="TENT-3P" if kind is K.EXCHANGE else "")

    assert judge(ask, make_line(**changes), customer=make_customer(**customer)).rule == rule


def test_a_season_opens_a_window_longer_and_never_shortens_it() -> None:
    placed = NOW.replace(year=2026, month=12, day=5)
    order = make_order(placed_at=placed, complete_at=placed)
    line = make_line(delivered_at=placed)

    late = judge(line=line, order=order, now=placed + timedelta(days=50))
    gold = judge(line=line, order=order, customer=make_customer(tier="gold"), now=placed)
    before = judge(line=line, order=replace(order, placed_at=placed - timedelta(days=40)), now=placed)

    assert (late.verdict, late.rule) == (Verdict.ALLOWED, "season:christmas")
    assert late.window_end is not None
    assert late.window_end.isoformat() == "2027-02-01T05:00:00+00:00"  # midnight in New York
    assert (gold.rule, before.rule) == ("window:gold", "window:standard")


@pytest.mark.parametrize(
    ("line", "code", "step"),
    [
        pytest.param({"delivered_at": NOW - timedelta(days=60)}, "window_closed", NextStep.CLAIM_IF_FAULTY, id="late"),
        pytest.param({"delivered_at": NOW - timedelta(days=600)}, "window_closed", NextStep.ASK_US, id="years late"),
        pytest.param({"final_sale": True}, "final_sale", NextStep.CLAIM_IF_FAULTY, id="final sale"),
        pytest.param({"tags": frozenset({"Food"})}, "excluded", NextStep.CLAIM_IF_FAULTY, id="excluded by tag"),
        pytest.param({"discount_percent": 60}, "excluded", NextStep.CLAIM_IF_FAULTY, id="excluded by discount"),
        pytest.param({"in_return": 2}, "already_in_return", NextStep.SEE_REQUEST, id="in another request"),
        pytest.param({"returned": 2}, "already_returned", NextStep.SEE_REQUEST, id="returned"),
        pytest.param({"in_return": 1, "returned": 1}, "already_in_return", NextStep.SEE_REQUEST, id="both"),
        pytest.param(
            {"delivered": 0, "delivered_at": None, "on_its_way": True}, "not_delivered", NextStep.WAIT, id="on its way"
        ),
        pytest.param(
            {"shipped": 0, "delivered": 0, "delivered_at": None, "shipped_at": None}, "not_sent_yet",
            NextStep.CANCEL_ORDER, id="not sent",
        ),
    ],
)  # fmt: skip
def test_refusals_of_a_line_and_what_to_do(line: dict[str, object], code: str, step: NextStep) -> None:
    ruling = judge(line=make_line(**line))

    assert (ruling.verdict, codes(ruling), ruling.next_step) == (Verdict.REFUSED, [code], step)
    assert ruling.fees == ()


@pytest.mark.parametrize(
    ("ask", "order", "code", "step"),
    [
        (make_ask(quantity=3), {}, "not_so_many", NextStep.CHOOSE_FEWER),
        (make_ask(condition=Condition.USED), {}, "condition_not_accepted", NextStep.CLAIM_IF_FAULTY),
        (make_ask(resolution=Resolution.REPAIR), {}, "resolution_not_offered", NextStep.CHOOSE_ANOTHER),
        (make_ask(K.CLAIM, photos=()), {}, "photo_needed", NextStep.ADD_PHOTO),
        (make_ask(K.WITHDRAWAL), {}, "withdrawal_not_here", NextStep.RETURN),
        (make_ask(), {"cancelled": True}, "order_cancelled", NextStep.ASK_US),
        (make_ask(), {"changing": True}, "edit_in_progress", NextStep.WAIT),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_refusals_of_an_ask(ask: object, order: dict[str, object], code: str, step: NextStep) -> None:
    ruling = judge(ask, order=make_order(**order))  # type: ignore[arg-type]

    assert (ruling.verdict, codes(ruling), ruling.next_step) == (Verdict.REFUSED, [code], step)


def test_everything_that_speaks_against_it_is_said() -> None:
    line = make_line(final_sale=True, delivered_at=NOW - timedelta(days=90))

    assert codes(judge(make_ask(condition=Condition.USED), line)) == [
        "window_closed", "final_sale", "condition_not_accepted",
    ]  # fmt: skip


def test_units_that_no_carrier_follows_count_from_when_they_were_sent() -> None:
    untracked = make_line(delivered=0, delivered_at=None, shipped_at=NOW - timedelta(days=35))

    ruling = judge(line=untracked, order=make_order(complete_at=None))
    later = judge(line=untracked, order=make_order(complete_at=None), now=NOW + timedelta(days=6))

    assert (ruling.verdict, codes(ruling)) == (Verdict.ALLOWED, ["delivery_assumed"])
    assert (later.verdict, codes(later)) == (Verdict.REFUSED, ["window_closed"])


@pytest.mark.parametrize(
    ("ask", "line", "verdict", "code"),
    [
        pytest.param({}, {}, "allowed", "", id="damaged"),
        pytest.param({}, {"delivered_at": NOW - timedelta(days=40)}, "refused", "claim_window_closed", id="too late"),
        pytest.param({"reason": ReturnReason.WRONG}, {"delivered_at": LATE}, "allowed", "", id="60 d"),
        pytest.param({"reason": ReturnReason.MISSING, "photos": ()}, {}, "allowed", "", id="missing"),
        pytest.param(
            {"reason": ReturnReason.NEVER_ARRIVED}, {}, "review", "carrier_says_delivered", id="delivered, they say"
        ),
        pytest.param(
            {"reason": ReturnReason.NEVER_ARRIVED},
            {"delivered": 0, "delivered_at": None, "on_its_way": True, "promised_by": NOW - timedelta(days=3)},
            "allowed", "", id="may be called lost",
        ),
        pytest.param(
            {"reason": ReturnReason.NEVER_ARRIVED},
            {"delivered": 0, "delivered_at": None, "on_its_way": True, "promised_by": NOW - timedelta(days=2)},
            "refused", "parcel_on_its_way", id="may still come",
        ),
        pytest.param(
            {"reason": ReturnReason.NEVER_ARRIVED},
            {"shipped": 0, "delivered": 0, "delivered_at": None, "shipped_at": None}, "refused", "not_sent_yet",
            id="not sent",
        ),
        pytest.param(
            {"reason": ReturnReason.NEVER_ARRIVED}, {"delivered": 1, "on_its_way": True}, "allowed", "", id="the other"
        ),
        pytest.param(
            {"reason": ReturnReason.NEVER_ARRIVED, "quantity": 2}, {"delivered": 1, "on_its_way": True}, "review",
            "carrier_says_delivered", id="one of both came",
        ),
        pytest.param({}, {"final_sale": True}, "allowed", "", id="a final sale may be faulty"),
    ],
)  # fmt: skip
def test_claims(ask: dict[str, object], line: dict[str, object], verdict: str, code: str) -> None:
    ruling = judge(make_ask(K.CLAIM, **ask), make_line(**line))

    assert (str(ruling.verdict), codes(ruling)) == (verdict, [code] if code else [])
    if code == "parcel_on_its_way":
        assert (ruling.next_step, ruling.next_at) == (NextStep.WAIT, NOW + timedelta(days=1))
    if code == "not_sent_yet":
        assert ruling.next_step is NextStep.WAIT


def test_nothing_goes_back_of_what_never_came() -> None:
    for reason in NOT_THERE:
        lost = make_line(delivered=0, delivered_at=None, on_its_way=reason is ReturnReason.NEVER_ARRIVED,
                         promised_by=NOW - timedelta(days=9))  # fmt: skip
        ruling = judge(make_ask(K.CLAIM, reason=reason), lost)
        assert (ruling.goods, ruling.when, ruling.fees) == (Goods.NOTHING, When.AT_ONCE, ())


@given(
    st.sampled_from(list(K)), st.sampled_from(list(ReturnReason)), st.sampled_from([None, *Condition]),
    st.sampled_from(list(Resolution)), st.sampled_from(["US", "DE", "GB", "JP"]), st.integers(-5, 900),
    st.integers(0, 3), st.integers(0, 3), st.booleans(), st.booleans(), st.integers(1, 4),
)  # fmt: skip
def test_every_ruling_explains_itself(
    kind: ReturnKind, reason: ReturnReason, condition: Condition | None, resolution: Resolution, country: str, age: int,
    shipped: int, in_return: int, tracked: bool, gift: bool, quantity: int,
) -> None:  # fmt: skip
    given_reason = reason if reason in REASONS[kind] else min(REASONS[kind], default=None)
    ask = make_ask(kind, reason=given_reason, condition=condition, resolution=resolution, quantity=quantity)
    delivered = NOW - timedelta(days=age) if shipped and tracked and age >= 0 else None
    line = make_line(sold=3, shipped=shipped, delivered=shipped if delivered else 0, delivered_at=delivered,
                     shipped_at=NOW - timedelta(days=age) if shipped else None, in_return=in_return,
                     on_its_way=tracked and age < 0)  # fmt: skip

    ruling = judge(ask, line, make_order(country, complete_at=delivered), gift=gift)

    refused = ruling.verdict is Verdict.REFUSED
    assert refused == (ruling.next_step is not None)
    assert not refused or (ruling.reasons and {reason.code for reason in ruling.reasons} <= REFUSALS)
    assert refused or (ruling.rule and resolution in ruling.resolutions)
    assert ruling.verdict is not Verdict.REVIEW or ruling.reasons
    assert all(reason.code in REASON_TEXT for reason in ruling.reasons)
    assert not refused or ruling.fee_minor == 0
    assert 0 <= ruling.fee_minor <= ruling.value_minor
    json.dumps(ruling.as_json())


def test_a_request_counts_what_it_grants() -> None:
    asks = [make_ask(), make_ask(reason=ReturnReason.COLOUR), make_ask(reason=ReturnReason.STYLE)]
    facts = {("ord_1", "l1"): make_line()}

    rulings = judge_request(asks, facts, {"ord_1": make_order()}, make_customer(), POLICY, NOW)

    assert [str(ruling.verdict) for ruling in rulings] == ["allowed", "allowed", "refused"]
    assert codes(rulings[2]) == ["already_in_return"]


@pytest.mark.parametrize(
    ("changes", "code", "where"),
    [({"order_id": "ord_9"}, "unknown_order", "order_id"), ({"line_id": "l9"}, "unknown_line", "line_id")],
)
def test_what_is_not_theirs_is_refused(changes: dict[str, object], code: str, where: str) -> None:
    with pytest.raises(ReturnError) as caught:
        judge_request(
            [make_ask(), make_ask(**changes)], {("ord_1", "l1"): make_line()}, {"ord_1": make_order()},
            make_customer(), POLICY, NOW,
        )  # fmt: skip

    assert (caught.value.code, caught.value.where) == (code, f"lines[2].{where}")
