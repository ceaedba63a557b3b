"""What of an order may be overwritten at any time: note, tags, contact, address."""

import re
from typing import Any

from sandbox.shopify import hooks
from sandbox.shopify.addresses import complete, mistakes
from sandbox.shopify.model import Order
from sandbox.shopify.mutate_holds import Payload, error
from sandbox.shopify.state import Shop

LONGEST_TAG = 40
_PHONE = re.compile(r"\+?[0-9 ().\-/]{5,25}")
_PLAIN = {"note": "note", "email": "email", "phone": "phone", "poNumber": "po_number"}
_KNOWN = {*_PLAIN, "tags", "shippingAddress", "customAttributes"}


def why_not(wanted: dict[str, Any]) -> list[Payload]:
    """The vendor's user errors about an `OrderInput`."""
    problems = []
    email, phone = wanted.get("email"), wanted.get("phone")
    if email and ("@" not in email or " " in email):
        problems.append(error(["email"], "Email is invalid"))
    if phone and not _PHONE.fullmatch(phone):
        problems.append(error(["phone"], "Phone is invalid"))
    if any(len(tag) > LONGEST_TAG for tag in wanted.get("tags") or []):
        problems.append(error(["tags"], "Tags is invalid"))
    if wanted.get("shippingAddress") is not None:
        problems += [error(["shippingAddress", name], text) for name, text in mistakes(wanted["shippingAddress"])]
    return problems


def is_empty(wanted: dict[str, Any]) -> bool:
    return not _KNOWN & set(wanted)


def clean(tags: list[str]) -> list[str]:
    return sorted({tag.strip() for tag in tags if tag.strip()}, key=str.lower)


def apply(shop: Shop, order: Order, wanted: dict[str, Any]) -> None:
    """What is given overwrites: tags and the address as a whole."""
    if "tags" in wanted:
        order.tags = clean(wanted["tags"] or [])
    if wanted.get("shippingAddress"):
        order.shipping_address = complete(dict(wanted["shippingAddress"]), shop.new_id())
    for name, attribute in _PLAIN.items():
        if name in wanted:
            setattr(order, attribute, wanted[name])
    if "customAttributes" in wanted:
        order.custom_attributes = wanted["customAttributes"] or []
    hooks.updated(shop, order)
