"""Store credit beyond an order's money, in a Shopify shop.

Documents consulted: the vendor's schema file of 2026-10. `storeCreditAccountCredit` honours no key and takes
no note, so a doubtful one is looked for among the account's last transactions.
"""

from datetime import datetime, timedelta

from connectors.errors import ConnectorError, VendorRejected
from connectors.outcomes import Outcome, Sent, returned
from connectors.shops.crediting import GivenCredit
from connectors.shops.shopify_budget import VENDOR
from connectors.shops.shopify_client import ShopifyClient
from connectors.shops.shopify_documents import Mutation
from connectors.shops.shopify_edits import read
from connectors.shops.shopify_fields import Fields
from domain.money import to_decimal_text

_SKEW = timedelta(minutes=1)  # the shop counts in whole seconds, by a clock of its own

CREDIT_OWNER = "query CreditOwner($id: ID!) { order(id: $id) { id customer { id } } }"

# one account for each currency; nobody is given as much credit while one call is in doubt
CREDITS_GIVEN = """query CreditsGiven($id: ID!) { order(id: $id) { id customer { id
  storeCreditAccounts(first: 10) { nodes { id transactions(first: 25, reverse: true) { nodes {
    createdAt event amount { amount currencyCode } ... on StoreCreditAccountCreditTransaction { id }
  } } } }
} } }"""

GIVE = Mutation(
    field="storeCreditAccountCredit",
    arguments=(("id", "ID!"), ("creditInput", "StoreCreditAccountCreditInput!")),
    selection="storeCreditAccountTransaction { id } userErrors { field message code }",
)

DOCUMENTS = (CREDIT_OWNER, CREDITS_GIVEN)
MUTATIONS = (GIVE,)


class ShopifyStoreCredit:
    """See `CreditingShop` for what the methods promise."""

    _client: ShopifyClient

    @returned
    async def give_credit(self, wanted: GivenCredit) -> Outcome:
        owner = await self._owner(GIVE.field, CREDIT_OWNER, wanted.order)
        money = {"amount": to_decimal_text(wanted.amount_minor, wanted.currency), "currencyCode": wanted.currency}
        variables = {"id": owner.need_text("id"), "creditInput": {"creditAmount": money, "notify": False}}
        [result] = await self._client.mutate(GIVE, [variables], safe=False)
        if isinstance(result, ConnectorError):
            return result
        return Sent(str((result.get("storeCreditAccountTransaction") or {}).get("id") or ""))

    async def find_credit_given(self, wanted: GivenCredit) -> Outcome | None:
        owner = await self._owner("find_credit_given", CREDITS_GIVEN, wanted.order)
        found = read("find_credit_given", lambda: _matching(owner, wanted))
        return Sent(found) if found else None

    async def _owner(self, operation: str, document: str, order: str) -> Fields:
        data = await self._client.query(operation, document, {"id": order})
        owner = read(operation, lambda: Fields(data["order"]).child("customer")) if data.get("order") else None
        if owner is None:
            raise VendorRejected(VENDOR, operation, "the order has no customer", "no_customer")
        return owner


def _matching(owner: Fields, wanted: GivenCredit) -> str:
    """The oldest credit that can be it; empty when there is none. Raises: OrderError."""
    found: list[tuple[datetime, str]] = []
    for account in owner.nodes("storeCreditAccounts"):
        for move in account.nodes("transactions"):
            money, external_id = move.need_child("amount"), move.text("id")
            if move.text("event") != "ADJUSTMENT" or money.text("currencyCode") != wanted.currency:
                continue
            at, same = move.need_time("createdAt"), money.amount("amount", wanted.currency) == wanted.amount_minor
            if same and external_id and external_id not in wanted.taken and at >= wanted.since - _SKEW:
                found.append((at, external_id))
    return min(found)[1] if found else ""
