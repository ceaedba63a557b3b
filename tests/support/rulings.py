"""Facts of returns: an order from the United States, delivered ten days ago, by a customer without a past."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from config.policies import load_policies
from domain.returns.asks import ReturnAsk
from domain.returns.facts import CustomerFacts, LineFacts, OrderFacts
from domain.returns.judge import judge_line
from domain.returns.rulings import LineRuling
from domain.returns.words import Condition, Resolution, ReturnKind, ReturnReason
from tests.support.shared import ROOT

POLICY = load_policies(ROOT / "config" / "policies").returns
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)  # a Friday
DELIVERED = NOW - timedelta(days=10)
USUAL = {
    ReturnKind.RETURN: (ReturnReason.TOO_SMALL, Resolution.REFUND),
    ReturnKind.EXCHANGE: (ReturnReason.TOO_SMALL, Resolution.EXCHANGE),
    ReturnKind.CLAIM: (ReturnReason.DAMAGED, Resolution.REPLACEMENT),
    ReturnKind.WITHDRAWAL: (None, Resolution.REFUND),
}


def make_ask(kind: ReturnKind = ReturnKind.RETURN, **changes: object) -> ReturnAsk:
    reason, resolution = USUAL[kind]
    withdrawn = kind is ReturnKind.WITHDRAWAL
    photos = ("doc_1",) if kind is ReturnKind.CLAIM else ()
    ask = ReturnAsk(
        kind, "ord_1", "l1", 1, reason, None if withdrawn else Condition.UNOPENED, resolution, photos=photos
    )
    return replace(ask, **changes)  # type: ignore[arg-type]


def make_line(**changes: object) -> LineFacts:
    line = LineFacts(
        "ord_1", "l1", "TENT", sold=2, shipped=2, delivered=2, paid_minor=20_000, shipped_at=DELIVERED,
        delivered_at=DELIVERED, promised_by=DELIVERED,
    )  # fmt: skip
    return replace(line, **changes)  # type: ignore[arg-type]


def make_order(country: str = "US", **changes: object) -> OrderFacts:
    order = OrderFacts(
        "ord_1", "USD", country, DELIVERED - timedelta(days=3), complete_at=DELIVERED, all_sent_at=DELIVERED
    )
    return replace(order, **changes)  # type: ignore[arg-type]


def make_customer(**changes: object) -> CustomerFacts:
    return replace(CustomerFacts("cus_1"), **changes)  # type: ignore[arg-type]


def judge(
    ask: ReturnAsk | None = None,
    line: LineFacts | None = None,
    order: OrderFacts | None = None,
    customer: CustomerFacts | None = None,
    *,
    now: datetime = NOW,
    gift: bool = False,
) -> LineRuling:
    return judge_line(
        ask or make_ask(), line or make_line(), order or make_order(), customer or make_customer(), POLICY, now,
        gift=gift,
    )  # fmt: skip


def codes(ruling: LineRuling) -> list[str]:
    return [reason.code for reason in ruling.reasons]
