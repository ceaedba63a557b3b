"""The arbiter of messages: what may still be said about a parcel after all that was said, by which way, and when.

Each claim about a parcel takes a stance; `MAY_FOLLOW` says which one a reader may be told after which without finding
that we contradict ourselves. What was said is never unsaid in silence: after "lost" comes "found again" before
anything else that moves.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from enum import StrEnum

from domain.channels import MessageRules, Way, choose
from domain.claims import Channel, ClaimKind
from domain.message_catalogue import CATALOGUE
from domain.message_facts import parse_date
from domain.messages import Suppressed, may_send
from domain.order import Facts


class Stance(StrEnum):
    """What a reader believes of a parcel after a message about it."""

    UNDER_WAY = "under_way"
    DUE_TODAY = "due_today"
    DELIVERED = "delivered"
    DELAYED = "delayed"
    STUCK = "stuck"
    ATTEMPTED = "attempted"
    TROUBLE = "trouble"  # customs, a pick-up point, an address, damage
    RETURNING = "returning"
    LOST = "lost"
    RECOVERED = "recovered"  # what we feared is over


_S = Stance
_KINDS: Mapping[ClaimKind, Stance] = {
    ClaimKind.PARCEL_SHIPPED: _S.UNDER_WAY,
    ClaimKind.PARCEL_OUT_FOR_DELIVERY: _S.DUE_TODAY,
    ClaimKind.PARCEL_DELIVERED: _S.DELIVERED,
    ClaimKind.PARCEL_DELAYED: _S.DELAYED,
    ClaimKind.PARCEL_STUCK: _S.STUCK,
    ClaimKind.PARCEL_ATTEMPTED: _S.ATTEMPTED,
    ClaimKind.PARCEL_LOST: _S.LOST,
    ClaimKind.PARCEL_RECOVERED: _S.RECOVERED,
}
# The scans' own exceptions and what detection finds say the same things: whoever comes second has nothing to tell.
_EXCEPTIONS: Mapping[str, Stance] = {
    "delayed": _S.DELAYED,
    "attempted": _S.ATTEMPTED,
    "lost": _S.LOST,
    "returning": _S.RETURNING,
}
_MOVES = frozenset({_S.DUE_TODAY, _S.ATTEMPTED, _S.TROUBLE})
_CALM = frozenset({_S.UNDER_WAY, _S.DUE_TODAY, _S.DELIVERED})
_LATER = _MOVES | {_S.DELIVERED, _S.DELAYED, _S.STUCK, _S.RETURNING, _S.LOST, _S.RECOVERED}
MAY_FOLLOW: Mapping[Stance, frozenset[Stance]] = {
    _S.UNDER_WAY: _LATER - {_S.RECOVERED},
    _S.DUE_TODAY: _LATER - {_S.RECOVERED},
    _S.DELIVERED: frozenset(),
    _S.DELAYED: _LATER,
    _S.STUCK: _LATER,
    _S.ATTEMPTED: _LATER,
    _S.TROUBLE: _LATER,
    _S.RETURNING: frozenset({_S.RECOVERED, _S.DELIVERED, _S.LOST}),
    _S.LOST: frozenset({_S.RECOVERED, _S.DELIVERED, _S.RETURNING}),
    _S.RECOVERED: _LATER - {_S.RECOVERED},
}


@dataclass(frozen=True, slots=True)
class Spoken:
    """A message: `at` is when it was sent, of one that still waits when it was wanted."""

    id: str
    kind: ClaimKind
    facts: Facts
    at: datetime


@dataclass(frozen=True, slots=True)
class Ruling:
    """Say it by `channel` now, or not before `later`, or never for `reason`. `why` tells what is waited for.

    `supersedes`: messages that wait and are not to be said any more, because this one replaces them."""

    reason: str = ""
    later: datetime | None = None
    why: str = ""
    channel: Channel | None = None
    supersedes: tuple[str, ...] = ()

    @property
    def say(self) -> bool:
        return not self.reason and self.later is None


def stance_of(kind: ClaimKind, facts: Facts) -> Stance | None:
    """None for what takes no stance about a parcel (an order's confirmation, an offer)."""
    if kind is ClaimKind.PARCEL_EXCEPTION:
        return _EXCEPTIONS.get(facts["exception"], _S.TROUBLE)
    return _KINDS.get(kind)


def needs_order(one: Spoken, other: Spoken) -> bool:
    """Whether two claims about one parcel may only leave one after the other: the second is judged when it is known
    what became of the first. A parcel that simply goes its way needs no such care."""
    held = {stance_of(spoken.kind, spoken.facts) for spoken in (one, other)}
    return None not in held and not held <= _CALM


def contradicts(earlier: Spoken, later: Spoken) -> bool:
    """Whether a reader of two messages about one parcel, one after the other, finds that they do not fit together."""
    before, after = stance_of(earlier.kind, earlier.facts), stance_of(later.kind, later.facts)
    return before is not None and after is not None and after != before and after not in MAY_FOLLOW[before]


def is_news(claim: Spoken, *, said: Sequence[Spoken], zone: tzinfo, now: datetime, rules: MessageRules) -> bool:
    """Whether a claim is worth wanting after all that was said, or waits to be said, about the same subject."""
    return not _after_said(claim, said, zone, now, rules).reason


def arbitrate(
    claim: Spoken,
    *,
    said: Sequence[Spoken],
    waiting: Sequence[Spoken],
    still_true: bool,
    ways: Sequence[Way],
    zone: tzinfo,
    now: datetime,
    rules: MessageRules,
) -> Ruling:
    """Judge a claim at the moment of sending.

    `said`: what was sent about the same subject, `waiting`: what else is planned about it and still true, `ways`: of
    reaching this person, the preferred first, `zone`: the recipient's."""
    if claim.kind in rules.off:  # since it was wanted
        return Ruling(Suppressed.SWITCHED_OFF)
    if not still_true:
        return Ruling(Suppressed.NO_LONGER_TRUE)
    ruling = _after_said(claim, said, zone, now, rules)
    if ruling.reason:
        return ruling
    others = [other for other in waiting if other.id != claim.id and other.kind not in rules.off]
    if any(_replaces(other, claim) and _after_said(other, said, zone, now, rules).say for other in others):
        return Ruling(Suppressed.SUPERSEDED)
    replaced = tuple(other.id for other in others if _replaces(claim, other))
    if not ruling.say:
        return ruling
    choice = choose(CATALOGUE[claim.kind].purpose, ways, zone=zone, now=now, rules=rules)
    if choice.channel is None:
        return Ruling(choice.reason)
    if choice.at is not None:
        return Ruling(later=choice.at, why=choice.reason, channel=choice.channel)
    return Ruling(channel=choice.channel, supersedes=replaced)


def _after_said(claim: Spoken, said: Sequence[Spoken], zone: tzinfo, now: datetime, rules: MessageRules) -> Ruling:
    """Against what was said alone: nothing of ways."""
    verdict = may_send(kind=claim.kind, said=[one.kind for one in said], still_true=True, created_at=claim.at, now=now)
    if verdict.reason is not None:
        return Ruling(verdict.reason)
    if over := _over(claim, zone, now):
        return Ruling(over)
    if claim.kind is ClaimKind.PARCEL_OFFER:
        made = {one.facts["offer"] for one in said if one.kind is ClaimKind.PARCEL_OFFER}
        return Ruling(Suppressed.ALREADY_SAID) if claim.facts["offer"] in made else Ruling()
    return _by_stance(claim, said, zone, now, rules)


def _by_stance(claim: Spoken, said: Sequence[Spoken], zone: tzinfo, now: datetime, rules: MessageRules) -> Ruling:
    stance = stance_of(claim.kind, claim.facts)
    if stance is None:
        return Ruling()
    stances = [(one, held) for one in said if (held := stance_of(one.kind, one.facts)) is not None]
    if not stances:
        return Ruling(Suppressed.NOTHING_TO_TAKE_BACK) if stance is _S.RECOVERED else Ruling()
    last, before = max(stances, key=lambda pair: (pair[0].at, pair[0].id))
    if stance is _S.DELAYED and not _is_other_window(claim, said, zone, rules):
        return Ruling(Suppressed.ALREADY_SAID)
    if stance is before:
        news = _NEWS.get(stance)
        return Ruling() if news and news(claim, last, now, rules) else Ruling(Suppressed.ALREADY_SAID)
    if stance in MAY_FOLLOW[before]:
        return Ruling()
    if stance is _S.RECOVERED:
        return Ruling(Suppressed.NOTHING_TO_TAKE_BACK)
    if stance in _MOVES and _S.RECOVERED in MAY_FOLLOW[before]:
        # whoever found out that it moves wants "found again" said; asked again until this is stale
        return Ruling(later=now + rules.retraction_wait, why="retraction")
    return Ruling(Suppressed.CONTRADICTS)


def _over(claim: Spoken, zone: tzinfo, now: datetime) -> str:
    """A window whose last day is gone, an offer that has ended: nobody is promised the past. Empty when neither."""
    end = claim.facts.get("arrives_to")
    if end and _day(end, zone) < now.astimezone(zone).date():
        return Suppressed.WINDOW_PASSED
    if claim.kind is ClaimKind.PARCEL_OFFER:
        ends = parse_date(claim.facts["expires_at"])
        if (ends <= now) if isinstance(ends, datetime) else ends < now.astimezone(zone).date():
            return Suppressed.OFFER_OVER
    return ""


def _replaces(newer: Spoken, older: Spoken) -> bool:
    """Whether an unsent claim makes another unsent one pointless: the later word about what is wrong, or offered.

    That a parcel was sent is said nevertheless: it has what is in it. "Found again" makes way for a word about how it
    moves, and replaces none."""
    if (newer.at, newer.id) <= (older.at, older.id):
        return False
    if ClaimKind.PARCEL_OFFER in (newer.kind, older.kind):
        return newer.kind is older.kind
    stance, before = stance_of(newer.kind, newer.facts), stance_of(older.kind, older.facts)
    if stance is None or before is None or before is _S.UNDER_WAY:
        return False
    return stance is not _S.RECOVERED or before not in _MOVES


def _is_other_window(claim: Spoken, said: Sequence[Spoken], zone: tzinfo, rules: MessageRules) -> bool:
    """Whether the window that was told last was another one, by so much that it is news."""
    end = claim.facts.get("arrives_to")
    told = [one for one in said if one.facts.get("arrives_to")]
    if not end:  # a scan's "delayed" knows no window
        return not told and all(stance_of(one.kind, one.facts) is not _S.DELAYED for one in said)
    if not told:
        return True
    last = max(told, key=lambda one: (one.at, one.id))
    return abs(_day(end, zone) - _day(last.facts["arrives_to"], zone)) >= rules.window_shift


def _day(text: str, zone: tzinfo) -> date:
    found = parse_date(text)
    return found.astimezone(zone).date() if isinstance(found, datetime) else found


News = Callable[[Spoken, Spoken, datetime, MessageRules], bool]
_NEWS: Mapping[Stance, News] = {
    _S.DELAYED: lambda claim, last, now, rules: True,  # its window was compared already
    _S.ATTEMPTED: lambda claim, last, now, rules: now - last.at >= rules.attempted_again,
    _S.STUCK: lambda claim, last, now, rules: claim.facts["last_seen"] != last.facts.get("last_seen"),
    _S.TROUBLE: lambda claim, last, now, rules: claim.facts.get("exception") != last.facts.get("exception"),
}
