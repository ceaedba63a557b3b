"""Money around an edit: a payment page's money is booked in the shop once the edit is applied, or given back."""

from datetime import datetime

from sqlmodel import Session

from domain.payments import page_method
from ledger.editing.requests import RequestRow
from ledger.effects import EffectDraft
from ledger.orders import OrderRow
from ledger.refund_states import RETURN, return_key


def book_payment(order: OrderRow, request: RequestRow) -> EffectDraft:
    return EffectDraft(
        kind="shop.manual_payment",
        key=f"booking:{request['id']}",
        target=f"{order['source']}/{order['account']}",
        order_id=order["id"],
        subject_id=request["id"],
        request={
            "amount_minor": request["paid_minor"],
            "currency": order["currency"],
            "method": page_method(request["id"]),
        },
    )


def give_back(session: Session, order: OrderRow, request: RequestRow, now: datetime) -> list[EffectDraft]:
    """An edit that has ended without being applied: an open page is closed, money that was paid goes back."""
    if not request["payment_external_id"]:
        return []
    paid = bool(request["paid_minor"])
    asked = {"amount_minor": request["paid_minor"], "currency": order["currency"]} if paid else {}
    return [
        EffectDraft(
            kind=RETURN if paid else "payment.expire",
            key=return_key(request["id"]) if paid else f"payment_expire:{request['id']}",
            target=request["payment_target"],
            order_id=order["id"],
            subject_id=request["id"],
            request=asked,
        )
    ]
