"""What the payment page of an exchange comes to: made, paid, closed. As `ledger.editing.paid` has it of an edit."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlmodel import Session

from domain.messages import ClaimKind
from domain.policy import Policies
from domain.states_returns import ENDED_EXCHANGE, ExchangeState
from ledger.editing.paid import Paid, Pairs, found_paid, refused_case
from ledger.editing.paying import give_back
from ledger.editing.wording import titles_of
from ledger.effects import EffectDraft, EffectRow
from ledger.messages import Claim, say
from ledger.orders import OrderRow
from ledger.returning.exchange_rows import ExchangeRow, move_exchange, set_exchange
from ledger.returning.replacing import held, mine
from ledger.returning.requests import RequestRow, wake
from ledger.rows import select_by
from ledger.tables import Exchange

REFUSED = "payment_page_refused"


def exchanges_among(session: Session, subjects: Collection[str]) -> set[str]:
    """Which of these subjects of payment effects are exchanges; all others are edits."""
    return {row["id"] for row in select_by(session, Exchange, "id", subjects)}


def take_payment(session: Session, found_id: str, token: int, paid: Paid, policies: Policies, now: datetime) -> None:
    """The customer has paid: the promise is firm. For the holder of the request's lease. Raises: TakenOver."""
    _, _, row = mine(session, found_id, token)
    if row["state"] == ExchangeState.AWAITING_PAYMENT:
        row = _keep(session, row, paid, now)
        until = now + policies.returns.exchanges.hold_for
        move_exchange(session, row, ExchangeState.FIRM, "paid", now, reserved_until=until, payment_url="")


def record_payment(session: Session, found_id: str, paid: Paid, now: datetime) -> list[EffectDraft]:
    """Money that somebody else than the request's own step has come upon. One that waits for it is woken; money for one
    that was given up goes back, by the effects returned."""
    order, request, row = held(session, found_id)
    if row["paid_minor"]:
        return []
    row = _keep(session, row, paid, now)
    if row["state"] not in ENDED_EXCHANGE:
        wake(session, request["id"], now)
        return []
    return give_back(session, order, row, now)


def _keep(session: Session, row: ExchangeRow, paid: Paid, now: datetime) -> ExchangeRow:
    return set_exchange(
        session, row, paid_minor=paid.amount_minor, paid_at=paid.paid_at or now, payment_ref=paid.payment
    )


# around the effects


def guard_pages(session: Session, effects: Sequence[EffectRow], now: datetime) -> dict[str, str]:
    """Nobody pays for what was given up."""
    rows = select_by(session, Exchange, "id", [effect["subject_id"] for effect in effects])
    waiting = {row["id"] for row in rows if row["state"] == ExchangeState.AWAITING_PAYMENT}
    return {effect["id"]: "cancel:exchange_ended" for effect in effects if effect["subject_id"] not in waiting}


def page_made(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """`on_done` of payment.link: the customer hears of the page. One that came too late is closed again."""
    drafts: list[EffectDraft] = []
    for effect, verdict in pairs:
        order, request, row = held(session, effect["subject_id"])
        waits = row["state"] == ExchangeState.AWAITING_PAYMENT
        url = verdict.data["url"] if waits else ""
        row = set_exchange(
            session, row, payment_external_id=verdict.external_id, payment_target=effect["target"], payment_url=url
        )
        if waits:
            _tell(session, order, request, row, now)
            wake(session, request["id"], now)
        else:
            drafts += give_back(session, order, row, now)
    return drafts


def _tell(session: Session, order: OrderRow, request: RequestRow, row: ExchangeRow, now: datetime) -> None:
    titles = titles_of(session, order, [line["sku"] for line in row["lines"]])
    facts = {
        "order_name": order["name"] or order["id"],
        "rma": request["rma"],
        "lines": [
            {"title": titles.get(line["sku"], line["sku"]), "sku": line["sku"], "quantity": line["quantity"]}
            for line in row["lines"]
        ],
        "currency": row["currency"],
        "to_pay_minor": row["to_pay_minor"],
        "pay_by": row["reserved_until"].isoformat(),
    }
    say(session, [Claim(ClaimKind.RETURN_PAYMENT, row["id"], order, facts)], now)


def page_refused(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """`on_rejected` of payment.link: the request's own step gives it up, because nobody can pay."""
    for effect, verdict in pairs:
        _, request, row = held(session, effect["subject_id"])
        if row["state"] == ExchangeState.AWAITING_PAYMENT:
            set_exchange(session, row, reason=REFUSED)
            wake(session, request["id"], now)
            refused_case(session, effect, verdict, now)
    return []


def page_closed(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """`on_done` of payment.expire: closed, or found paid in the last moment."""
    return found_paid(session, pairs, record_payment, now)


def heard(session: Session, found_id: str, now: datetime) -> str:
    """Somebody tells of its page: woken, ended (whoever closes the page finds what was paid) or unknown."""
    rows = select_by(session, Exchange, "id", [found_id])
    if not rows:
        return "unknown"
    if rows[0]["state"] in ENDED_EXCHANGE:
        return "ended"
    wake(session, rows[0]["request_id"], now)
    return "woken"
