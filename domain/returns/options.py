"""What could be asked of a line, before anybody asks: the policy that applies, for a page where lines are chosen."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from domain.returns.asks import ReturnAsk
from domain.returns.facts import CustomerFacts, LineFacts, OrderFacts
from domain.returns.judge import judge_line
from domain.returns.policy import ReturnPolicy
from domain.returns.rulings import LineRuling
from domain.returns.words import OF_CLAIMS, USUAL, ReturnKind, ReturnReason

_UNSAID = ReturnReason.OTHER


def options_of(
    line: LineFacts,
    order: OrderFacts,
    customer: CustomerFacts,
    policy: ReturnPolicy,
    now: datetime,
    *,
    gift: bool = False,
) -> tuple[LineRuling, ...]:
    """A ruling on one unit for each kind, of claims for each reason; until when, on what terms, or why not.

    Nothing is said yet of a reason, a state or photos, so a real ask may be refused for these or pay another fee.
    Where another resolution than the usual is all that is offered, the ruling is on that.
    """
    unasked = replace(policy, claims={reason: replace(terms, photos=False) for reason, terms in policy.claims.items()})
    found: list[LineRuling] = []
    for kind, reason in _asked():
        ask = ReturnAsk(kind, line.order_id, line.line_id, 1, reason, resolution=USUAL[kind])
        ruling = judge_line(ask, line, order, customer, unasked, now, gift=gift)
        if ruling.next_step is not None and ruling.resolutions and kind is not ReturnKind.EXCHANGE:
            other = replace(ask, resolution=ruling.resolutions[0])
            ruling = judge_line(other, line, order, customer, unasked, now, gift=gift)
        found.append(ruling)
    return tuple(found)


def _asked() -> Iterator[tuple[ReturnKind, ReturnReason | None]]:
    yield ReturnKind.RETURN, _UNSAID
    yield ReturnKind.EXCHANGE, _UNSAID
    yield ReturnKind.WITHDRAWAL, None
    for reason in ReturnReason:
        if reason in OF_CLAIMS:
            yield ReturnKind.CLAIM, reason
