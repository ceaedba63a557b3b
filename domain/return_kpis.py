"""Key figures of returns, beside those of edits (`domain.kpis`).

A return takes weeks, so each thing counts in the period in which it happened: requests when they came in, labels, money
and people's words when they were there, shares among the returns that came to an end.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.kpis import Better, Figures, Measures, Move, Unit, counted, percentile, share
from domain.states_returns import ReturnState

RETURN_MEASURES: Measures = {
    "requests": (Unit.COUNT, None),
    "open": (Unit.COUNT, None),
    "settled_share": (Unit.PERCENT, Better.HIGHER),
    "untouched_share": (Unit.PERCENT, Better.HIGHER),
    "refused_share": (Unit.PERCENT, Better.LOWER),
    "never_sent_share": (Unit.PERCENT, None),
    "error_share": (Unit.PERCENT, Better.LOWER),
    "touches": (Unit.PER_REQUEST, Better.LOWER),
    "label_p50": (Unit.SECONDS, Better.LOWER),
    "label_p95": (Unit.SECONDS, Better.LOWER),
    "refund_p50": (Unit.SECONDS, Better.LOWER),
    "refund_p95": (Unit.SECONDS, Better.LOWER),
    "payout_p50": (Unit.SECONDS, Better.LOWER),
    "payout_p95": (Unit.SECONDS, Better.LOWER),
    "person_wait_p50": (Unit.SECONDS, Better.LOWER),
    "person_wait_p95": (Unit.SECONDS, Better.LOWER),
}
_ENDS = (ReturnState.RESOLVED, ReturnState.DECLINED, ReturnState.EXPIRED, ReturnState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Asked:
    """A person was asked, and has answered unless `until` is None."""

    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Payout:
    """Money granted to one tender; `done_at` when the shop said that it has gone back."""

    granted_at: datetime
    done_at: datetime | None
    currency: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class ReturnFacts:
    """One request. `moves` in their order; all times are by one clock. `refusal`: why, where it was declined;
    `fees`: what the shop keeps, by currency; `errors`: what went wrong with it, as codes."""

    kinds: tuple[str, ...]
    reasons: tuple[str, ...]
    origin: str
    touches: int
    received_at: datetime
    moves: Sequence[Move] = ()
    refusal: str = ""
    asked: Sequence[Asked] = ()
    payouts: Sequence[Payout] = ()
    fees: Mapping[str, int] = field(default_factory=dict)
    errors: frozenset[str] = frozenset()


def end_of(one: ReturnFacts, until: datetime) -> Move | None:
    """What it had come to before `until`: the last of settled, refused, never sent, cancelled. What came late after all
    is open again."""
    found = None
    for move in one.moves:
        if move.at >= until:
            break
        if move.to in _ENDS:
            found = move
        elif move.to == ReturnState.RECEIVED:
            found = None
    return found


def return_figures(requests: Sequence[ReturnFacts], since: datetime, until: datetime) -> Figures:
    """All figures of [since, until); `requests` are at least those that were open at its beginning or came in later.

    Shares are of the returns that came to an end, without those that their customer cancelled. `untouched_share` counts
    what was settled with nobody deciding; what an agent asks for was touched. `label`: from the request to its label,
    without the waits for a person. `refund`: from the request to the last of its money; `payout`: from the decision
    about money to its being done. `error`: returns that had each, among those that came to an end.
    """
    known = [one for one in requests if one.received_at < until]
    came = [one for one in known if one.received_at >= since]
    ends = [(one, end) for one in known if (end := end_of(one, until)) is not None]
    ended = [(one, end.to) for one, end in ends if end.at >= since and end.to != ReturnState.CANCELLED]
    all_ended = [one for one, _ in ended]
    settled, refused, unsent = (
        [one for one, to in ended if to == wanted]
        for wanted in (ReturnState.RESOLVED, ReturnState.DECLINED, ReturnState.EXPIRED)
    )
    untouched = [one for one in settled if not one.touches and one.origin != "agent"]
    faulty = [one for one in all_ended if one.errors]
    done = [each for one in known for each in one.payouts if _within(each.done_at, since, until)]
    labels = [_label_time(one, move) for one in known for move in _labelled(one) if _within(move.at, since, until)]
    refunds = [time for one in known if (time := _refund_time(one, since, until)) is not None]
    payouts = [(each.done_at - each.granted_at).total_seconds() for each in done if each.done_at]
    waits = [
        (each.until - each.since).total_seconds()
        for one in known
        for each in one.asked
        if each.until is not None and _within(each.until, since, until)
    ]
    return Figures(
        values={
            "requests": len(came),
            "open": len(known) - len(ends),
            "settled_share": share(settled, all_ended),
            "untouched_share": share(untouched, all_ended),
            "refused_share": share(refused, all_ended),
            "never_sent_share": share(unsent, all_ended),
            "error_share": share(faulty, all_ended),
            "touches": sum(one.touches for one in all_ended) / len(all_ended) if all_ended else None,
            **_percentiles("label", labels),
            **_percentiles("refund", refunds),
            **_percentiles("payout", payouts),
            **_percentiles("person_wait", waits),
        },
        counts={
            "return_kind": counted(kind for one in came for kind in set(one.kinds)),
            "return_reason": counted(reason for one in came for reason in set(one.reasons)),
            "return_origin": counted(one.origin for one in came),
            "return_not_made": counted([one.refusal or "declined" for one in refused] + ["never_sent" for _ in unsent]),
            "return_error": counted(error for one in faulty for error in one.errors),
        },
        money=_money(done, settled),
    )


def _within(at: datetime | None, since: datetime, until: datetime) -> bool:
    return at is not None and since <= at < until


def _percentiles(name: str, seconds: Sequence[float]) -> dict[str, float | None]:
    return {f"{name}_p{percent}": percentile(seconds, percent) for percent in (50, 95)}


def _labelled(one: ReturnFacts) -> Iterable[Move]:
    return (move for move in one.moves if move.to == ReturnState.LABEL_ISSUED)


def _label_time(one: ReturnFacts, label: Move) -> float:
    waits = [min(each.until or label.at, label.at) - each.since for each in one.asked if each.since < label.at]
    return max(label.at - one.received_at - sum(waits, timedelta()), timedelta()).total_seconds()


def _refund_time(one: ReturnFacts, since: datetime, until: datetime) -> float | None:
    """Where the last of its money went back within the period."""
    ends = [each.done_at for each in one.payouts if each.granted_at < until]
    times = [end for end in ends if end is not None]
    if not times or len(times) < len(ends) or not _within(max(times), since, until):
        return None
    return (max(times) - one.received_at).total_seconds()


def _money(done: Iterable[Payout], settled: Iterable[ReturnFacts]) -> dict[str, dict[str, int]]:
    back, fees = Counter[str](), Counter[str]()
    for each in done:
        back[each.currency] += each.amount_minor
    for one in settled:
        fees.update(one.fees)
    return {"return_given_back": dict(sorted(back.items())), "return_fees": dict(sorted(fees.items()))}
