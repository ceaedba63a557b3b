"""One rule for each kind of trouble: what it opens by, what it clears by, and what is neither.

Between opening and clearing lies a band in which a rule says nothing: what stands then stays, what does not stand does
not begin. So a figure that wavers about one limit raises no second alarm.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.anomalies.calendar import OperatingCalendar
from domain.anomalies.facts import AnomalyKind, Cause, Evidence, ParcelFacts, Scan
from domain.anomalies.policy import AnomalyPolicy
from domain.parcels import ParcelState

_S = ParcelState
# A carrier has had it in its hands.
PHYSICAL = frozenset(_S) - {_S.UNKNOWN, _S.LABEL_CREATED, _S.CANCELLED}
# It waits for somebody who is not the carrier: another rule's, or the customer's to fetch.
_NOT_MOVING = frozenset({_S.CUSTOMS, _S.AVAILABLE_FOR_PICKUP})
_ON_ITS_WAY = frozenset({_S.ACCEPTED, _S.IN_TRANSIT, _S.ARRIVED_LOCAL, _S.OUT_FOR_DELIVERY, _S.AVAILABLE_FOR_PICKUP})
_AT_THE_DOOR = frozenset({_S.OUT_FOR_DELIVERY, _S.AVAILABLE_FOR_PICKUP})
_CALLS = frozenset({_S.OUT_FOR_DELIVERY, _S.ATTEMPTED})
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Word:
    """`at`: when time alone may change it."""

    opens: Evidence | None = None
    clears: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class View:
    """A parcel as the rules look at it. `listened` is how far its silence is known to be its own."""

    facts: ParcelFacts
    now: datetime
    calendar: OperatingCalendar
    policy: AnomalyPolicy
    listened: datetime
    moved: Scan | None

    @staticmethod
    def of(facts: ParcelFacts, now: datetime, calendar: OperatingCalendar, policy: AnomalyPolicy) -> "View":
        listened = facts.handed_over_at if facts.heard_at is None else min(now, facts.heard_at)
        return View(facts, now, calendar, policy, listened, last_movement(facts.scans))


Rule = Callable[[View], Word]


def last_movement(scans: Sequence[Scan]) -> Scan | None:
    """The last scan that shows the parcel somewhere else or further on. Notes without a place, repeated ones and the
    carrier's excuses are none: some carriers write "on its way" by themselves every night."""
    return next(iter(reversed(list(_movements(scans)))), None)


def _movements(scans: Sequence[Scan]) -> Iterator[Scan]:
    state: ParcelState | None = None
    place = ""
    for scan in scans:
        if scan.state not in PHYSICAL:
            continue
        elsewhere = bool(scan.place) and scan.place != place
        further = scan.state is not state and scan.state is not _S.EXCEPTION
        if elsewhere or further:
            yield scan
            state = scan.state if further else state
            place = scan.place or place


def never_picked_up(view: View) -> Word:
    """Handed over, and the carrier has not scanned it. Time runs from the hand-over, or from the next working day when
    that was after the cut-off."""
    if view.moved is not None:
        return Word(clears="picked_up")
    start = view.calendar.counted_from(view.facts.handed_over_at, view.facts.zone)
    due = view.calendar.after(start, view.policy.picked_up_within, view.facts.zone)
    if view.listened >= due:
        return Word({"handed_over_at": view.facts.handed_over_at.isoformat(), **_days(view, start)})
    return Word(at=_later(due, view.now))


def stuck(view: View) -> Word:
    """Silent for longer than is usual where it is."""
    if view.moved is None:
        return Word()
    if view.facts.state in _NOT_MOVING:
        return Word(clears=str(view.facts.state))
    silence = view.policy.silence
    return _silent(view, view.moved, silence.days.get(view.facts.state, silence.other))


def lost_suspected(view: View) -> Word:
    """Silent for so long that it is rather lost than late."""
    if view.moved is None:
        return Word()
    if view.facts.state in _NOT_MOVING:
        return Word(clears=str(view.facts.state))
    return _silent(view, view.moved, view.policy.silence.lost)


def _silent(view: View, moved: Scan, days: float) -> Word:
    silence, zone = view.policy.silence, view.facts.zone
    days *= silence.abroad if view.facts.crosses_border else 1.0
    due = view.calendar.after(moved.occurred_at, days, zone)
    if view.listened >= due:
        last = {"last_scan_at": moved.occurred_at.isoformat(), "place": moved.place, "state": str(moved.state)}
        return Word({**last, **_days(view, moved.occurred_at)})
    calm = view.calendar.after(moved.occurred_at, days * silence.clears_share, zone)
    return Word(clears="moving" if view.listened <= calm else "", at=_later(due, view.now))


def late_predicted(view: View) -> Word:
    """It will probably miss its promise. Ends with the promise: then it is late, or it was not. On the promised day
    the carrier's round says more than any forecast."""
    promised_by = view.facts.promised_by
    if promised_by is None or view.now >= promised_by:
        return Word(clears="promise_over")
    if view.facts.state is _S.AVAILABLE_FOR_PICKUP:
        return Word(clears="at_pickup_point")
    word = _round(view, promised_by)
    if word.opens is None and not word.clears:
        word = replace(_foretold(view), at=word.at)
    opens = {**word.opens, "promised_by": promised_by.isoformat()} if word.opens is not None else None
    return Word(opens, word.clears, min(word.at or promised_by, promised_by))


def _round(view: View, promised_by: datetime) -> Word:
    """Of the promised day: who is on the round comes in time, who was not at home or is not on it does not."""
    zone = view.facts.zone
    day = (promised_by - _INSTANT).astimezone(zone).date()
    calls = [s for s in view.facts.scans if s.state in _CALLS and s.occurred_at.astimezone(zone).date() == day]
    if calls and calls[-1].state is _S.ATTEMPTED:
        return Word({"attempted_at": calls[-1].occurred_at.isoformat()})
    if calls:
        return Word(clears="out_for_delivery")
    if view.calendar.out_by is None:
        return Word()
    due = datetime.combine(day, view.calendar.out_by, zone)
    return Word({"not_out_by": due.isoformat()}) if view.listened >= due else Word(at=_later(due, view.now))


def _foretold(view: View) -> Word:
    chance, made, limits = view.facts.late_probability, view.facts.predicted_at, view.policy.foretold
    if chance is None or made is None or view.now - made > limits.fresh:
        return Word()
    if chance >= limits.opens:
        return Word({"probability": round(chance, 3), "predicted_at": made.isoformat()})
    return Word(clears="on_time_again" if chance < limits.clears else "")


def late(view: View) -> Word:
    """The promise is over, and the carrier has been heard since: what we have not asked about may lie at the door."""
    if view.facts.promised_by is None:
        return Word(clears="no_promise")
    if view.facts.state is _S.AVAILABLE_FOR_PICKUP:
        return Word(clears="at_pickup_point")
    due = view.facts.promised_by + view.policy.late_grace
    if view.listened >= due:
        return Word({"promised_by": view.facts.promised_by.isoformat()})
    return Word(clears="promised_anew" if view.now < view.facts.promised_by else "", at=_later(due, view.now))


def attempts(view: View) -> Word:
    """Tried at the door on several days, by the calendar there: two notes of one evening are one try."""
    if view.facts.state is _S.AVAILABLE_FOR_PICKUP:
        return Word(clears="at_pickup_point")
    tries = [scan.occurred_at for scan in view.facts.scans if scan.state is _S.ATTEMPTED]
    days = {moment.astimezone(view.facts.zone).date() for moment in tries}
    if len(days) >= view.policy.attempts:
        return Word({"attempts": len(days), "last_at": max(tries).isoformat()})
    return Word()


def address_problem(view: View) -> Word:
    """The carrier cannot find the door, and has not set out for it again since."""
    return _said(view, Cause.ADDRESS, over=_AT_THE_DOOR, clears="out_again")


def customs_hold(view: View) -> Word:
    """In customs for long, or waiting there for papers."""
    papers = _said(view, Cause.PAPERS, over=_ON_ITS_WAY, clears="cleared_customs")
    if papers.opens is not None:
        return papers
    entered = _customs_since(view.facts.scans)
    if entered is None:
        return Word(clears="cleared_customs" if view.moved is not None else "")
    due = view.calendar.after(entered.occurred_at, view.policy.customs, view.facts.zone)
    if view.listened >= due:
        since = {"in_customs_since": entered.occurred_at.isoformat(), "place": entered.place}
        return Word({**since, **_days(view, entered.occurred_at)})
    return Word(at=_later(due, view.now))


def _customs_since(scans: Sequence[Scan]) -> Scan | None:
    """The scan with which it came into the customs that it has not left; a note of trouble in between is no leaving."""
    entered: Scan | None = None
    for scan in scans:
        if scan.state is _S.CUSTOMS:
            entered = entered or scan
        elif scan.state in _ON_ITS_WAY:
            entered = None
    return entered


def damaged(view: View) -> Word:
    """The carrier says so."""
    if view.facts.state is _S.DAMAGED:
        return Word(_last(view.facts.scans, lambda scan: scan.state is _S.DAMAGED))
    return _said(view, Cause.DAMAGE, over=frozenset(), clears="")


def lost_declared(view: View) -> Word:
    """The carrier says so."""
    if view.facts.state is _S.LOST:
        return Word(_last(view.facts.scans, lambda scan: scan.state is _S.LOST))
    return Word(clears="found")


def _said(view: View, cause: Cause, *, over: frozenset[ParcelState], clears: str) -> Word:
    """A carrier's word stands until a later scan of a state that is its end."""
    said = False
    for scan in view.facts.scans:
        if scan.cause is cause:
            said = True
        elif scan.state in over:
            said = False
    return Word(_last(view.facts.scans, lambda scan: scan.cause is cause)) if said else Word(clears=clears)


def _last(scans: Sequence[Scan], wanted: Callable[[Scan], bool]) -> Evidence:
    for scan in reversed(scans):
        if wanted(scan):
            return {"said_at": scan.occurred_at.isoformat(), "place": scan.place}
    return {}


def _days(view: View, since: datetime) -> Evidence:
    return {"working_days": round(view.calendar.working_days(since, view.listened, view.facts.zone), 1)}


def _later(moment: datetime, now: datetime) -> datetime | None:
    """What is over already is waited for no more: the next news tells."""
    return moment if moment > now else None


RULES: Mapping[AnomalyKind, Rule] = {
    AnomalyKind.NEVER_PICKED_UP: never_picked_up,
    AnomalyKind.STUCK: stuck,
    AnomalyKind.LATE_PREDICTED: late_predicted,
    AnomalyKind.LATE: late,
    AnomalyKind.ATTEMPTS: attempts,
    AnomalyKind.ADDRESS_PROBLEM: address_problem,
    AnomalyKind.CUSTOMS_HOLD: customs_hold,
    AnomalyKind.DAMAGED: damaged,
    AnomalyKind.LOST_SUSPECTED: lost_suspected,
    AnomalyKind.LOST_DECLARED: lost_declared,
}
