"""The rules of edits are data: the shipped file parses, and a wrong value is refused with file, key and reason."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from config.accounts import ConfigError
from config.policies import load_policies
from domain.edits import EditKind
from domain.policy import Phase, PriceIncrease
from tests.support.shared import ROOT

SHIPPED = ROOT / "config" / "policies"


def test_shipped_rules_of_edits_are_right() -> None:
    edits = load_policies(SHIPPED).edits

    assert set(edits.window) == set(EditKind)
    assert edits.window[EditKind.ADDRESS] == timedelta(hours=24)
    assert edits.price_increase is PriceIncrease.PAYMENT_LINK
    assert edits.refund_above.of("JPY") == 45_000
    assert edits.refund_above.of("KWD") == 90_000
    assert edits.refund_above.of("BHD") == 300_000  # not listed: the default in major units
    assert edits.shipping["express"].price_minor["KWD"] == 4500
    steps = {step.code: step for step in edits.next_steps}
    assert steps["carrier_intercept"].price_minor["USD"] == 1950
    assert (steps["return"].phase, steps["return"].price_minor) == (Phase.ALWAYS, {})


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('address = "24 h"\n', "", "edits.window.address: is missing"),
        ('address = "24 h"\n', 'gift = "24 h"\naddress = "24 h"\n', "edits.window.gift: there is no such kind"),
        ('address = "24 h"\n', 'address = "a day"\n', "edits.window: write a duration"),
        ('["address", "contact", "cancel"]', '["adress"]', 'edits.open_while_held: write one of "address"'),
        ('["address", "contact", "cancel"]', '"address"', "edits.open_while_held: write a list"),
        ('reservation = "20 min"', 'reservation = "0 s"', "edits.reservation: write more than no time"),
        ('"payment_link"  #', '"invoice"  #', 'edits.payment.price_increase: write one of "payment_link", "review"'),
        ('link_lives = "12 h"', 'link_lives = "29 min"', 'edits.payment.link_lives: write a duration from "30 min"'),
        ('link_lives = "12 h"', 'link_lives = "25 h"', 'edits.payment.link_lives: write a duration from "30 min"'),
        ('answer_within = "2 h"', 'answer_within = "soon"', "edits.payment.answer_within: write a duration"),
        ("promotion_changed = true", "promotion_changed = 1", "edits.review.promotion_changed: write true or false"),
        ("edits_at_most = 3", "edits_at_most = -3", "edits.review.edits_at_most: write a whole number"),
        ("default = 200\n", "", "edits.review.total_rises_by: write a default"),
        ("USD = 1500", "USD = 15.5", "edits.review.value_above: write a whole number"),
        ("USD = 300", "XXY = 300", "edits.review.refund_above: unknown_currency among the currencies"),
        ('JPY = "1800"', 'JPY = "18.5"', "edits.shipping.express.price: too_many_decimals among the currencies"),
        ('JPY = "1800"', "JPY = 1800", "edits.shipping.express.price: write text in quotes"),
        ('USD = "6.00"', 'USD = "-6.00"', "edits.next_steps.0.price: write amounts that are not negative"),
        ('title = "Express"', "", "edits.shipping.express.title is missing"),
        ('code = "refuse_delivery"', "", "edits.next_steps.2.code is missing"),
        ('phase = "always"', 'phase = "later"', "edits.next_steps.3.phase: write one of"),
        ('kinds = ["add"]', 'kinds = ["more"]', "edits.next_steps.4.kinds: write one of"),
        ("at_most = 4", 'at_most = "4"', "edits.alternatives.at_most: write a whole number"),
    ],
)
def test_wrong_value_is_refused_with_file_key_and_reason(tmp_path: Path, old: str, new: str, said: str) -> None:
    folder = Path(shutil.copytree(SHIPPED, tmp_path / "policies"))
    path = folder / "edits.toml"
    rules = path.read_text()
    assert old in rules, f"edits.toml no longer says {old}"
    path.write_text(rules.replace(old, new, 1))

    with pytest.raises(ConfigError) as caught:
        load_policies(folder)

    assert str(caught.value).startswith("edits.toml: ")
    assert said in str(caught.value)
