"""Which addresses the carrier is still to be asked about, and its answers with the contact version they are about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.addresses import check_format
from domain.order import Address
from domain.states import OrderState
from ledger.orders import address_of, contact_row, contacts, lines_of
from ledger.rows import insert_missing, select_by, update_by
from ledger.tables import Order, OrderContact
from ledger.tables.base import table_of

_contact = table_of(OrderContact)
JUDGED = (OrderState.RECEIVED, OrderState.VALIDATING, OrderState.HELD)


@dataclass(frozen=True, slots=True)
class ToVerify:
    """An address that the carrier has not been asked about yet."""

    order_id: str
    contact_id: str
    address: Address


@dataclass(frozen=True, slots=True)
class AddressAnswer:
    """The carrier's verdict on one contact version."""

    contact_id: str
    verdict: str
    suggestion: Address | None = None


def addresses_to_verify(session: Session, order_ids: Sequence[str]) -> list[ToVerify]:
    """Addresses whose format is right and whose online verdict is missing."""
    orders = select_by(session, Order, "id", order_ids)
    lines = lines_of(session, order_ids)
    found = contacts(session, [order["contact_id"] for order in orders])
    wanted = []
    for order in orders:
        contact = found[order["contact_id"]]
        if contact["verdict"] or not ships(lines[order["id"]]) or order["state"] not in JUDGED:
            continue
        address = address_of(contact)
        if not address_problems(address):
            wanted.append(ToVerify(order["id"], contact["id"], address))
    return wanted


def record_answers(session: Session, answers: Sequence[AddressAnswer], now: datetime) -> None:
    """Keep verdicts with the contact version that they are about; a suggestion is a version of its own kind."""
    update_by(session, OrderContact, [{"id": answer.contact_id, "verdict": answer.verdict} for answer in answers])
    for answer in answers:
        if answer.suggestion is not None:
            row = select_by(session, OrderContact, "id", [answer.contact_id])[0]
            insert_missing(
                session,
                OrderContact,
                [
                    contact_row(
                        row["order_id"], "suggestion", row["version"], "carrier", answer.suggestion, row["email"], now
                    )
                ],
            )


def ships(lines: Sequence[Mapping[str, Any]]) -> bool:
    return any(line["requires_shipping"] and line["ordered"] > line["cancelled"] for line in lines)


def address_problems(address: Address) -> tuple[str, ...]:
    if address == Address() or not (address.line1 or address.city):
        return ("address:missing",)
    return tuple(f"{p.field}:{p.code}" for p in check_format(address).problems if not p.warning)
