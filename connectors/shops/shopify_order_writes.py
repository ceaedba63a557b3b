"""Overwrites parts of a Shopify order outside an edit, and books money that was taken elsewhere."""

from connectors.errors import AuthFailed, ConnectorError, VendorRejected
from connectors.outcomes import Outcome, Sent
from connectors.shops import shopify_edit_documents as documents
from connectors.shops.editing import ManualPayment
from connectors.shops.shopify_budget import VENDOR
from connectors.shops.shopify_client import Node, ShopifyClient
from connectors.shops.shopify_edit_parse import parse_outstanding
from connectors.shops.shopify_edits import read
from connectors.shops.shopify_fields import Fields, moment_text
from domain.money import to_decimal_text
from domain.order import Address

# what the vendor says when a variable is of no value of its type, here a country that it does not list
BAD_VALUES = frozenset({"invalid_variable", "bad_request"})
# part of the text of an ACCESS_DENIED; the code alone would stand for bad credentials
_AMOUNT_NEEDS = "Plus store to use the amount"


async def set_address(client: ShopifyClient, order: str, ship_to: Address) -> Outcome:
    outcome = await _update(client, {"id": order, "shippingAddress": address_input(ship_to)})
    if isinstance(outcome, VendorRejected) and outcome.reason in BAD_VALUES:
        return VendorRejected(VENDOR, documents.UPDATE.field, outcome.detail, "bad_address")
    return outcome


async def set_contact(client: ShopifyClient, order: str, email: str, phone: str) -> Outcome:
    given = {name: value for name, value in (("email", email), ("phone", phone)) if value}
    # the vendor refuses an update of nothing
    return await _update(client, {"id": order, **given}) if given else Sent(order)


async def record_payment(client: ShopifyClient, payment: ManualPayment) -> Outcome:
    """Sent.external_id is the transaction's id.

    Naming an amount is a right of shops on the plan Plus; elsewhere the vendor books all that is outstanding, which
    we let it do only where that is the amount.
    """
    try:
        result = await _pay(client, payment)
    except ConnectorError as error:
        return error
    transactions = (result.get("order") or {}).get("transactions") or []
    ours = [str(each.get("id") or "") for each in transactions if each.get("gateway") == payment.method]
    return Sent(ours[-1] if ours else "")


async def _pay(client: ShopifyClient, payment: ManualPayment) -> Node:
    variables = payment_variables(payment)
    [result] = await client.mutate(documents.PAY, [variables], safe=False)
    if isinstance(result, AuthFailed) and _AMOUNT_NEEDS in result.detail:
        if await _outstanding(client, payment) != payment.amount_minor:
            raise VendorRejected(VENDOR, documents.PAY.field, result.detail, "amount_needs_plan")
        del variables["amount"]
        [result] = await client.mutate(documents.PAY_OUTSTANDING, [variables], safe=False)
    if isinstance(result, VendorRejected) and result.reason == "amount_too_high":
        if await _outstanding(client, payment) <= 0:
            raise VendorRejected(VENDOR, documents.PAY.field, result.detail, "nothing_outstanding")
    if isinstance(result, ConnectorError):
        raise result
    return result


def address_input(ship_to: Address) -> Node:
    """The whole address, what it lacks included, because the vendor overwrites. The vendor needs a last name."""
    first, _, last = ship_to.name.strip().rpartition(" ")
    return {
        "firstName": first.strip() or None,
        "lastName": last or None,
        "company": ship_to.company or None,
        "address1": ship_to.line1 or None,
        "address2": ship_to.line2 or None,
        "city": ship_to.city or None,
        "provinceCode": ship_to.region or None,
        "zip": ship_to.postal_code or None,
        "countryCode": ship_to.country or None,
        "phone": ship_to.phone or None,
    }


def payment_variables(payment: ManualPayment) -> Node:
    amount = to_decimal_text(payment.amount_minor, payment.currency)
    return {
        "id": payment.order,
        "amount": {"amount": amount, "currencyCode": payment.currency},
        "paymentMethodName": payment.method,
        "processedAt": moment_text(payment.paid_at),
    }


async def _update(client: ShopifyClient, given: Node) -> Outcome:
    [result] = await client.mutate(documents.UPDATE, [{"input": given}], safe=True)
    return result if isinstance(result, ConnectorError) else Sent(str(given["id"]))


async def _outstanding(client: ShopifyClient, payment: ManualPayment) -> int:
    """Minor units that the shop still expects; none in another currency than the payment's."""
    data = await client.query("outstanding", documents.OUTSTANDING, {"id": payment.order})
    currency, minor = read("outstanding", lambda: parse_outstanding(Fields(data.get("order"))))
    return minor if currency == payment.currency else 0
