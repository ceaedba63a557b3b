"""What is offered for a parcel in trouble: the cheapest by expected cost, within the caps, explained in words."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.policies import load_policies
from domain.parcels import ParcelState
from domain.remedies import (
    GONE,
    OF_PARCEL,
    Choice,
    History,
    Outlook,
    Remedy,
    Situation,
    choose,
    explain,
    lost_probability,
)
from tests.support.shared import ROOT

POLICY = load_policies(ROOT / "config" / "policies").offers
SILENT = Outlook(silent_days=12.0, late=1.0)


def situation(**changes: object) -> Situation:
    usual = Situation(
        currency="USD",
        state=ParcelState.IN_TRANSIT,
        value_minor=8_000,
        room_minor=8_000,
        send_minor=700,
        outlook=Outlook(silent_days=0.5),
        in_stock=True,
        in_shop=True,
    )
    return replace(usual, **changes)


def kinds(choice: Choice) -> list[Remedy]:
    return [each.kind for each in choice.offered]


def refusals(choice: Choice) -> dict[Remedy, str]:
    return {each.kind: each.refused.code for each in choice.candidates if each.refused}


@pytest.mark.row("DLY-4")
def test_a_parcel_that_moves_is_waited_for_and_nobody_is_asked() -> None:
    choice = choose(situation(), POLICY)

    assert (Remedy.WAIT, []) == (choice.best, kinds(choice))
    assert ["cheapest_remedy"] == [reason.code for reason in choice.reasons]


@pytest.mark.row("DLY-4")
def test_what_was_silent_for_long_is_sent_once_more_and_the_customer_may_choose_the_money_or_wait() -> None:
    choice = choose(situation(outlook=SILENT), POLICY)

    assert [Remedy.REPLACEMENT, Remedy.REFUND, Remedy.WAIT] == kinds(choice)


@pytest.mark.row("DLY-4")
def test_a_lost_parcel_is_not_waited_for() -> None:
    choice = choose(situation(state=ParcelState.LOST), POLICY)

    assert [Remedy.REPLACEMENT, Remedy.REFUND] == kinds(choice)


def test_without_stock_the_money_is_offered() -> None:
    choice = choose(situation(state=ParcelState.LOST, in_stock=False), POLICY)

    assert [Remedy.REFUND] == kinds(choice)
    assert "out_of_stock" == refusals(choice)[Remedy.REPLACEMENT]


def test_a_late_parcel_of_somebody_who_buys_often_is_apologised_for() -> None:
    late = Outlook(silent_days=1.0, late=1.0)

    assert Remedy.CREDIT is choose(situation(outlook=late, value_minor=20_000, room_minor=20_000,
                                             history=History(orders=10)), POLICY).best  # fmt: skip
    assert Remedy.WAIT is choose(situation(outlook=replace(late, late=POLICY.credit_from - 0.01)), POLICY).best


@pytest.mark.row("DLY-4", bad_input=True)
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"disputed": True}, "dispute_open", id="the bank is asked for the money"),
        pytest.param({"returned": True}, "already_in_return", id="it is in a return"),
        pytest.param({"in_shop": False}, "no_shop", id="an order from a file"),
        pytest.param({"room_minor": 0}, "no_money_left", id="the money has gone back"),
    ],
)
def test_a_rule_that_forbids_everything_leaves_a_lost_parcel_to_a_person(changes: dict[str, object], code: str) -> None:
    choice = choose(situation(state=ParcelState.LOST, **changes), POLICY)

    assert [] == kinds(choice)
    assert {code} == set(refusals(choice).values()) - {"not_late_enough"}
    assert ["nothing_to_offer"] == [reason.code for reason in choice.review]


@pytest.mark.row("DLY-4", bad_input=True)
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"value_minor": 25_001, "room_minor": 25_001}, "offer_value_high", id="worth much"),
        pytest.param({"history": History(remedies=POLICY.remedies_at_most)}, "many_remedies", id="lives on it"),
        pytest.param({"history": History(claims=POLICY.claims_at_most)}, "many_claims", id="nothing ever arrives"),
        pytest.param({"risk_high": True}, "risk_high", id="a risky order"),
    ],
)
def test_a_person_looks_first(changes: dict[str, object], code: str) -> None:
    choice = choose(situation(state=ParcelState.LOST, **changes), POLICY)

    assert code in [reason.code for reason in choice.review]
    assert kinds(choice)


def test_the_value_limit_itself_needs_nobody() -> None:
    assert () == choose(situation(state=ParcelState.LOST, value_minor=25_000, room_minor=25_000), POLICY).review


def test_the_thresholds_are_inside() -> None:
    at = next(step.silent_days for step in POLICY.lost if step.share == 0.70)

    assert 0.70 == lost_probability(ParcelState.IN_TRANSIT, at, POLICY.lost)
    assert Remedy.REFUND not in refusals(choose(situation(outlook=Outlook(at)), POLICY))
    assert "may_still_come" == refusals(choose(situation(outlook=Outlook(at - 0.1)), POLICY))[Remedy.REFUND]


@given(st.floats(0, 60), st.floats(0, 60))
def test_longer_silence_is_never_a_better_sign(one: float, other: float) -> None:
    shorter, longer = sorted((one, other))

    def lost(days: float) -> float:
        return lost_probability(ParcelState.IN_TRANSIT, days, POLICY.lost)

    assert 0 <= lost(shorter) <= lost(longer) <= 1


@given(
    value=st.integers(0, 10**6),
    room=st.integers(-(10**4), 10**6),
    silent=st.floats(0, 40),
    late=st.floats(0, 1),
    state=st.sampled_from(sorted(ParcelState)),
    stock=st.booleans(),
)
def test_nobody_is_offered_more_than_the_order_holds(
    value: int, room: int, silent: float, late: float, state: ParcelState, stock: bool
) -> None:
    found = situation(value_minor=value, room_minor=room, outlook=Outlook(silent, late), state=state, in_stock=stock)

    choice = choose(found, POLICY)

    assert all(each.refused is None for each in choice.offered)
    assert all(each.amount_minor <= max(room, 0) for each in choice.offered if each.kind is not Remedy.WAIT)
    assert len({each.kind for each in choice.offered}) == len(choice.offered)
    if state in GONE:
        assert {each.kind for each in choice.offered} <= set(OF_PARCEL)


def test_the_reckoning_is_told_in_plain_words() -> None:
    choice = choose(situation(outlook=SILENT), POLICY)

    words = explain(choice, "USD")

    assert words[0].startswith("The parcel is lost with a probability of ")
    assert "Offered: sending it once more, giving the money back, waiting." == words[-1]
    assert any("An apology with credit is expected to cost $" in line for line in words)
