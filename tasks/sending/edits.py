"""Effects of an edit: at the node that has the order, and in its shop. Each names contact versions, never a text."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from config import wiring
from connectors.errors import ConnectorError, VendorRejected
from connectors.outcomes import Outcome, Sent
from connectors.shops.editing import (
    AddedVariant,
    EditableShop,
    LineQuantity,
    LinesEdit,
    ManualPayment,
    ShippingChoice,
)
from connectors.warehouses.base import EditableWarehouse
from domain.nodes import NodeLine, NodeOrder, NodeState, request_digest
from domain.order import IncomingOrder
from ledger.came_back import Lacking, has_returns, lacking
from ledger.editing import effects as after
from ledger.effects import EffectRow, Handlers, Verdict
from ledger.orders import address_of, contacts
from ledger.shop_stock import external_order_ids
from tasks.effects import EffectKind, attempt
from tasks.runtime import each, read_ledger

T = TypeVar("T")
_TOLD_LATER = (NodeState.LABELLED, NodeState.SHIPPED, NodeState.DELIVERED)
NOTE = "Aftercart: changed at the customer's wish"

AT_NODE = Handlers(after.step_done, after.step_refused, after.guard_step, can_look_up=True)
IN_SHOP = Handlers(after.step_done, after.step_refused, after.guard_step, can_look_up=True)
BOOKED = Handlers(after.payment_booked, after.booking_refused, can_look_up=True)


async def _each(rows: Sequence[EffectRow], call: Callable[[EffectRow], Awaitable[Verdict]]) -> list[Verdict]:
    return await each(call, rows, at_once=wiring.current().settings.vendor_concurrency)


async def _looked_up(look: Awaitable[Verdict]) -> Verdict:
    try:
        return await look
    except ConnectorError as error:
        return Verdict("retry", code=error.code, detail=error.detail)


# at the node


def _node(row: EffectRow) -> EditableWarehouse:
    return wiring.current().editable_warehouses()[row["target"]]


async def _contact(contact_id: str) -> Mapping[str, Any]:
    return (await read_ledger(contacts, [contact_id]))[contact_id]


def _lines(row: EffectRow) -> tuple[NodeLine, ...]:
    return tuple(NodeLine(sku, units) for sku, units in sorted(row["request"]["lines"].items()))


async def send_addresses(rows: Sequence[EffectRow]) -> list[Verdict]:
    """Set the whole address at the node, as long as it has not labelled the parcel."""

    async def change(row: EffectRow) -> Outcome:
        contact = await _contact(row["request"]["contact"])
        order = await _node(row).change_address(row["request"]["node_order"], address_of(contact), contact["email"])
        return _still_open(row, order)

    return await _each(rows, lambda row: attempt(change(row), AT_NODE))


async def send_lines(rows: Sequence[EffectRow]) -> list[Verdict]:
    """Set all lines at the node."""

    async def change(row: EffectRow) -> Outcome:
        return _still_open(row, await _node(row).change_lines(row["request"]["node_order"], _lines(row)))

    return await _each(rows, lambda row: attempt(change(row), AT_NODE))


def _still_open(row: EffectRow, order: NodeOrder) -> Outcome:
    """The node has taken it; a parcel that was labelled meanwhile may be the old one."""
    if order.state in _TOLD_LATER:
        return VendorRejected(row["target"], row["kind"], reason="too_late")
    return Sent(data={"digest": order.request_digest})


async def find_at_node(rows: Sequence[EffectRow]) -> list[Verdict]:
    """Whether the node has address and lines as the effect asks for."""
    return await _each(rows, lambda row: _looked_up(_find_at_node(row)))


async def _find_at_node(row: EffectRow) -> Verdict:
    wanted = row["request"]
    order = await wiring.current().warehouses()[row["target"]].fetch_order(wanted["node_order"])
    if order is None or order.state is NodeState.CANCELLED:
        return Verdict("rejected", code="not_found")
    contact = await _contact(wanted["contact"])
    if order.request_digest == request_digest(address_of(contact), _lines(row)):
        return Verdict("done", data={"digest": order.request_digest})
    return Verdict("rejected", code="too_late") if order.state in _TOLD_LATER else Verdict("absent", code="looked_up")


# in the shop


def _shop(row: EffectRow) -> EditableShop:
    return wiring.current().editable_shops()[row["target"]]


async def _order_id(row: EffectRow) -> str:
    return (await read_ledger(external_order_ids, [row["order_id"]]))[row["order_id"]]


async def _stated(row: EffectRow) -> IncomingOrder | None:
    """The order as its shop states it now."""
    found = await wiring.current().shops()[row["target"]].fetch_orders([await _order_id(row)])
    return found[0] if found else None


def lines_edit(order: str, request: Mapping[str, Any]) -> LinesEdit:
    """The shop's words for the change of lines and shipping that a plan names."""
    shipping = request.get("shipping")
    return LinesEdit(
        order=order,
        before=tuple(request["before"]),
        quantities=tuple(LineQuantity(line, units) for line, units in sorted(request["quantities"].items())),
        added=tuple(AddedVariant(variant, units) for variant, units in sorted(request["added"].items())),
        shipping=ShippingChoice(**shipping) if shipping else None,
    )


async def _lines_edit(row: EffectRow) -> LinesEdit:
    """The change, or its way back: `without` are variants of lines that it added, whose ids only the shop knows."""
    edit = lines_edit(await _order_id(row), row["request"])
    without = row["request"].get("without")
    if not without:
        return edit
    stated = await _stated(row)
    new = {
        line.external_id: line.variant_external_id
        for line in (stated.lines if stated else ())
        if line.external_id not in edit.before
    }
    gone = tuple(LineQuantity(line, 0) for line, variant in sorted(new.items()) if variant in without)
    return replace(edit, before=(*edit.before, *new), quantities=(*edit.quantities, *gone))


async def came_back(target: str, order_id: str) -> Lacking:
    """What the shop's totals lack now because units came back: ours are those of the order as it was sold.

    Raises: ConnectorError.
    """
    if not await read_ledger(has_returns, order_id):
        return Lacking()
    external_id = (await read_ledger(external_order_ids, [order_id]))[order_id]
    found = await wiring.current().shops()[target].fetch_orders([external_id])
    return await read_ledger(lacking, order_id, found[0]) if found else Lacking()


async def send_edits(rows: Sequence[EffectRow]) -> list[Verdict]:
    """Commit lines and shipping in one go, if the shop's total is what the customer agreed to."""

    async def commit(row: EffectRow) -> Outcome:
        edit, gone = await _lines_edit(row), await came_back(row["target"], row["order_id"])
        expected = row["request"]["total_minor"] - gone.total_minor
        return await _shop(row).commit(edit, expected_total_minor=expected, note=NOTE)

    return await _each(rows, lambda row: attempt(commit(row), IN_SHOP))


async def find_edits(rows: Sequence[EffectRow]) -> list[Verdict]:
    return await _each(rows, lambda row: _looked_up(_find_edit(row)))


async def _find_edit(row: EffectRow) -> Verdict:
    there = await _shop(row).committed(await _lines_edit(row))
    if there is None:
        return Verdict("rejected", code="changed_by_others")
    return Verdict("done") if there else Verdict("absent", code="looked_up")


async def send_shop_addresses(rows: Sequence[EffectRow]) -> list[Verdict]:
    async def change(row: EffectRow) -> Outcome:
        return await _shop(row).set_address(await _order_id(row), address_of(await _contact(row["request"]["contact"])))

    return await _each(rows, lambda row: attempt(change(row), IN_SHOP))


async def find_shop_addresses(rows: Sequence[EffectRow]) -> list[Verdict]:
    async def find(row: EffectRow) -> Verdict:
        stated, contact = await _stated(row), await _contact(row["request"]["contact"])
        same = stated is not None and stated.shipping_address is not None and same_place(stated, contact)
        return Verdict("done") if same else Verdict("absent", code="looked_up")

    return await _each(rows, lambda row: _looked_up(find(row)))


def same_place(stated: IncomingOrder, contact: Mapping[str, Any]) -> bool:
    """Whether the shop states just this address. Spelling of case and spaces is the shop's."""
    return stated.shipping_address is not None and request_digest(stated.shipping_address, ()) == request_digest(
        address_of(contact), ()
    )


async def send_shop_contacts(rows: Sequence[EffectRow]) -> list[Verdict]:
    async def change(row: EffectRow) -> Outcome:
        contact = await _contact(row["request"]["contact"])
        return await _shop(row).set_contact(await _order_id(row), email=contact["email"], phone=contact["phone"])

    return await _each(rows, lambda row: attempt(change(row), IN_SHOP))


async def find_shop_contacts(rows: Sequence[EffectRow]) -> list[Verdict]:
    async def find(row: EffectRow) -> Verdict:
        stated, contact = await _stated(row), await _contact(row["request"]["contact"])
        same = stated is not None and same_contact(stated, contact)
        return Verdict("done") if same else Verdict("absent", code="looked_up")

    return await _each(rows, lambda row: _looked_up(find(row)))


def same_contact(stated: IncomingOrder, contact: Mapping[str, Any]) -> bool:
    """Empty values were left as they are."""
    email, phone = contact["email"], contact["phone"]
    return (not email or stated.email.casefold() == email.casefold()) and (not phone or stated.phone == phone)


async def send_payments(rows: Sequence[EffectRow]) -> list[Verdict]:
    """Book money that a payment page took."""

    async def book(row: EffectRow) -> Outcome:
        wanted = row["request"]
        payment = ManualPayment(
            order=await _order_id(row),
            amount_minor=wanted["amount_minor"],
            currency=wanted["currency"],
            method=wanted["method"],
            paid_at=wiring.current().now(),
        )
        return await _shop(row).record_payment(payment)

    return await _each(rows, lambda row: attempt(book(row), BOOKED))


async def find_payments(rows: Sequence[EffectRow]) -> list[Verdict]:
    async def find(row: EffectRow) -> Verdict:
        stated = await _stated(row)
        booked = [t for t in stated.transactions if t.gateway == row["request"]["method"]] if stated else []
        return Verdict("done", external_id=booked[0].external_id) if booked else Verdict("absent", code="looked_up")

    return await _each(rows, lambda row: _looked_up(find(row)))


KINDS = {
    "node.change_address": EffectKind(AT_NODE, send_addresses, find_at_node),
    "node.change_lines": EffectKind(AT_NODE, send_lines, find_at_node),
    "shop.edit": EffectKind(IN_SHOP, send_edits, find_edits),
    "shop.edit_address": EffectKind(IN_SHOP, send_shop_addresses, find_shop_addresses),
    "shop.edit_contact": EffectKind(IN_SHOP, send_shop_contacts, find_shop_contacts),
    "shop.manual_payment": EffectKind(BOOKED, send_payments, find_payments),
}
