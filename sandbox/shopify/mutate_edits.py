"""orderEditBegin, orderEditSetQuantity, orderEditAddVariant, orderEditCommit."""

from collections.abc import Callable
from typing import Any

from sandbox.shopify import committing, editing
from sandbox.shopify.edit_model import Session
from sandbox.shopify.editing import EditError
from sandbox.shopify.gql.registry import Arguments, Call, field
from sandbox.shopify.mutate_holds import Payload
from sandbox.shopify.mutate_orders import the_order
from sandbox.shopify.state import gid, number_of

Step = Callable[[Session], Payload]


def step(call: Call, arguments: Arguments, key: str, act: Step, code: str | None = None) -> Payload:
    """Stage one change. `key` is what it changes; with the order it is the change's identity for the counters."""
    try:
        session = editing.find(call.shop, arguments["id"], code)
        more = act(session)
    except EditError as problem:
        return {"userErrors": problem.errors}
    call.accept(f"{gid('Order', session.order.id)}:{key}")
    return {"calculatedOrder": session, "orderEditSession": session, "userErrors": [], **more}


@field("Mutation", "orderEditBegin")
def begin(_root: Any, arguments: Arguments, call: Call) -> Payload:
    order = the_order(call, arguments["id"])
    try:
        if order is None:
            raise editing.refuse(["id"], "The order does not exist.")
        session = editing.begin(call.shop, order)
    except EditError as problem:
        return {"userErrors": problem.errors}
    call.accept(arguments["id"])
    return {"calculatedOrder": session, "orderEditSession": session, "userErrors": []}


@field("Mutation", "orderEditSetQuantity")
def set_quantity(_root: Any, arguments: Arguments, call: Call) -> Payload:
    def act(session: Session) -> Payload:
        line = editing.line_of(session, arguments["lineItemId"], "lineItemId")
        editing.set_quantity(session, line, arguments["quantity"], restock=bool(arguments.get("restock")))
        return {"calculatedLineItem": (session, line)}

    return step(call, arguments, f"{arguments['lineItemId']}:{arguments['quantity']}", act)


@field("Mutation", "orderEditAddVariant")
def add_variant(_root: Any, arguments: Arguments, call: Call) -> Payload:
    variant = call.shop.variants.get(number_of(arguments["variantId"], "ProductVariant"))

    def act(session: Session) -> Payload:
        made = editing.add_variant(
            call.shop, session, variant, arguments["quantity"], duplicates=bool(arguments.get("allowDuplicates"))
        )
        return {"calculatedLineItem": (session, made)}

    return step(call, arguments, f"{arguments['variantId']}:{arguments['quantity']}", act)


@field("Mutation", "orderEditCommit")
def commit(_root: Any, arguments: Arguments, call: Call) -> Payload:
    """Counted by the order and the change: two commits of one change are two, whatever sessions they came from."""
    notify, note = bool(arguments.get("notifyCustomer")), arguments.get("staffNote")
    try:
        session = editing.find(call.shop, arguments["id"])
        change = _change(session)
        messages = committing.commit(call.shop, session, notify=notify, note=note)
    except EditError as problem:
        return {"userErrors": problem.errors}
    call.accept(f"{gid('Order', session.order.id)}:{change}")
    return {"order": session.order, "successMessages": messages, "userErrors": []}


def _change(session: Session) -> str:
    """What it comes to: an added line by its variant, because its own number is another in each session."""
    lines = [
        f"{each.line.id if each.line else each.variant.id}={each.quantity}" for each in session.lines if each.changed
    ]
    shippings = [f"{each.title}={each.status}" for each in session.shippings if each.status != "NONE"]
    return ",".join([*sorted(lines), *sorted(shippings)])
