"""The order edits of discounts and of shipping lines."""

from typing import Any

from sandbox.shopify import discounts, editing
from sandbox.shopify.edit_model import Session, StagedShipping
from sandbox.shopify.fields_edit import discount_change
from sandbox.shopify.gql.registry import Arguments, Call, field
from sandbox.shopify.mutate_edits import step
from sandbox.shopify.mutate_holds import Payload

_NO_UPDATE = "The shipping line can't be updated because it doesn't exist or wasn't added during this edit."
_NO_REMOVAL = "The shipping line can't be removed because it doesn't exist or has already been removed."
_INVALID = "INVALID"


@field("Mutation", "orderEditAddLineItemDiscount")
def add_discount(_root: Any, arguments: Arguments, call: Call) -> Payload:
    def act(session: Session) -> Payload:
        line = editing.line_of(session, arguments["lineItemId"], "id")
        made = editing.discount(call.shop, session, line, arguments["discount"])
        return {"calculatedLineItem": (session, line), "addedDiscountStagedChange": discount_change(made)}

    return step(call, arguments, arguments["lineItemId"], act)


@field("Mutation", "orderEditRemoveDiscount")
def remove_discount(_root: Any, arguments: Arguments, call: Call) -> Payload:
    wanted = arguments["discountApplicationId"]

    def act(session: Session) -> Payload:
        for line in session.lines:
            for each in line.discounts:
                if discounts.calculated_id(each) == wanted:
                    line.discounts.remove(each)
                    session.calculated = None
                    return {}
        for promotion in session.promotions:
            if discounts.calculated_id(promotion) == wanted:
                session.promotions.remove(promotion)
                session.calculated = None
                return {}
        text = "The discount application does not exist on the order."
        raise editing.refuse(["discountApplicationId"], text, _INVALID)

    return step(call, arguments, wanted, act, _INVALID)


@field("Mutation", "orderEditAddShippingLine")
def add_shipping(_root: Any, arguments: Arguments, call: Call) -> Payload:
    wanted = arguments["shippingLine"]

    def act(session: Session) -> Payload:
        path = ["shippingLine", "price"]
        price = editing.money(session.order, wanted["price"], path, _INVALID)
        _check_title(wanted["title"])
        made = StagedShipping(editing.new_key(call.shop), None, wanted["title"], price, "ADDED")
        session.shippings.append(made)
        session.calculated = None
        return {"calculatedShippingLine": made}

    return step(call, arguments, wanted["title"], act, _INVALID)


def _check_title(title: str) -> None:
    if not title.strip():
        raise editing.refuse(["shippingLine", "title"], "can't be blank", _INVALID)


def _staged(session: Session, wanted: str) -> StagedShipping | None:
    kind, _, tail = wanted.removeprefix("gid://shopify/").partition("/")
    if kind not in ("CalculatedShippingLine", "ShippingLine"):
        return None
    return next((each for each in session.shippings if each.key == tail and each.status != "REMOVED"), None)


@field("Mutation", "orderEditUpdateShippingLine")
def update_shipping(_root: Any, arguments: Arguments, call: Call) -> Payload:
    wanted = arguments["shippingLine"]

    def act(session: Session) -> Payload:
        staged = _staged(session, arguments["shippingLineId"])
        if staged is None or staged.status != "ADDED":
            raise editing.refuse(["shippingLineId"], _NO_UPDATE, _INVALID)
        price = staged.price
        if wanted.get("price") is not None:
            price = editing.money(session.order, wanted["price"], ["shippingLine", "price"], _INVALID)
        title = staged.title if wanted.get("title") is None else wanted["title"]
        _check_title(title)
        staged.title, staged.price, session.calculated = title, price, None
        return {}

    return step(call, arguments, arguments["shippingLineId"], act, _INVALID)


@field("Mutation", "orderEditRemoveShippingLine")
def remove_shipping(_root: Any, arguments: Arguments, call: Call) -> Payload:
    def act(session: Session) -> Payload:
        staged = _staged(session, arguments["shippingLineId"])
        if staged is None:
            raise editing.refuse(["shippingLineId"], _NO_REMOVAL, _INVALID)
        if staged.status == "ADDED":
            session.shippings.remove(staged)
        else:
            staged.status = "REMOVED"
        session.calculated = None
        return {}

    return step(call, arguments, arguments["shippingLineId"], act, _INVALID)
