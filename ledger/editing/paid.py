"""What a payment page comes to: made, paid, closed.

The customer's money is told of by the page itself, which the request's own step looks at; a webhook only wakes it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from domain.states import ENDED_EDIT, EditState
from ledger.cases import CaseDraft, open_cases
from ledger.editing.paying import give_back
from ledger.editing.requests import RequestRow, locked_free, move_request, set_values, wake
from ledger.editing.stages import order_and_request
from ledger.editing.telling import tell
from ledger.effects import EffectDraft, EffectRow, Verdict
from ledger.orders import OrderRow, lock_orders
from ledger.rows import select_by
from ledger.tables import EditRequest

Pairs = Sequence[tuple[EffectRow, Verdict]]
PAGE, CLOSE = "payment.link", "payment.expire"
REFUSED = "page_refused"  # in a request's plan: why there is no page


@dataclass(frozen=True, slots=True)
class Paid:
    """`payment`: the money's id at the vendor, to give it back."""

    payment: str
    amount_minor: int
    paid_at: datetime | None


Record = Callable[[Session, str, Paid, datetime], list[EffectDraft]]


def take_payment(session: Session, request_id: str, token: int, paid: Paid, now: datetime) -> None:
    """The customer has paid: on to the fence. For the holder of the request's lease. Raises: TakenOver."""
    _, request = order_and_request(session, request_id, token)
    request = _keep(session, request, paid, now)
    move_request(session, request, EditState.FENCING, "paid", now, expires_at=None)


def record_payment(session: Session, request_id: str, paid: Paid, now: datetime) -> list[EffectDraft]:
    """Money that somebody else than the request's own step has come upon. A request that waits for it is woken; money
    for one that has ended goes back, by the effects returned."""
    order, request = _locked(session, request_id)
    if request["paid_minor"]:
        return []
    request = _keep(session, request, paid, now)
    if request["state"] not in ENDED_EDIT:
        wake(session, request_id, now)
        return []
    tell(session, order, request, "paid_late", now)
    return give_back(session, order, request, now)


def _keep(session: Session, request: RequestRow, paid: Paid, now: datetime) -> RequestRow:
    values = {"paid_minor": paid.amount_minor, "paid_at": paid.paid_at or now, "payment_ref": paid.payment}
    return set_values(session, request, **values)


def _locked(session: Session, request_id: str) -> tuple[OrderRow, RequestRow]:
    """Both rows, in the order in which everybody locks them."""
    [seen] = select_by(session, EditRequest, "id", [request_id])
    return lock_orders(session, [seen["order_id"]])[seen["order_id"]], locked_free(session, request_id)


# around the effects


def guard_pages(session: Session, effects: Sequence[EffectRow], now: datetime) -> dict[str, str]:
    """Nobody pays for what has ended."""
    requests = select_by(session, EditRequest, "id", [effect["subject_id"] for effect in effects])
    waiting = {row["id"] for row in requests if row["state"] == EditState.AWAITING_PAYMENT}
    return {effect["id"]: "cancel:edit_ended" for effect in effects if effect["subject_id"] not in waiting}


def page_made(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """`on_done` of payment.link: the customer hears of the page. One that came too late is closed again."""
    drafts: list[EffectDraft] = []
    for effect, verdict in pairs:
        order, request = _locked(session, effect["subject_id"])
        waits = request["state"] == EditState.AWAITING_PAYMENT
        values = {"payment_external_id": verdict.external_id, "payment_target": effect["target"]}
        url = verdict.data["url"] if waits else ""
        request = set_values(session, request, payment_url=url, **values)
        if waits:
            tell(session, order, request, "payment", now)
            wake(session, request["id"], now)
        else:
            drafts += give_back(session, order, request, now)
    return drafts


def page_refused(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """`on_rejected` of payment.link: the request's own step ends it, because nobody can pay."""
    for effect, verdict in pairs:
        _, request = _locked(session, effect["subject_id"])
        if request["state"] != EditState.AWAITING_PAYMENT:
            continue
        set_values(session, request, plan={**request["plan"], REFUSED: verdict.code})
        wake(session, request["id"], now)
        refused_case(session, effect, verdict, now)
    return []


def refused_case(session: Session, effect: EffectRow, verdict: Verdict, now: datetime) -> None:
    """Finance hears that the vendor makes no page."""
    draft = CaseDraft(
        key=f"payment_page:{effect['subject_id']}",
        kind="payment_page_refused",
        order_id=effect["order_id"],
        subject_id=effect["subject_id"],
        owner="finance",
        facts={"code": verdict.code, "detail": verdict.detail, **_amount(effect)},
        choices=["ignore"],
    )
    open_cases(session, [draft], now)


def page_closed(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """`on_done` of payment.expire: closed, or found paid in the last moment."""
    return found_paid(session, pairs, record_payment, now)


def found_paid(session: Session, pairs: Pairs, record: Record, now: datetime) -> list[EffectDraft]:
    """The money of pages that were to be closed, recorded for whom each was made."""
    paid = [(effect["subject_id"], paid_of(verdict)) for effect, verdict in pairs]
    return [draft for subject, money in paid if money is not None for draft in record(session, subject, money, now)]


def paid_of(verdict: Verdict) -> Paid | None:
    """The money of a page that was to be closed, None when nobody had paid."""
    said = verdict.data
    if not said.get("payment"):
        return None
    at = datetime.fromisoformat(said["paid_at"]) if said["paid_at"] else None
    return Paid(said["payment"], said["amount_minor"], at)


def _amount(effect: EffectRow) -> dict[str, object]:
    return {name: effect["request"][name] for name in ("amount_minor", "currency")}
