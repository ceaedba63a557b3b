"""Where a person sees a thing on a vendor's own pages: as an account's option says (`{id}` stands for the vendor's id),
else as its connector knows; empty where nobody knows."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from config.accounts import Account, Accounts
from connectors.helpdesk.zendesk import ticket_page as zendesk_ticket
from connectors.payments.stripe import payment_page as stripe_payment
from domain.message_facts import is_web_url


def ticket_page(accounts: Accounts, ticket: str, reference: str) -> str:
    """A ticket at the helpdesk (option `ticket_url`); `reference`: our request's id, which may stand in the option."""
    if not accounts.helpdesk or not ticket:
        return ""
    account = accounts.helpdesk[0]
    known = zendesk_ticket(account.base_url, ticket) if account.system == "zendesk" else ""
    return _web(_option(account, "ticket_url", ticket).replace("{reference}", reference) or known)


def payment_page(accounts: Accounts, target: str, payment: str) -> str:
    """What a customer has paid, at the payment vendor (option `payment_url`). `target`: "{system}/{account}"."""
    account = next((one for one in accounts.payments if one.target == target), None)
    if account is None or not payment:
        return ""
    known = stripe_payment(account.base_url, account.secret, payment) if account.system == "stripe" else ""
    return _web(_option(account, "payment_url", payment) or known)


def order_in_shop(accounts: Accounts, order: Mapping[str, Any]) -> str:
    """An order in its shop's admin (option `order_url`, in which `{name}` is its number without `#`)."""
    target = f"{order['source']}/{order['account']}"
    account = next((one for one in accounts.shops if one.target == target), None)
    if account is None:
        return ""
    url = _option(account, "order_url", order["external_id"].rpartition("/")[2])
    return _web(url.replace("{name}", order["name"].lstrip("#")))


def product_in_shop(accounts: Accounts, order: Mapping[str, Any], handle: str) -> str:
    """The page of a product in the shop that an order is from (option `product_url`, in which `{handle}` is the name
    that the shop gives it in addresses)."""
    target = f"{order['source']}/{order['account']}"
    account = next((one for one in accounts.shops if one.target == target), None)
    if account is None or not handle:
        return ""
    return _web(_option(account, "product_url", "").replace("{handle}", quote(handle, safe="")))


def _option(account: Account, name: str, vendors_id: str) -> str:
    return str(account.options.get(name, "")).replace("{id}", vendors_id)


def _web(url: str) -> str:
    return url if is_web_url(url) else ""
