"""What came of one trial, pure: the world's truth held against what the product said and offered."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

DELIVERED, LOST, OUT, RECOVERED = "parcel_delivered", "parcel_lost", "parcel_out_for_delivery", "parcel_recovered"
# Messages that say that something is wrong. A carrier's attempt, pick-up point or customs say nothing of lateness.
WARNINGS = frozenset({"parcel_delayed", "parcel_stuck", LOST, "parcel_exception"})
NO_WARNINGS = frozenset({"attempted", "available_for_pickup", "customs"})
OF_PARCEL = frozenset({"replacement", "refund"})  # remedies in place of the parcel
UNSENT_FOR = timedelta(days=30)  # 16 CFR 435.2(b): without consent an order is cancelled by then
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Truth:
    """One order as it really was. `arrives_at` None: never. `gone_at`: from then on nobody ever saw it again;
    `lost_at`: when that could be known, because its carrier said so or was silent for long enough to search. `amends`:
    what a person of the shop gave by hand."""

    number: int
    placed_at: datetime
    promised_at: datetime
    handed_over_at: datetime | None
    arrives_at: datetime | None
    gone_at: datetime | None
    lost_at: datetime | None
    asked: tuple[datetime, ...]
    amends: tuple[datetime, ...]
    value: float

    @property
    def late(self) -> bool:
        return self.arrives_at is None or self.arrives_at > self.promised_at


@dataclass(frozen=True, slots=True)
class Said:
    """A message that was sent. `subject`: the parcel or order. `detail`: the code of an exception. `until`: the end of
    the window that it names. `digest`: of its facts."""

    number: int | None
    subject: str
    kind: str
    at: datetime
    digest: str
    channel: str
    detail: str = ""
    until: datetime | None = None

    @property
    def warns(self) -> bool:
        return self.kind in WARNINGS and self.detail not in NO_WARNINGS


@dataclass(frozen=True, slots=True)
class Offered:
    number: int
    kind: str
    at: datetime
    taken: bool


@dataclass(frozen=True, slots=True)
class Trial:
    """`costs` in dollars by what it is for; `overdue`: clocks that ran out and nobody acted on, by kind."""

    truths: Sequence[Truth]
    said: Sequence[Said]
    offered: Sequence[Offered]
    overdue: Mapping[str, int]
    costs: Mapping[str, float]
    ends: datetime


def measures(trial: Trial) -> dict[str, float | None]:
    """None where a trial had nothing to count: no late parcel, none that was lost."""
    orders = len(trial.truths)
    parcels = [truth for truth in trial.truths if truth.handed_over_at is not None]
    warned = _first_warnings(trial.said)
    late = [truth for truth in parcels if truth.late and truth.promised_at <= trial.ends]
    told = [truth for truth in late if truth.number in warned and warned[truth.number] < truth.promised_at]
    false = [truth for truth in parcels if not truth.late and truth.number in warned]
    return {
        "wismo_per_100_orders": _ratio(100 * sum(len(truth.asked) for truth in trial.truths), orders),
        "late_told_first_percent": _ratio(100 * len(told), len(late)),
        "false_alarms_per_100_parcels": _ratio(100 * len(false), len(parcels)),
        "lost_to_offer_days": _until_offer(trial, [(truth, truth.lost_at) for truth in trial.truths]),
        "gone_to_offer_days": _until_offer(trial, [(truth, truth.gone_at) for truth in trial.truths]),
        "cost_per_order": _ratio(_cost(trial), orders),
        "messages_per_order": _ratio(len(trial.said), orders),
        "contradictions": float(len(list(contradictions(trial.said)))),
        "duplicates": float(len(list(duplicates(trial.said)))),
        "legal_breaches": float(sum(trial.overdue.values()) + len(list(unsent_too_long(trial)))),
        "late_percent": _ratio(100 * len(late), len(parcels)),
        "gone_percent": _ratio(100 * sum(truth.gone_at is not None for truth in parcels), len(parcels)),
    }


def _ratio(part: float, whole: int) -> float | None:
    return part / whole if whole else None


def _first_warnings(said: Sequence[Said]) -> dict[int, datetime]:
    found: dict[int, datetime] = {}
    for message in said:
        if message.warns and message.number is not None:
            found[message.number] = min(found.get(message.number, message.at), message.at)
    return found


def _until_offer(trial: Trial, moments: Sequence[tuple[Truth, datetime | None]]) -> float | None:
    """Mean days from then until somebody offered the customer the goods or the money; 0 for what was offered before.
    Never offered counts until the end of the trial, so that silence does not look quick."""
    days = []
    for truth, since in moments:
        if since is None or since > trial.ends:
            continue
        offers = [offer.at for offer in trial.offered if offer.number == truth.number and offer.kind in OF_PARCEL]
        first = min([*offers, *truth.amends], default=trial.ends)
        days.append(max(first - since, timedelta(0)) / _DAY)
    return sum(days) / len(days) if days else None


def _cost(trial: Trial) -> float:
    """Of asking, telling and making good. Goods and money that were given by hand cost what they do by offer."""
    costs = trial.costs
    asked = sum(len(truth.asked) for truth in trial.truths) * costs["ticket"]
    values = {truth.number: truth.value for truth in trial.truths}
    by_hand = sum(truth.value * len(truth.amends) for truth in trial.truths) * costs["amends"]
    taken = [offer for offer in trial.offered if offer.taken]
    given = sum(values[offer.number] for offer in taken if offer.kind in OF_PARCEL) * costs["amends"]
    credit = sum(offer.kind == "credit" for offer in taken) * costs["credit"]
    return asked + by_hand + given + credit + len(trial.said) * costs["message"]


def contradictions(said: Sequence[Said]) -> Iterator[str]:
    """Messages that cannot be true beside what their reader was told before, in one sentence each."""
    for subject, messages in _by_subject(said):
        delivered = lost = False
        for message in messages:
            if delivered and message.kind != DELIVERED:
                yield f"{subject}: {message.kind} after it was delivered"
            if lost and message.kind == OUT:
                yield f"{subject}: {message.kind} after it was lost, and nobody said that it was found"
            if message.until is not None and message.until <= message.at:
                yield f"{subject}: {message.kind} names a window that is over"
            delivered = delivered or message.kind == DELIVERED
            lost = (lost or message.kind == LOST) and message.kind not in (RECOVERED, DELIVERED)


def duplicates(said: Sequence[Said]) -> Iterator[str]:
    """The same thing said twice about one subject by one way."""
    seen: set[tuple[str, str, str, str]] = set()
    for message in said:
        key = message.subject, message.kind, message.digest, message.channel
        if key in seen:
            yield f"{message.subject}: {message.kind} twice"
        seen.add(key)


def unsent_too_long(trial: Trial) -> Iterator[int]:
    """Orders that were never sent, and nobody gave the money back: counted apart from the product's own clocks, which
    might be wrong."""
    for truth in trial.truths:
        due = truth.placed_at + UNSENT_FOR
        if truth.handed_over_at is None and not truth.amends and due <= trial.ends:
            refunded = any(o.number == truth.number and o.kind == "refund" and o.taken for o in trial.offered)
            if not refunded:
                yield truth.number


def _by_subject(said: Sequence[Said]) -> Iterator[tuple[str, list[Said]]]:
    # Milestones of one moment were said in the order in which the product says them.
    ordered = sorted(said, key=lambda message: (message.subject, message.at))
    for subject, messages in groupby(ordered, key=lambda message: message.subject):
        yield subject, list(messages)
