"""Which connectors the accounts file asks for."""

from pathlib import Path

import pytest

from config.accounts import ConfigError
from config.settings import Settings
from config.wiring import Wiring
from connectors.carriers.ups import Ups
from connectors.helpdesk.zendesk import Zendesk
from connectors.payments.stripe import Stripe
from tests.support.shared import ROOT

SANDBOX = (ROOT / "config" / "accounts.sandbox.toml").read_text("utf-8")


def wired(folder: Path, text: str) -> Wiring:
    path = folder / "accounts.toml"
    path.write_text(text, "utf-8")
    return Wiring(Settings(_env_file=None, accounts_file=path))  # type: ignore[call-arg]


async def test_payments_and_helpdesk_are_the_first_accounts(tmp_path: Path) -> None:
    wiring = wired(tmp_path, SANDBOX)

    payments, helpdesk = wiring.payments(), wiring.helpdesk()

    assert isinstance(payments, Stripe)
    assert isinstance(helpdesk, Zendesk)
    assert ("stripe", "main", "zendesk", "main") == (
        payments.system, payments.account, helpdesk.system, helpdesk.account
    )  # fmt: skip
    assert wiring.payments() is payments
    await wiring.aclose()


async def test_without_an_account_there_is_none(tmp_path: Path) -> None:
    wiring = wired(tmp_path, '[mail]\nhost = "127.0.0.1"\n')

    assert (None, None, None) == (wiring.payments(), wiring.helpdesk(), wiring.chat())
    assert "" == wiring.accounts.chat_target


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (
            'system = "stripe"',
            'system = "paypal"',
            r"\[\[payments\]\]: system 'paypal' is not supported; known: stripe",
        ),
        ('system = "zendesk"', 'system = "desk"', r"\[\[helpdesk\]\]: system 'desk' is not supported; known: zendesk"),
        ('system = "webhook"', 'system = "pager"', r"\[\[chat\]\]: system 'pager' is not supported; known: webhook"),
        ('token = "sandbox-stripe-key"', "", r"payments\[1\]\.token is missing"),
        ("email = ", 'assignee_id = "me"\nemail = ', "assignee_id is a number"),
        ("[mail]", '[mail]\nconnections = "3"', "mail.connections is '3'; write a whole number from 1 on, unquoted"),
        ("[mail]", "[mail]\nconnections = 0", "mail.connections is 0; write a whole number"),
        ("[mail]", "[mail]\nconnections = true", "mail.connections is True; write a whole number"),
    ],
)
async def test_a_wrong_account_is_named(tmp_path: Path, before: str, after: str, message: str) -> None:
    wiring = wired(tmp_path, SANDBOX.replace(before, after))

    with pytest.raises(ConfigError, match=message):
        _ = wiring.payments(), wiring.helpdesk(), wiring.chat()
    await wiring.aclose()


async def test_carriers_make_labels_for_the_way_back(tmp_path: Path) -> None:
    wiring = wired(tmp_path, SANDBOX)
    assert [(name, type(each)) for name, each in wiring.return_labels().items()] == [("ups/main", Ups)]
    await wiring.aclose()
    assert wired(tmp_path, '[mail]\nhost = "127.0.0.1"\n').return_labels() == {}


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('system = "ups"', 'system = "dhl"', r"\[\[return_labels\]\]: system 'dhl' is not supported; known: ups"),
        ('client_id = "sandbox-ups-client"', "", r"\[\[return_labels\]\] ups/main: client_id is missing"),
        ('shipper_number = "A1B2C3"', "shipper_number = 1", r"ups/main: shipper_number is missing"),
        ('token = "sandbox-ups-secret"', "", r"return_labels\[1\]\.token is missing"),
    ],
)
async def test_a_wrong_account_for_labels_is_named(tmp_path: Path, before: str, after: str, message: str) -> None:
    wiring = wired(tmp_path, SANDBOX.replace(before, after))
    with pytest.raises(ConfigError, match=message):
        wiring.return_labels()
    await wiring.aclose()


def test_the_example_can_be_read(tmp_path: Path) -> None:
    text = (ROOT / "config" / "accounts.example.toml").read_text("utf-8").replace('"env:', '"')

    accounts = wired(tmp_path, text).accounts

    assert ("https://api.stripe.com", "STRIPE_SECRET_KEY") == (
        accounts.payments[0].base_url, accounts.payments[0].secret
    )  # fmt: skip
    uncommented = text.replace("# [[return_labels]]", "[[return_labels]]").split("[[return_labels]]")
    labels = uncommented[1].partition("# Takes")[0].replace("\n# ", "\n")
    [ups] = wired(tmp_path, f"[[return_labels]]{labels}[mail]\nhost = 'x'\n").accounts.return_labels
    assert ("https://onlinetools.ups.com", "UPS_CLIENT_SECRET") == (ups.base_url, ups.secret)
    assert "aftercart@your-shop.example" == accounts.helpdesk[0].options["email"]
