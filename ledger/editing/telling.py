"""What is said of a request: a claim to the customer, and the ticket at the helpdesk.

A customer hears of a request when it waits (for a person, for a payment) and when it has ended. That it came in is said
by itself only when none of these was said within a minute. The shop's own edits and a customer's own withdrawal are
nothing to tell the customer. Whoever has read an order's mail is told, in the mailbox that it went to, when
an edit takes it elsewhere: it may have been somebody else's doing.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from domain.messages import ClaimKind
from ledger.editing.requests import RequestRow
from ledger.editing.tickets import want_ticket
from ledger.editing.wording import changes_of, refusal_facts
from ledger.messages import Claim, say
from ledger.order_access import normal_email
from ledger.orders import OrderRow, contacts

QUIET = timedelta(minutes=1)  # most requests have ended by then
_KINDS = {
    "received": ClaimKind.EDIT_RECEIVED,
    "review": ClaimKind.EDIT_WAITING,
    "parked": ClaimKind.EDIT_WAITING,
    "payment": ClaimKind.EDIT_PAYMENT,
    "applied": ClaimKind.EDIT_APPLIED,
    "refused": ClaimKind.EDIT_REFUSED,
    "expired": ClaimKind.EDIT_REFUSED,
    "undone": ClaimKind.EDIT_REFUSED,
    "paid_late": ClaimKind.EDIT_REFUSED,
}


def tell(
    session: Session,
    order: OrderRow,
    request: RequestRow,
    what: str,
    now: datetime,
    *,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Say what has become of a request: received, review, payment, applied, refused, expired, withdrawn, undone, parked
    or paid_late. `order` and `request` are as they stand now; `facts` are added to the claim's own."""
    kind = _KINDS.get(what)
    if kind is not None and request["origin"] != "shop":
        said = {**_facts(session, order, request, what, kind), **(facts or {})}
        due = now + QUIET if kind is ClaimKind.EDIT_RECEIVED else None
        say(session, [Claim(kind, request["id"], order, said, due)], now)
        if kind is ClaimKind.EDIT_APPLIED:
            _tell_old_mailbox(session, order, request, now)
    want_ticket(session, order, request, what, now)


def _tell_old_mailbox(session: Session, order: OrderRow, request: RequestRow, now: datetime) -> None:
    before, after = request["plan"].get("contact_before", ""), request["plan"].get("contact_after", "")
    people = contacts(session, [before, after])
    if before not in people or after not in people or not people[before]["email"]:
        return
    if normal_email(people[before]["email"]) == normal_email(people[after]["email"]):
        return
    facts = {"order_name": order["name"] or order["id"], "changes": changes_of(session, order, request)}
    earlier = {**order, "contact_id": before}
    say(session, [Claim(ClaimKind.MAILBOX_CHANGED, request["id"], earlier, facts)], now)


def _facts(session: Session, order: OrderRow, request: RequestRow, what: str, kind: ClaimKind) -> dict[str, Any]:
    facts: dict[str, Any] = {"order_name": order["name"] or order["id"], "changes": changes_of(session, order, request)}
    quote: Mapping[str, Any] = request["quote"]
    if kind is ClaimKind.EDIT_WAITING and what == "review" and request["expires_at"]:
        facts["answer_by"] = request["expires_at"].isoformat()
    elif kind is ClaimKind.EDIT_PAYMENT:
        facts |= {
            "currency": order["currency"],
            "to_pay_minor": quote["to_pay_minor"],
            "pay_by": request["expires_at"].isoformat(),
        }
    elif kind is ClaimKind.EDIT_APPLIED:
        facts["currency"] = order["currency"]
        if "cancel" not in [change["kind"] for change in facts["changes"]] and "new_total_minor" in quote:
            facts |= {
                "total_minor": quote["new_total_minor"],
                "paid_minor": request["paid_minor"],
                "refund_minor": quote["to_refund_minor"],
            }
    elif kind is ClaimKind.EDIT_REFUSED:
        facts |= {"currency": order["currency"], **refusal_facts(session, order, request)}
        if what == "paid_late":
            facts["reason"] = "paid_late"
    return facts
