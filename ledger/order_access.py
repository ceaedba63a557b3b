"""Who may see an order: whoever reads the mailbox that it is written to.

A link or a session names the version of the contact since which the mailbox is the same. A new address leaves it good,
another mailbox ends it, and coming back to the old one does not revive it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.message_catalogue import ClaimKind
from ledger.messages import Claim
from ledger.orders import OrderRow, contacts
from ledger.prepared import Prepared, listed
from ledger.rows import group_by, select_by
from ledger.tables import Order, OrderContact
from ledger.tables.base import table_of

MOST_ORDERS = 5  # of one number and one mailbox in as many shops
_order = table_of(Order)
_NAMED = Prepared(sa.select(_order).where(listed(_order.c.name, "names")).order_by(_order.c.placed_at.desc()))
ContactRow = Mapping[str, Any]


def normal_name(text: str) -> str:
    """An order's number as somebody types it, so that the same one is always the same text."""
    return text.strip().removeprefix("#").strip().upper()


def normal_email(text: str) -> str:
    return text.strip().casefold()


def find_orders(session: Session, name: str, email: str) -> list[OrderRow]:
    """Orders of this number whose mailbox this is; the number with or without `#`. Newest first."""
    number, mailbox = normal_name(name), normal_email(email)
    if not number or not mailbox:
        return []
    typed = name.strip().removeprefix("#").strip()
    named = _NAMED.rows(session, names=sorted({number, f"#{number}", typed, f"#{typed}"}))
    people = contacts(session, [order["contact_id"] for order in named])
    fitting = [order for order in named if normal_email(_email(people.get(order["contact_id"]))) == mailbox]
    return fitting[:MOST_ORDERS]


def mailbox_versions(rows: Iterable[ContactRow]) -> dict[str, int]:
    """By contact id the version since which its mailbox is the same; `rows` are all contacts of one or many orders.

    Without an e-mail there is none: nobody could be sent a link.
    """
    found: dict[str, int] = {}
    for versions in group_by((row for row in rows if row["kind"] == "shipping"), "order_id").values():
        since, mailbox = 0, ""
        for row in sorted(versions, key=lambda row: int(row["version"])):
            if normal_email(row["email"]) != mailbox:
                since, mailbox = row["version"], normal_email(row["email"])
            if mailbox:
                found[row["id"]] = since
    return found


def opened_order(session: Session, order_id: str, version: str) -> tuple[OrderRow, ContactRow] | None:
    """The order and its current contact, when this version of its mailbox is still the current one."""
    orders = select_by(session, Order, "id", [order_id])
    if not orders:
        return None
    [order] = orders
    people = select_by(session, OrderContact, "order_id", [order_id])
    current = mailbox_versions(people).get(order["contact_id"])
    if current is None or str(current) != version:
        return None
    return order, next(row for row in people if row["id"] == order["contact_id"])


def link_claims(orders: Sequence[OrderRow], asked_at: str) -> list[Claim]:
    """Mails with the link to each order; `asked_at`: ISO 8601, the same look-up is said once."""
    return [
        Claim(ClaimKind.ORDER_LINK, order["id"], order, {"order_name": order["name"], "asked_at": asked_at})
        for order in orders
    ]


def _email(contact: ContactRow | None) -> str:
    return str(contact["email"]) if contact else ""
