"""An order as the Admin GraphQL API answers it, made up by hand from the schema."""

from typing import Any


def money(amount: str, currency: str = "EUR") -> dict[str, Any]:
    return {"presentmentMoney": {"amount": amount, "currencyCode": currency}}


def connection(*nodes: Any) -> dict[str, Any]:
    return {"pageInfo": {"hasNextPage": False, "endCursor": None}, "nodes": list(nodes)}


def line(number: int, **changed: Any) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/LineItem/{number}",
        "sku": f"SKU-{number}",
        "name": f"Thing {number}",
        "quantity": 1,
        "currentQuantity": 1,
        "requiresShipping": True,
        "isGiftCard": False,
        "variant": {"id": f"gid://shopify/ProductVariant/{number}"},
        "originalUnitPriceSet": money("10.00"),
        "discountAllocations": [],
        "taxLines": [],
        **changed,
    }


def order(*lines: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {
        "id": "gid://shopify/Order/9007199254740993",
        "name": "#1001",
        "createdAt": "2026-11-21T10:00:00Z",
        "updatedAt": "2026-11-21T10:00:05Z",
        "cancelledAt": None,
        "test": False,
        "tags": ["vip"],
        "email": "a@example.org",
        "phone": None,
        "customerLocale": "de-AT",
        "taxesIncluded": False,
        "presentmentCurrencyCode": "EUR",
        "customer": {"id": "gid://shopify/Customer/5"},
        "currentTotalPriceSet": money("10.00"),
        "currentSubtotalPriceSet": None,
        "currentTotalTaxSet": money("0.00"),
        "currentTotalDiscountsSet": money("0.00"),
        "currentShippingPriceSet": money("0.00"),
        "shippingAddress": None,
        "billingAddress": None,
        "shippingLines": {"nodes": []},
        "lineItems": connection(*(lines or (line(1),))),
        "transactions": [],
        "fulfillmentOrders": connection(),
        "fulfillments": [],
        "risk": {"recommendation": "NONE", "assessments": []},
        **changed,
    }
