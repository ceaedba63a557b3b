"""What the law gives stands above the shop's rules, and a ruling says which of them it has set aside."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.returns.judge import judge_line
from domain.returns.rulings import Goods, NextStep, Verdict
from domain.returns.windows import add_months
from domain.returns.words import Condition, Resolution, ReturnKind, ReturnReason
from tests.support.rulings import DELIVERED, NOW, POLICY, codes, judge, make_ask, make_customer, make_line, make_order

K = ReturnKind
GERMAN = make_order("DE", currency="EUR")
EU = "law:withdrawal:eu"


def at(day: int, hour: int, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("country", "delivered", "ends"),
    [
        # 14 days after Tuesday 3 March is Tuesday 17 March; the day ends in Berlin at 23:00 UTC
        pytest.param("DE", at(3, 12), at(17, 23), id="fourteen days"),
        pytest.param("DE", at(3, 23), at(18, 23), id="delivered after midnight there"),
        # Saturday 21 March and Sunday 22 March wait for Monday
        pytest.param("DE", at(7, 12), at(23, 23), id="Saturday"),
        pytest.param("DE", at(8, 12), at(23, 23), id="Sunday"),
        pytest.param("GB", at(7, 12), at(22, 0), id="no working days in the United Kingdom"),
        # Sunday 29 March is the first day of summer time
        pytest.param("DE", at(17, 12), at(31, 22), id="summer time"),
        pytest.param("NO", at(3, 12), at(17, 23), id="the European Economic Area"),
    ],
)
def test_end_of_a_withdrawal(country: str, delivered: datetime, ends: datetime) -> None:
    order = make_order(country, complete_at=delivered)
    line = make_line(delivered_at=delivered)
    ask = make_ask(K.WITHDRAWAL)

    last = judge(ask, line, order, now=ends - timedelta(seconds=1))
    over = judge(ask, line, order, now=ends)

    assert (last.verdict, last.window_end) == (Verdict.ALLOWED, ends)
    assert (over.verdict, codes(over), over.next_step) == (Verdict.REFUSED, ["withdrawal_over"], NextStep.RETURN)


def test_a_withdrawal_states_the_laws_clocks_and_asks_nothing() -> None:
    ruling = judge(make_ask(K.WITHDRAWAL), order=GERMAN)

    assert (ruling.verdict, ruling.rule, ruling.overridden) == (Verdict.ALLOWED, EU, ())
    assert ruling.send_by == ruling.refund_by == NOW + timedelta(days=14)
    assert judge(order=GERMAN).refund_by == ruling.refund_by
    assert judge(make_ask(resolution=Resolution.STORE_CREDIT), order=GERMAN).refund_by is None


def test_a_withdrawal_is_declared_although_an_edit_is_being_made() -> None:
    ruling = judge(make_ask(K.WITHDRAWAL), order=replace(GERMAN, changing=True))

    assert (ruling.verdict, codes(ruling)) == (Verdict.REVIEW, ["edit_in_progress"])


def test_its_time_counts_from_the_last_parcel_of_the_order() -> None:
    line = make_line(delivered_at=NOW - timedelta(days=40))

    ruling = judge(make_ask(K.WITHDRAWAL), line, replace(GERMAN, complete_at=NOW - timedelta(days=1)))
    unfinished = judge(make_ask(K.WITHDRAWAL), line, replace(GERMAN, complete_at=None, on_its_way=True))

    assert (ruling.verdict, ruling.overridden) == (Verdict.ALLOWED, ("window_closed",))
    assert (unfinished.verdict, unfinished.window_end) == (Verdict.ALLOWED, None)


def test_what_was_not_sent_is_withdrawn_by_not_sending_it() -> None:
    unsent = make_line(shipped=0, delivered=0, shipped_at=None, delivered_at=None)
    order = replace(GERMAN, complete_at=None, all_sent_at=None)

    ruling = judge(make_ask(K.WITHDRAWAL, quantity=2), unsent, order)
    partly = judge(make_ask(K.WITHDRAWAL, quantity=2), replace(unsent, shipped=1), order)

    assert (ruling.verdict, ruling.goods, ruling.send_by, ruling.fees) == (Verdict.ALLOWED, Goods.UNSENT, None, ())
    assert (partly.verdict, codes(partly)) == (Verdict.REVIEW, ["partly_sent"])


def test_nobody_is_refused_because_a_delivery_is_unknown() -> None:
    order = replace(GERMAN, complete_at=None, all_sent_at=NOW - timedelta(days=60))
    line = make_line(delivered=0, delivered_at=None, shipped_at=NOW - timedelta(days=60))

    for kind in (K.WITHDRAWAL, K.RETURN):
        ruling = judge(make_ask(kind), line, order)
        assert (ruling.verdict, codes(ruling)) == (Verdict.REVIEW, ["delivery_unknown"])


@pytest.mark.parametrize(
    ("line", "overridden"),
    [
        pytest.param({"final_sale": True}, ("final_sale",), id="final sale"),
        pytest.param({"discount_percent": 70}, ("excluded",), id="clearance"),
        pytest.param({"tags": frozenset({"underwear"})}, (), id="hygiene, not opened"),
    ],
)
@pytest.mark.parametrize("kind", [K.WITHDRAWAL, K.RETURN])
def test_the_law_overrides_what_the_shop_excludes(
    line: dict[str, object], overridden: tuple[str, ...], kind: ReturnKind
) -> None:
    ruling = judge(make_ask(kind), make_line(**line), GERMAN)

    assert (ruling.verdict, ruling.overridden) == (Verdict.ALLOWED, overridden)
    assert ruling.rule == (EU if overridden or kind is K.WITHDRAWAL else "window:standard")
    assert judge(make_ask(K.RETURN), make_line(**line)).rule == "window:standard"


@pytest.mark.parametrize(
    ("tag", "condition", "exempt"),
    [("personalised", None, True), ("food", None, True), ("underwear", Condition.OPENED, True),
     ("underwear", None, False), ("software", Condition.UNOPENED, False)],
)  # fmt: skip
def test_what_the_law_exempts(tag: str, condition: Condition | None, exempt: bool) -> None:
    line = make_line(tags=frozenset({tag}))

    ruling = judge(make_ask(K.WITHDRAWAL, condition=condition), line, GERMAN)

    assert codes(ruling) == (["withdrawal_exempt"] if exempt else [])
    assert ruling.next_step is (NextStep.CLAIM_IF_FAULTY if exempt else None)


def test_used_goods_are_taken_back_and_inspected() -> None:
    ruling = judge(make_ask(condition=Condition.USED), order=GERMAN)

    assert (ruling.verdict, ruling.rule, ruling.overridden) == (Verdict.ALLOWED, EU, ("condition_not_accepted",))
    assert judge(make_ask(condition=Condition.USED), order=make_order("US")).verdict is Verdict.REFUSED


def test_the_law_owes_the_money_and_no_other_product() -> None:
    ruling = judge(make_ask(K.EXCHANGE, sku="TENT-3P"), make_line(final_sale=True), GERMAN)

    assert (codes(ruling), ruling.next_step) == (["resolution_not_offered"], NextStep.CHOOSE_ANOTHER)
    assert ruling.resolutions == (Resolution.REFUND, Resolution.STORE_CREDIT)


def test_a_business_has_no_consumers_rights() -> None:
    firm = make_customer(business=True)

    assert codes(judge(make_ask(K.WITHDRAWAL), order=GERMAN, customer=firm)) == ["withdrawal_not_here"]
    assert codes(judge(line=make_line(final_sale=True), order=GERMAN, customer=firm)) == ["final_sale"]
    old = make_line(delivered_at=NOW - timedelta(days=400))
    defect = make_ask(K.CLAIM, reason=ReturnReason.DEFECTIVE)
    assert codes(judge(defect, old, GERMAN, firm)) == ["claim_window_closed"]


@pytest.mark.parametrize(
    ("country", "age", "verdict", "code"),
    [
        pytest.param("DE", 300, "allowed", "", id="within the shop's own time"),
        pytest.param("DE", 500, "review", "proof_needed", id="second year"),
        pytest.param("DE", 740, "refused", "claim_window_closed", id="after two years"),
        pytest.param("ES", 740, "review", "proof_needed", id="three years in Spain"),
        pytest.param("US", 366, "refused", "claim_window_closed", id="no guarantee by law"),
    ],
)
def test_the_guarantee_outlives_the_shops_claims(country: str, age: int, verdict: str, code: str) -> None:
    ask = make_ask(K.CLAIM, reason=ReturnReason.DEFECTIVE)

    ruling = judge(ask, make_line(delivered_at=NOW - timedelta(days=age)), make_order(country))

    assert (str(ruling.verdict), codes(ruling)) == (verdict, [code] if code else [])
    by_law = verdict == "review"
    assert ruling.overridden == (("claim_window_closed",) if by_law else ())
    assert ruling.rule == ("law:guarantee:eu" if by_law else "claim:defective")


def test_damage_that_shows_within_a_year_needs_no_proof() -> None:
    old = make_line(delivered_at=NOW - timedelta(days=200))

    ruling = judge(make_ask(K.CLAIM), old, GERMAN)

    assert (ruling.verdict, ruling.rule, ruling.reasons) == (Verdict.ALLOWED, "law:guarantee:eu", ())


def test_a_photo_cannot_be_made_a_condition_of_a_right() -> None:
    ruling = judge(make_ask(K.CLAIM, photos=()), order=GERMAN)

    assert (ruling.verdict, codes(ruling)) == (Verdict.REVIEW, ["photo_missing"])


def test_what_never_came_is_the_sellers_risk_however_late_it_is_said() -> None:
    lost = make_line(delivered=0, delivered_at=None, on_its_way=True, promised_by=NOW - timedelta(days=200))
    ask = make_ask(K.CLAIM, reason=ReturnReason.NEVER_ARRIVED)

    ruling = judge(ask, lost, replace(GERMAN, complete_at=None))

    assert (ruling.verdict, codes(ruling), ruling.window_end) == (Verdict.REVIEW, ["claimed_late"], None)
    assert codes(judge(ask, lost, make_order("US", complete_at=None))) == ["claim_window_closed"]


def test_a_missing_unit_is_claimed_after_the_guarantee_too() -> None:
    old = make_line(delivered_at=NOW - timedelta(days=800))

    ruling = judge(make_ask(K.CLAIM, reason=ReturnReason.MISSING, photos=()), old, GERMAN)

    assert (ruling.verdict, codes(ruling), ruling.rule) == (Verdict.REVIEW, ["claimed_late"], "law:guarantee:eu")


def test_a_shorter_window_is_shown_as_long_as_the_law_makes_it() -> None:
    week = replace(POLICY, windows=(replace(POLICY.windows[-1], days=7),), seasons=())
    line, order = make_line(delivered_at=NOW), replace(GERMAN, complete_at=NOW)

    ruling = judge_line(make_ask(), line, order, make_customer(), week, NOW + timedelta(days=1))

    assert ruling.rule == "window:standard"
    # fourteen days from Friday 20 March are Friday 3 April; summer time ends the day at 22:00 UTC
    assert ruling.window_end == datetime(2026, 4, 3, 22, tzinfo=UTC)


def test_only_an_open_dispute_makes_a_withdrawal_wait() -> None:
    suspicious = make_customer(returns=99, claims=9, unreturned=4)
    dear = make_line(paid_minor=10**9)

    assert judge(make_ask(K.WITHDRAWAL), dear, GERMAN, suspicious).verdict is Verdict.ALLOWED
    ruling = judge(make_ask(K.WITHDRAWAL), dear, replace(GERMAN, disputed=True), suspicious)
    assert (ruling.verdict, codes(ruling)) == (Verdict.REVIEW, ["dispute_open"])


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 60))
def test_months_end_on_the_same_day_or_the_months_last(day: date, months: int) -> None:
    found = add_months(day, months)

    assert (found.year - day.year) * 12 + found.month - day.month == months
    assert found.day == day.day or (found.day < day.day and (found + timedelta(days=1)).day == 1)


@given(st.integers(0, 60), st.integers(0, 23), st.sampled_from(sorted(POLICY.withdrawals[0].countries)))
def test_no_shop_rule_shortens_fourteen_days(day: int, hour: int, country: str) -> None:
    delivered = DELIVERED + timedelta(days=day, hours=hour)
    strict = replace(POLICY, windows=(replace(POLICY.windows[-1], days=0),), seasons=())
    line, order = make_line(delivered_at=delivered), make_order(country, complete_at=delivered)

    for kind in (K.WITHDRAWAL, K.RETURN):
        ruling = judge_line(
            make_ask(kind), line, order, make_customer(), strict, delivered + timedelta(days=13, hours=23)
        )
        assert ruling.verdict is Verdict.ALLOWED
