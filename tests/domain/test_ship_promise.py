"""The FTC's rule on late shipment, each of its branches at its boundary (16 CFR Part 435)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ship_promise import (
    CONSENT_WITHIN,
    Act,
    Answer,
    Notice,
    NoticeKind,
    ShipFacts,
    ShipPolicy,
    Silence,
    first_notice,
    next_step,
    refund_due,
)

SHIP_BY = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
POLICY = ShipPolicy(
    countries=frozenset({"US"}),
    unstated=timedelta(days=30),
    lead=timedelta(hours=24),
    last_call=timedelta(hours=2),
    renewed_lead=timedelta(days=5),
    slip=timedelta(days=2),
    refund_working_days=7,
)
MINUTE = timedelta(minutes=1)
pytestmark = pytest.mark.row("TRU-4")


def facts(*notices: Notice, possible: datetime | None = None, over: bool = False) -> ShipFacts:
    return ShipFacts(SHIP_BY, over, possible, notices)


def definite(days: float = 10) -> Notice:
    return first_notice(SHIP_BY, SHIP_BY + timedelta(days=days))


def after(days: float) -> datetime:
    return SHIP_BY + timedelta(days=days)


@pytest.mark.parametrize("now", [after(-20), after(0), after(99)])
def test_what_is_shipped_or_has_ended_needs_nothing(now: datetime) -> None:
    assert Act.DONE is next_step(facts(definite(), over=True), now, POLICY).act


def test_nobody_is_told_before_the_lead_and_everybody_at_it() -> None:
    before = next_step(facts(), SHIP_BY - POLICY.lead - MINUTE, POLICY)
    at = next_step(facts(), SHIP_BY - POLICY.lead, POLICY)

    assert (Act.WAIT, SHIP_BY - POLICY.lead) == (before.act, before.again_at)
    assert Act.NOTIFY is at.act
    assert at.notice is not None
    assert NoticeKind.INDEFINITE is at.notice.kind


def test_an_order_that_may_still_be_shipped_in_time_is_told_of_at_the_last_call() -> None:
    soon = facts(possible=SHIP_BY - MINUTE)
    early = next_step(soon, SHIP_BY - POLICY.lead, POLICY)
    last = next_step(soon, SHIP_BY - POLICY.last_call, POLICY)

    assert (Act.WAIT, SHIP_BY - POLICY.last_call) == (early.act, early.again_at)
    assert Act.NOTIFY is last.act
    assert last.notice is not None
    assert last.notice.revised_at == SHIP_BY + POLICY.slip


@pytest.mark.row("TRU-4", bad_input=True)
def test_an_order_whose_time_has_passed_without_a_word_is_cancelled() -> None:
    """435.2(c)(5)."""
    told = next_step(facts(possible=after(3)), SHIP_BY - MINUTE, POLICY)
    late = next_step(facts(possible=after(3)), SHIP_BY, POLICY)

    assert Act.NOTIFY is told.act
    assert (Act.CANCEL, "not_told_in_time") == (late.act, late.code)


@pytest.mark.parametrize(
    ("revised", "kind", "silence", "answer_by"),
    [
        (after(30), NoticeKind.DEFINITE, Silence.CONSENTS, after(30)),
        (after(30) + MINUTE, NoticeKind.LONGER, Silence.CANCELS, after(30)),
        (None, NoticeKind.INDEFINITE, Silence.CANCELS, after(30)),
    ],
)
def test_silence_consents_only_to_a_definite_date_at_most_thirty_days_late(
    revised: datetime | None, kind: NoticeKind, silence: Silence, answer_by: datetime
) -> None:
    """435.2(b)(1)(ii) and (iii)."""
    assert Notice(kind, revised, silence, answer_by) == first_notice(SHIP_BY, revised)


def test_silence_to_a_definite_date_keeps_the_order_until_that_date_is_near() -> None:
    told = facts(definite(10), possible=after(9))
    step = next_step(told, after(1), POLICY)

    assert (Act.WAIT, after(10) - POLICY.renewed_lead) == (step.act, step.again_at)


@pytest.mark.parametrize("possible", [after(40), None])
@pytest.mark.parametrize("notice", [first_notice(SHIP_BY, after(40)), first_notice(SHIP_BY, None)])
def test_silence_to_a_later_date_or_none_cancels_thirty_days_after_the_first(
    notice: Notice, possible: datetime | None
) -> None:
    told = facts(notice, possible=possible)
    before, at = (next_step(told, moment, POLICY) for moment in (after(30) - MINUTE, after(30)))

    assert (Act.WAIT, SHIP_BY + CONSENT_WITHIN) == (before.act, before.again_at)
    assert (Act.CANCEL, "no_consent") == (at.act, at.code)


def test_consent_to_an_unknown_date_lasts_until_the_customer_says_otherwise() -> None:
    """435.2(b)(1)(iii)(B)."""
    waiting = replace(first_notice(SHIP_BY, None), answer=Answer.CONSENTED)

    assert Act.DONE is next_step(facts(waiting), after(200), POLICY).act
    assert Act.CANCEL is next_step(facts(replace(waiting, answer=Answer.REFUSED)), after(1), POLICY).act


@pytest.mark.parametrize("notice", [definite(), first_notice(SHIP_BY, None), first_notice(SHIP_BY, after(50))])
def test_whoever_refuses_is_cancelled_at_once(notice: Notice) -> None:
    """435.2(c)(1)."""
    step = next_step(facts(replace(notice, answer=Answer.REFUSED), possible=after(1)), SHIP_BY, POLICY)

    assert (Act.CANCEL, "customer_refused") == (step.act, step.code)


@pytest.mark.parametrize("possible", [after(20), None])
def test_a_revised_date_that_cannot_be_kept_is_asked_about_anew_and_then_silence_cancels(
    possible: datetime | None,
) -> None:
    """435.2(b)(2)."""
    step = next_step(facts(definite(10), possible=possible), after(5), POLICY)
    assert Act.NOTIFY is step.act
    assert step.notice is not None
    assert (NoticeKind.RENEWED, possible, Silence.CANCELS, after(10)) == (
        step.notice.kind,
        step.notice.revised_at,
        step.notice.silence,
        step.notice.answer_by,
    )

    told = facts(definite(10), step.notice, possible=possible)
    assert (Act.WAIT, after(10)) == (next_step(told, after(6), POLICY).act, step.again_at)
    assert Act.CANCEL is next_step(told, after(10), POLICY).act

    consented = facts(definite(10), replace(step.notice, answer=Answer.CONSENTED), possible=possible)
    assert (Act.DONE if possible is None else Act.WAIT) is next_step(consented, after(10), POLICY).act


def test_a_revised_date_that_can_be_kept_is_looked_at_daily_until_its_last_call() -> None:
    told = facts(definite(10), possible=after(9))

    assert after(6) == next_step(told, after(5), POLICY).again_at
    assert after(10) - POLICY.last_call == next_step(told, after(9.5), POLICY).again_at
    assert Act.NOTIFY is next_step(told, after(10) - POLICY.last_call, POLICY).act


def test_a_revised_date_that_passed_without_a_word_cancels() -> None:
    assert Act.CANCEL is next_step(facts(definite(10), possible=after(11)), after(10), POLICY).act


@given(
    st.integers(-60 * 24 * 40, 60 * 24 * 90),
    st.none() | st.integers(-60 * 24 * 10, 60 * 24 * 90),
    st.lists(st.sampled_from(Answer), max_size=3),
)
def test_no_order_waits_past_its_time_without_a_notice_or_consent(
    minutes: int, possible: int | None, answers: list[Answer]
) -> None:
    """Played forward from any moment: an order that waits has been told in time, and each wait ends in the future."""
    can = None if possible is None else SHIP_BY + possible * MINUTE
    now = SHIP_BY + min(minutes * MINUTE, -POLICY.lead)
    notices: list[Notice] = []
    for answer in [*answers, *[Answer.NONE] * 40]:
        step = next_step(facts(*notices, possible=can), now, POLICY)
        if step.act in (Act.DONE, Act.CANCEL):
            assert notices or step.act is Act.CANCEL
            return
        if step.notice is not None:
            limit = SHIP_BY if not notices else notices[-1].revised_at
            assert limit is not None
            assert now < limit, "told in time"
            notices.append(replace(step.notice, answer=answer))
        assert step.again_at is not None
        assert step.act is Act.NOTIFY or step.again_at > now
        now = max(now, step.again_at)


@pytest.mark.parametrize(
    ("vested", "due"),
    [
        (datetime(2026, 3, 2, 9, tzinfo=UTC), datetime(2026, 3, 11, 9, tzinfo=UTC)),  # Monday: over one weekend
        (datetime(2026, 3, 6, 9, tzinfo=UTC), datetime(2026, 3, 17, 9, tzinfo=UTC)),  # Friday: over two
        (datetime(2026, 3, 7, 9, tzinfo=UTC), datetime(2026, 3, 17, 9, tzinfo=UTC)),  # Saturday counts from Monday
    ],
)
def test_money_goes_back_within_seven_working_days(vested: datetime, due: datetime) -> None:
    """435.1(b)(1)."""
    assert due == refund_due(vested, 7)
