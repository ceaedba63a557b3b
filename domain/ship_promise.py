"""An order that is shipped later than was promised: what the customer is told, what their silence means, when it ends.

The rule is the FTC's (16 CFR Part 435, Mail, Internet, or Telephone Order Merchandise Rule), whose words are followed
step by step:

- 435.2(a)(1): merchandise is shipped within the time stated when it was ordered, or within 30 days of receiving a
  properly completed order where none was stated.
- 435.2(b)(1): who cannot do that offers, not later than that time, the choice between waiting and cancelling with a
  prompt refund. (ii): with a definite revised date at most 30 days after that time, silence is consent. (iii): with a
  later date, or none, silence cancels 30 days after that time; consent has to be said.
- 435.2(b)(2): who cannot keep the revised date either asks again before it has passed; then silence cancels at it.
- 435.2(c): otherwise, and whenever the customer says so, the order is cancelled and the money given back promptly.
- 435.1(b)(1): promptly is within seven working days.

Times are instants; who says until when an answer counts says it to the minute. All functions are pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

SILENT_CONSENT_UP_TO = timedelta(days=30)  # 435.2(b)(1)(ii)
CONSENT_WITHIN = timedelta(days=30)  # 435.2(b)(1)(iii): of the time by which it should have been shipped
LOOK = timedelta(days=1)  # between looks at an order that may still be shipped in time: who is told early can answer
SATURDAY = 5


class NoticeKind(StrEnum):
    DEFINITE = "definite"  # a date at most 30 days late
    LONGER = "longer"  # a date beyond that
    INDEFINITE = "indefinite"  # nobody can say when
    RENEWED = "renewed"  # a date that was told before cannot be kept either


class Silence(StrEnum):
    CONSENTS = "consents"
    CANCELS = "cancels"


class Answer(StrEnum):
    NONE = ""
    CONSENTED = "consented"
    REFUSED = "refused"


class Act(StrEnum):
    DONE = "done"  # shipped, ended, or waiting by the customer's own word without a date
    WAIT = "wait"
    NOTIFY = "notify"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class ShipPolicy:
    """`lead`: before the time is up the notice goes out, or, where it may still be shipped in time, `last_call` before
    it. `renewed_lead`: before a revised date. `slip`: the least by which a revised date lies ahead."""

    countries: frozenset[str]
    unstated: timedelta
    lead: timedelta
    last_call: timedelta
    renewed_lead: timedelta
    slip: timedelta
    refund_working_days: int


@dataclass(frozen=True, slots=True)
class Notice:
    kind: NoticeKind
    revised_at: datetime | None
    silence: Silence
    answer_by: datetime
    answer: Answer = Answer.NONE


@dataclass(frozen=True, slots=True)
class ShipFacts:
    """`possible_at`: when it will be shipped as far as there is a reasonable basis to say (435.2(b)(1) asks for one),
    None where there is none. `notices`: what was told, oldest first."""

    ship_by: datetime
    over: bool  # everything that is wanted was shipped, or the order has ended
    possible_at: datetime | None
    notices: Sequence[Notice] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """What to do now, why, and when to look again."""

    act: Act
    code: str
    again_at: datetime | None = None
    notice: Notice | None = None


def next_step(facts: ShipFacts, now: datetime, policy: ShipPolicy) -> Step:
    """What an order's clock of shipping does at this moment."""
    if facts.over:
        return Step(Act.DONE, "shipped_or_ended")
    if not facts.notices:
        return _first(facts, now, policy)
    last = facts.notices[-1]
    if last.answer is Answer.REFUSED:
        return Step(Act.CANCEL, "customer_refused")
    if last.answer is Answer.NONE and last.silence is Silence.CANCELS:
        if now < last.answer_by:
            return Step(Act.WAIT, "awaiting_consent", again_at=last.answer_by)
        return Step(Act.CANCEL, "no_consent")
    if last.revised_at is None:  # 435.2(b)(1)(iii)(B): they may still cancel whenever they like
        return Step(Act.DONE, "consented_without_date")
    return _revised(facts, last.revised_at, now, policy)


def _first(facts: ShipFacts, now: datetime, policy: ShipPolicy) -> Step:
    if now >= facts.ship_by:  # 435.2(c)(5): no choice was offered in time
        return Step(Act.CANCEL, "not_told_in_time")
    if now < facts.ship_by - policy.lead:
        return Step(Act.WAIT, "not_yet", again_at=facts.ship_by - policy.lead)
    in_time = facts.possible_at is not None and facts.possible_at <= facts.ship_by
    if in_time and now < facts.ship_by - policy.last_call:
        return Step(Act.WAIT, "may_be_in_time", again_at=min(now + LOOK, facts.ship_by - policy.last_call))
    notice = first_notice(facts.ship_by, _ahead(facts.possible_at, facts.ship_by + policy.slip))
    return Step(Act.NOTIFY, "cannot_ship_in_time", again_at=_look_again(notice, policy), notice=notice)


def _revised(facts: ShipFacts, revised_at: datetime, now: datetime, policy: ShipPolicy) -> Step:
    if now >= revised_at:  # 435.2(b)(2): the new choice was to be offered before this
        return Step(Act.CANCEL, "not_told_in_time")
    if now < revised_at - policy.renewed_lead:
        return Step(Act.WAIT, "until_revised_date", again_at=revised_at - policy.renewed_lead)
    in_time = facts.possible_at is not None and facts.possible_at <= revised_at
    if in_time and now < revised_at - policy.last_call:
        return Step(Act.WAIT, "may_be_in_time", again_at=min(now + LOOK, revised_at - policy.last_call))
    further = _ahead(facts.possible_at, revised_at + policy.slip)
    notice = Notice(NoticeKind.RENEWED, further, Silence.CANCELS, revised_at)
    return Step(Act.NOTIFY, "cannot_keep_revised_date", again_at=_look_again(notice, policy), notice=notice)


def first_notice(ship_by: datetime, revised_at: datetime | None) -> Notice:
    """The first choice between waiting and cancelling, for an order that is to be shipped at `revised_at`."""
    if revised_at is None:
        return Notice(NoticeKind.INDEFINITE, None, Silence.CANCELS, ship_by + CONSENT_WITHIN)
    if revised_at - ship_by > SILENT_CONSENT_UP_TO:
        return Notice(NoticeKind.LONGER, revised_at, Silence.CANCELS, ship_by + CONSENT_WITHIN)
    return Notice(NoticeKind.DEFINITE, revised_at, Silence.CONSENTS, revised_at)


def _ahead(possible_at: datetime | None, least: datetime) -> datetime | None:
    """A revised date is one that can be kept: not the very moment at which the old one passes."""
    return None if possible_at is None else max(possible_at, least)


def _look_again(notice: Notice, policy: ShipPolicy) -> datetime:
    if notice.silence is Silence.CANCELS or notice.revised_at is None:
        return notice.answer_by
    return notice.revised_at - policy.renewed_lead


def refund_due(vested_at: datetime, working_days: int) -> datetime:
    """The end of so many working days after the right to a refund arose (435.1(b)(1)), counted in UTC. Legal holidays
    are counted as working days, which is the earlier and safer date."""
    due, left = vested_at, working_days
    while left:
        due += timedelta(days=1)
        left -= due.weekday() < SATURDAY
    return due
