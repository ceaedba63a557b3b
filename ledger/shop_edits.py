"""An order that was edited in its shop's own admin: what the shop states otherwise than the ledger.

The shop's word counts for lines, address, contact and shipping method. As long as no node has the order it is taken
over at once, and the order is planned anew in the same transaction. What a node has is another matter: see
`ledger.editing.from_shop`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.nodes import request_digest
from domain.order import Address, IncomingLine, IncomingOrder
from domain.policy import Policies
from domain.states import OrderState
from domain.validation import WantedHold
from ledger.address_checks import address_problems
from ledger.editing import replan
from ledger.effects import EffectDraft
from ledger.orders import OrderRow, add_contact, address_of, lock_orders, place_holds, release_holds
from ledger.rows import select_by
from ledger.shop_mirrors import wanted_holds
from ledger.tables import OrderContact
from ledger.taking import take_edit
from ledger.validating import risk_of

Rows = Sequence[Mapping[str, Any]]
JUDGED_AGAIN = (OrderState.RECEIVED, OrderState.VALIDATING, OrderState.HELD)
ROUTED = (OrderState.ROUTING, OrderState.IN_FULFILMENT)
_IN_SHOP = ("shop", "edit")  # origins of contacts that the shop has too


@dataclass(frozen=True, slots=True)
class ShopEdit:
    """What the shop states otherwise than the ledger. `address`: the whole new one; `contact`: e-mail or phone;
    `lines`: our line -> its units now; `added`: lines that we do not know."""

    address: Address | None = None
    contact: bool = False
    lines: Mapping[str, int] | None = None
    added: tuple[IncomingLine, ...] = ()
    shipping: bool = False

    @property
    def of_goods(self) -> bool:
        return bool(self.lines or self.added)

    def __bool__(self) -> bool:
        return self.address is not None or self.contact or self.of_goods or self.shipping


def difference(
    session: Session, order: OrderRow, said: IncomingOrder, contact: Mapping[str, Any], lines: Rows
) -> ShopEdit:
    """Compare a statement with what stands. `contact`: the order's current one."""
    stated = said.shipping_address or said.billing_address or Address()
    units = {line.external_id: line.quantity for line in said.lines}
    known = {row["external_id"] for row in lines}
    return ShopEdit(
        address=stated if _moved(session, order, stated, contact) else None,
        contact=_other_contact(said, stated, contact),
        lines={row["id"]: n for row in lines if (n := units.get(row["external_id"], 0)) != row["ordered"]},
        added=tuple(line for line in said.lines if line.external_id not in known and line.quantity),
        shipping=said.shipping_code != order["shipping_code"],
    )


def _moved(session: Session, order: OrderRow, stated: Address, contact: Mapping[str, Any]) -> bool:
    """Whether the shop has another address than it had. One that came from elsewhere (a customer's answer to our
    question) is not the shop's: its own last word is what counts then."""
    if contact["origin"] not in _IN_SHOP:
        versions = select_by(session, OrderContact, "order_id", [order["id"]], order_by="version")
        said_before = [row for row in versions if row["kind"] == "shipping" and row["origin"] == "shop"]
        if not said_before:
            return False
        contact = said_before[-1]
    if contact["origin"] == "shop":
        return replace(stated, phone="") != replace(address_of(contact), phone="")
    # what we have written there may have come back in the shop's spelling
    return request_digest(stated, ()) != request_digest(address_of(contact), ())


def _other_contact(said: IncomingOrder, stated: Address, contact: Mapping[str, Any]) -> bool:
    """E-mail or phone. A phone number stands with the address or with the order, in whatever spelling."""
    if said.email and said.email.casefold() != contact["email"].casefold():
        return True
    phones = {phone_digits(phone) for phone in (stated.phone, said.phone)}
    return contact["origin"] in _IN_SHOP and bool(phones - {""}) and phone_digits(contact["phone"]) not in phones


def phone_digits(phone: str) -> str:
    """To compare numbers in whatever spelling."""
    return "".join(sign for sign in phone if sign.isdigit())


def take_contact(session: Session, order: OrderRow, said: IncomingOrder, edit: ShopEdit, now: datetime) -> None:
    """The shop's address, e-mail and phone are the order's from now on. The address stays where it did not change."""
    [current] = select_by(session, OrderContact, "id", [order["contact_id"]])
    address = edit.address
    if address is None:
        stated = said.shipping_address or said.billing_address or Address()
        address = replace(address_of(current), phone=_new_phone(said, stated, current["phone"]))
    add_contact(session, order, "shipping", address, email=said.email or current["email"], origin="shop", now=now)


def _new_phone(said: IncomingOrder, stated: Address, present: str) -> str:
    new = [phone for phone in (stated.phone, said.phone) if phone and phone_digits(phone) != phone_digits(present)]
    unchanged = phone_digits(present) in {phone_digits(stated.phone), phone_digits(said.phone)}
    return present if unchanged or not new else new[0]


def take_over(
    session: Session,
    order: OrderRow,
    said: IncomingOrder,
    edit: ShopEdit,
    policies: Policies,
    now: datetime,
    *,
    request_id: str = "",
) -> list[EffectDraft]:
    """Make the ledger say what the shop says; no node has anything of what changes. What was promised to a request
    is used. The caller holds the order's lock. Returns the effects wanted."""
    if edit.address is not None or edit.contact:
        take_contact(session, order, said, edit, now)
    if edit.of_goods or edit.shipping:
        take_edit(session, order, said, now)
    changed = lock_orders(session, [order["id"]])[order["id"]]
    _doubt(session, order, changed, edit, policies, now)
    if order["state"] in ROUTED and (edit.address is not None or edit.of_goods or edit.shipping):
        replan.replan(session, changed, request_id or order["id"], policies, now)
    return wanted_holds(session, changed)


def _doubt(
    session: Session, before: OrderRow, after: OrderRow, edit: ShopEdit, policies: Policies, now: datetime
) -> None:
    """An order that was judged already is held for what its edit makes doubtful; one that was not is judged anyway."""
    if before["state"] in JUDGED_AGAIN:
        return
    wanted: list[WantedHold] = []
    rules = policies.validation

    def hold(name: str, reason: str) -> None:
        wanted.append(WantedHold(name, rules.hold_owner[name], reason, now + rules.hold_due[name]))

    risks = risk_of(session, before, after, policies, now)
    if risks:
        hold("fraud", risks[0].code)
    if edit.address is not None:
        release_holds(session, [after["id"]], ["address"], by="shop", cause="address_changed_in_shop", now=now)
        if address_problems(edit.address):
            hold("address", "address_format")
    place_holds(session, [(after["id"], one) for one in wanted], placed_by="capture", now=now)
