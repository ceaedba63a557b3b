"""What can be returned of an order, line by line: until when, by which rule, what is offered, or why not."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from apps.portal.words import Clock, Local
from domain.policy import Policies
from domain.returns.gifts import Viewer, recipient_choices, shown_ruling
from domain.returns.money import exchange_quote
from domain.returns.policy import ReturnPolicy
from domain.returns.rulings import LineRuling, Verdict
from domain.returns.words import OF_CLAIMS, ReturnKind, ReturnReason
from ledger.editing.choices import Choice, Choices
from ledger.order_page import LineView
from ledger.returning.offering import LineOffer

_OF_RETURNS = tuple(reason for reason in ReturnReason if reason not in OF_CLAIMS)
_CLAIMS = tuple(reason for reason in ReturnReason if reason in OF_CLAIMS)
_GOODS = (ReturnKind.RETURN, ReturnKind.EXCHANGE)
_LAST = timedelta(seconds=1)  # a window is open before its end: its last day is the one before
_WINDOW = "window:"
NOTHING = Choices()


@dataclass(frozen=True, slots=True)
class Rule:
    """By what something is allowed: `code` is window, season, law or claim. `overridden`: what the law has set aside.
    `days` of a window, after the delivery."""

    code: str
    days: int = 0
    overridden: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not, and what helps; `at`: the day from which it is possible."""

    reasons: tuple[Mapping[str, Any], ...]
    step: str
    at: str = ""


@dataclass(frozen=True, slots=True)
class LineReturn:
    """One line of the order. `left`: units that could go back or be claimed. `rule` and `clock` of a return where it is
    possible, else its `refusal`; `reasons` of returns and `claims` that may be given, `wants` that are offered,
    `variants` of the same product to exchange it for, and `others` that were looked for."""

    line: LineView
    left: int
    rule: Rule | None
    clock: Clock | None
    refusal: Refusal | None
    reasons: tuple[str, ...]
    claims: tuple[str, ...]
    wants: tuple[str, ...]
    exchange: bool
    variants: tuple[Choice, ...] = ()
    others: tuple[Choice, ...] = ()

    def choice(self, sku: str) -> Choice | None:
        """What may be had for it."""
        return next((each for each in (*self.variants, *self.others) if each.sku == sku), None)

    @property
    def possible(self) -> bool:
        return bool(self.reasons or self.claims) and self.left > 0


def line_returns(
    views: Sequence[LineView],
    offers: Mapping[str, LineOffer],
    policies: Policies,
    local: Local,
    viewer: Viewer,
    shop: Choices = NOTHING,
    wanted: Collection[str] = (),
) -> list[LineReturn]:
    """`shop`: what there is to choose from; only what is on the shelf is offered. `wanted`: SKUs of it that were chosen
    already, wherever they were found."""
    return [
        _line_return(view, offers[view.id], policies.returns, local, viewer, shop, wanted)
        for view in views
        if view.id in offers
    ]


def _line_return(
    view: LineView,
    offer: LineOffer,
    policy: ReturnPolicy,
    local: Local,
    viewer: Viewer,
    shop: Choices,
    wanted: Collection[str],
) -> LineReturn:
    allowed = [ruling for ruling in offer.rulings if ruling.verdict is not Verdict.REFUSED]
    back = next(ruling for ruling in offer.rulings if ruling.ask.kind is ReturnKind.RETURN)
    returns = [ruling for ruling in allowed if ruling.ask.kind in _GOODS]
    claims = {ruling.ask.reason for ruling in allowed if ruling.ask.kind is ReturnKind.CLAIM}
    best = next(iter(returns), None)
    exchange = any(ruling.ask.kind is ReturnKind.EXCHANGE for ruling in returns)
    siblings = shop.siblings.get(view.sku, ()) if exchange else ()
    wants = {str(each) for ruling in allowed for each in ruling.resolutions if ruling.ask.kind in _wanting(allowed)}
    facts = offer.facts
    units = max(facts.arrived, facts.shipped if claims else 0)
    return LineReturn(
        line=view,
        left=max(units - facts.used_up, 0),
        rule=rule_of(best, policy, viewer) if best else None,
        clock=local.clock(best.window_end - _LAST) if best and best.window_end else None,
        refusal=None if best else refusal_of(back, local, viewer),
        reasons=tuple(str(reason) for reason in _OF_RETURNS) if best else (),
        claims=tuple(str(reason) for reason in _CLAIMS if reason in claims),
        wants=tuple(each for each in _WANTS if each in wants),
        exchange=exchange,
        variants=_offered(siblings, offer, policy, viewer),
        others=_others(view.sku, siblings, shop, wanted) if exchange and viewer is not Viewer.RECIPIENT else (),
    )


def _offered(variants: Sequence[Choice], offer: LineOffer, policy: ReturnPolicy, viewer: Viewer) -> tuple[Choice, ...]:
    """What is on the shelf; to a recipient only what costs nothing more."""
    free = tuple(choice for choice in variants if choice.free > 0)
    if viewer is not Viewer.RECIPIENT:
        return free
    worth = offer.facts.value_minor(1)
    quotes = [
        (each.sku, exchange_quote(worth, each.price_minor, same_product=True, policy=policy.money)) for each in free
    ]
    may = recipient_choices(quotes)
    return tuple(choice for choice in free if choice.sku in may)


def _others(sku: str, siblings: Sequence[Choice], shop: Choices, wanted: Collection[str]) -> tuple[Choice, ...]:
    """Another product may cost more or less, so a recipient, who sees no prices, is offered none."""
    near = {sku, *(choice.sku for choice in siblings)}
    chosen = [shop.by_sku[each] for each in wanted if each in shop.by_sku]
    found = {choice.sku: choice for choice in (*shop.found, *chosen)}
    return tuple(choice for choice in found.values() if choice.free > 0 and choice.sku not in near)


_WANTS = ("refund", "store_credit", "replacement", "repair")


def _wanting(allowed: Sequence[LineRuling]) -> set[ReturnKind]:
    return {ruling.ask.kind for ruling in allowed} - {ReturnKind.WITHDRAWAL}


def rule_of(ruling: LineRuling, policy: ReturnPolicy, viewer: Viewer) -> Rule:
    """The rule by which a ruling allows it, as a page says it to that viewer."""
    shown = shown_ruling(ruling, viewer)
    code = ruling.rule.partition(":")[0]
    name = ruling.rule.removeprefix(_WINDOW)
    days = next((rule.days for rule in policy.windows if rule.name == name), 0) if code == "window" else 0
    return Rule(code, days, tuple(each for each in shown.get("overridden", ()) if ":" not in each))


def refusal_of(ruling: LineRuling, local: Local, viewer: Viewer) -> Refusal:
    """Why a ruling refuses it, as far as that viewer may know."""
    shown = shown_ruling(ruling, viewer)
    at = local.short_day(ruling.next_at) if ruling.next_at else ""
    return Refusal(tuple(_dated(reason, local) for reason in shown["reasons"]), str(shown["next_step"] or ""), at)


def _dated(reason: Mapping[str, Any], local: Local) -> dict[str, Any]:
    """The last day of a time that is over, as it is written."""
    ended = reason.get("ended")
    return {**reason, "ended": local.day(datetime.fromisoformat(ended) - _LAST) if ended else ""}
