"""How customers are written to is data: the shipped file parses, a wrong value is refused."""

import shutil
from datetime import time, timedelta
from pathlib import Path

import pytest

from config.accounts import ConfigError
from config.policies import load_policies
from domain.claims import Channel, ClaimKind, Purpose
from domain.message_catalogue import CATALOGUE
from tests.support.shared import ROOT

SHIPPED = ROOT / "config" / "policies"


@pytest.mark.row("COM-3")
def test_the_shipped_rules_ask_before_they_text_and_let_people_sleep() -> None:
    rules = load_policies(SHIPPED).messages

    texts = rules.channels[Channel.SMS]
    assert texts.needs_consent
    assert texts.quiet is not None
    assert texts.quiet.begins <= time(21)
    assert time(8) <= texts.quiet.ends
    assert rules.channels[Channel.EMAIL].quiet is None
    assert (Channel.SMS, Channel.EMAIL) == rules.ways(ClaimKind.PARCEL_ATTEMPTED)
    assert (Channel.EMAIL,) == rules.ways(ClaimKind.ORDER_CONFIRMED)
    assert timedelta(days=2) == rules.window_shift


def test_courtesies_and_apologies_can_be_switched_off(tmp_path: Path) -> None:
    folder = shutil.copytree(SHIPPED, tmp_path / "policies")
    path = folder / "messages.toml"
    kinds = [kind for kind, entry in CATALOGUE.items() if entry.purpose is not Purpose.CONTRACT]
    path.write_text(path.read_text(encoding="utf-8").replace("off = []", f"off = {[str(kind) for kind in kinds]}"))

    assert frozenset() == load_policies(SHIPPED).messages.off
    assert frozenset(kinds) == load_policies(folder).messages.off


@pytest.mark.row("COM-3", bad_input=True)
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('quiet_from = "21:00"', 'quiet_from = "9 p.m."', 'sms.quiet_from: write a time of day such as "21:00"'),
        ('quiet_from = "21:00"', 'quiet_from = "21:00+01:00"', "sms.quiet_from: write a time of day"),
        ('quiet_from = "21:00"', "", "sms.quiet_from is missing"),
        ("most = 3", "most = 0", "sms.most: write a whole number above 0"),
        ("segments = 2", "segments = 0", "sms.segments: write a whole number above 0"),
        ("needs_consent = true", 'needs_consent = "yes"', "sms.needs_consent: write true or false"),
        ('parcel_attempted = ["sms", "email"]', 'parcel_attempted = ["fax"]', 'ways: write "email" or "sms"'),
        ('parcel_attempted = ["sms", "email"]', "parcel_attempted = []", "ways.parcel_attempted: name each way once"),
        (
            'parcel_attempted = ["sms", "email"]',
            'parcel_attempted = ["sms", "sms"]',
            "ways.parcel_attempted: name each way once",
        ),
        (
            'parcel_attempted = ["sms", "email"]',
            'order_confirmed = ["sms"]',
            "ways.order_confirmed: there is no text for it",
        ),
        ('parcel_attempted = ["sms", "email"]', 'sale = ["email"]', "ways.sale: there is no such message"),
        ("off = []", 'off = ["parcel_shiped"]', "off: write one of"),
        ("off = []", 'off = ["order_confirmed"]', "off: customers have a right to order_confirmed"),
        ("off = []", 'off = ["shipping_delayed"]', "off: customers have a right to shipping_delayed"),
        ("window_shift_days = 2", "window_shift_days = -1", "news.window_shift_days: write a whole number"),
    ],
)
def test_a_wrong_value_is_refused_with_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    folder = shutil.copytree(SHIPPED, tmp_path / "policies")
    path = folder / "messages.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")

    with pytest.raises(ConfigError, match=said):
        load_policies(folder)
