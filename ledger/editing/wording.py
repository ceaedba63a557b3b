"""A request in facts that may be kept and shown: what it asks for, and why it was refused. Nobody is named."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from domain.edits import EditKind
from domain.message_catalogue import NEXT_STEPS
from ledger.editing.requests import RequestRow, actions_of
from ledger.orders import OrderRow, lines_of
from ledger.rows import select_by
from ledger.tables import Product, ProductVariant

_ALTERNATIVES = 4
# Codes of windows, plans, shops and nodes -> the reason that a customer is told; see domain.message_catalogue.
_REASONS = {
    **dict.fromkeys(("out_of_stock", "insufficient_stock"), "out_of_stock"),
    "window_closed": "window_closed",
    **dict.fromkeys(("too_late", "already_shipped", "partly_shipped", "order_completed", "node_too_late"), "too_late"),
    **dict.fromkeys(("order_cancelled", "being_cancelled"), "order_cancelled"),
    **dict.fromkeys(("edit_in_progress", "another_open", "node_busy", "busy"), "in_progress"),
    "no_node_serves": "no_node_serves",
    "on_hold": "on_hold",
    "authorisation_expired": "authorisation_expired",
    **dict.fromkeys(("price_changed", "shop_price_changed"), "price_changed"),
    **dict.fromkeys(("order_changed", "changed_by_others"), "order_changed"),
    **dict.fromkeys(("address_format", "bad_address", "shop_bad_address"), "address"),
    **dict.fromkeys(("unknown_sku", "unknown_product", "no_price"), "unknown_product"),
}
_SELF = ("declined", "review_overdue", "question_unanswered", "payment_overdue", "payment_page_refused", "paid_late")


def reason_of(request: RequestRow) -> str:
    """Why it was refused, in a code that has a sentence for customers."""
    code = str(request["reasons"][0]["code"]) if request["reasons"] else ""
    if code in _SELF:
        return code
    if code in _REASONS:
        return _REASONS[code]
    if code.startswith("node_"):
        return "too_late"
    return "not_carried_out" if request["state"] == "undone" else "not_possible"


def changes_of(session: Session, order: OrderRow, request: RequestRow) -> list[dict[str, Any]]:
    """What it asks for, one entry for each action, as it was when it was priced. See FactType.CHANGES."""
    actions = actions_of(session, request["id"])
    lines = {line["id"]: line for line in lines_of(session, [order["id"]])[order["id"]]}
    before = {line["line_id"]: line["old_quantity"] for line in request["quote"].get("lines", []) if line["line_id"]}
    titles = titles_of(session, order, [action.sku for action in actions if action.sku])
    changes = []
    for action in actions:
        line = lines.get(action.line_id)
        title = line["title"] if line else titles.get(action.sku, action.sku)
        was = before.get(action.line_id, line["ordered"] - line["cancelled"] if line else 0)
        change: dict[str, Any] = {"kind": str(action.kind), "title": title}
        if action.kind is EditKind.QUANTITY:
            change |= {"was": was, "quantity": action.quantity or 0}
        elif action.kind is EditKind.SWAP:
            change |= {"to": titles.get(action.sku, action.sku), "quantity": action.quantity or was}
        elif action.kind is EditKind.ADD:
            change |= {"quantity": action.quantity or 0}
        elif action.kind is EditKind.SHIPPING:
            change["title"] = _shipping_title(request, action.shipping_code)
        changes.append(change)
    return changes


def _shipping_title(request: RequestRow, code: str) -> str:
    """As the shop is told it, once that is planned."""
    shipping = request["plan"].get("lines", {}).get("shipping") or {}
    return str(shipping.get("title") or code.replace("_", " ").capitalize())


def titles_of(session: Session, order: OrderRow, skus: list[str]) -> Mapping[str, str]:
    """Product and options of SKUs of the order's own shop."""
    variants = [
        row
        for row in select_by(session, ProductVariant, "sku", set(skus))
        if (row["system"], row["account"]) == (order["source"], order["account"])
    ]
    products = {row["id"]: row for row in select_by(session, Product, "id", {row["product_id"] for row in variants})}
    return {
        row["sku"]: ", ".join([products[row["product_id"]]["title"], *_options(row["options"])])
        for row in variants
        if row["product_id"] in products
    }


def _options(options: Any) -> list[str]:
    values = options.values() if isinstance(options, Mapping) else options or ()
    return [str(value) for value in values if value and str(value) != "Default Title"]


def refusal_facts(session: Session, order: OrderRow, request: RequestRow) -> dict[str, Any]:
    """Reason, what is short and what there is instead, what still helps."""
    reasons: list[Mapping[str, Any]] = request["reasons"]
    facts: dict[str, Any] = {"reason": reason_of(request)}
    short = [str(reason["sku"]) for reason in reasons if reason["code"] == "out_of_stock" and reason.get("sku")]
    if short:
        titles = titles_of(session, order, short)
        facts["missing"] = ", ".join(titles.get(sku, sku) for sku in short)
    instead = {other["sku"]: other for reason in reasons for other in reason.get("alternatives", [])}
    if instead:
        named = titles_of(session, order, list(instead))
        facts["alternatives"] = [
            {"title": named.get(sku) or other["title"] or sku, "sku": sku, "quantity": 1, "total_minor": price}
            for sku, other in list(instead.items())[:_ALTERNATIVES]
            if (price := other["price_minor"]) is not None
        ]
    step = reasons[0].get("next_step") if reasons else None
    if step:
        code = step["code"] if step["code"] in NEXT_STEPS else "ask_us"  # a policy may name what no mail knows
        facts |= {"next_step": code, "next_step_minor": step["price_minor"] if code == step["code"] else 0}
    if request["paid_minor"]:
        facts["paid_back_minor"] = request["paid_minor"]
    return facts
