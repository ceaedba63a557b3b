"""returnCreate, returnRequest, and what follows them: approve, decline, process, cancel, close, reopen, remove."""

from collections.abc import Callable
from typing import Any

from sandbox.shopify import processing, returning
from sandbox.shopify.gql.registry import Arguments, Call, field
from sandbox.shopify.mutate_holds import Payload
from sandbox.shopify.return_model import Return
from sandbox.shopify.returning import ReturnError, number, refuse
from sandbox.shopify.state import gid

_LONGEST_DECLINE = 500
_BAD_STATE = "Return status is invalid."
Act = Callable[[Call, Arguments], Return]


def _mutation(name: str) -> Callable[[Act], Act]:
    """The decorated function acts or raises ReturnError; what the mutation answers is the same for all."""

    def register(act: Act) -> Act:
        @field("Mutation", name)
        def answer(_root: Any, arguments: Arguments, call: Call) -> Payload:
            try:
                return {"return": act(call, arguments), "userErrors": []}
            except ReturnError as problem:
                return {"return": None, "userErrors": problem.errors}

        return act

    return register


def _the_return(call: Call, text: str, path: list[str]) -> Return:
    found = call.shop.returns.get(number(text, "Return"))
    if found is None:
        raise refuse(path, "Return not found.", "NOT_FOUND")
    return found


def _begin(call: Call, wanted: dict[str, Any], root: str, *, requested: bool) -> Return:
    order = call.shop.orders.get(number(wanted["orderId"], "Order"))
    if order is None:
        raise refuse([root, "orderId"], "Order was not found.", "NOT_FOUND")
    made = returning.make(call.shop, order, wanted, root, requested=requested)
    call.accept(gid("Order", order.id) + "".join(f":{x.fulfilled.id}={x.quantity}" for x in made.lines))
    return made


@_mutation("returnCreate")
def create(call: Call, arguments: Arguments) -> Return:
    return _begin(call, arguments["returnInput"], "returnInput", requested=False)


@_mutation("returnRequest")
def request(call: Call, arguments: Arguments) -> Return:
    return _begin(call, arguments["input"], "input", requested=True)


@_mutation("returnApproveRequest")
def approve(call: Call, arguments: Arguments) -> Return:
    back = _the_return(call, arguments["input"]["id"], ["input", "id"])
    if back.status != "REQUESTED":
        text = "Return is not approvable. Only returns with status REQUESTED can be approved."
        raise refuse(["input", "id"], text, "INVALID_STATE")
    returning.open_up(call.shop, back)
    call.accept(gid("Return", back.id))
    return back


@_mutation("returnDeclineRequest")
def decline(call: Call, arguments: Arguments) -> Return:
    wanted = arguments["input"]
    back = _the_return(call, wanted["id"], ["input", "id"])
    if back.status == "DECLINED":
        raise refuse(["input", "id"], "The return is already declined.", "INVALID_STATE")
    if back.status != "REQUESTED":
        text = "Return is not declinable. Only non-refunded returns with status REQUESTED can be declined."
        raise refuse(["input", "id"], text, "INVALID_STATE")
    note = wanted.get("declineNote")
    if note and len(note) > _LONGEST_DECLINE:
        text = f"Decline note is too long (maximum is {_LONGEST_DECLINE} characters)"
        raise refuse(["input", "declineNote"], text, "TOO_LONG")
    back.decline = {"reason": wanted["declineReason"], "note": note}
    returning.end(call.shop, back, "DECLINED")
    call.accept(gid("Return", back.id))
    return back


@_mutation("returnProcess")
def process(call: Call, arguments: Arguments) -> Return:
    wanted = arguments["input"]
    back = _the_return(call, wanted["returnId"], ["input", "returnId"])
    planned = processing.plan(call.shop, back, wanted)
    processing.apply(call.shop, back, planned, wanted.get("note"))
    call.accept(processing.identity(back, planned))
    return back


@_mutation("returnCancel")
def cancel(call: Call, arguments: Arguments) -> Return:
    """Asked again it answers the cancelled return, as closing and reopening do theirs."""
    back = _the_return(call, arguments["id"], ["id"])
    if back.status == "CANCELED":
        return back
    if back.status != "OPEN" or back.begun:
        raise refuse(["id"], "Return is not cancelable.", "INVALID_STATE")
    returning.end(call.shop, back, "CANCELED")
    call.accept(gid("Return", back.id))
    return back


@_mutation("returnClose")
def close(call: Call, arguments: Arguments) -> Return:
    back = _the_return(call, arguments["id"], ["id"])
    if back.status == "CLOSED":
        return back
    if back.status != "OPEN":
        raise refuse(["id"], _BAD_STATE, "INVALID_STATE")
    returning.end(call.shop, back, "CLOSED")
    call.accept(gid("Return", back.id))
    return back


@_mutation("returnReopen")
def reopen(call: Call, arguments: Arguments) -> Return:
    back = _the_return(call, arguments["id"], ["id"])
    if back.status == "OPEN":
        return back
    if back.status != "CLOSED":
        raise refuse(["id"], _BAD_STATE, "INVALID_STATE")
    returning.reopen(call.shop, back)
    call.accept(gid("Return", back.id))
    return back


@_mutation("removeFromReturn")
def remove(call: Call, arguments: Arguments) -> Return:
    back = _the_return(call, arguments["returnId"], ["returnId"])
    if back.status not in ("OPEN", "REQUESTED"):
        raise refuse(["returnId"], _BAD_STATE, "INVALID_STATE")
    given = [*(arguments.get("returnLineItems") or []), *(arguments.get("exchangeLineItems") or [])]
    if any(each["quantity"] < 1 for each in given):
        raise refuse(None, "Quantity must be greater than 0", "GREATER_THAN")
    lines = _some(arguments.get("returnLineItems") or [], back.lines, "returnLineItem")
    swaps = _some(arguments.get("exchangeLineItems") or [], back.exchanges, "exchangeLineItem")
    returning.remove(call.shop, back, lines, swaps)
    call.accept(f"{gid('Return', back.id)}:" + ",".join(f"{x.id}={n}" for x, n in [*lines, *swaps]))
    return back


def _some(wanted: list[dict[str, Any]], known: list[Any], kind: str) -> list[tuple[Any, int]]:
    chosen, title = [], "Return" if kind[0] == "r" else "Exchange"
    for at, each in enumerate(wanted):
        path = [f"{kind}s", str(at)]
        wanted_id = number(each[f"{kind}Id"], f"{title}LineItem")
        line = next((x for x in known if x.id == wanted_id), None)
        if line is None:
            raise refuse([*path, f"{kind}Id"], f"{title} line item not found.", "NOT_FOUND")
        if each["quantity"] > line.unprocessed:
            raise refuse([*path, "quantity"], f"{title} line item has an invalid quantity.", "INVALID")
        chosen.append((line, each["quantity"]))
    return chosen
