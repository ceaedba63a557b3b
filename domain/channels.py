"""Ways to a person, and when each may be used: consent, quiet hours in the recipient's zone, frequency caps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import StrEnum

from domain.anomalies.facts import Cause
from domain.claims import Channel, ClaimKind, Purpose

# What whoever wants quiet is spared on each way. A text calls somebody, so all of them; of mails only courtesies: a
# late parcel, a refund and a question have to be said somewhere, and the law wants some of it said (FTC 16 CFR 435.2).
SPARED: Mapping[Channel, frozenset[Purpose]] = {
    Channel.EMAIL: frozenset({Purpose.NOTICE}),
    Channel.SMS: frozenset(Purpose),
    Channel.INBOX: frozenset(),
}


class Standing(StrEnum):
    """What we know of an address by what came back from it."""

    OPEN = "open"
    STOPPED = "stopped"  # STOP to a text, or unsubscribed
    FAILING = "failing"  # does not exist, or takes no messages


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours in which nobody is called: from `begins` on until before `ends`, over midnight when it is later."""

    begins: time
    ends: time

    def over_at(self, at: datetime, zone: tzinfo) -> datetime:
        """The first moment from `at` on that is not quiet in `zone`, in UTC."""
        local = at.astimezone(zone)
        clock, day = local.time(), local.date()
        if self.begins <= self.ends:
            quiet = self.begins <= clock < self.ends
        else:
            quiet = clock >= self.begins or clock < self.ends
            if clock >= self.begins:
                day += timedelta(days=1)
        if not quiet:
            return at
        end = datetime.combine(day, self.ends, tzinfo=zone)
        # an hour that comes twice, or never, when clocks change: the later reading
        return max(end.astimezone(UTC), end.replace(fold=1).astimezone(UTC))


@dataclass(frozen=True, slots=True)
class ChannelRules:
    """`most` messages within `per` to one address; without `quiet` there is no night."""

    needs_consent: bool
    quiet: Quiet | None
    most: int
    per: timedelta


@dataclass(frozen=True, slots=True)
class MessageRules:
    """A merchant's rules of messages. `preferred`: ways of a kind, the first that is open is taken. `off`: kinds that
    are not said at all, and so stand in the way of no other."""

    channels: Mapping[Channel, ChannelRules]
    preferred: Mapping[ClaimKind, tuple[Channel, ...]]
    window_shift: timedelta  # of a window's last day that is news
    attempted_again: timedelta  # an attempt sooner after the last that was told is the same one
    retraction_wait: timedelta  # until a claim that needs "found again" first is asked about again
    kept_in_time: frozenset[Cause]  # of a carrier's exceptions that nobody hears of before the promise is in danger
    text_segments: int  # the most that one text may cost
    off: frozenset[ClaimKind] = frozenset()

    def ways(self, kind: ClaimKind) -> tuple[Channel, ...]:
        return self.preferred.get(kind, (Channel.EMAIL,))


@dataclass(frozen=True, slots=True)
class Way:
    """A channel to one person. `consent`: None when nobody asked. `lately`: when messages went there."""

    channel: Channel
    has_address: bool
    standing: Standing = Standing.OPEN
    consent: bool | None = None
    lately: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """`at`: not before. Without a channel `reason` says why there is none."""

    channel: Channel | None
    at: datetime | None = None
    reason: str = ""


def choose(purpose: Purpose, ways: Sequence[Way], *, zone: tzinfo, now: datetime, rules: MessageRules) -> Choice:
    """The first way that is open now; else the one that opens first; else none, with the reason of the last resort."""
    waits: list[Choice] = []
    barred: list[str] = []
    for way in ways:
        known = rules.channels[way.channel]
        if reason := _barred(purpose, way, known):
            barred.append(reason)
            continue
        at, why = _opens(purpose, way, known, zone, now)
        if at <= now:
            return Choice(way.channel)
        waits.append(Choice(way.channel, at, why))
    if waits:
        return min(waits, key=lambda choice: choice.at or now)
    return Choice(None, reason=barred[-1] if barred else "no_address")


def _barred(purpose: Purpose, way: Way, rules: ChannelRules) -> str:
    """Why a way is closed for good; empty when it is not."""
    if not way.has_address:
        return "no_address"
    if way.standing is Standing.FAILING:
        return "address_failing"
    if purpose not in SPARED[way.channel]:
        return ""
    if way.standing is Standing.STOPPED:
        return "stopped"
    if way.consent is False or (rules.needs_consent and way.consent is None):
        return "no_consent"
    return ""


def _opens(purpose: Purpose, way: Way, rules: ChannelRules, zone: tzinfo, now: datetime) -> tuple[datetime, str]:
    """The first moment that neither cap nor night forbids, and which of them it was."""
    if purpose not in SPARED[way.channel]:
        return now, ""
    at, why = now, ""
    recent = sorted(moment for moment in way.lately if moment > now - rules.per)
    if len(recent) >= rules.most:
        at, why = (recent[-rules.most] + rules.per if rules.most else now + rules.per), "frequency_cap"
    if rules.quiet and (over := rules.quiet.over_at(at, zone)) > at:
        at, why = over, "quiet_hours"
    return at, why
