"""Webhook bodies in the vendor's REST shape: everything but the order itself."""

from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.shopify.charges import Tax
from sandbox.shopify.discounts import rest_allocations
from sandbox.shopify.model import (
    Address,
    Fulfillment,
    FulfillmentOrder,
    Hold,
    Level,
    Line,
    Order,
    Product,
)
from sandbox.shopify.money import Bag
from sandbox.shopify.state import APP_IDS, THIS_APP, Shop, gid

Body = dict[str, Any]
_zone = cache(ZoneInfo)


def when(shop: Shop, moment: datetime | None) -> str | None:
    """The shop's local time with its offset."""
    return moment.astimezone(_zone(shop.zone)).isoformat(timespec="seconds") if moment else None


def money_set(bag: Bag) -> Body:
    pair = bag.pair
    return {
        "shop_money": {"amount": format(bag.shop, "f"), "currency_code": pair.shop},
        "presentment_money": {"amount": format(bag.presentment, "f"), "currency_code": pair.presentment},
    }


def amount(bag: Bag) -> str:
    """A plain price is in the shop's currency."""
    return format(bag.shop, "f")


def address(value: Address | None) -> Body | None:
    if value is None:
        return None
    return {
        "first_name": value.get("firstName"),
        "address1": value.get("address1"),
        "phone": value.get("phone"),
        "city": value.get("city"),
        "zip": value.get("zip"),
        "province": value.get("province"),
        "country": value.get("country"),
        "last_name": value.get("lastName"),
        "address2": value.get("address2"),
        "company": value.get("company"),
        "latitude": None,
        "longitude": None,
        "name": value.get("name"),
        "country_code": value.get("countryCode"),
        "province_code": value.get("provinceCode"),
    }


def taxes(lines: list[Tax]) -> list[Body]:
    return [
        {
            "title": tax.title,
            "rate": float(tax.rate),
            "price": amount(tax.price_set),
            "price_set": money_set(tax.price_set),
            "channel_liable": False,
        }
        for tax in lines
    ]


def line_item(line: Line, quantity: int | None = None) -> Body:
    """A line item; `quantity` when a fulfilment or a refund holds only a part of it."""
    variant, zero = line.variant, line.unit.pair.zero
    product, title = variant.product, None if variant.title == "Default Title" else variant.title
    status = "fulfilled" if line.fulfilled >= line.current_quantity > 0 else "partial" if line.fulfilled else None
    body = {
        "id": line.id,
        "admin_graphql_api_id": gid("LineItem", line.id),
        "attributed_staffs": [],
        "current_quantity": line.current_quantity,
        "fulfillable_quantity": line.unfulfilled,
        "fulfillment_service": "manual",
        "fulfillment_status": status,
        "gift_card": product.is_gift_card,
        "grams": variant.inventory_item.weight_g,
        "name": f"{product.title} - {title}" if title else product.title,
        "price": amount(line.unit),
        "price_set": money_set(line.unit),
        "product_exists": True,
        "product_id": product.id,
        "properties": [],
        "quantity": line.quantity if quantity is None else quantity,
        "requires_shipping": variant.inventory_item.requires_shipping,
        "sales_line_item_group_id": None,
        "sku": variant.sku,
        "taxable": not product.is_gift_card,
        "title": product.title,
        "total_discount": amount(zero),
        "total_discount_set": money_set(zero),
        "variant_id": variant.id,
        "variant_inventory_management": "shopify" if variant.inventory_item.tracked else None,
        "variant_title": title,
        "vendor": product.vendor,
        "tax_lines": taxes(line.whole.taxes),
        "duties": [],
    }
    body["discount_allocations"] = [
        {"amount": amount(off), "discount_application_index": index, "amount_set": money_set(off)}
        for index, off in rest_allocations(line)
    ]
    return body


def fulfillment(shop: Shop, value: Fulfillment) -> Body:
    order, number, url = value.order, *(value.tracking[0] if value.tracking else (None, None))
    return {
        "id": value.id,
        "order_id": order.id,
        "status": value.status.lower(),
        "created_at": when(shop, value.created_at),
        "service": "manual",
        "updated_at": when(shop, value.updated_at),
        "tracking_company": value.company,
        "shipment_status": value.events[-1]["status"].lower() if value.events else None,
        "location_id": value.location.id,
        "origin_address": None,
        "email": order.email,
        "destination": address(order.shipping_address),
        "line_items": [line_item(line, quantity) for _, line, quantity in value.lines],
        "tracking_number": number,
        "tracking_numbers": [text for text, _ in value.tracking if text],
        "tracking_url": url,
        "tracking_urls": [text for _, text in value.tracking if text],
        "receipt": {},
        "name": value.name,
        "admin_graphql_api_id": gid("Fulfillment", value.id),
    }


def fulfillment_event(shop: Shop, value: Fulfillment, event: Body) -> Body:
    names = ("message", "city", "province", "country", "zip", "address1", "latitude", "longitude")
    number = int(event["id"].rsplit("/", 1)[1])
    return {
        "id": number,
        "fulfillment_id": value.id,
        "status": event["status"].lower(),
        **{name: event.get(name) for name in names},
        "happened_at": when(shop, event["happenedAt"]),
        "shop_id": shop.id,
        "created_at": when(shop, event["createdAt"]),
        "updated_at": when(shop, event["createdAt"]),
        "estimated_delivery_at": when(shop, event.get("estimatedDeliveryAt")),
        "order_id": value.order.id,
        "admin_graphql_api_id": event["id"],
    }


def inventory_level(shop: Shop, level: Level) -> Body:
    return {
        "inventory_item_id": level.item.id,
        "location_id": level.location.id,
        "available": level.available,
        "updated_at": when(shop, level.updated_at),
        "admin_graphql_api_id": f"{gid('InventoryLevel', level.location.id)}?inventory_item_id={level.item.id}",
    }


def fo_state(value: FulfillmentOrder) -> Body:
    body: Body = {"id": gid("FulfillmentOrder", value.id), "status": value.status.lower()}
    if value.holds:
        body["fulfillment_holds"] = [hold(each) for each in value.holds]
    return body


def hold(value: Hold) -> Body:
    return {
        "id": gid("FulfillmentHold", value.id),
        "reason": value.reason.lower(),
        "reason_notes": value.reason_notes,
        "held_by_requesting_app": value.app == THIS_APP,
        "handle": value.handle,
        "held_by_app": {"id": gid("App", APP_IDS.get(value.app, 0))},
    }


def risk(shop: Shop, order: Order) -> Body:
    return {
        "provider_id": APP_IDS["Shopify"],
        "provider_title": "Shopify",
        "risk_level": (order.risk.level or "NONE").lower(),
        "created_at": when(shop, shop.now()),
        "order_id": str(order.id),
        "admin_graphql_api_order_id": gid("Order", order.id),
    }


def product(shop: Shop, value: Product) -> Body:
    return {
        "id": value.id,
        "admin_graphql_api_id": gid("Product", value.id),
        "title": value.title,
        "body_html": f"<p>{value.description}</p>",
        "vendor": value.vendor,
        "product_type": value.product_type,
        "handle": value.handle,
        "status": "active",
        "tags": ", ".join(value.tags),
        "created_at": when(shop, value.created_at),
        "updated_at": when(shop, value.updated_at),
        "variants": [
            {
                "id": variant.id,
                "admin_graphql_api_id": gid("ProductVariant", variant.id),
                "product_id": value.id,
                "sku": variant.sku,
                "title": variant.title,
                "price": format(variant.price, ".2f"),
                "position": variant.position,
                "barcode": variant.barcode,
                "inventory_item_id": variant.inventory_item.id,
                "created_at": when(shop, variant.created_at),
                "updated_at": when(shop, variant.updated_at),
            }
            for variant in value.variants
        ],
    }


def shop(value: Shop) -> Body:
    place = next(iter(value.locations.values())).address
    return {
        "id": value.id,
        "name": value.name.title(),
        "email": f"owner@{value.name}.example",
        "domain": value.domain,
        "province": place["province"],
        "country": place["countryCode"],
        "address1": place["address1"],
        "zip": place["zip"],
        "city": place["city"],
        "phone": place["phone"],
        "primary_locale": "en",
        "country_code": place["countryCode"],
        "country_name": place["country"],
        "currency": value.currency,
        "iana_timezone": value.zone,
        "myshopify_domain": value.domain,
        "plan_name": "enterprise",
        "taxes_included": value.taxes_included,
        "created_at": when(value, value.created_at),
    }
