"""Edits a Shopify order: begins a session, stages all changes in one call, and commits what the customer agreed to.

Documents consulted: the vendor's schema file of 2026-10 and its public changelog. A session that was never committed
has changed nothing, so a lost answer before the commit is no unknown outcome. When such a session ends the schema does
not say (`OrderEditSession` has nothing but its id): each calculation and each commit begins its own, and none is kept.
Quantities of a session are of the whole line, units that have shipped included. A calculated line has the number of its
line, an added one has none.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from connectors.errors import ConnectorError, OutcomeUnknown, Retryable, VendorRejected
from connectors.outcomes import Outcome, Sent
from connectors.shops import shopify_edit_documents as documents
from connectors.shops import shopify_fulfilments, shopify_orders
from connectors.shops.editing import CalculatedOrder, LinesEdit
from connectors.shops.shopify_budget import VENDOR
from connectors.shops.shopify_client import Node, ShopifyClient, inner_nodes
from connectors.shops.shopify_documents import CHUNK, Mutation
from connectors.shops.shopify_edit_parse import edit_done, line_number, paid_in, parse_calculated, present_shipping
from connectors.shops.shopify_fields import Fields
from domain.money import to_decimal_text
from domain.order import OrderError

Step = tuple[Mutation, Node]
T = TypeVar("T")

_STAGE = "orderEditStage"


@dataclass(frozen=True, slots=True)
class _Staged:
    session: str
    order: CalculatedOrder


async def calculate(client: ShopifyClient, edit: LinesEdit) -> CalculatedOrder:
    """What the order would come to; the session is left alone: the API has nothing to end it with."""
    return (await _stage(client, edit)).order


async def commit(client: ShopifyClient, edit: LinesEdit, expected_total_minor: int, note: str) -> Outcome:
    """Stage, compare the total, commit. Sent.external_id is the session's id."""
    try:
        staged = await _stage(client, edit)
    except ConnectorError as error:
        return error
    if staged.order.total_minor != expected_total_minor:
        detail = f"the shop's total is {staged.order.total_minor} {staged.order.currency}"
        return VendorRejected(VENDOR, documents.COMMIT.field, detail, "price_changed")
    variables = {"id": staged.session, "notifyCustomer": False, "staffNote": note}
    [result] = await client.mutate(documents.COMMIT, [variables], safe=False)
    return result if isinstance(result, ConnectorError) else Sent(staged.session)


async def committed(client: ShopifyClient, edit: LinesEdit) -> bool | None:
    """Read the order again and compare."""
    data = await client.query("edited_order", documents.EDITED_ORDER, {"id": edit.order})
    order = data.get("order")
    if not isinstance(order, dict):
        raise VendorRejected(VENDOR, "edited_order", "no such order", "not_found")
    await client.complete(order, "lineItems", shopify_orders.ORDER_LINES)
    await client.complete(order, "fulfillmentOrders", shopify_orders.ORDER_FULFILMENT_ORDERS)
    for each in inner_nodes(order, "fulfillmentOrders"):
        await client.complete(each, "lineItems", shopify_fulfilments.FULFILMENT_ORDER_LINES)
    return read("edited_order", lambda: edit_done(edit, Fields(order)))


def read(operation: str, parse: Callable[[], T]) -> T:
    """What a parser makes of an answer. Raises: VendorRejected `unreadable_answer`, which names the field."""
    try:
        return parse()
    except OrderError as error:
        raise VendorRejected(VENDOR, operation, f"{error.code}: {error.where}", "unreadable_answer") from error


async def _stage(client: ShopifyClient, edit: LinesEdit) -> _Staged:
    _check(edit)
    [began] = await client.mutate(documents.BEGIN, [{"id": edit.order}], safe=True)
    session = await _calculated(client, began)
    steps = read(_STAGE, lambda: list(_steps(edit, Fields(session))))
    if not steps:
        return _Staged(session["id"], read(_STAGE, lambda: parse_calculated(Fields(session))))
    steps[-1] = (documents.answering(steps[-1][0]), steps[-1][1])
    results: list[Node | ConnectorError] = []
    for start in range(0, len(steps), CHUNK):
        # repeating a part would add its variants twice to the session
        results += await client.run(steps[start : start + CHUNK], safe=False)
    for result in results:
        if isinstance(result, ConnectorError):
            raise _before_commit(result)
    now = await _calculated(client, results[-1])
    order = read(_STAGE, lambda: parse_calculated(Fields(now)))
    _check_staged(steps, order)
    return _Staged(session["id"], order)


def _check(edit: LinesEdit) -> None:
    if any(each.quantity < 0 for each in edit.quantities) or any(each.quantity < 1 for each in edit.added):
        raise VendorRejected(VENDOR, _STAGE, "a quantity is too small", "bad_quantity")


def _steps(edit: LinesEdit, session: Fields) -> Iterator[Step]:
    """The changes in the order in which they are sent. Raises: VendorRejected, OrderError."""
    key = {"id": session.need_text("id")}
    present = {line_number(each.need_text("id")): each for each in session.nodes("lineItems")}
    for wanted in edit.quantities:
        line = present.get(line_number(wanted.line))
        if line is None:
            raise VendorRejected(VENDOR, documents.SET_QUANTITY.field, "not a line of the order", "unknown_line")
        fixed = line.whole("quantity") - line.whole("editableQuantity")
        quantity = wanted.quantity or fixed
        if quantity < fixed:
            raise VendorRejected(VENDOR, documents.SET_QUANTITY.field, f"{fixed} are fixed", "bad_quantity")
        yield (
            documents.SET_QUANTITY,
            {**key, "lineItemId": line.need_text("id"), "quantity": quantity, "restock": True},
        )
    for each in edit.added:
        variables = {"variantId": each.variant, "quantity": each.quantity, "allowDuplicates": True}
        yield documents.ADD_VARIANT, {**key, **variables}
    if edit.shipping is None:
        return
    if edit.shipping.currency != paid_in(session):
        raise VendorRejected(VENDOR, documents.ADD_SHIPPING.field, "not what the customer pays in", "other_currency")
    for old in present_shipping(session):
        yield documents.REMOVE_SHIPPING, {**key, "shippingLineId": old.need_text("id")}
    price = to_decimal_text(edit.shipping.price_minor, edit.shipping.currency)
    money = {"amount": price, "currencyCode": edit.shipping.currency}
    yield documents.ADD_SHIPPING, {**key, "shippingLine": {"title": edit.shipping.title, "price": money}}


async def _calculated(client: ShopifyClient, payload: Node | ConnectorError) -> Node:
    """The calculated order of a payload with all its lines."""
    if isinstance(payload, ConnectorError):
        raise _before_commit(payload)
    order = payload.get("calculatedOrder")
    if not isinstance(order, dict) or not isinstance(order.get("id"), str):
        raise Retryable(VENDOR, _STAGE, "unreadable_answer")
    await client.complete(order, "lineItems", documents.CALCULATED_LINES)
    await client.complete(order, "addedLineItems", documents.CALCULATED_ADDITIONS)
    return order


def _before_commit(error: ConnectorError) -> ConnectorError:
    if isinstance(error, OutcomeUnknown):
        return Retryable(error.vendor, error.operation, error.detail)
    return error


def _check_staged(steps: Sequence[Step], order: CalculatedOrder) -> None:
    """That the session has what was asked, so that a commit can be no other change than the customer's."""
    lines = {line_number(each.line): each.quantity for each in order.lines if each.line}
    set_to = {line_number(each["lineItemId"]): each["quantity"] for each in _of(documents.SET_QUANTITY, steps)}
    asked: Counter[str] = Counter()
    for each in _of(documents.ADD_VARIANT, steps):
        asked[each["variantId"]] += each["quantity"]
    added: Counter[str] = Counter()
    for line in order.lines:
        if not line.line:
            added[line.variant] += line.quantity
    if any(lines.get(line) != quantity for line, quantity in set_to.items()) or added != asked:
        raise VendorRejected(VENDOR, _STAGE, "the session has other quantities than asked", "bad_quantity")


def _of(mutation: Mutation, steps: Sequence[Step]) -> list[dict[str, Any]]:
    return [variables for each, variables in steps if each.field == mutation.field]
