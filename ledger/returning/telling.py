"""What is said of a return to its customer: claims through the one door, with facts that name nobody."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.message_catalogue import RETURN_NEXT_STEPS, RETURN_REFUSALS
from domain.messages import ClaimKind
from domain.parcels import ParcelState
from domain.states_returns import ReturnLineState
from ledger.messages import Claim, say
from ledger.orders import OrderRow, lines_of
from ledger.returning.requests import RequestRow, return_lines, return_parcels
from ledger.returning.settling import EXCHANGED, granted_minor
from ledger.rows import select_by
from ledger.tables import Location

_KINDS = {
    "approved": ClaimKind.RETURN_APPROVED,
    "declined": ClaimKind.RETURN_DECLINED,
    "expired": ClaimKind.RETURN_DECLINED,
    "reminder": ClaimKind.RETURN_REMINDER,
    "received": ClaimKind.RETURN_RECEIVED,
    "refunded": ClaimKind.RETURN_REFUNDED,
    "kept": ClaimKind.RETURN_KEPT,
}
_NOT_SAID = (ReturnLineState.DECLINED, ReturnLineState.CANCELLED)


def tell(session: Session, orders: Mapping[str, OrderRow], request: RequestRow, what: str, now: datetime) -> None:
    """Say what has become of a request: approved, declined, expired, reminder, received, refunded or kept. What the
    shop's people ask and see there themselves is nothing to tell."""
    if request["plan"].get("gift") and not request["plan"].get("tell_buyer"):
        return  # the mailbox is the buyer's, and a recipient's wish is not theirs to know
    if what == "refunded" and only_exchanged(request):
        return  # the parcel with the goods says it
    kind, order = _KINDS[what], orders[request["order_id"]]
    facts: dict[str, Any] = {
        "order_name": order["name"] or order["id"],
        "rma": request["rma"],
        "lines": _lines(session, request, declined=what == "declined"),
    }
    if not facts["lines"]:
        del facts["lines"]
    if kind is ClaimKind.RETURN_DECLINED:
        facts |= _refusal(request)
    elif kind in (ClaimKind.RETURN_APPROVED, ClaimKind.RETURN_REMINDER):
        facts |= _sending(session, request)
        if what == "reminder":
            facts["reminded_at"] = now.isoformat()  # else the second is what was said before
    elif kind in (ClaimKind.RETURN_REFUNDED, ClaimKind.RETURN_KEPT):
        facts |= _money(order, request)
    say(session, [Claim(kind, request["id"], order, facts)], now)


def only_exchanged(request: RequestRow) -> bool:
    """Whether everything was settled with goods, and nothing is given back besides."""
    settled = set(request["plan"].get("settled", {}).values())
    return settled == {EXCHANGED} and not any(granted_minor(request).values())


def _lines(session: Session, request: RequestRow, *, declined: bool) -> list[dict[str, Any]]:
    lines = return_lines(session, request["id"])
    sold = {
        line["id"]: line for rows in lines_of(session, sorted({r["order_id"] for r in lines})).values() for line in rows
    }
    return [
        {"title": sold[line["order_line_id"]]["title"] or line["sku"], "sku": line["sku"], "quantity": line["asked"]}
        for line in lines
        if (line["state"] in _NOT_SAID) is declined
    ]


def lines_told(session: Session, request: RequestRow) -> list[dict[str, Any]]:
    """Lines that are still part of it, as a fact of a claim."""
    return _lines(session, request, declined=False)


def _refusal(request: RequestRow) -> dict[str, Any]:
    """The first reason that has a sentence, and what to do instead."""
    reasons = request["reasons"] or [{"code": "not_possible"}]
    first = reasons[0]
    code = str(first["code"])
    step = str(first.get("next_step", "ask_us"))
    return {
        "reason": code if code in RETURN_REFUSALS else "not_possible",
        "next_step": step if step in RETURN_NEXT_STEPS else "ask_us",
        **({"next_at": first["next_at"]} if first.get("next_at") else {}),
    }


def _sending(session: Session, request: RequestRow) -> dict[str, Any]:
    """How it comes back: the carrier of its label, the place, until when."""
    parcels = [p for p in return_parcels(session, request["id"]) if p["state"] != ParcelState.CANCELLED]
    places = select_by(session, Location, "id", [request["location_id"]])
    facts: dict[str, Any] = {"send_to": places[0]["name"] if places else "", "labelled": bool(parcels)}
    if parcels:
        facts |= {"carrier": parcels[-1]["carrier"], "tracking_number": parcels[-1]["tracking_number"]}
    if request["expires_at"]:
        facts["send_by"] = request["expires_at"].isoformat()
    return facts


def _money(order: OrderRow, request: RequestRow) -> dict[str, Any]:
    """What goes back, in the currency of the order that is told of; a recipient of a gift sees no amounts."""
    if request["plan"].get("gift"):
        return {}
    parts = request["plan"].get("money", {}).get(order["id"], [])
    back = sum(part["back"]["amount_minor"] + part["back"]["bonus_minor"] for part in parts)
    fee = sum(line["fee_minor"] for part in parts for line in part["lines"])
    return {"currency": order["currency"], "refund_minor": back, "fee_minor": fee}
