"""Connectors made of the accounts file. Nothing is called here."""

from collections.abc import Callable, Iterable, Mapping

from config.accounts import Account, Accounts, ConfigError
from config.status_maps import status_map
from connectors.carriers.easypost import EasyPost, easypost_http
from connectors.carriers.returning import ReturnLabels
from connectors.carriers.ups import Ups, ups_http
from connectors.helpdesk.base import Helpdesk
from connectors.helpdesk.zendesk import Zendesk, zendesk_http
from connectors.http import VendorHttp
from connectors.messaging.base import Texter
from connectors.messaging.chat import ChatHook, chat_http
from connectors.messaging.twilio import Twilio, twilio_http
from connectors.payments.base import Payments
from connectors.payments.stripe import Stripe, stripe_http
from connectors.shops.shopify import Shopify, shopify_http
from connectors.transport import HttpClient
from connectors.warehouses.shipbob import ShipBob, shipbob_http


def known(system: str, supported: Iterable[str], section: str) -> bool:
    """True. Raises: ConfigError for a system that has no connector."""
    if system not in supported:
        raise ConfigError(
            f"accounts file, [[{section}]]: system {system!r} is not supported; known: {', '.join(supported)}"
        )
    return True


def shops(accounts: Accounts, client: Callable[[], HttpClient]) -> Mapping[str, Shopify]:
    """By target. Raises: ConfigError."""
    return {
        a.target: Shopify(shopify_http(client(), a.base_url, a.secret), a.account)
        for a in accounts.shops
        if known(a.system, {"shopify"}, "shops")
    }


def warehouses(accounts: Accounts, client: Callable[[], HttpClient]) -> Mapping[str, ShipBob]:
    """By target. Raises: ConfigError."""
    return {
        a.target: ShipBob(
            shipbob_http(client(), a.base_url, a.secret),
            account=a.account,
            channel_id=a.options.get("channel_id", ""),
            webhook_secret=a.webhook_secret,
        )
        for a in accounts.warehouses
        if known(a.system, {"shipbob"}, "warehouses")
    }


def helpdesk(accounts: Accounts, client: Callable[[], HttpClient]) -> Helpdesk | None:
    """The first helpdesk account; `client` is asked for only when there is one. Raises: ConfigError."""
    found = [a for a in accounts.helpdesk if known(a.system, {"zendesk"}, "helpdesk")]
    if not found:
        return None
    a = found[0]
    http = zendesk_http(client(), a.base_url, a.secret, email=str(a.options.get("email", "")))
    assignee = a.options.get("assignee_id")
    if assignee is not None and not isinstance(assignee, int):
        raise ConfigError("accounts file, [[helpdesk]]: assignee_id is a number, the agent's id at the helpdesk")
    return Zendesk(http, account=a.account, assignee_id=assignee)


def parcels(accounts: Accounts, client: Callable[[], HttpClient]) -> EasyPost:
    """The first carrier account. Raises: ConfigError."""
    found = [a for a in accounts.carriers if known(a.system, {"easypost"}, "carriers")]
    if not found:
        raise ConfigError("the accounts file has no [[carriers]] entry; add one for address checks and tracking")
    return easypost(found[0], client())


def easypost(a: Account, client: HttpClient) -> EasyPost:
    return EasyPost(
        easypost_http(client, a.base_url, a.secret),
        account=a.account,
        words=status_map("easypost"),
        webhook_secret=a.webhook_secret,
    )


def plain_http(a: Account, client: HttpClient) -> VendorHttp:
    """Calls without our credentials, for what a vendor shows to everybody."""
    return VendorHttp(client, vendor=a.system, base_url=a.base_url)


def chat(accounts: Accounts, client: Callable[[], HttpClient]) -> ChatHook | None:
    """The first chat account; `client` is asked for only when there is one. Raises: ConfigError."""
    found = [a for a in accounts.chat if known(a.system, {"webhook"}, "chat")]
    return (
        ChatHook(chat_http(client(), found[0].base_url), found[0].secret, account=found[0].account) if found else None
    )


def return_labels(accounts: Accounts, client: Callable[[], HttpClient]) -> Mapping[str, ReturnLabels]:
    """By target. Raises: ConfigError."""
    return {a.target: _ups(a, client()) for a in accounts.return_labels if known(a.system, {"ups"}, "return_labels")}


def payments(accounts: Accounts, client: Callable[[], HttpClient]) -> Payments | None:
    """The first payments account; `client` is asked for only when there is one. Raises: ConfigError."""
    found = [a for a in accounts.payments if known(a.system, {"stripe"}, "payments")]
    if not found:
        return None
    a = found[0]
    return Stripe(stripe_http(client(), a.base_url, a.secret), account=a.account)


def texter(accounts: Accounts, client: Callable[[], HttpClient]) -> Texter | None:
    """The first account for texts; `client` is asked for only when there is one. Raises: ConfigError."""
    found = [a for a in accounts.texting if known(a.system, {"twilio"}, "sms")]
    if not found:
        return None
    a = found[0]
    sid = _text_option(a, "sms", "account_sid")
    sender = _text_option(a, "sms", "messaging_service_sid" if "messaging_service_sid" in a.options else "number")
    return Twilio(twilio_http(client(), a.base_url, sid, a.secret), account=a.account, account_sid=sid, sender=sender)


def _text_option(a: Account, section: str, name: str) -> str:
    """Raises: ConfigError."""
    value = a.options.get(name)
    if not isinstance(value, str) or not value:
        raise ConfigError(f"accounts file, [[{section}]] {a.target}: {name} is missing; add it as text")
    return value


def _ups(a: Account, client: HttpClient) -> Ups:
    client_id, shipper = (_text_option(a, "return_labels", name) for name in ("client_id", "shipper_number"))
    return Ups(
        ups_http(client, a.base_url),
        account=a.account,
        client_id=client_id,
        secret=a.secret,
        shipper=shipper,
        service=str(a.options.get("service", "03")),
    )
