"""The order and its refund as webhooks carry them."""

from datetime import datetime
from typing import Any

from sandbox.shopify import totals
from sandbox.shopify.charges import Given, Promotion, Shipping
from sandbox.shopify.discounts import given_on
from sandbox.shopify.model import Order, Refund, Transaction
from sandbox.shopify.money import total
from sandbox.shopify.rest import Body, address, amount, fulfillment, line_item, money_set, taxes, when
from sandbox.shopify.state import Shop, gid


def order(shop: Shop, value: Order) -> Body:
    """All keys of the vendor's orders/* bodies."""
    return {**_head(shop, value), **_sums(shop, value), **_parts(shop, value)}


def _head(shop: Shop, value: Order) -> Body:
    now = shop.now()
    done = totals.fulfillment_status(value)
    return {
        "id": value.id,
        "admin_graphql_api_id": gid("Order", value.id),
        "app_id": None,
        "browser_ip": "203.0.113.7",
        "buyer_accepts_marketing": False,
        "cancel_reason": (value.cancel_reason or "").lower() or None,
        "cancelled_at": when(shop, value.cancelled_at),
        "cart_token": None,
        "checkout_token": None,
        "client_details": None,
        "closed_at": when(shop, value.closed_at),
        "confirmation_number": f"S{value.number:07d}",
        "confirmed": True,
        "contact_email": value.email,
        "created_at": when(shop, value.created_at),
        "currency": value.pair.shop,
        "customer_locale": value.locale,
        "device_id": None,
        "discount_codes": [_code(value, each) for each in value.promotions if each.code],
        "duties_included": False,
        "email": value.email,
        "estimated_taxes": False,
        "financial_status": totals.financial_status(value, now).lower(),
        "fulfillment_status": {"FULFILLED": "fulfilled", "PARTIALLY_FULFILLED": "partial"}.get(done),
        "landing_site": None,
        "landing_site_ref": None,
        "location_id": None,
        "merchant_business_entity_id": "MTU0ODM4MDAwOQ",
        "merchant_of_record_app_id": None,
        "name": value.name,
        "note": value.note,
        "note_attributes": [{"name": a["key"], "value": a["value"]} for a in value.custom_attributes],
        "number": value.number - 1000,
        "order_number": value.number,
        "order_status_url": f"https://{shop.domain}/{shop.id}/orders/{value.id}/authenticate?key=sandbox",
        "payment_gateway_names": gateways(value),
        "phone": value.phone,
        "po_number": value.po_number,
        "presentment_currency": value.pair.presentment,
        "processed_at": when(shop, value.processed_at),
        "reference": None,
        "referring_site": None,
        "source_identifier": value.source_identifier,
        "source_name": "web",
        "source_url": None,
        "tags": ", ".join(value.tags),
        "tax_exempt": False,
        "taxes_included": value.taxes_included,
        "test": False,
        "token": f"{value.id:x}",
        "updated_at": when(shop, value.updated_at),
        "user_id": None,
    }


def gateways(value: Order) -> list[str]:
    return list(dict.fromkeys(t.gateway for t in value.transactions))


def _sums(shop: Shop, value: Order) -> Body:
    zero = value.pair.zero
    bags = {
        "current_shipping_price": totals.current_shipping(value),
        "current_subtotal_price": totals.current_subtotal(value),
        "current_total_discounts": totals.current_discounts(value),
        "current_total_price": totals.current_total(value),
        "current_total_tax": totals.current_tax(value),
        "subtotal_price": totals.subtotal(value),
        "total_discounts": totals.discounts(value),
        "total_line_items_price": totals.subtotal(value) + totals.discounts(value),
        "total_price": totals.total_price(value),
        "total_shipping_price": totals.shipping_price(value),
        "total_tax": totals.tax_total(value),
        "total_cash_rounding_payment_adjustment": zero,
        "total_cash_rounding_refund_adjustment": zero,
    }
    body: Body = {f"{name}_set": money_set(bag) for name, bag in bags.items()}
    only_sets = ("current_shipping_price", "total_shipping_price")
    body |= {name: amount(bag) for name, bag in bags.items() if name not in only_sets and "rounding" not in name}
    empty = ("current_total_additional_fees_set", "current_total_duties_set", "original_total_additional_fees_set")
    body |= dict.fromkeys((*empty, "original_total_duties_set"))
    body["total_outstanding"] = amount(totals.outstanding(value))
    body["total_tip_received"] = amount(zero)
    body["total_weight"] = sum(line.variant.inventory_item.weight_g * line.quantity for line in value.lines)
    return body


def _parts(shop: Shop, value: Order) -> Body:
    return {
        "billing_address": address(value.billing_address),
        "customer": _customer(shop, value),
        "discount_applications": [_application(each) for each in given_on(value)],
        "fulfillments": [fulfillment(shop, each) for each in value.fulfillments],
        "line_items": [line_item(line) for line in value.lines],
        "payment_terms": None,
        "refunds": [refund(shop, each) for each in value.refunds],
        "shipping_address": address(value.shipping_address),
        "shipping_lines": [_shipping(each) for each in value.shippings],
        "returns": [],
        "line_item_groups": [],
        "tax_lines": taxes(totals.tax_lines(value)),
    }


def _application(given: Given) -> Body:
    """Percentages as such, amounts in the customer's currency."""
    for_all, code = isinstance(given, Promotion), given.code if isinstance(given, Promotion) else None
    size = given.percent if given.percent is not None else given.amount.presentment if given.amount else 0
    body = {
        "target_type": "line_item",
        "type": "manual" if not for_all else "discount_code" if code else "automatic",
        "value": format(size, "f"),
        "value_type": "fixed_amount" if given.percent is None else "percentage",
        "allocation_method": "across",
        "target_selection": "all" if for_all else "explicit",
        "title": given.title,
        "description": given.title,
    }
    return {**body, "code": code} if code else body


def _code(value: Order, given: Promotion) -> Body:
    off = [amount for line in value.lines for each, amount in line.whole.parts if each is given]
    return {
        "code": given.code,
        "amount": format(total(off, value.pair).presentment, "f"),
        "type": "fixed_amount" if given.percent is None else "percentage",
    }


def _customer(shop: Shop, value: Order) -> Body:
    person = value.customer
    default = address(person.default_address)
    if default is not None:
        del default["latitude"], default["longitude"]
        default |= {
            "id": person.id + 1,
            "customer_id": person.id,
            "country_name": default["country"],
            "default": True,
        }
    return {
        "id": person.id,
        "created_at": when(shop, person.created_at),
        "updated_at": when(shop, person.updated_at),
        "first_name": person.first_name,
        "last_name": person.last_name,
        "state": "disabled",
        "note": None,
        "verified_email": True,
        "multipass_identifier": None,
        "tax_exempt": False,
        "email": person.email,
        "phone": person.phone,
        "currency": value.pair.presentment,
        "tax_exemptions": [],
        "admin_graphql_api_id": gid("Customer", person.id),
        "default_address": default,
    }


def _shipping(value: Shipping) -> Body:
    current = money_set(value.left)
    return {
        "id": value.id,
        "carrier_identifier": None,
        "code": value.code,
        "current_discounted_price_set": current,
        "discounted_price": amount(value.price),
        "discounted_price_set": money_set(value.price),
        "is_removed": value.removed,
        "phone": None,
        "price": amount(value.price),
        "price_set": money_set(value.price),
        "requested_fulfillment_service_id": None,
        "source": "shopify",
        "title": value.title,
        "tax_lines": taxes(value.taxes),
        "discount_allocations": [],
    }


def refund(shop: Shop, value: Refund) -> Body:
    zero = value.order.pair.zero
    return {
        "id": value.id,
        "order_id": value.order.id,
        "created_at": when(shop, value.created_at),
        "note": value.note,
        "user_id": None,
        "processed_at": when(shop, value.created_at),
        "duties": [],
        "total_duties_set": money_set(zero),
        "return": {"id": value.back.id, "admin_graphql_api_id": gid("Return", value.back.id)} if value.back else None,
        "refund_shipping_lines": _refunded_shipping(value),
        "restock": any(line.restock_type in ("CANCEL", "RETURN") for line in value.lines),
        "admin_graphql_api_id": gid("Refund", value.id),
        "order_adjustments": [],
        "refund_line_items": [
            {
                "id": line.id,
                "quantity": line.quantity,
                "line_item_id": line.line_item.id,
                "location_id": line.location.id if line.location else None,
                "restock_type": line.restock_type.lower(),
                "subtotal": float(line.subtotal.shop),
                "total_tax": float(line.tax.shop),
                "subtotal_set": money_set(line.subtotal),
                "total_tax_set": money_set(line.tax),
                "line_item": line_item(line.line_item),
            }
            for line in value.lines
        ],
        "transactions": [transaction(shop, each) for each in value.transactions],
    }


def _refunded_shipping(value: Refund) -> list[Body]:
    if not value.shipping or not value.order.shippings:
        return []
    return [
        {
            "id": value.id + 1,
            "shipping_line_id": value.order.shippings[0].id,
            "shipping_line": _shipping(value.order.shippings[0]),
            "subtotal_amount_set": money_set(value.shipping),
        }
    ]


def transaction(shop: Shop, value: Transaction) -> Body:
    def local(moment: datetime | None) -> Any:
        return when(shop, moment)

    zero = money_set(value.amount.pair.zero)
    return {
        "id": value.id,
        "order_id": value.order.id,
        "kind": value.kind.lower(),
        "gateway": value.gateway,
        "status": value.status.lower(),
        "message": None,
        "created_at": local(value.created_at),
        "test": False,
        "authorization": f"auth-{value.id}" if value.kind == "AUTHORIZATION" else None,
        "location_id": None,
        "user_id": None,
        "parent_id": value.parent.id if value.parent else None,
        "processed_at": local(value.processed_at),
        "device_id": None,
        "error_code": (value.error_code or "").lower() or None,
        "source_name": "web",
        "receipt": {},
        "amount": format(value.amount.presentment, "f"),
        "currency": value.amount.pair.presentment,
        "payment_id": f"{value.order.name}.1",
        "total_unsettled_set": {
            side: {"amount": money["amount"], "currency": money["currency_code"]} for side, money in zero.items()
        },
        "manual_payment_gateway": value.gateway == "Bank Deposit",
        "amount_rounding": None,
        "admin_graphql_api_id": gid("OrderTransaction", value.id),
    }
