"""Links to vendors' own pages: what the account says, else what the connector knows, else none."""

from dataclasses import replace

import pytest

from config.accounts import Account, Accounts, load_accounts
from config.vendor_pages import order_in_shop, payment_page, product_in_shop, ticket_page
from tests.support.shared import ROOT

SANDBOX = load_accounts(ROOT / "config" / "accounts.sandbox.toml")


def accounts(**changes: tuple[Account, ...]) -> Accounts:
    return replace(SANDBOX, **changes)


def helpdesk(**options: str) -> Accounts:
    return accounts(helpdesk=(Account("zendesk", "main", "https://acme.zendesk.com/", "t", options=options),))


def stripe(secret: str, base_url: str = "https://api.stripe.com", **options: str) -> Accounts:
    return accounts(payments=(Account("stripe", "main", base_url, secret, options=options),))


def test_a_ticket_is_on_the_accounts_own_host_or_where_the_option_says() -> None:
    mapped = helpdesk(ticket_url="https://help.example/{id}?our={reference}")

    assert "https://acme.zendesk.com/agent/tickets/17" == ticket_page(helpdesk(), "17", "edr_1")
    assert "https://help.example/17?our=edr_1" == ticket_page(mapped, "17", "edr_1")
    assert ["", ""] == [ticket_page(helpdesk(), "", "edr_1"), ticket_page(accounts(helpdesk=()), "17", "edr_1")]


@pytest.mark.parametrize(
    ("secret", "page"),
    [
        ("sk_live_1", "https://dashboard.stripe.com/payments/pi_1"),
        ("sk_test_1", "https://dashboard.stripe.com/test/payments/pi_1"),
        ("rk_test_1", "https://dashboard.stripe.com/test/payments/pi_1"),
    ],
)
def test_a_payment_is_in_the_dashboard_of_its_mode(secret: str, page: str) -> None:
    assert page == payment_page(stripe(secret), "stripe/main", "pi_1")
    assert "" == payment_page(stripe(secret), "stripe/other", "pi_1")
    assert "" == payment_page(stripe(secret), "stripe/main", "")


def test_a_fake_vendor_has_no_dashboard() -> None:
    fake = stripe("sk_test_1", "http://127.0.0.1:9400/stripe")

    assert "" == payment_page(fake, "stripe/main", "pi_1")
    assert "https://x.example/pi_1" == payment_page(
        stripe("sk_test_1", "http://127.0.0.1:9400/stripe", payment_url="https://x.example/{id}"), "stripe/main", "pi_1"
    )


def test_what_is_no_address_is_no_link() -> None:
    assert "" == ticket_page(helpdesk(ticket_url="javascript:alert({id})"), "17", "edr_1")
    assert "https://acme.zendesk.com/agent/tickets/..%2F1%3Fx" == ticket_page(helpdesk(), "../1?x", "edr_1")


def test_an_order_is_where_its_shop_says() -> None:
    order = {"source": "shopify", "account": "alpha", "external_id": "gid://shopify/Order/5", "name": "#1001"}

    assert "http://127.0.0.1:9400/shopify/alpha/#1001" == order_in_shop(SANDBOX, order)
    assert "" == order_in_shop(SANDBOX, {**order, "account": "gone"})


def test_a_product_is_where_its_shops_option_says() -> None:
    order = {"source": "shopify", "account": "alpha"}

    assert "https://alpha.shop.example/products/linen-shirt" == product_in_shop(SANDBOX, order, "linen-shirt")
    assert "https://alpha.shop.example/products/a%2F..%2Fb%3Fc" == product_in_shop(SANDBOX, order, "a/../b?c")
    assert "" == product_in_shop(SANDBOX, order, "")
    assert "" == product_in_shop(SANDBOX, order | {"account": "elsewhere"}, "linen-shirt")
    unsaid = accounts(shops=(Account("shopify", "alpha", "https://alpha.example", "t"),))
    assert "" == product_in_shop(unsaid, order, "linen-shirt")
