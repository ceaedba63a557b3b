"""What is done for a customer whose parcel is late or will not come: wait, an apology with credit, the same once more,
or the money. The cheapest by expected cost, within the policy's caps. Pure; amounts are minor units of the order's
currency, probabilities lie between 0 and 1.

Two things can still happen: the parcel comes, or it is lost. Whatever is not done now has to be done once it is lost,
and then it costs the customer's patience (`goodwill`) and a person's work too. A remedy that is given before the parcel
comes after all is had twice; `comes_back_percent` of it is not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from domain.decisions import Reason, in_words
from domain.money import AmountLimit, Money
from domain.parcels import ParcelState


class Remedy(StrEnum):
    WAIT = "wait"
    CREDIT = "credit"  # an apology with store credit, while the parcel is waited for
    REPLACEMENT = "replacement"
    REFUND = "refund"


OF_PARCEL = (Remedy.REPLACEMENT, Remedy.REFUND)  # in place of the parcel: never both
# It will not reach the customer, whatever happens.
GONE = frozenset({ParcelState.LOST, ParcelState.DAMAGED, ParcelState.RETURNING, ParcelState.RETURNED})


@dataclass(frozen=True, slots=True)
class LostShare:
    """Of parcels that were silent for so many working days, how many never came."""

    silent_days: float
    share: float


@dataclass(frozen=True, slots=True)
class OfferPolicy:
    """`lost`: rising in both columns, read with straight lines between. Percentages of goods are of what was paid for
    them."""

    lost: tuple[LostShare, ...]
    replacement_from: float  # probability of loss below which nothing is sent once more
    refund_from: float
    credit_from: float  # probability of being late below which nobody apologises
    goods_percent: int  # what goods cost the shop
    search_minor: AmountLimit  # a person's work on a loss that nobody has made good yet: an answer, a search
    send_minor: AmountLimit  # another parcel, where the first one's label has no price
    comes_back_percent: int
    goodwill_percent: int  # what a customer who was let down costs
    goodwill_at_most: AmountLimit
    goodwill_per_order_percent: int  # more for each earlier order
    goodwill_orders_at_most: int
    soothes_percent: int  # of goodwill that an apology with credit saves
    credit_percent: int
    credit_at_least: AmountLimit
    credit_at_most: AmountLimit
    value_above: AmountLimit  # a person decides
    remedies_at_most: int  # of one customer within `history`, without a person
    claims_at_most: int  # parcels that one customer said never came, within `history`
    history: timedelta
    lives: timedelta  # of an offer
    quiet_after: timedelta  # a parcel is not asked about again so soon after an offer about it has ended


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known of a parcel's future. `silent_days`: the carrier's working days since its last scan."""

    silent_days: float
    late: float = 0.0


@dataclass(frozen=True, slots=True)
class History:
    """One customer within the policy's time; `orders` ever, without this one."""

    orders: int = 0
    remedies: int = 0
    claims: int = 0


@dataclass(frozen=True, slots=True)
class Situation:
    """One parcel. `value_minor`: what was paid for what is in it, tax included; `room_minor`: captured - refunded -
    granted of the order; `send_minor`: what its label cost, 0 where nobody knows."""

    currency: str
    state: ParcelState
    value_minor: int
    room_minor: int
    send_minor: int
    outlook: Outlook
    in_stock: bool
    in_shop: bool  # there is one that can be told of orders, refunds and credit
    history: History = field(default_factory=History)
    risk_high: bool = False
    disputed: bool = False
    returned: bool = False  # units of it are in a return already


@dataclass(frozen=True, slots=True)
class Candidate:
    """One remedy with its expected cost and what the sum is made of. `amount_minor` is what the customer gets; of a
    replacement what it is worth. `refused`: a rule is against it."""

    kind: Remedy
    cost_minor: int
    amount_minor: int
    parts: Mapping[str, int]
    refused: Reason | None = None

    def as_json(self) -> dict[str, Any]:
        refused = self.refused.as_json() if self.refused else None
        return {
            "kind": str(self.kind), "cost_minor": self.cost_minor, "amount_minor": self.amount_minor,
            "parts": dict(self.parts), "refused": refused,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Choice:
    """`offered`: the best first; empty where waiting is best, which nobody has to be asked. `review`: why a person
    looks at it before the customer does."""

    lost: float
    candidates: tuple[Candidate, ...]
    offered: tuple[Candidate, ...]
    reasons: tuple[Reason, ...]
    review: tuple[Reason, ...] = ()

    @property
    def best(self) -> Remedy:
        return self.offered[0].kind if self.offered else Remedy.WAIT


def lost_probability(state: ParcelState, silent_days: float, policy: Sequence[LostShare]) -> float:
    """How sure it is that the parcel never comes."""
    if state in GONE:
        return 1.0
    if state is ParcelState.DELIVERED:
        return 0.0
    before = LostShare(0.0, 0.0)
    for step in policy:
        if silent_days < step.silent_days:
            way = (max(silent_days, 0.0) - before.silent_days) / (step.silent_days - before.silent_days)
            return before.share + way * (step.share - before.share)
        before = step
    return before.share


def choose(situation: Situation, policy: OfferPolicy) -> Choice:
    """The remedies that are offered for one parcel, with the whole reckoning."""
    lost = lost_probability(situation.state, situation.outlook.silent_days, policy.lost)
    candidates = _candidates(situation, lost, policy)
    allowed = sorted((each for each in candidates if each.refused is None), key=lambda each: each.cost_minor)
    best = allowed[0]  # waiting is always among them
    if situation.state in GONE:  # there is nothing to wait for, nor to apologise for alone
        allowed = [each for each in allowed if each.kind in OF_PARCEL]
        if not allowed:
            return Choice(lost, candidates, (), (Reason("nothing_to_offer"),), review=(Reason("nothing_to_offer"),))
        best = allowed[0]
    why = Reason("cheapest_remedy", {"kind": str(best.kind), "cost_minor": best.cost_minor, "lost": round(lost, 3)})
    if best.kind is Remedy.WAIT:
        return Choice(lost, candidates, (), (why,))
    offered = [best]
    if best.kind in OF_PARCEL:  # whoever may have the one may choose the other, or to wait
        offered += [each for each in allowed if each.kind in OF_PARCEL and each is not best]
        offered += [each for each in allowed if each.kind is Remedy.WAIT]
    return Choice(lost, candidates, tuple(offered), (why,), _review(situation, best, policy))


def _candidates(situation: Situation, lost: float, policy: OfferPolicy) -> tuple[Candidate, ...]:
    value, currency = situation.value_minor, situation.currency
    goods = value * policy.goods_percent // 100
    send = situation.send_minor or policy.send_minor.of(currency)
    upset = _goodwill(situation, policy)
    soothed = upset * (100 - policy.soothes_percent) // 100
    later = goods + send if situation.in_stock else value  # what a loss costs once it is sure
    search, late = policy.search_minor.of(currency), situation.outlook.late
    twice = (1 - lost) * policy.comes_back_percent / 100
    credit = min(_credit(value, policy, currency), max(situation.room_minor, 0))

    def waiting(goodwill: int) -> dict[str, int]:
        return {"if_lost": round(lost * (later + goodwill + search)), "if_late": round((1 - lost) * late * goodwill)}

    sums: list[tuple[Remedy, int, dict[str, int]]] = [
        (Remedy.WAIT, 0, waiting(upset)),
        (Remedy.CREDIT, credit, {"credit": credit, **waiting(soothed)}),
        (Remedy.REPLACEMENT, value, {"goods": goods, "sending": send, "comes_back": -round(twice * goods)}),
        (Remedy.REFUND, value, {"money": value, "comes_back": -round(twice * value)}),
    ]
    return tuple(
        Candidate(kind, sum(parts.values()), amount, parts, _refusal(kind, amount, situation, lost, policy))
        for kind, amount, parts in sums
    )


def _goodwill(situation: Situation, policy: OfferPolicy) -> int:
    orders = min(situation.history.orders, policy.goodwill_orders_at_most)
    share = policy.goodwill_percent * (100 + orders * policy.goodwill_per_order_percent)
    return min(situation.value_minor * share // 10_000, policy.goodwill_at_most.of(situation.currency))


def _credit(value: int, policy: OfferPolicy, currency: str) -> int:
    wanted = max(value * policy.credit_percent // 100, policy.credit_at_least.of(currency))
    return min(wanted, policy.credit_at_most.of(currency), value)


def _refusal(kind: Remedy, amount: int, situation: Situation, lost: float, policy: OfferPolicy) -> Reason | None:
    """The first rule that is against it."""
    if kind is Remedy.WAIT:
        return None
    if situation.returned:
        return Reason("already_in_return")
    if situation.disputed:
        return Reason("dispute_open")
    if not situation.in_shop:
        return Reason("no_shop")
    if kind is Remedy.CREDIT and situation.outlook.late < policy.credit_from:
        return Reason("not_late_enough", {"late": round(situation.outlook.late, 3)})
    if kind is Remedy.REPLACEMENT and lost < policy.replacement_from:
        return Reason("may_still_come", {"lost": round(lost, 3)})
    if kind is Remedy.REFUND and lost < policy.refund_from:
        return Reason("may_still_come", {"lost": round(lost, 3)})
    if kind is Remedy.REPLACEMENT and not situation.in_stock:
        return Reason("out_of_stock")
    if kind in (Remedy.CREDIT, Remedy.REFUND) and not 0 < amount <= situation.room_minor:
        return Reason("no_money_left", {"room_minor": situation.room_minor})
    if kind is Remedy.REPLACEMENT and situation.room_minor < amount:  # the money has gone back: no goods on top
        return Reason("no_money_left", {"room_minor": situation.room_minor})
    return None


def _review(situation: Situation, best: Candidate, policy: OfferPolicy) -> tuple[Reason, ...]:
    """Why a person looks first: the value, and the guard against those who live on it."""
    history, found = situation.history, []
    limit = policy.value_above.of(situation.currency)
    if best.amount_minor > limit:
        found.append(Reason("offer_value_high", {"amount_minor": best.amount_minor, "limit_minor": limit}))
    if history.remedies >= policy.remedies_at_most:
        found.append(Reason("many_remedies", {"remedies": history.remedies}))
    if history.claims >= policy.claims_at_most:
        found.append(Reason("many_claims", {"claims": history.claims}))
    if situation.risk_high:
        found.append(Reason("risk_high"))
    return tuple(found)


def explain(choice: Choice, currency: str) -> tuple[str, ...]:
    """The decision for people, a sentence a line."""
    lines = [f"The parcel is lost with a probability of {choice.lost:.0%}."]
    for each in sorted(choice.candidates, key=lambda found: found.cost_minor):
        cost = Money(each.cost_minor, currency).display()
        against = f", but {in_words(each.refused.code)}" if each.refused else ""
        lines.append(f"{_NAMES[each.kind]} is expected to cost {cost}{against}.")
    offered = [_NAMES[each.kind].lower() for each in choice.offered]
    lines.append(f"Offered: {', '.join(offered)}." if offered else "Nothing is offered: we wait.")
    lines += [f"A person looks first: {in_words(reason.code)}." for reason in choice.review]
    return tuple(lines)


_NAMES: Mapping[Remedy, str] = {
    Remedy.WAIT: "Waiting",
    Remedy.CREDIT: "An apology with credit",
    Remedy.REPLACEMENT: "Sending it once more",
    Remedy.REFUND: "Giving the money back",
}
